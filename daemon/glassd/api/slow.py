"""Whoever reads a stream slowly, or not at all any more: little waits for it, and in the end it is let go."""

from __future__ import annotations

import asyncio
import socket
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from glassd.callers import has_address

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aiohttp import web

WRITE_LIMIT_S: Final = 10.0
"""How long a reader may take nothing before its connection is closed."""


def keep_little_unsent(request: web.Request, limit_bytes: int) -> None:
    """Have little wait in the kernel to be sent (TCP_NOTSENT_LOWAT): else it would hold megabytes of what is old."""
    if has_address(request) and request.transport is not None:
        connection = request.transport.get_extra_info("socket")
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, limit_bytes)


@asynccontextmanager
async def written_soon(request: web.Request) -> AsyncIterator[None]:
    """Break the connection, and raise ConnectionError, where what is written here is not taken in WRITE_LIMIT_S."""
    try:
        async with asyncio.timeout(WRITE_LIMIT_S):
            yield
    except TimeoutError:
        if request.transport is not None:
            request.transport.abort()  # its end could not be sent either
        raise ConnectionAbortedError(f"the reader took nothing for {WRITE_LIMIT_S:g} s") from None
