"""The requests of a Linux input device (/dev/input/event*) that glassd makes; each raises OSError where it fails.

Source: linux/input.h. A file that is no input device answers ENOTTY or EINVAL.
"""

from __future__ import annotations

import struct
import time

from glassd_drivers import ioctls
from glassd_drivers.buttons.input_events import EV_KEY

_NAME_BYTES = 256
_KEY_BITS_BYTES = 0x300 // 8  # KEY_CNT bits
_INT = struct.Struct("@i")

_EVIOCGVERSION = ioctls.read_request("E", 0x01, _INT.size)
_EVIOCGNAME = ioctls.read_request("E", 0x06, _NAME_BYTES)
_EVIOCGKEY = ioctls.read_request("E", 0x18, _KEY_BITS_BYTES)
_EVIOCGBIT_KEY = ioctls.read_request("E", 0x20 + EV_KEY, _KEY_BITS_BYTES)
_EVIOCGRAB = ioctls.write_request("E", 0x90, _INT.size)
_EVIOCSCLOCKID = ioctls.write_request("E", 0xA0, _INT.size)


def protocol_version(fd: int) -> int:
    """Return the version of the event protocol; what fails here is no input device."""
    (version,) = _INT.unpack(ioctls.ask(fd, _EVIOCGVERSION, bytes(_INT.size)))
    return int(version)


def device_name(fd: int) -> str:
    """Return what the device calls itself."""
    return ioctls.text(ioctls.ask(fd, _EVIOCGNAME, bytes(_NAME_BYTES)))


def known_keys(fd: int) -> frozenset[int]:
    """Return the codes of the keys that the device has."""
    return _bits(ioctls.ask(fd, _EVIOCGBIT_KEY, bytes(_KEY_BITS_BYTES)))


def held_keys(fd: int) -> frozenset[int]:
    """Return the codes of the keys that are down now; key events that wait to be read are void after this."""
    return _bits(ioctls.ask(fd, _EVIOCGKEY, bytes(_KEY_BITS_BYTES)))


def stamp_by_monotonic_clock(fd: int) -> None:
    """Have events stamped by CLOCK_MONOTONIC instead of the wall clock."""
    ioctls.ask(fd, _EVIOCSCLOCKID, _INT.pack(time.CLOCK_MONOTONIC))


def grab(fd: int) -> None:
    """Keep the device's events from everyone else until `fd` is closed."""
    ioctls.set_value(fd, _EVIOCGRAB, 1)


def _bits(mask: bytes) -> frozenset[int]:
    # The kernel fills whole machine words; on little-endian machines these are the bytes in order.
    number = int.from_bytes(mask, "little")
    return frozenset(bit for bit in range(len(mask) * 8) if number >> bit & 1)
