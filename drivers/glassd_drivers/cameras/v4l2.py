"""What a Video4Linux node says of itself: its name, whether it captures, and in which formats, sizes and rates.

Every function takes an open file descriptor and raises OSError; what is no V4L2 node answers ENOTTY or EINVAL.
Source: linux/videodev2.h and the kernel's V4L2 documentation.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from glassd_drivers import ioctls
from glassd_drivers.units import Size

if TYPE_CHECKING:
    from collections.abc import Iterator

SYSFS = Path("/sys/class/video4linux")
ENTRIES_LIMIT = 128
"""How many entries of one list are asked for, of a driver that never says that it has no more."""

_CAPABILITY = struct.Struct("=16s32s32s6I")  # driver, card, bus; version, capabilities, device_caps, reserved[3]
_FORMAT = struct.Struct("=3I32s5I")  # index, type, flags, description; pixel format, media bus code, reserved[3]
_FRAME_SIZE = struct.Struct("=3I6I2I")  # index, pixel format, type; discrete or stepwise; reserved[2]
_FRAME_INTERVAL = struct.Struct("=5I6I2I")  # index, pixel format, width, height, type; fraction(s); reserved[2]

_QUERYCAP = ioctls.read_request("V", 0, _CAPABILITY.size)
_ENUM_FMT = ioctls.exchange_request("V", 2, _FORMAT.size)
_ENUM_FRAMESIZES = ioctls.exchange_request("V", 74, _FRAME_SIZE.size)
_ENUM_FRAMEINTERVALS = ioctls.exchange_request("V", 75, _FRAME_INTERVAL.size)

_CAP_VIDEO_CAPTURE = 0x00000001
_CAP_VIDEO_CAPTURE_MPLANE = 0x00001000
_CAP_DEVICE_CAPS = 0x80000000
_BUF_TYPE_VIDEO_CAPTURE = 1
_BUF_TYPE_VIDEO_CAPTURE_MPLANE = 9
_DISCRETE = 1


class NodeFacts(Struct, frozen=True):
    """A node's name and whether it captures video: a camera has other nodes too, for metadata."""

    name: str
    captures: bool
    multiplanar: bool


class Mode(Struct, frozen=True):
    """A size that a format comes in, with its rates in frames a second, highest first.

    A camera that scales in steps is given by its largest size, and rates that go in steps by the highest.
    """

    size: Size
    rates: tuple[float, ...]


class Format(Struct, frozen=True):
    """A pixel format by its four characters, such as MJPG, and its sizes, largest first."""

    fourcc: str
    modes: tuple[Mode, ...]


def node_facts(fd: int) -> NodeFacts:
    """Return what the node is."""
    _, card, _, _, whole, own, *_ = _CAPABILITY.unpack(ioctls.ask(fd, _QUERYCAP, bytes(_CAPABILITY.size)))
    caps = own if whole & _CAP_DEVICE_CAPS else whole
    multiplanar = bool(caps & _CAP_VIDEO_CAPTURE_MPLANE)
    return NodeFacts(ioctls.text(card), multiplanar or bool(caps & _CAP_VIDEO_CAPTURE), multiplanar)


def usb_id(node: str, sysfs: Path = SYSFS) -> str:
    """Return the USB id of the device behind a node such as video0, as lsusb has it (046d:0825); empty without one."""
    device = (sysfs / node / "device").resolve().parent  # the node's device is one interface of it
    try:
        return ":".join((device / name).read_text(encoding="ascii").strip() for name in ("idVendor", "idProduct"))
    except (OSError, UnicodeDecodeError):
        return ""


def formats(fd: int, facts: NodeFacts) -> tuple[Format, ...]:
    """Return the formats that the node captures in."""
    kind = _BUF_TYPE_VIDEO_CAPTURE_MPLANE if facts.multiplanar else _BUF_TYPE_VIDEO_CAPTURE
    found = []
    for index in range(ENTRIES_LIMIT):
        try:
            answer = ioctls.ask(fd, _ENUM_FMT, struct.pack("=2I", index, kind).ljust(_FORMAT.size, b"\0"))
        except OSError:  # EINVAL: that was the last one
            break
        pixel_format = _FORMAT.unpack(answer)[4]
        modes = sorted(_modes(fd, pixel_format), key=lambda mode: mode.size, reverse=True)
        found.append(Format(ioctls.text(struct.pack("=I", pixel_format)), tuple(modes)))
    return tuple(found)


def _modes(fd: int, pixel_format: int) -> Iterator[Mode]:
    for index in range(ENTRIES_LIMIT):
        question = struct.pack("=2I", index, pixel_format).ljust(_FRAME_SIZE.size, b"\0")
        try:
            _, _, kind, width, max_width, _, _, max_height, *_ = _FRAME_SIZE.unpack(
                ioctls.ask(fd, _ENUM_FRAMESIZES, question)
            )
        except OSError:
            return
        # Discrete: width, height. Stepwise: least, greatest and step of the width, then of the height.
        size = Size(width, max_width) if kind == _DISCRETE else Size(max_width, max_height)
        yield Mode(size, tuple(sorted(set(_rates(fd, pixel_format, size)), reverse=True)))
        if kind != _DISCRETE:
            return


def _rates(fd: int, pixel_format: int, size: Size) -> Iterator[float]:
    for index in range(ENTRIES_LIMIT):
        question = struct.pack("=4I", index, pixel_format, *size).ljust(_FRAME_INTERVAL.size, b"\0")
        try:
            *_, kind, numerator, denominator, _, _, _, _, _, _ = _FRAME_INTERVAL.unpack(
                ioctls.ask(fd, _ENUM_FRAMEINTERVALS, question)
            )
        except OSError:
            return
        if numerator:
            yield round(denominator / numerator, 2)
        if kind != _DISCRETE:
            return
