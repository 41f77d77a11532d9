"""The reader as a model server of its own, on a unix socket that only this user can reach."""

from __future__ import annotations

import tempfile
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp import web

from glassd.gateway.server import application, runner
from glassd.reader.model import Reader

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@asynccontextmanager
async def serve() -> AsyncIterator[str]:
    """Serve the reader and yield the path of its unix socket; the folder around it (0700) goes away at the end."""
    reader = Reader()
    server = runner(application(reader))
    with tempfile.TemporaryDirectory(prefix="glassd-reader-") as folder:
        path = str(Path(folder) / "socket")
        try:
            await server.setup()
            await web.UnixSite(server, path).start()
            yield path
        finally:
            await server.cleanup()
            await reader.close()
