"""The API's places: the unix socket, and an address where the config has one."""

from __future__ import annotations

import asyncio
import logging
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Final

from aiohttp import web

from glassd.api.addresses import url_of
from glassd.api.door import door_of
from glassd.api.server import SHUTDOWN_LIMIT_S, application
from glassd.api.tls import GivenCertificate, Tls, TlsError
from glassd.callers import host_and_port
from glassd.entrance import HEAD_LIMIT_S, Entrance
from glassd.service.paths import state_folder

if TYPE_CHECKING:
    import socket
    from collections.abc import AsyncIterator

    from glassd.api.door import Door
    from glassd.api.server import House
    from glassd.config.schema import Api

LINE_LIMIT_BYTES: Final = 32 * 1024
"""The longest first line of a request: the 1,000 characters that the history is searched for, each as four bytes of
three characters, with room to spare."""
CONNECTIONS_LIMIT: Final = 256
"""How many connections to the address may be open at once; a page has up to six."""
IDLE_LIMIT_S: Final = 75.0
"""How long a connection may wait for its next request."""
UNREAD_LIMIT_S: Final = 60.0
"""How long a client may take nothing of what it is sent. Streams let it go sooner."""

_log = logging.getLogger(__name__)


@asynccontextmanager
async def serving(house: House, listener: socket.socket, api: Api, token: str | None) -> AsyncIterator[None]:
    """Serve the API on a socket that listens, and at an address if the config has one, while this is entered.

    `token` is what the credential holds that the config names.
    """
    door = None if api.listen is None else door_of(api, token, house.wall)
    runner = web.AppRunner(
        application(house, door),
        access_log=None,
        shutdown_timeout=SHUTDOWN_LIMIT_S,
        keepalive_timeout=IDLE_LIMIT_S,
        lingering_time=HEAD_LIMIT_S,
        max_line_size=LINE_LIMIT_BYTES,
        handle_signals=False,
        handler_cancellation=True,  # who hangs up does not want the answer any more
        auto_decompress=False,  # a small body can hold a large one, and would be unpacked even where it is refused
    )
    async with AsyncExitStack() as stack:
        if door is not None:
            await door.sessions.load()
            stack.push_async_callback(door.sessions.close)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        await web.SockSite(runner, listener).start()
        if door is not None:
            await _listen(stack, runner, house, api, door)
        yield


async def _listen(stack: AsyncExitStack, runner: web.AppRunner, house: House, api: Api, door: Door) -> None:
    """Listen at the address; where that cannot be, the log says so, and the daemon goes on for the wearer's path."""
    assert api.listen is not None, "else there is no door"
    assert runner.server is not None, "it has been set up"
    host, port = host_and_port(api.listen)
    try:
        tls = await stack.enter_async_context(_encrypted(house, api)) if api.tls is not None else None
        entrance = Entrance(
            runner.server,
            CONNECTIONS_LIMIT,
            unread_limit_s=UNREAD_LIMIT_S,
            tls=None if tls is None else tls.context,
        )
        server = await asyncio.get_running_loop().create_server(entrance.connection, host, port)
    except TlsError as error:
        _log.error("api.tls: %s; the unix socket still works", error)
        return
    except OSError as error:
        reason = error.strerror
        _log.error("api.listen %s: %s: choose another port; the unix socket still works", api.listen, reason)
        return
    stack.push_async_callback(entrance.close)
    stack.callback(server.close)
    port = server.sockets[0].getsockname()[1]
    door.serves(partial(url_of, api, port), tls)
    house.page_url = url_of(api, port)


@asynccontextmanager
async def _encrypted(house: House, api: Api) -> AsyncIterator[Tls]:
    """Lend what the address' connections are encrypted with; raise TlsError."""
    if api.tls == "own":
        from glassd.api.own_certificate import OwnCertificate  # noqa: PLC0415  only where there is one

        tls = Tls(OwnCertificate(state_folder(), api), house.wall)
    else:
        assert api.tls is not None, "it has been asked for"
        tls = Tls(GivenCertificate(api.tls), house.wall)
    await tls.open()
    keeping = asyncio.create_task(tls.keep_fresh(), name="API's certificate")
    try:
        yield tls
    finally:
        keeping.cancel()
        await asyncio.wait([keeping])
