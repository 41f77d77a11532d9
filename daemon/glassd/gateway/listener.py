"""The gateway's place on the network: an address, and care for the connections that come in there.

Anybody who reaches the address can open connections and say nothing, or say it slowly. So a connection has HEAD_LIMIT_S
for the head of its first request, and there are at most CONNECTIONS_LIMIT of them; what follows the head is bounded by
the server itself (BODY_LIMIT_S, IDLE_LIMIT_S). Without a token only this machine may reach it.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import os
import socket
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from glassd.callers import host_and_port
from glassd.gateway.server import application, runner
from glassd.gateway.stream import WRITE_LIMIT_S

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from aiohttp import web

    from glassd.gateway.server import Responder

HEAD_LIMIT_S: Final = 10.0
"""How long a new connection may take to send the head of its first request."""
HEAD_LIMIT_BYTES: Final = 64 * 1024
"""How much of it is looked through for its end; what has none by then is for the server to refuse."""
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
        door = _Door(serving.server)
        host, port = host_and_port(address)
        listener = await asyncio.get_running_loop().create_server(door.connection, host, port, start_serving=False)
        try:
            names = [opened.getsockname() for opened in listener.sockets]
            if token is None and not all(ipaddress.ip_address(name[0]).is_loopback for name in names):
                raise UnguardedError(f"{address} is open to the network: that needs a token")
            await listener.start_serving()
            yield names[0][1]
        finally:
            listener.close()
            door.close()
    finally:
        await serving.cleanup()


def _reason(error: OSError) -> str:
    """Return the system's few words; asyncio puts longer ones in their place, and name servers count downwards."""
    return os.strerror(error.errno) if error.errno is not None and error.errno > 0 else str(error.strerror)


class _Door:
    """Lets connections in to the server, once each has said what it wants."""

    def __init__(self, server: web.Server) -> None:
        self._server = server
        self._waiting: set[_Head] = set()

    def connection(self) -> asyncio.Protocol:
        """Return what speaks with the next connection first."""
        return _Head(self)

    def close(self) -> None:
        for head in list(self._waiting):
            head.give_up()

    def comes(self, head: _Head) -> bool:
        """Take note of a connection; False where there are too many."""
        self._waiting.add(head)
        return len(self._waiting) + len(self._server.connections) <= CONNECTIONS_LIMIT

    def goes(self, head: _Head) -> None:
        self._waiting.discard(head)

    def lets_in(self, head: _Head, transport: asyncio.Transport, said: bytes) -> None:
        """Hand a connection over to the server, with what it has said so far."""
        self.goes(head)
        protocol = self._server()
        transport.set_protocol(protocol)
        protocol.connection_made(transport)
        protocol.data_received(said)


class _Head(asyncio.Protocol):
    """A connection until the head of its first request is whole."""

    def __init__(self, door: _Door) -> None:
        self._door = door
        self._said = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        _give_up_unread(transport.get_extra_info("socket"))
        self._timer = asyncio.get_running_loop().call_later(HEAD_LIMIT_S, self.give_up)
        if not self._door.comes(self):
            self.give_up()

    def data_received(self, data: bytes) -> None:
        seen = max(len(self._said) - 3, 0)
        self._said += data
        if b"\r\n\r\n" in self._said[seen:] or len(self._said) > HEAD_LIMIT_BYTES:
            self._timer.cancel()
            self._door.lets_in(self, self._transport, bytes(self._said))

    def connection_lost(self, _error: Exception | None) -> None:
        self._timer.cancel()
        self._door.goes(self)

    def give_up(self) -> None:
        """Close the connection: it has had its time, or there are too many."""
        self._transport.abort()


def _give_up_unread(connection: socket.socket) -> None:
    """Have the kernel break a connection whose client takes nothing for WRITE_LIMIT_S (tcp(7)).

    Answers in a stream are watched one by one; this is for all else that may wait to be read, such as a refusal.
    """
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, round(WRITE_LIMIT_S * 1000))
