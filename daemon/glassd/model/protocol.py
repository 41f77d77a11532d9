"""One connection as the model client wants it, on top of aiohttp's own protocol: docs/decisions/0012 says why."""

from __future__ import annotations

import fcntl
import socket
import sys
import termios
from typing import TYPE_CHECKING, Final

import aiohttp
from aiohttp.client_proto import ResponseHandler

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable


_LAST_ACK_RECV: Final = slice(56, 60)
"""Where struct tcp_info has tcpi_last_ack_recv (linux/tcp.h): milliseconds since the other side last took something."""


class HttpProtocol(ResponseHandler):
    """A connection; `made` and `lost` are told when it stands and when it is gone.

    It differs from aiohttp's in six ways. The head of a response is parsed before its body: a body that breaks HTTP's
    rules (a wrong Content-Length, a bad chunk) would else take the head with it, and all the text before the fault,
    where both come in one read. Such bytes end the body at once, where aiohttp leaves its reader waiting after a bad
    chunk. Whoever listens is called as soon as bytes have come, not a turn of the loop later. Reading is resumed only
    where it was paused, not after every chunk. Closing is at once: what was not sent yet is dropped, where asyncio
    would wait for a server that does not read, and TLS for its goodbye. And bytes that come while it is idle close it.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        *,
        made: Callable[[HttpProtocol], None],
        lost: Callable[[HttpProtocol], None],
    ) -> None:
        super().__init__(loop)
        self.kept = False
        """Whether it was there before the request that it is used for: only such a one can have gone stale."""
        self.idle = False
        """Whether it waits for its next request. What comes then (a 408 before the server closes, or worse) answers
        nobody: the next request would take it for its own response."""
        self.since = loop.time()
        """The event loop's time at which it stood."""
        self._made = made
        self._lost = lost
        self._listener: Callable[[], None] | None = None
        self._paused_reading = False

    def listen(self, listener: Callable[[], None] | None) -> None:
        """Have the listener called after bytes have come and after the connection is lost; None for nobody."""
        self._listener = listener

    def fault(self) -> aiohttp.ClientPayloadError | None:
        """Return what broke HTTP's rules, after which nothing more is read; aiohttp leaves the body waiting."""
        if (cause := self.exception()) is None:
            return None
        fault = aiohttp.ClientPayloadError(str(cause))
        fault.__cause__ = cause
        return fault

    def unheard(self, seconds: float) -> bool:
        """Return whether the other side has taken nothing for so long, though something was sent: it is dead.

        TCP_USER_TIMEOUT says so as well, but only as something is sent again: up to 1.3 s late (measured, Linux 6.18).
        """
        made = None if self.transport is None else self.transport.get_extra_info("socket")
        if made is None:
            return False
        try:
            waiting = fcntl.ioctl(made.fileno(), termios.TIOCOUTQ, bytes(4))  # SIOCOUTQ: not acknowledged, tcp(7)
            facts = made.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _LAST_ACK_RECV.stop)
        except OSError:  # no TCP: the reader's
            return False
        silent_ms = int.from_bytes(facts[_LAST_ACK_RECV], sys.byteorder)
        return bool(int.from_bytes(waiting, sys.byteorder)) and silent_ms >= seconds * 1000

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It stands, TLS included."""
        super().connection_made(transport)
        if self.transport is not None:
            # So that writing is paused until the kernel has it all. Not 0: TLS takes that for a buffer always full.
            self.transport.set_write_buffer_limits(high=1)
        self.since = self._loop.time()
        self._made(self)

    def data_received(self, data: bytes) -> None:
        """Bytes have come."""
        if self.idle:
            self.close()
            return
        if self._listener is None:
            head, end, body = data.partition(b"\r\n\r\n")
            super().data_received(head + end)
            if body:
                super().data_received(body)
            return
        super().data_received(data)
        if data:  # none: aiohttp parses on what it had held back, while the listener is reading
            self._listener()

    def connection_lost(self, exc: BaseException | None) -> None:
        """It is gone, whoever closed it."""
        super().connection_lost(exc)
        if self._listener is not None:
            self._listener()
        self._lost(self)

    def pause_reading(self) -> None:
        """More has come than was taken."""
        self._paused_reading = True
        super().pause_reading()

    def resume_reading(self, resume_parser: bool = True) -> None:
        """It was taken; called after each chunk."""
        if self._paused_reading:
            self._paused_reading = False
            super().resume_reading(resume_parser)

    def close(self) -> None:
        """Close at once."""
        if self.transport is not None:
            self.transport.abort()
        super().close()
