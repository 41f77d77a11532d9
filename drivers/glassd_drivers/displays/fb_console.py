"""The text console under a framebuffer: its cursor, its log-in prompt and its blanking stay off the wearer's picture.

Only where that is permitted: to root, and to whoever has logged in there. The service is neither; its drop-in takes the
console off the framebuffer before the sandbox begins.
Source: ioctl_console(2); linux/fb.h, FBIOGET_CON2FBMAP.
"""

from __future__ import annotations

import logging
import os
import struct
from pathlib import Path

from glassd_drivers import ioctls

CURRENT = Path("/dev/tty0")
"""The console in view, whichever it is."""

_GET_MODE, _SET_MODE, _TEXT, _GRAPHICS = 0x4B3B, 0x4B3A, 0, 1  # KDGETMODE, KDSETMODE
_VT_STATE, _STATE = 0x5603, struct.Struct("=3H")  # VT_GETSTATE: the active one first
_MAP_OF_CONSOLE, _MAP = 0x460F, struct.Struct("=2I")  # FBIOGET_CON2FBMAP: console, framebuffer

_log = logging.getLogger(__name__)


class Console:
    """Holds the console in view back, if it draws on this framebuffer."""

    def __init__(self) -> None:
        self._fd = -1

    def hold(self, framebuffer: int, where: Path) -> None:
        """Make it draw nothing; where that is not permitted, or another screen's, leave it. `framebuffer` is open."""
        try:
            fd = os.open(CURRENT, os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
        except OSError as error:
            _log.debug("%s: its console stays as it is: %s", where, error.strerror)
            return
        try:
            active, _, _ = _STATE.unpack(ioctls.ask(fd, _VT_STATE, bytes(_STATE.size)))
            _, shown_on = _MAP.unpack(ioctls.ask(framebuffer, _MAP_OF_CONSOLE, _MAP.pack(active, 0)))
            (mode,) = struct.unpack("=I", ioctls.ask(fd, _GET_MODE, bytes(4)))
            if shown_on == os.minor(os.fstat(framebuffer).st_rdev) and mode == _TEXT:
                ioctls.set_value(fd, _SET_MODE, _GRAPHICS)
                self._fd, fd = fd, -1
        except OSError as error:
            _log.debug("%s: its console stays as it is: %s", where, error.strerror)
        finally:
            if fd >= 0:
                os.close(fd)

    def release(self) -> None:
        """Let it draw again, all of its text at once."""
        if self._fd < 0:
            return
        try:
            ioctls.set_value(self._fd, _SET_MODE, _TEXT)
        except OSError as error:
            _log.debug("the console could not be given back: %s", error.strerror)
        os.close(self._fd)
        self._fd = -1
