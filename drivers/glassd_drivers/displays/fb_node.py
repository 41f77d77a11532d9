"""A framebuffer of the kernel's: its size and format, and its pixels as an array.

Source: linux/fb.h and Documentation/fb/api.rst. Pixels are words of the processor's own byte order, of which each
colour is a bit field; `line_length` is the bytes from one row to the next, which may be more than the row has.
"""

from __future__ import annotations

import contextlib
import errno
import mmap
import os
import struct
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from msgspec import Struct

from glassd_drivers import ioctls
from glassd_drivers.contracts import PermanentFault, TransientFault

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

    from glassd_drivers.displays.painter import Colours, Strip

GET_VARIABLE, GET_FIXED, BLANK = 0x4600, 0x4602, 0x4611  # FBIOGET_VSCREENINFO, FBIOGET_FSCREENINFO, FBIOBLANK
UNBLANK = 0
VARIABLE = struct.Struct("@40I")  # fb_var_screeninfo
FIXED = struct.Struct("@16sL4I3HIL2I3H0L")  # fb_fix_screeninfo
PACKED_PIXELS, TRUE_COLOUR, DIRECT_COLOUR = 0, 2, 4  # FB_TYPE_, FB_VISUAL_
SIDE_LIMIT = 16_384
"""Pixels of a side; what claims more is not believed."""

_WORDS = {16: "u2", 32: "u4"}
_NO_FRAMEBUFFER = (errno.ENOTTY, errno.EINVAL, errno.EISDIR)


class Field(NamedTuple):
    """Where a colour stands in a pixel: its lowest bit, how many, and whether they stand the wrong way round."""

    offset: int
    length: int
    reversed: int


class Facts(Struct, frozen=True):
    """What the kernel says of a framebuffer, in pixels, bits and bytes; `start` is where the first pixel in view is."""

    name: str
    width: int
    height: int
    bits: int
    line_length: int
    start: int
    mapped: int
    fields: tuple[Field, Field, Field]
    alpha: Field


def facts(fd: int, where: str) -> Facts:
    """Return what a framebuffer is; raise OSError, and PermanentFault for one that cannot be drawn on."""
    variable = VARIABLE.unpack(ioctls.ask(fd, GET_VARIABLE, bytes(VARIABLE.size)))
    name, memory, length, kind, _, visual, *_, line_length, _, _, _, _, _, _ = FIXED.unpack(
        ioctls.ask(fd, GET_FIXED, bytes(FIXED.size))
    )
    width, height, _, _, across, down, bits, _ = variable[:8]
    red, green, blue, alpha = (Field(*variable[at : at + 3]) for at in range(8, 20, 3))
    before = memory % mmap.PAGESIZE  # what is mapped begins with the page
    found = Facts(
        name=ioctls.text(name),
        width=width,
        height=height,
        bits=bits,
        line_length=line_length,
        start=before + down * line_length + across * bits // 8,
        mapped=before + length,
        fields=(red, green, blue),
        alpha=alpha,
    )
    if kind != PACKED_PIXELS or visual not in (TRUE_COLOUR, DIRECT_COLOUR) or bits not in (16, 24, 32):
        raise PermanentFault(
            f"{where} has pixels of {bits} bits that are no true colour: set it to 16, 24 or 32 bits (fbset -depth 16)"
        )
    if not _is_sound(found):
        raise PermanentFault(f"{where} says of itself what cannot be: {width}x{height}, {line_length} bytes a row")
    return found


def _is_sound(found: Facts) -> bool:
    rows = found.start + (found.height - 1) * found.line_length + found.width * found.bits // 8
    return (
        0 < found.width <= SIDE_LIMIT
        and 0 < found.height <= SIDE_LIMIT
        and found.width * found.bits // 8 <= found.line_length <= SIDE_LIMIT * 4
        and rows <= found.mapped
        and all(field.offset + field.length <= found.bits and not field.reversed for field in found.fields)
        and all(0 < field.length <= 16 for field in found.fields)
    )


