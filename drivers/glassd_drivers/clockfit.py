"""Two clocks compared by questions and answers: offset and drift, fitted to the latest exchanges. No I/O.

Each exchange has up to four instants, as in NTP (RFC 5905, section 8). What an exchange took longer than the shortest
one, it waited somewhere: behind a picture on its way here, behind a busy host. That spoils its offset by half of the
wait if it was on one way only, by less if on both. So three numbers are fitted to the latest exchanges: the offset, the
drift, and which share of the waits is to be taken off; an exchange counts the less the longer it waited.
"""

from __future__ import annotations

from collections import deque
from math import inf
from typing import Final, NamedTuple

EXCHANGES: Final = 64
"""Those that count: of a link's, 16 s; of a page's, a minute."""
_NOISE_S: Final = 0.000_1
"""How exact an exchange without a wait is …"""
_NOISE_OF_WAIT: Final = 0.1
"""… and what each second of its wait takes from that."""
_DRIFT: Final = 0.000_2
"""Drifts as crystals have them (twice 100 ppm): what is expected as long as the exchanges say nothing else."""
_DRIFT_MOST: Final = 0.05
"""No clock is worse than this."""
_SHARE: Final = 0.3
"""The share of a wait that spoils the offset, which is -0.5 to 0.5: likewise."""


class _Exchange(NamedTuple):
    middle: float
    """Seconds, of the board."""
    offset: float
    """Seconds: the far clock less the board's."""
    way: float
    """Seconds on the way, there and back."""


class ClockFit:
    """The far clock's seconds by the board's CLOCK_MONOTONIC and back, once `known`."""

    def __init__(self) -> None:
        self._exchanges: deque[_Exchange] = deque(maxlen=EXCHANGES)
        self._offset = 0.0
        self._drift = 0.0
        self._about = 0.0
        """The board's instant at which `_offset` is right."""
        self._shortest = inf
        self.known = False

    def exchange(self, middle: float, far: float, way: float) -> None:
        """Take an exchange: in the middle of it, at `middle` of the board, the far clock showed `far` seconds.

        `way` is the seconds that it was on its way, both ways together, 0 or more.
        """
        self._exchanges.append(_Exchange(middle, far - middle, way))
        self._shortest = min(self._shortest, way)
        self._fit()
        self.known = True

    def forget_ways(self) -> None:
        """Learn anew how long the ways are; the offset and the drift stay until then."""
        self._exchanges.clear()
        self._shortest = inf

    def far(self, instant: float) -> float:
        """Return the far clock's seconds at an instant of the board."""
        return instant + self._offset + self._drift * (instant - self._about)

    def instant(self, far: float, near: float) -> float:
        """Return the board's instant at which the far clock shows `far`; `near` is an instant not far from it."""
        return near - (self.far(near) - far) / (1 + self._drift)

    def _fit(self) -> None:
        """Least squares with what is expected beforehand, by the normal equations of three unknowns."""
        latest = self._exchanges[-1]
        # Unknown: the offset now, less the latest one's; the drift, less what it was held for; the share of the waits.
        drift = self._drift
        a, b, c, e, f, h, u, v, w = 0.0, 0.0, 0.0, _DRIFT**-2, 0.0, _SHARE**-2, 0.0, 0.0, 0.0
        for middle, offset, way in self._exchanges:
            age, wait = middle - latest.middle, way - self._shortest
            seen = offset - latest.offset - drift * age
            weight = (_NOISE_S + _NOISE_OF_WAIT * wait) ** -2
            a += weight
            b += weight * age
            c += weight * wait
            e += weight * age * age
            f += weight * age * wait
            h += weight * wait * wait
            u += weight * seen
            v += weight * age * seen
            w += weight * wait * seen
        # Elimination; a > 0, and what was expected beforehand keeps the other two pivots from zero.
        e, f, v = e - b * b / a, f - b * c / a, v - b * u / a
        h, w = h - c * c / a, w - c * u / a
        share = max(-0.5, min(0.5, (w - f * v / e) / (h - f * f / e)))
        change = (v - f * share) / e
        self._offset = latest.offset + (u - b * change - c * share) / a
        self._drift = max(-_DRIFT_MOST, min(_DRIFT_MOST, drift + change))
        self._about = latest.middle
