"""The bytes of a Linux input device, decoded: bytes in, changes of keys out, no I/O.

Sources: linux/input.h, the kernel's Documentation/input/event-codes.rst and drivers/input/input.c.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

if TYPE_CHECKING:
    from collections.abc import Iterator

EVENT = struct.Struct("@llHHi")
"""struct input_event in the machine's own words: seconds, microseconds, type, code, value."""

EV_SYN = 0x00
EV_KEY = 0x01
SYN_REPORT = 0
SYN_DROPPED = 3
RELEASED, PRESSED = range(2)  # and 2 for autorepeat
MADE_UP = 1
"""Value of the SYN_REPORT after what the kernel itself made, such as the release of what is held at an unplug."""
PACKET_KEYS = 256
"""How many keys may change between two SYN_REPORTs; what says more is out of step, and its state is asked for."""


class KeyChange(Struct, frozen=True):
    """A key that went down or up at an instant (seconds on the clock that the device was told to use).

    `made_up` says that nobody let the key go: the kernel released it because the device is going away.
    """

    code: int
    down: bool
    instant: float
    made_up: bool = False


class EventsLost(Struct, frozen=True):
    """The kernel's buffer ran over: which keys are down now has to be asked for."""

    instant: float


class EventDecoder:
    """Decodes one device's stream, however it is cut into pieces.

    Autorepeat is passed over, and so is all that is no key. Changes are told once their packet is whole, that is at
    its SYN_REPORT. After SYN_DROPPED everything up to the next SYN_REPORT is void, as the kernel's document asks, and
    EventsLost stands for it.
    """

    def __init__(self) -> None:
        self._rest = b""
        self._packet: list[KeyChange] = []
        self._dropping = False

    def feed(self, data: bytes) -> Iterator[KeyChange | EventsLost]:
        """Yield what the bytes so far complete."""
        data = self._rest + data
        whole = len(data) - len(data) % EVENT.size
        self._rest = data[whole:]
        for seconds, microseconds, kind, code, value in EVENT.iter_unpack(data[:whole]):
            instant = seconds + microseconds / 1_000_000
            if kind == EV_KEY and value in (RELEASED, PRESSED):
                self._packet.append(KeyChange(code, value == PRESSED, instant))
                self._dropping = self._dropping or len(self._packet) > PACKET_KEYS
            elif kind == EV_SYN and code == SYN_DROPPED:
                self._dropping = True
            elif kind == EV_SYN and code == SYN_REPORT:
                yield from self._end_packet(value == MADE_UP, instant)
            if self._dropping:
                self._packet.clear()

    def _end_packet(self, made_up: bool, instant: float) -> Iterator[KeyChange | EventsLost]:
        packet, self._packet = self._packet, []
        dropping, self._dropping = self._dropping, False
        if dropping:
            yield EventsLost(instant)
        elif made_up:
            yield from (replace(change, made_up=True) for change in packet)
        else:
            yield from packet
