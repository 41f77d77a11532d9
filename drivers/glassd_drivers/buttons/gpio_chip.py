"""The requests of a GPIO chip (/dev/gpiochip*) that glassd makes, in version 2; each raises OSError where it fails.

Source: linux/gpio.h, in the kernel since 5.10. A file that is no GPIO chip answers ENOTTY or EINVAL, and so does an
older kernel to all but `chip_facts`.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from glassd_drivers import ioctls

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

LINES_MAX = 64
"""How many lines one request may hold: GPIO_V2_LINES_MAX."""
BUFFER_EVENTS = 256
"""How many edges the kernel is asked to keep for us; past that it drops the oldest."""

USED = 1 << 0
ACTIVE_LOW = 1 << 1
INPUT = 1 << 2
EDGE_RISING = 1 << 4
EDGE_FALLING = 1 << 5
PULL_UP = 1 << 8
PULL_DOWN = 1 << 9
PULL_NONE = 1 << 10
"""Flags of a line, enum gpio_v2_line_flag; without one of the last three its pull stays as it is."""

_NAME_BYTES = 32
_ATTRIBUTES_MAX = 10
_ATTRIBUTE_BYTES = 16
_DEBOUNCE = 3  # GPIO_V2_LINE_ATTR_ID_DEBOUNCE

# All fields lie on their natural bounds, for 32 and 64 bits alike, so that none is padded but where the header says so.
_CHIP_INFO = struct.Struct(f"={_NAME_BYTES}s{_NAME_BYTES}sI")
_LINE_INFO = struct.Struct(f"={_NAME_BYTES}s{_NAME_BYTES}sIIQ{_ATTRIBUTES_MAX * _ATTRIBUTE_BYTES}x16x")
_CONFIG_ATTRIBUTE = struct.Struct("=I4xI4xQ")  # id, debounce_period_us of the union, mask
_LINE_CONFIG = struct.Struct(f"=QI20x{_ATTRIBUTES_MAX * _CONFIG_ATTRIBUTE.size}s")
_LINE_REQUEST = struct.Struct(f"={LINES_MAX * 4}s{_NAME_BYTES}s{_LINE_CONFIG.size}sII20xi")
_LINE_VALUES = struct.Struct("=QQ")

_KIND = "\xb4"
_GET_CHIPINFO = ioctls.read_request(_KIND, 0x01, _CHIP_INFO.size)
_GET_LINEINFO = ioctls.exchange_request(_KIND, 0x05, _LINE_INFO.size)
_GET_LINE = ioctls.exchange_request(_KIND, 0x07, _LINE_REQUEST.size)
_GET_VALUES = ioctls.exchange_request(_KIND, 0x0E, _LINE_VALUES.size)


@dataclass(frozen=True, slots=True)
class ChipFacts:
    """What a chip says of itself: the kernel's name for it, the label of its maker, how many lines it has."""

    name: str
    label: str
    lines: int

    def __str__(self) -> str:
        return f"{self.name} [{self.label}]"


@dataclass(frozen=True, slots=True)
class LineFacts:
    """What a chip says of one line; a name may be empty, and so may that of who uses it."""

    offset: int
    name: str
    used: bool
    consumer: str

    def __str__(self) -> str:
        return f"{self.offset} ({self.name})" if self.name else str(self.offset)


def nodes(dev: Path) -> list[Path]:
    """Return the nodes of the GPIO chips under `dev`, by number; a link is another name for one of them."""
    found = [node for node in dev.glob("gpiochip*") if node.name[8:].isdecimal() and not node.is_symlink()]
    return sorted(found, key=lambda node: int(node.name[8:]))


def chip_facts(fd: int) -> ChipFacts:
    """Return what the chip says of itself; what fails here is no GPIO chip."""
    name, label, lines = _CHIP_INFO.unpack(ioctls.ask(fd, _GET_CHIPINFO, bytes(_CHIP_INFO.size)))
    return ChipFacts(ioctls.text(name), ioctls.text(label), lines)


def line_facts(fd: int, offset: int) -> LineFacts:
    """Return what the chip says of the line at `offset`."""
    answer = ioctls.ask(fd, _GET_LINEINFO, _LINE_INFO.pack(b"", b"", offset, 0, 0))
    name, consumer, _, _, flags = _LINE_INFO.unpack(answer)
    return LineFacts(offset, ioctls.text(name), bool(flags & USED), ioctls.text(consumer))


def request_lines(fd: int, offsets: Sequence[int], flags: int, debounce_s: float, consumer: str) -> int:
    """Take hold of lines as inputs that report both edges, and return a file descriptor of theirs that never blocks.

    It gives `gpio_events.EVENT` structures, stamped by CLOCK_MONOTONIC, and outlives `fd`. `debounce_s` may be 0.
    """
    every = (1 << len(offsets)) - 1
    attributes = [_CONFIG_ATTRIBUTE.pack(_DEBOUNCE, round(debounce_s * 1_000_000), every)] if debounce_s else []
    config = _LINE_CONFIG.pack(INPUT | EDGE_RISING | EDGE_FALLING | flags, len(attributes), b"".join(attributes))
    wanted = _LINE_REQUEST.pack(
        struct.pack(f"={len(offsets)}I", *offsets),
        consumer.encode()[: _NAME_BYTES - 1],
        config,
        len(offsets),
        BUFFER_EVENTS,
        0,
    )
    lines_fd = int(_LINE_REQUEST.unpack(ioctls.ask(fd, _GET_LINE, wanted))[-1])
    os.set_blocking(lines_fd, False)
    return lines_fd


def active_lines(lines_fd: int, offsets: Sequence[int]) -> frozenset[int]:
    """Return which of the lines are active now, of a request that was made with these `offsets`."""
    every = (1 << len(offsets)) - 1
    bits, _ = _LINE_VALUES.unpack(ioctls.ask(lines_fd, _GET_VALUES, _LINE_VALUES.pack(0, every)))
    return frozenset(offset for index, offset in enumerate(offsets) if bits >> index & 1)
