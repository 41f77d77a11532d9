"""A serial line as the way to a bridge: opened by pyserial on a thread, served by the event loop.

What may block (opening, another rate, closing) is done on the driver's thread; reading and writing never blocks. The
port is its opener's alone while it is open. Where its driver waits to make bigger pieces of what comes, as FTDI's does
for 16 ms, it is told not to.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import logging
import os
import termios
from typing import TYPE_CHECKING, Final

from glassd_drivers.contracts import PermanentFault, TransientFault
from glassd_drivers.link.rates import BASE_RATE
from glassd_drivers.link.wire import Wire, Wired
from glassd_drivers.threads import DeviceThread

if TYPE_CHECKING:
    from serial import Serial

    from glassd_drivers.contracts import DriverError
    from glassd_drivers.link.wire import Client

BAUD_LIMIT: Final = 12_000_000
"""The highest rate that is tried: that of the fastest USB adapters."""
PARTING_S: Final = 0.02
"""How long the last packets have to get onto the line before it is closed: several times what a BYE takes."""
CLOSE_LIMIT_S: Final = 0.5
"""How long a call that is stuck is waited for when the port is closed."""
HINT: Final = "`glassd devices` lists serial lines"
_GONE: Final = frozenset({errno.ENOENT, errno.ENODEV, errno.ENXIO, errno.EIO, errno.ENOTDIR})
_IN_USE: Final = frozenset({errno.EBUSY, errno.EAGAIN})
_NO_LINE: Final = frozenset({errno.ENOTTY, errno.EINVAL, errno.EISDIR})

_log = logging.getLogger(__name__)


class SerialLine(Wired):
    """One life of a serial line, which begins at 115,200 baud. `rate` is the baud that it has now."""

    def __init__(self, path: str) -> None:
        self.where = path
        self.rate: int | None = BASE_RATE
        self._path = path
        self._thread = DeviceThread(f"bridge {path}")
        self._port: Serial | None = None

    async def open(self, client: Client) -> None:
        """Take hold of the port and have the client called; raise DriverError where it is not to be had."""
        await self._thread.call(self._open)
        assert self._port is not None, "the port is open"
        self._wire = Wire(self._port.fileno(), self.where, "plug the bridge in again", client)
        self._wire.serve()

    async def change_rate(self, rate: int) -> None:
        """Set another rate; meanwhile nothing is read or written. Where the port refuses it, the rate stays."""
        assert self._wire is not None, "only the rate of an open line changes"
        self._wire.pause()
        try:
            await self._thread.call(self._set_rate, rate)
        except (OSError, ValueError, termios.error) as error:
            _log.debug(
                "%s: %d baud refused: %s", self.where, rate, error
            )  # the far end will not be heard: it is told then
        else:
            self.rate = rate
        self._wire.serve()

    async def close(self) -> None:
        """Let go of the port, once what was written is on the line. Never raises."""
        wire, self._wire = self._wire, None
        try:
            if wire is not None and wire.is_clear:
                await asyncio.sleep(PARTING_S)
        finally:
            if wire is not None:
                wire.pause()
            await self._thread.close(self._release, CLOSE_LIMIT_S)

    # -- on the thread -------------------------------------------------------------------------------------------------

    def _open(self) -> None:
        import serial  # noqa: PLC0415 - late: a config is read without it

        try:
            # A read that would find nothing says so only with VMIN 1, which this timeout between bytes means.
            self._port = serial.Serial(self._path, BASE_RATE, timeout=0, inter_byte_timeout=0, exclusive=True)
            fcntl.ioctl(self._port.fileno(), termios.TIOCEXCL)
        except (OSError, termios.error) as error:
            raise self._fault(_number(error)) from error
        with contextlib.suppress(OSError, ValueError):  # not every driver has it, or lets us
            self._port.set_low_latency_mode(True)

    def _set_rate(self, rate: int) -> None:
        assert self._port is not None, "only the rate of an open port changes"
        self._port.baudrate = rate

    def _release(self) -> None:
        port, self._port = self._port, None
        if port is None:
            return
        with contextlib.suppress(OSError, termios.error):  # a port whose device is gone can be closed and nothing else
            termios.tcflush(port.fileno(), termios.TCOFLUSH)  # else a device that takes nothing holds the close up
            fcntl.ioctl(port.fileno(), termios.TIOCNXCL)
        port.close()

    def _fault(self, number: int) -> DriverError:
        if number in _GONE:
            return TransientFault(f"{self.where} is not there: plug the bridge in; {HINT}")
        if number == errno.EACCES:
            return PermanentFault(f"{self.where}: no permission; the user that runs glassd needs the group `dialout`")
        if number == errno.EPERM:  # of the devices' cgroup: permissions would be EACCES
            return PermanentFault(
                f"{self.where}: the service may not use it; allow it by DeviceAllow= (docs/service.md)"
            )
        if number in _IN_USE:
            return TransientFault(f"{self.where} is in use by another program: end that one")
        if number in _NO_LINE:
            return PermanentFault(f"{self.where} is no serial line; {HINT}")
        return TransientFault(f"{self.where} cannot be opened: {os.strerror(number)}")


def _number(error: BaseException) -> int:
    """Return the system's number of an error: pyserial has it as that of an error of its own, or of what caused it."""
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno
    cause = error if isinstance(error, termios.error) else error.__context__
    return int(cause.args[0]) if isinstance(cause, termios.error) and cause.args else errno.EIO
