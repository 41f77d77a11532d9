"""The device's clock mapped to the board's (docs/link.md, section 8): offset and drift, from PING and PONG.

The device counts microseconds in 32 bits: of the possible instants, 71 minutes apart, one is meant.
"""

from __future__ import annotations

from typing import Final

from glassd_drivers.clockfit import ClockFit

_WRAP: Final = 1 << 32
_HALF: Final = _WRAP >> 1
_SECOND: Final = 1_000_000
"""Microseconds."""


class Clock:
    """Carries instants of the device to the board's CLOCK_MONOTONIC, once `known`."""

    def __init__(self) -> None:
        self._fit = ClockFit()

    @property
    def known(self) -> bool:
        """Whether there was an exchange."""
        return self._fit.known

    def exchange(self, sent: float, received: int, answered: int, came: float) -> None:
        """Take the instants of a PING and its PONG: the board's in seconds, the device's in microseconds, u32."""
        took = ((answered - received) & (_WRAP - 1)) / _SECOND
        way = came - sent - took
        if way < 0:
            return  # the device says that it thought longer than we waited
        middle = (sent + came) / 2
        device = (received % _WRAP) / _SECOND + took / 2
        if self.known:
            expected = self._fit.far(middle)
            device += round((expected - device) * _SECOND / _WRAP) * _WRAP / _SECOND
        self._fit.exchange(middle, device, way)

    def rate_changed(self) -> None:
        """The line has another rate: how long its ways are is to be learnt anew."""
        self._fit.forget_ways()

    def instant(self, device: int, now: float) -> float:
        """Return the board's instant of the device's microseconds, the one nearest to `now`; `now` if unknown."""
        if not self.known:
            return now
        at_now = self._fit.far(now)
        behind = (round(at_now * _SECOND) - device + _HALF) % _WRAP - _HALF
        return self._fit.instant(at_now - behind / _SECOND, now)
