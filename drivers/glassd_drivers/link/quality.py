"""How good the line is, both ways, over the latest two seconds; and how long a chunk should be on it (section 9)."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final, NamedTuple

from glassd_drivers.link.messages import CHUNK_LEAST, CHUNK_MOST
from glassd_drivers.link.rates import BITS_A_BYTE

if TYPE_CHECKING:
    from glassd_drivers.link.messages import Pong

WINDOW_S: Final = 2.0
TOO_BAD: Final = 0.3
"""A line is left for a lower rate when more than this share of its packets is bad …"""
_ENOUGH: Final = 8
"""… of at least so many."""
CHUNK_S: Final = 0.012
"""A chunk takes about as long on the line at most: a press may have to wait for one …"""
_SLOW_CHUNK: Final = 512
"""… but on a slow line smaller ones cost more than they gain."""
_CHUNK_COST: Final = 12
"""Bytes on the line that a chunk costs besides its data."""
_NOTICED: Final = 3
"""Bad packets that are no accident."""
_SHORTEST: Final = 256


class _Totals(NamedTuple):
    at: float
    good: int
    bad: int
    size: int
    sent: int
    theirs: int


def chunk_for(rate: int | None) -> int:
    """Return how many bytes a chunk has on a line without errors: a power of two."""
    if rate is None:
        return CHUNK_MOST
    return min(CHUNK_MOST, max(_SLOW_CHUNK, _power_below(rate / BITS_A_BYTE * CHUNK_S)))


def _power_below(size: float) -> int:
    return 1 << max(6, int(size)).bit_length() - 1


class Quality:
    """Counts what came and went; each PONG closes a part of the window."""

    def __init__(self, rate: int | None, chunk_limit: int) -> None:
        """Judge a line of this rate, for chunks up to that size."""
        self.rate = rate
        self._limit = chunk_limit
        self._parts: deque[_Totals] = deque()
        self._sent = 0
        self._theirs = 0
        self._last: Pong | None = None
        self._chunk_known = 0
        self._chunk_judged = 0.0

    def rate_changed(self, rate: int, good: int, bad: int, size: int, now: float) -> None:
        """What was counted so far, at the rate before, says nothing of this one."""
        self.rate = rate
        self._chunk_known = 0
        self._parts.clear()
        self._parts.append(_Totals(now, good, bad, size, self._sent, self._theirs))

    def sent(self) -> None:
        """One packet is on its way."""
        self._sent += 1

    def pong(self, pong: Pong, good: int, bad: int, size: int, now: float) -> None:
        """Take the device's counts, and ours so far: packets that were good and bad, bytes."""
        if self._last is not None:
            lost = (pong.bad - self._last.bad) & 0xFFFF
            # An overrun spoils a packet, which may have ended with the one after it: then it was counted once.
            self._theirs += lost + (pong.overrun != self._last.overrun)
        self._last = pong
        self._parts.append(_Totals(now, good, bad, size, self._sent, self._theirs))
        while len(self._parts) > 2 and self._parts[1].at <= now - WINDOW_S:
            self._parts.popleft()

    def too_bad(self) -> bool:
        """Tell whether the rate is to be left."""
        if not self._parts or (last := self._parts[-1]).at < self._parts[0].at + WINDOW_S:
            return False
        first = self._parts[0]
        bad, good = last.bad - first.bad, last.good - first.good
        ours = bad + good >= _ENOUGH and bad > TOO_BAD * (bad + good)
        sent = last.sent - first.sent
        return ours or (sent >= _ENOUGH and last.theirs - first.theirs > TOO_BAD * sent)

    def noisy(self, good: int, bad: int) -> bool:
        """Tell whether what came since the window began, which no PONG has closed, was noise."""
        if not self._parts:
            return False
        bad, good = bad - self._parts[0].bad, good - self._parts[0].good
        return bad >= _ENOUGH and bad > TOO_BAD * (bad + good)

    def chunk(self) -> int:
        """Return how many bytes a chunk should have: those that cost the least at the errors that there are.

        A chunk of n bytes costs its frame, about 12 bytes, and with an error in one of e bytes it is sent again n / e
        times: the least is at the root of 12 e.
        """
        most = min(self._limit, chunk_for(self.rate))
        known = min(most, self._chunk_known or most)
        if self._parts and self._parts[-1].at >= max(self._chunk_judged, self._parts[0].at) + WINDOW_S:
            first, last = self._parts[0], self._parts[-1]
            bad, size = last.bad - first.bad, last.size - first.size
            self._chunk_judged = last.at
            best = (_CHUNK_COST * size / (bad + 1)) ** 0.5
            if best < known / 2 and bad >= _NOTICED:
                known = max(_SHORTEST, _power_below(best * 1.4))
            elif best > 2 * known:
                known *= 2
            self._chunk_known = known
        return max(CHUNK_LEAST, min(most, known))
