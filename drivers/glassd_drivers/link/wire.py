"""The bytes of a line in the event loop: one descriptor, read in big pieces, written without ever waiting.

No thread and no task is woken for a byte: the loop calls when there are some, and hands on all of them.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
from typing import TYPE_CHECKING, Final, Protocol

from glassd_drivers.contracts import TransientFault

if TYPE_CHECKING:
    from glassd_drivers.contracts import DriverError

READ_BYTES: Final = 4 * 1024
"""How much one read takes: a terminal gives 4095 bytes at most."""
BIG_BYTES: Final = 1024
"""A read of so much was likely not all that there is."""
PIECES_LIMIT: Final = 16
"""How many reads are made in one turn of the loop. 64 KB of the smallest packets take some 40 ms; others wait, too."""
EMPTY_LIMIT: Final = 100
"""How often in a row there may be nothing to read though the loop was told that there is: some drivers of the kernel
leave the line of a device that is gone so, which would wake the loop for ever."""
_GONE: Final = frozenset({errno.EIO, errno.ENODEV, errno.ENXIO})
"""What the kernel says of a device that was pulled out; its words would tell nobody more."""


class Client(Protocol):
    """Who uses a line: it is called on the event loop, from `serve` until the line is lost or closed."""

    def received(self, data: bytes) -> None:
        """Take what came."""

    def writable(self) -> None:
        """Take note that `write` may be called again."""

    def ended(self, fault: DriverError) -> None:
        """Take note that the line is gone. Nothing follows."""


class Line(Protocol):
    """What carries the bytes of one life of a bridge: a serial port, or a TCP connection.

    `where` is what the config calls it, `rate` the baud that it has now, None for one that has none.
    """

    where: str
    rate: int | None

    async def open(self, client: Client) -> None:
        """Take hold of it and have the client called; raise DriverError where it is not to be had."""

    @property
    def is_clear(self) -> bool:
        """Whether `write` may be called: all before is with the system."""

    def write(self, packet: bytes) -> None:
        """Hand a packet to the system; only while `is_clear`."""

    async def change_rate(self, rate: int) -> None:
        """Set another rate; meanwhile nothing is read or written. Where it is refused, the old one stays."""

    async def close(self) -> None:
        """Let go of it, once what was written is on the line. Never raises."""


class Wire:
    """Serves one open descriptor, which does not block and stays its opener's to close.

    `where` and `advice` are for the error of a line that is lost: what it is, and what to do.
    """

    def __init__(self, fd: int, where: str, advice: str, client: Client) -> None:
        self._fd = fd
        self._where = where
        self._advice = advice
        self._client = client
        self._loop = asyncio.get_running_loop()
        self._rest = b""  # of a packet that the system did not take whole
        self._empty = 0
        self._serves = False

    @property
    def is_clear(self) -> bool:
        """Whether `write` may be called: all before is with the system, and the line is served."""
        return self._serves and not self._rest

    def serve(self) -> None:
        """Begin, or go on after `pause`."""
        self._serves = True
        self._loop.add_reader(self._fd, self._read)
        if self._rest:
            self._loop.add_writer(self._fd, self._write_rest)

    def pause(self) -> None:
        """Neither read nor write: also the last thing before the descriptor is closed."""
        if self._serves:
            self._serves = False
            self._loop.remove_reader(self._fd)
            self._loop.remove_writer(self._fd)

    def write(self, packet: bytes) -> None:
        """Hand a packet to the system, which may take a part of it for now; only while `is_clear`."""
        try:
            taken = os.write(self._fd, packet)
        except BlockingIOError:
            taken = 0
        except OSError as error:
            self._lose(error)
            return
        if taken < len(packet):
            self._rest = packet[taken:]
            self._loop.add_writer(self._fd, self._write_rest)

    def _write_rest(self) -> None:
        rest, self._rest = self._rest, b""
        self._loop.remove_writer(self._fd)
        self.write(rest)
        if self.is_clear:
            self._client.writable()

    def _read(self) -> None:
        try:
            data = os.read(self._fd, READ_BYTES)
        except BlockingIOError:
            self._empty += 1
            if self._empty > EMPTY_LIMIT:
                self._lose(None)
        except OSError as error:
            self._lose(error)
        else:
            if not data:
                self._lose(None)
                return
            self._empty = 0
            self._client.received(data if len(data) < BIG_BYTES else self._with_more(data))

    def _with_more(self, data: bytes) -> bytes:
        """Return what came with what stands behind it: to ask at once costs less than another turn of the loop."""
        pieces = [data]
        with contextlib.suppress(OSError):  # nothing more for now; an error comes again in the next turn
            while data and len(pieces) < PIECES_LIMIT:
                data = os.read(self._fd, READ_BYTES)
                pieces.append(data)
        return b"".join(pieces)

    def _lose(self, error: OSError | None) -> None:
        self.pause()
        reason = "" if error is None or error.errno in _GONE else f" ({error.strerror})"
        fault = TransientFault(f"{self._where} was lost{reason}: {self._advice}")
        fault.__cause__ = error
        self._client.ended(fault)


class Wired:
    """What the lines on a wire have in common: `_wire` is there while the line is open."""

    _wire: Wire | None = None

    @property
    def is_clear(self) -> bool:
        """Whether `write` may be called."""
        return self._wire is not None and self._wire.is_clear

    def write(self, packet: bytes) -> None:
        """Hand a packet to the system; only while `is_clear`."""
        assert self._wire is not None, "only an open line is clear"
        self._wire.write(packet)
