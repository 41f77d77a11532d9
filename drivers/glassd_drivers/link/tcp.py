"""A TCP connection as the way to a bridge: the same bytes, carried by an app or by an emulated bridge."""

from __future__ import annotations

import asyncio
import os
import socket
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from glassd_drivers.contracts import TransientFault
from glassd_drivers.link.wire import Wire, Wired
from glassd_drivers.threads import DeviceThread

if TYPE_CHECKING:
    from glassd_drivers.link.wire import Client

SCHEME: Final = "socket://"
"""How the address of one begins in a config."""
CONNECT_LIMIT_S: Final = 4.0
"""How long a connection may take to stand, the look-up of its host included."""
CLOSE_LIMIT_S: Final = 0.4
"""How long a look-up that is stuck is waited for."""


class TcpLine(Wired):
    """One life of a connection to `socket://host:port`. It has no rate."""

    def __init__(self, address: str) -> None:
        self.where = address
        self.rate: int | None = None
        parts = urlsplit(address)
        self._host, self._port = parts.hostname or "", parts.port or 0
        self._thread = DeviceThread(f"bridge {address}")
        self._socket: socket.socket | None = None

    async def open(self, client: Client) -> None:
        """Connect and have the client called; raise TransientFault where nothing answers."""
        try:
            async with asyncio.timeout(CONNECT_LIMIT_S):
                await self._connect()
        except TimeoutError:
            raise self._no_answer(f"nothing within {CONNECT_LIMIT_S:g} s") from None
        except (OSError, UnicodeError) as error:
            raise self._no_answer(_reason(error)) from error
        assert self._socket is not None, "it is connected"
        self._wire = Wire(self._socket.fileno(), self.where, "is what carries the link still there?", client)
        self._wire.serve()

    async def change_rate(self, rate: int) -> None:
        """Do nothing: there is none to change."""

    async def close(self) -> None:
        """Close the connection. Never raises."""
        wire, self._wire = self._wire, None
        if wire is not None:
            wire.pause()
        if self._socket is not None:
            self._socket.close()
        await self._thread.close(limit_s=CLOSE_LIMIT_S)

    async def _connect(self) -> None:
        loop = asyncio.get_running_loop()
        error: OSError = OSError("it has no address")
        found = await self._thread.call(socket.getaddrinfo, self._host, self._port, type=socket.SOCK_STREAM)
        for family, kind, protocol, _, address in found:
            self._socket = socket.socket(family, kind | socket.SOCK_NONBLOCK, protocol)
            try:
                await loop.sock_connect(self._socket, address)
            except OSError as failure:
                self._socket.close()
                error = failure
            else:
                self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                return
        raise error

    def _no_answer(self, reason: str) -> TransientFault:
        return TransientFault(f"{self.where} does not answer ({reason}): is what carries the link there?")


def _reason(error: Exception) -> str:
    if isinstance(error, socket.gaierror | UnicodeError):
        return "its name is not known"
    if isinstance(error, OSError) and error.errno is not None:
        return os.strerror(error.errno)
    return str(error)
