"""The bytes of a request for GPIO lines, decoded: bytes in, changes of lines out, no I/O.

Source: linux/gpio.h (struct gpio_v2_line_event).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

EVENT = struct.Struct("=QII32x")
"""struct gpio_v2_line_event: nanoseconds, id, offset; then two numbers that are not used here, and what is reserved."""

RISING_EDGE, FALLING_EDGE = 1, 2
"""From inactive to active and back: which level that is, the request has said."""


@dataclass(frozen=True, slots=True)
class LineChange:
    """A line that became active or inactive at an instant (CLOCK_MONOTONIC seconds)."""

    offset: int
    active: bool
    instant: float


def line_changes(data: bytes) -> Iterator[LineChange]:
    """Yield what one read gave: the kernel hands out whole events only, so that a piece of one is none."""
    for nanoseconds, kind, offset in EVENT.iter_unpack(data[: len(data) - len(data) % EVENT.size]):
        if kind in (RISING_EDGE, FALLING_EDGE):
            yield LineChange(offset, kind == RISING_EDGE, nanoseconds / 1_000_000_000)
