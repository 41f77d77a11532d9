"""The bytes of a request for GPIO lines, decoded: bytes in, changes of lines out, no I/O.

Sources: linux/gpio.h (struct gpio_v2_line_event) and the kernel's drivers/gpio/gpiolib-cdev.c.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

EVENT = struct.Struct("=QIIII24x")
"""struct gpio_v2_line_event: nanoseconds, id, offset, number in the request, number on the line, reserved."""

RISING_EDGE, FALLING_EDGE = 1, 2
"""From inactive to active and back: which level that is, the request has said."""


@dataclass(frozen=True, slots=True)
class LineChange:
    """A line that became active or inactive at an instant (CLOCK_MONOTONIC seconds)."""

    offset: int
    active: bool
    instant: float


class LineDecoder:
    """Decodes the stream of one request, however it is cut into pieces, and counts what its numbers say is missing.

    The kernel numbers the events of a request from 1 on, and drops the oldest where its buffer is full. It numbers
    them in the interrupt and queues them in a thread of each line, so that two lines' events may change places: what
    a number seems to miss can still follow.
    """

    def __init__(self) -> None:
        self._rest = b""
        self._newest = 0
        self._missing = 0

    def feed(self, data: bytes) -> Iterator[LineChange]:
        """Yield what the bytes so far complete."""
        data = self._rest + data
        whole = len(data) - len(data) % EVENT.size
        self._rest = data[whole:]
        for nanoseconds, kind, offset, number, _ in EVENT.iter_unpack(data[:whole]):
            self._count(number)
            if kind in (RISING_EDGE, FALLING_EDGE):
                yield LineChange(offset, kind == RISING_EDGE, nanoseconds / 1_000_000_000)

    def take_missing(self) -> int:
        """Return how many events are missing since this was last asked."""
        missing, self._missing = self._missing, 0
        return missing

    def _count(self, number: int) -> None:
        ahead = (number - self._newest) & 0xFFFF_FFFF  # the numbers have 32 bits, and begin again
        if 0 < ahead < 0x8000_0000:
            self._missing += ahead - 1
            self._newest = number
        elif self._missing:
            self._missing -= 1
