"""The line's rate: tried before it is used, left when it is bad, tried again after a while (section 9)."""

from __future__ import annotations

from enum import Enum, auto
from math import inf
from typing import TYPE_CHECKING, Final

from glassd_drivers.link import messages
from glassd_drivers.link.packets import ECHO, RATE

if TYPE_CHECKING:
    from collections.abc import Sequence

BASE_RATE: Final = 115_200
"""Baud that every line begins with."""
BITS_A_BYTE: Final = 10
"""8N1: with the start and the stop bit."""
ANSWER_S: Final = 0.5
"""RATED must have come within this time, and the echoes within this time."""
ASK_AGAIN_S: Final = 0.2
"""A RATE without an answer is sent once more after this time."""
SETTLE_S: Final = 0.01
"""Between the change and the first byte."""
ECHOES: Final = 16
ECHOES_NEEDED: Final = 12
"""What is worse than this is worse than a line that is left for its errors."""
ECHOES_OUT: Final = 2
"""That have not come back: a device need not hold more."""
ECHO_LOST_S: Final = 0.15
"""An ECHO that did not come back within this time will not: this process and the device's may have been busy."""
HIGHER_AGAIN_S: Final = 60.0
"""After a rate was left; each time twice as long."""
_PATTERN: Final = bytes((0x00, 0xFF, 0x55, 0xAA, 0x01, 0x80, 0xFE, 0x7F, 0x33)) * 11
"""Bits that are hard on a line: long runs, quick changes."""


class Outcome(Enum):
    """What came of asking for a rate."""

    CHANGE = auto()  # the device has changed: so must we, now
    REFUSED = auto()  # it goes on as it was
    WORKS = auto()
    FAILED = auto()  # nobody knows what rate the device has


class _Doing(Enum):
    NOTHING = auto()
    ASKING = auto()
    SETTLING = auto()
    TRYING = auto()


class Rates:
    """Which rate the line has, and which it should have. What errors it has is for others to know: they say `leave`."""

    def __init__(self, rate: int, higher: Sequence[int]) -> None:
        """Be on a line that has this rate now and may have those others."""
        self.rate = rate
        self.wanted = rate
        self._all = sorted({rate, *higher})
        self._doing = _Doing.NOTHING
        self._since = inf
        self._asked = 0
        self._sent = 0
        self._out: dict[int, float] = {}
        """ECHOs that have not come back, and when they were sent."""
        self._back = 0
        self._higher_after = HIGHER_AGAIN_S
        self._higher_at = inf

    @property
    def changing(self) -> bool:
        """Whether nothing else may be sent."""
        return self._doing is not _Doing.NOTHING

    def highest(self, now: float) -> None:
        """Go for the highest rate."""
        self._go(self._all[-1], now)

    def leave(self, now: float) -> bool:
        """Go down one rate, for this one has too many errors; False if there is no lower one."""
        lower = [each for each in self._all if each < self.rate]
        if not lower or self.changing:
            return False
        self._higher_at = now + self._higher_after
        self._higher_after *= 2
        self._go(lower[-1], now)
        return True

    def _go(self, rate: int, now: float) -> None:
        if rate != self.rate:
            self.wanted, self._doing, self._since, self._asked = rate, _Doing.ASKING, now, 0

    def rated(self, rate: int, now: float) -> Outcome | None:
        """RATED came: with the rate that the device has from now on."""
        if self._doing is not _Doing.ASKING:
            return None
        if rate != self.wanted:
            self._all.remove(self.wanted)
            self.wanted, self._doing = self.rate, _Doing.NOTHING
            return Outcome.REFUSED
        self.rate, self._doing, self._since = rate, _Doing.SETTLING, now
        self._sent = self._back = 0
        self._out.clear()
        return Outcome.CHANGE

    def echoed(self, body: bytes | bytearray) -> Outcome | None:
        """ECHOED came. One that came back whole came back right: its check says so."""
        if self._doing is not _Doing.TRYING or not body or body[0] not in self._out:
            return None
        # They come back in order: those that were sent before it are lost.
        self._out = {number: sent for number, sent in self._out.items() if number > body[0]}
        self._back += 1
        return self._judged()

    def _judged(self) -> Outcome | None:
        if self._sent < ECHOES or self._out:
            return None
        self._doing = _Doing.NOTHING
        return Outcome.WORKS if self._back >= ECHOES_NEEDED else Outcome.FAILED

    def tick(self, now: float) -> Outcome | None:
        """See to what did not come in time."""
        if self._doing is _Doing.NOTHING:
            higher = [each for each in self._all if each > self.rate]
            if now >= self._higher_at:
                self._higher_at = inf
                if higher:
                    self._go(higher[0], now)
            return None
        if self._doing is _Doing.SETTLING and now >= self._since + SETTLE_S:
            self._doing, self._since = _Doing.TRYING, now
        if now >= self._since + ANSWER_S:
            self._doing = _Doing.NOTHING
            return Outcome.FAILED
        if self._doing is _Doing.TRYING:
            self._out = {number: sent for number, sent in self._out.items() if now < sent + ECHO_LOST_S}
            return self._judged()
        return None

    def due(self, now: float) -> float:
        """Return when `tick` is needed next, or `packet` will have one that it has not now."""
        if self._doing is _Doing.NOTHING:
            return self._higher_at
        if self._doing is _Doing.SETTLING:
            return self._since + SETTLE_S
        if self._doing is _Doing.ASKING and self._asked < 2 and not self.ready(now):
            return self._since + self._asked * ASK_AGAIN_S
        return min([self._since + ANSWER_S, *(sent + ECHO_LOST_S for sent in self._out.values())])

    def ready(self, now: float) -> bool:
        """Tell whether `packet` has one."""
        if self._doing is _Doing.ASKING:
            return self._asked < 2 and now >= self._since + self._asked * ASK_AGAIN_S
        return self._doing is _Doing.TRYING and self._sent < ECHOES and len(self._out) < ECHOES_OUT

    def packet(self, now: float) -> tuple[int, bytes]:
        """Return the next packet of a change, its type and its body, to be sent now."""
        if self._doing is _Doing.ASKING:
            self._asked += 1
            return RATE, messages.rate(self.wanted)
        number = self._sent
        self._sent += 1
        self._out[number] = now
        return ECHO, bytes((number,)) + _PATTERN