def pixel_table(found: Facts, colours: Colours) -> npt.NDArray[Any]:
    """Return the pixel for each of the 256 degrees of ink: words or, of 24 bits, three bytes each."""
    pixels = np.zeros(256, np.uint64)
    for at, (offset, length, _) in enumerate(found.fields):
        share = colours.table[:, at].astype(np.uint64)
        pixels |= ((share * ((1 << length) - 1) + 127) // 255) << offset
    pixels |= np.uint64(((1 << found.alpha.length) - 1) << found.alpha.offset)  # opaque, where anybody looks at it
    if found.bits in _WORDS:
        return pixels.astype(_WORDS[found.bits])
    return np.frombuffer(b"".join(int(pixel).to_bytes(3, "little") for pixel in pixels), np.uint8).reshape(256, 3)


class FramebufferNode:
    """An open framebuffer: put strips of ink on it. Every call is made on the driver's own thread.

    `turned` is how many quarters the picture is turned clockwise; `width` and `height` are the picture's.
    """

    def __init__(self, path: Path, turned: int) -> None:
        self.path = path
        self._turned = turned
        self._fd = -1
        self._memory: mmap.mmap | None = None
        self._pixels: npt.NDArray[Any] = np.zeros((0, 0))
        self._table: npt.NDArray[Any] = np.zeros(0)

    def open(self, colours: Colours) -> None:
        """Take hold of it, lit and all in the background; raise DriverError."""
        try:
            self._fd = os.open(self.path, os.O_RDWR | os.O_CLOEXEC)
            self.facts = facts(self._fd, str(self.path))
            self._identity = _identity(os.fstat(self._fd))
            self._memory = mmap.mmap(self._fd, self.facts.mapped)
        except OSError as error:
            raise _fault(str(self.path), error) from error
        with contextlib.suppress(OSError):  # many drivers have nothing to switch
            ioctls.set_value(self._fd, BLANK, UNBLANK)
        self._pixels = np.rot90(_view(self._memory, self.facts), self._turned)
        self._table = pixel_table(self.facts, colours)
        self._pixels[:] = self._table[0]

    @property
    def fd(self) -> int:
        """The open file."""
        return self._fd

    @property
    def size(self) -> tuple[int, int]:
        """The width and height of the picture."""
        height, width = self._pixels.shape[:2]
        return width, height

    def put(self, strip: Strip) -> int:
        """Write a strip; return how many bytes that were."""
        left, top, ink = strip
        height, width = ink.shape
        written = self._table[ink]
        self._pixels[top : top + height, left : left + width] = written
        return int(written.nbytes)

    def check(self) -> None:
        """Raise TransientFault where it is gone, or is another or of another size by now."""
        try:
            same = _identity(self.path.stat()) == self._identity
            now = facts(self._fd, str(self.path))
        except OSError as error:
            raise _fault(str(self.path), error) from error
        if not same:
            raise TransientFault(f"{self.path} was unplugged, and another has come: it is opened anew")
        if now != self.facts:
            raise TransientFault(f"{self.path} has another size or format now: it is opened anew")

    def close(self) -> None:
        """Leave it dark and let go of it."""
        if self._memory is not None:
            self._pixels[:] = self._table[0]
            self._pixels = np.zeros((0, 0))  # nothing may look into what is unmapped
            self._memory.close()
            self._memory = None
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def _view(memory: mmap.mmap, found: Facts) -> npt.NDArray[Any]:
    size = found.bits // 8
    if found.bits in _WORDS:
        return np.ndarray(
            (found.height, found.width), _WORDS[found.bits], memory, found.start, (found.line_length, size)
        )
    return np.ndarray((found.height, found.width, 3), "u1", memory, found.start, (found.line_length, size, 1))


def _identity(stat: os.stat_result) -> tuple[int, ...]:
    return stat.st_dev, stat.st_ino, stat.st_rdev


def _fault(where: str, error: OSError) -> TransientFault | PermanentFault:
    match error:
        case FileNotFoundError():
            return TransientFault(f"{where} is not there: plug the glasses in, or correct `device`")
        case PermissionError():
            return PermanentFault(
                f"{where} may not be opened ({error.strerror}): as a service it takes the drop-in framebuffer.conf, "
                "by hand the group video"
            )
    if error.errno in _NO_FRAMEBUFFER:
        return PermanentFault(f"{where} is no framebuffer: correct `device`")
    return TransientFault(f"{where} was lost ({error.strerror}): plug the glasses in again")
