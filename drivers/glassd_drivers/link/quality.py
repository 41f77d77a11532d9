"""How good the line is, both ways, over the latest two seconds; and how long a chunk should be on it (section 9)."""

from __future__ import annotations

from collections import deque
from math import log
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


_NOTHING: Final = _Totals(0.0, 0, 0, 0, 0, 0)


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
        self.packets_sent = 0
        self.packets_lost = 0
        """Of them, those that the device found bad."""
        self._last: Pong | None = None
        self._chunk = 0
        self._chunk_judged = 0.0

    def rate_changed(self, rate: int, good: int, bad: int, size: int, now: float) -> None:
        """What was counted so far, at the rate before, says nothing of this one."""
        self.rate = rate
        self._chunk = 0
        self._parts.clear()
        self._parts.append(_Totals(now, good, bad, size, self.packets_sent, self.packets_lost))

    def sent(self) -> None:
        """One packet is on its way."""
        self.packets_sent += 1

    def pong(self, pong: Pong, good: int, bad: int, size: int, now: float) -> None:
        """Take the device's counts, and ours so far: packets that were good and bad, bytes."""
        if self._last is not None:
            lost = (pong.bad - self._last.bad) & 0xFFFF
            # An overrun spoils a packet, which may have ended with the one after it: then it was counted once.
            self.packets_lost += lost + (pong.overrun != self._last.overrun)
        self._last = pong
        self._parts.append(_Totals(now, good, bad, size, self.packets_sent, self.packets_lost))
        while len(self._parts) > 2 and self._parts[1].at <= now - WINDOW_S:
            self._parts.popleft()

    def too_bad(self) -> bool:
        """Tell whether the rate is to be left: for errors that smaller chunks do not help against."""
        first, last = self._window()
        if last.at < first.at + WINDOW_S:
            return False
        sent = last.sent - first.sent
        if sent >= _ENOUGH and last.theirs - first.theirs > TOO_BAD * sent:
            return True
        bad, packets = last.bad - first.bad, last.bad - first.bad + last.good - first.good
        small = last.size - first.size <= packets * 2 * _SHORTEST
        return packets >= _ENOUGH and bad > TOO_BAD * packets and small

    def mostly_bad(self) -> bool:
        """Tell whether more packets were bad than good."""
        first, last = self._window()
        return last.bad - first.bad > last.good - first.good

    def _window(self) -> tuple[_Totals, _Totals]:
        return (self._parts[0], self._parts[-1]) if self._parts else (_NOTHING, _NOTHING)

    def chunk(self) -> int:
        """Return how many bytes a chunk should have: those that cost the least with the errors that there are.

        Where one byte in e is wrong, a chunk of n bytes is sent again about n / e times, and its frame costs 12 / n:
        both together are least where n is the root of 12 e.
        """
        most = min(self._limit, chunk_for(self.rate))
        self._chunk = min(most, self._chunk or most)
        first, last = self._window()
        bad, good = last.bad - first.bad, last.good - first.good
        judged = last.at >= max(self._chunk_judged, first.at) + WINDOW_S
        if last.at > self._chunk_judged and (bad >= _ENOUGH or judged):
            # The share of the packets that came through says how many errors a byte has; one more error, to be careful.
            errors = (bad + good + 1) * log((bad + good + 2) / (good + 1)) / max(1, last.size - first.size)
            best = (_CHUNK_COST / errors) ** 0.5
            if best < self._chunk / 2 and bad >= _NOTICED:
                self._chunk_judged = last.at
                self._chunk = max(_SHORTEST, _power_below(best * 1.4))
            elif judged and best > 2 * self._chunk:
                self._chunk_judged = last.at
                self._chunk *= 2
        return max(CHUNK_LEAST, min(most, self._chunk))
