"""Care for the connections that come in at an address: the gateway's and the API's.

Anybody who reaches the address can open connections and say nothing, or say it slowly. So a connection has HEAD_LIMIT_S
for the head of its first request, and there are only so many of them; what follows the head is for the server to bound.
"""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from aiohttp import web

HEAD_LIMIT_S: Final = 10.0
"""How long a new connection may take to send the head of its first request."""
HEAD_LIMIT_BYTES: Final = 64 * 1024
"""How long it may be; the server bounds its lines and their number, which together may be far longer."""
_TOO_LONG: Final = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Entrance:
    """Lets connections in to the server, once each has said what it wants."""

    def __init__(
        self,
        server: web.Server,
        connections_limit: int,
        *,
        unread_limit_s: float | None = None,
        tls: Callable[[], ssl.SSLContext] | None = None,
    ) -> None:
        """At most `connections_limit` are open at once, those of a handshake too; one more is closed as it comes.

        `unread_limit_s` is how long a client may take nothing of what it is sent; None leaves that to the server.
        `tls` returns what the next connection is encrypted with; None leaves them plain.
        """
        self._server = server
        self._limit = connections_limit
        self.unread_limit_s = unread_limit_s
        self.tls = tls
        self._waiting: set[_Head] = set()

    def connection(self) -> asyncio.Protocol:
        """Return what speaks with the next connection first."""
        return _Head(self)

    async def close(self) -> None:
        """Let nobody in any more who is still saying what it wants."""
        waiting = list(self._waiting)
        for head in waiting:
            head.give_up()
        if handshakes := [head.handshake for head in waiting if head.handshake is not None]:
            await asyncio.wait(handshakes)

    def comes(self, head: _Head) -> bool:
        """Take note of a connection; False where there are too many."""
        self._waiting.add(head)
        return len(self._waiting) + len(self._server.connections) <= self._limit

    def goes(self, head: _Head) -> None:
        """Take note that a connection waits no longer."""
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

    def __init__(self, entrance: Entrance) -> None:
        self._entrance = entrance
        self._said = bytearray()
        self._inner: asyncio.Transport | None = None  # what speaks plain HTTP
        self.handshake: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._outer = transport
        if (limit_s := self._entrance.unread_limit_s) is not None:
            _give_up_unread(transport.get_extra_info("socket"), limit_s)
        self._timer = asyncio.get_running_loop().call_later(HEAD_LIMIT_S, self.give_up)
        if not self._entrance.comes(self):
            self.give_up()
        elif (tls := self._entrance.tls) is None:
            self._inner = transport
        else:
            transport.pause_reading()  # until what reads is there
            self.handshake = asyncio.create_task(self._shake_hands(tls()), name="TLS handshake")

    def data_received(self, data: bytes) -> None:
        if not self._said:
            data = data.lstrip(b"\r\n")  # empty lines before a request are none of it (RFC 9112, section 2.2)
        seen = max(len(self._said) - 3, 0)
        self._said += data
        self._look(seen)

    def connection_lost(self, _error: Exception | None) -> None:
        self._timer.cancel()
        self._entrance.goes(self)

    def give_up(self) -> None:
        """Close the connection: it has had its time, or there are too many."""
        self._outer.abort()

    async def _shake_hands(self, tls: ssl.SSLContext) -> None:
        loop = asyncio.get_running_loop()
        try:
            self._inner = await loop.start_tls(
                self._outer, self, tls, server_side=True, ssl_handshake_timeout=HEAD_LIMIT_S
            )
        except OSError:  # plain HTTP, a certificate that the browser does not take yet, a scanner
            self._outer.abort()
            self.connection_lost(None)
            return
        self._look(0)  # at what has come together with the handshake's end

    def _look(self, start: int) -> None:
        """Go in with a head that is whole; what is before `start` has been looked at."""
        if self._inner is None:
            return
        end = self._said.find(b"\r\n\r\n", start)
        if 0 <= end <= HEAD_LIMIT_BYTES:
            self._timer.cancel()
            self._entrance.lets_in(self, self._inner, bytes(self._said))
        elif len(self._said) > HEAD_LIMIT_BYTES:
            self._inner.pause_reading()
            self._inner.write(_TOO_LONG)  # there is what is left of its time to read that: closed now, it could be lost


def _give_up_unread(connection: socket.socket, limit_s: float) -> None:
    """Have the kernel break a connection whose client takes nothing for so long (tcp(7)).

    Answers in a stream are watched one by one; this is for all else that may wait to be read, such as a refusal.
    """
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, round(limit_s * 1000))
