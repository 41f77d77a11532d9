"""A page's clock, that of performance.now(), mapped to the board's by pings and pongs.

A page stamps a ping somewhere between its sending and the coming of its pong: that bounds the offset by half of the
way, whatever the network does. So an exchange that lies outside of what was known proves that the page's clock has
stepped: some browsers stop it while the device sleeps. Then all is learnt anew.
"""

from __future__ import annotations

from typing import Final

from glassd_drivers.clockfit import ClockFit

STEP_S: Final = 0.02
"""What the fit may be off besides: clocks that are coarse against fingerprinting, and drift since the last exchange."""


class PageClock:
    """Carries milliseconds of the page to the board's CLOCK_MONOTONIC, once `known`."""

    def __init__(self) -> None:
        self._fit = ClockFit()

    @property
    def known(self) -> bool:
        """Whether there was an exchange."""
        return self._fit.known

    def exchange(self, sent: float, at: float, came: float) -> bool:
        """Take a ping and its pong: the board's seconds, the page's milliseconds; return whether the clock stepped."""
        middle, way, far = (sent + came) / 2, came - sent, at / 1000
        stepped = self.known and abs(self._fit.far(middle) - far) > way / 2 + STEP_S
        if stepped:
            self._fit = ClockFit()
        self._fit.exchange(middle, far, way)
        return stepped

    def instant(self, at: float, now: float) -> float:
        """Return the board's instant of the page's milliseconds, never later than `now`; `now` if unknown."""
        return min(now, self._fit.instant(at / 1000, now)) if self.known else now
