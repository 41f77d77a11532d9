"""The gateway's place on the network: an address, and care for the connections that come in there.

There are at most CONNECTIONS_LIMIT of them, each with a bounded time for its first head (glassd.entrance); what follows
that is bounded by the server itself (BODY_LIMIT_S, IDLE_LIMIT_S). Without a token only this machine may reach it.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import os
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from glassd.callers import host_and_port
from glassd.entrance import Entrance
from glassd.gateway.server import application, runner
from glassd.gateway.stream import WRITE_LIMIT_S

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from glassd.gateway.server import Responder

CONNECTIONS_LIMIT: Final = 64
"""How many connections may be open at once; one more is closed as it comes."""
RETRY_S: Final = 5.0
"""How long until an address is tried again that could not be had."""

_log = logging.getLogger(__name__)


class UnguardedError(ValueError):
    """The address can be reached from beyond this machine, and there is no token."""


@asynccontextmanager
async def listening_when_possible(
    responder: Responder, address: str, token: str | None, listens: Callable[[bool], object] = bool
) -> AsyncIterator[None]:
    """Serve a responder at an address while this is entered, from when on the address can be had.

    That may be later, or never: the network may yet have to give the board its address, another program may have taken
    the port. The wearer's own asks need neither. `listens` is told whether it is had. Raise UnguardedError where the
    address needs a token.
    """
    tried = asyncio.Event()
    keeping = _keep_listening(responder, address, token, tried, listens)
    task = asyncio.create_task(keeping, name="gateway's listener")
    try:
        await asyncio.wait([task, waiting := asyncio.create_task(tried.wait())], return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if task.done():
            task.result()
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def _keep_listening(
    responder: Responder, address: str, token: str | None, tried: asyncio.Event, listens: Callable[[bool], object]
) -> None:
    while True:
        try:
            async with listening(responder, address, token):
                _log.info("the gateway listens at %s", address)
                listens(True)
                tried.set()
                await asyncio.Event().wait()
        except OSError as error:
            if not tried.is_set():
                _log.error("gateway.listen %s: %s: tried again every %g s", address, _reason(error), RETRY_S)
            listens(False)
            tried.set()
        await asyncio.sleep(RETRY_S)


@asynccontextmanager
async def listening(responder: Responder, address: str, token: str | None) -> AsyncIterator[int]:
    """Serve a responder at `host:port` while this is entered; yield the port.

    Raise OSError where the address cannot be had, UnguardedError where it needs a token.
    """
    serving = runner(application(responder, token=token))
    await serving.setup()
    try:
        assert serving.server is not None, "it has been set up"
        entrance = Entrance(serving.server, CONNECTIONS_LIMIT, unread_limit_s=WRITE_LIMIT_S)
        host, port = host_and_port(address)
        listener = await asyncio.get_running_loop().create_server(entrance.connection, host, port, start_serving=False)
        try:
            names = [opened.getsockname() for opened in listener.sockets]
            if token is None and not all(ipaddress.ip_address(name[0]).is_loopback for name in names):
                raise UnguardedError(f"{address} is open to the network: that needs a token")
            await listener.start_serving()
            yield names[0][1]
        finally:
            listener.close()
            await entrance.close()
    finally:
        await serving.cleanup()


def _reason(error: OSError) -> str:
    """Return the system's few words; asyncio puts longer ones in their place, and name servers count downwards."""
    return os.strerror(error.errno) if error.errno is not None and error.errno > 0 else str(error.strerror)
