"""The reader as a model server of its own, on a unix socket that only this user can reach.

The socket is opened by its descriptor, which Linux allows for one that has no name any more: so there is nothing in the
file system that a stranger could open, or that a daemon that is killed could leave behind.
"""

from __future__ import annotations

import os
import socket
import tempfile
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from aiohttp import web

from glassd.gateway.server import application, runner
from glassd.reader.model import Reader

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@asynccontextmanager
async def serve() -> AsyncIterator[str]:
    """Serve the reader and yield the path of its unix socket, which is good in this process alone."""
    reader = Reader()
    server = runner(application(reader))
    try:
        await server.setup()
        listener, handle = _nameless()
        await web.SockSite(server, listener).start()
        try:
            yield f"/proc/self/fd/{handle}"
        finally:
            os.close(handle)
    finally:
        await server.cleanup()
        await reader.close()


def _nameless() -> tuple[socket.socket, int]:
    """Return a socket to listen on that has no name any more, and the descriptor by which it is found."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with tempfile.TemporaryDirectory(prefix="glassd-reader-") as name:  # 0700
            folder = os.open(name, os.O_PATH)
            try:
                path = f"/proc/self/fd/{folder}/socket"  # a socket's path has 107 bytes, $TMPDIR may have more
                listener.bind(path)
                return listener, os.open(path, os.O_PATH)
            finally:
                os.close(folder)
    except BaseException:  # whatever it is, nobody else knows of the socket
        listener.close()
        raise
