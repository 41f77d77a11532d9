"""The bytes of a Linux input device, decoded: bytes in, changes of keys out, no I/O.

Source: linux/input.h and the kernel's Documentation/input/event-codes.rst.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

EVENT = struct.Struct("@llHHi")
"""struct input_event in the machine's own words: seconds, microseconds, type, code, value."""

EV_SYN = 0x00
EV_KEY = 0x01
SYN_REPORT = 0
SYN_DROPPED = 3
RELEASED, PRESSED, REPEATED = range(3)


@dataclass(frozen=True, slots=True)
class KeyChange:
    """A key that went down or up at an instant (seconds on the clock that the device was told to use)."""

    code: int
    down: bool
    instant: float


@dataclass(frozen=True, slots=True)
class EventsLost:
    """The kernel's buffer ran over: which keys are down now has to be asked for."""

    instant: float


class EventDecoder:
    """Decodes one device's stream, however it is cut into pieces.

    Autorepeat is passed over, and so is all that is no key. After SYN_DROPPED everything up to the next SYN_REPORT
    is void, as the kernel's document asks, and EventsLost stands for it.
    """

    def __init__(self) -> None:
        self._rest = b""
        self._dropping = False

    def feed(self, data: bytes) -> Iterator[KeyChange | EventsLost]:
        """Yield what the bytes so far complete."""
        data = self._rest + data
        whole = len(data) - len(data) % EVENT.size
        self._rest = data[whole:]
        for seconds, microseconds, kind, code, value in EVENT.iter_unpack(data[:whole]):
            instant = seconds + microseconds / 1_000_000
            if kind == EV_SYN and code == SYN_DROPPED:
                self._dropping = True
            elif self._dropping:
                if kind == EV_SYN and code == SYN_REPORT:
                    self._dropping = False
                    yield EventsLost(instant)
            elif kind == EV_KEY and value in (RELEASED, PRESSED):
                yield KeyChange(code, value == PRESSED, instant)
