"""What a camera can send: encodings, the sizes that each comes in, and the rates of each size."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from glassd_drivers.units import Size

if TYPE_CHECKING:
    from collections.abc import Iterable

SIZES = (Size(640, 480), Size(1280, 720), Size(320, 240))
"""The sizes of a camera that is not told others, the default first."""
RATES = (30, 15, 10)
"""Pictures a second, the default first."""
INTERVALS_PER_S = 10_000_000
"""UVC counts the time between two pictures in units of 100 ns (dwFrameInterval)."""
BUS_BYTES_PER_S = 24_000_000
"""What a real camera gets through at high speed; larger uncompressed pictures come at the lower rates alone."""


class Encoding(Enum):
    """How a picture is encoded: a JPEG each, or two bytes a pixel."""

    MJPEG = "mjpeg"
    YUYV = "yuyv"


@dataclass(frozen=True, slots=True)
class Mode:
    """One size of an encoding, and its intervals between pictures in units of 100 ns, shortest first."""

    encoding: Encoding
    size: Size
    intervals: tuple[int, ...]

    @property
    def bytes_limit(self) -> int:
        """Return the most bytes that a picture may have: what a driver sets aside for one."""
        return uncompressed_bytes(self.size)


@dataclass(frozen=True, slots=True)
class Format:
    """One encoding with its modes, the default first."""

    encoding: Encoding
    modes: tuple[Mode, ...]


def uncompressed_bytes(size: Size) -> int:
    """Return how many bytes a YUYV picture has: two a pixel."""
    return size.width * size.height * 2


def formats_of(encodings: Iterable[Encoding], sizes: Iterable[Size]) -> tuple[Format, ...]:
    """Return a camera's formats: each encoding in each size."""
    sizes = tuple(sizes)
    return tuple(Format(encoding, tuple(_mode(encoding, size) for size in sizes)) for encoding in encodings)


def _mode(encoding: Encoding, size: Size) -> Mode:
    fit = [rate for rate in RATES if encoding is Encoding.MJPEG or uncompressed_bytes(size) * rate <= BUS_BYTES_PER_S]
    return Mode(encoding, size, tuple(INTERVALS_PER_S // rate for rate in fit or RATES[-1:]))
