"""The API's places: the unix socket, and an address where the config has one."""

from __future__ import annotations

import logging
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from aiohttp import web

from glassd.api.door import door_of
from glassd.api.server import SHUTDOWN_LIMIT_S, application
from glassd.callers import host_and_port

if TYPE_CHECKING:
    import socket
    from collections.abc import AsyncIterator

    from glassd.api.server import House
    from glassd.config.schema import Api

_log = logging.getLogger(__name__)


@asynccontextmanager
async def serving(house: House, listener: socket.socket, api: Api, token: str | None) -> AsyncIterator[None]:
    """Serve the API on a socket that listens, and at an address if the config has one, while this is entered.

    `token` is what the credential holds that the config names.
    """
    door = None if api.listen is None else door_of(api, token, house.wall)
    if door is not None:
        await door.sessions.load()
    runner = web.AppRunner(
        application(house, door),
        access_log=None,
        shutdown_timeout=SHUTDOWN_LIMIT_S,
        handle_signals=False,
        handler_cancellation=True,  # who hangs up does not want the answer any more
        auto_decompress=False,  # a small body can hold a large one, and would be unpacked even where it is refused
    )
    await runner.setup()
    try:
        await web.SockSite(runner, listener).start()
        if api.listen is not None:
            await _listen(runner, api.listen)
        yield
    finally:
        await runner.cleanup()
        if door is not None:
            await door.sessions.close()


async def _listen(runner: web.AppRunner, address: str) -> None:
    try:
        await web.TCPSite(runner, *host_and_port(address)).start()
    except OSError as error:
        # The wearer's path does not need it, so the daemon goes on.
        _log.error("api.listen %s: %s: choose another port; the unix socket still works", address, error.strerror)
