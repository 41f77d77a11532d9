"""A page's clock, that of performance.now(), mapped to the board's by pings and pongs.

A page stamps a ping somewhere between its sending and the coming of its pong: that bounds the difference of the clocks
whatever the network does, and what is fitted to the exchanges is kept within the bounds of all. An exchange whose
bounds have nothing in common with those proves that the page's clock has stepped: some browsers stop it while the
device sleeps. Then all is learnt anew.
"""

from __future__ import annotations

from math import inf
from typing import Final

from glassd_drivers.clockfit import ClockFit

DRIFT: Final = 0.000_5
"""How much the bounds widen in a second: five times as much as crystals drift."""
COARSE_S: Final = 0.02
"""How coarse a page's clock may be: browsers round it against fingerprinting."""


class PageClock:
    """Carries milliseconds of the page to the board's CLOCK_MONOTONIC, once `known`."""

    def __init__(self) -> None:
        self._fit = ClockFit()
        self._least, self._most = -inf, inf
        """The difference of the clocks, the page's less the board's in seconds, lies in between."""
        self._bounded_at = 0.0

    @property
    def known(self) -> bool:
        """Whether there was an exchange."""
        return self._fit.known

    def exchange(self, sent: float, at: float, came: float) -> bool:
        """Take a ping and its pong: the board's seconds, the page's milliseconds; return whether the clock stepped."""
        far = at / 1000
        widened = DRIFT * (came - self._bounded_at)
        least, most = max(self._least - widened, far - came), min(self._most + widened, far - sent)
        stepped = least > most + COARSE_S
        if stepped:
            self._fit = ClockFit()
            least, most = far - came, far - sent
        self._least, self._most, self._bounded_at = min(least, most), max(least, most), came
        self._fit.exchange((sent + came) / 2, far, came - sent)
        return stepped

    def instant(self, at: float, now: float) -> float:
        """Return the board's instant of the page's milliseconds, never later than `now`; `now` if unknown."""
        if not self.known:
            return now
        far = at / 1000
        return min(now, max(far - self._most, min(far - self._least, self._fit.instant(far, now))))
