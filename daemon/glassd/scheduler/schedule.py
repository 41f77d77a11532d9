"""What comes by itself: intervals and times of the day.

An interval is due at whole multiples after the start, and once however many of them have passed: after a suspend it
does not catch up. A time of the day comes once on each local day, if the clock was known to be right before it and it
has just passed; a clock that is set, or a zone that changes, makes it neither come twice nor come late.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from glassd.scheduler.timers import Timers
from glassd.wall import Wall

if TYPE_CHECKING:
    from collections.abc import Mapping

LATE_LIMIT_S = 60.0
"""How long after its time of the day something still comes."""
DAY_S = 86400.0
AHEAD_LIMIT_DAYS = 2
"""How far ahead of the clock the day may be on which something came last; further is a clock's that was wrong."""


class Came(Struct, frozen=True):
    """An event has come at its instant, or was missed: its time has passed while nobody was there to see it."""

    event: str
    instant: float
    missed: bool = False


class _Daily(Struct):
    """One time of the day: where it is due next, and on which local day it was last dealt with."""

    minute: int
    since: float  # what was due before that is not this one's
    day: int = -1
    last_day: int = -1
    seen: bool = False  # whether a clock that was known has been looked at: from then on it is seen to come
    passed: bool = False  # it had passed when that was


class Schedule:
    """All intervals and times of the day, by their events."""

    def __init__(self) -> None:
        self._timers: Timers[str] = Timers()
        self._intervals: Mapping[str, float] = {}
        self._times: dict[str, _Daily] = {}
        self._began: float | None = None
        self._wall = Wall()

    def configure(self, intervals: Mapping[str, float], times: Mapping[str, int], now: float) -> None:
        """Have these come, instead of those before; what is in both goes on."""
        for event in [*self._intervals.keys() - intervals, *self._times.keys() - times]:
            self._timers.set(event, None)
        self._intervals = intervals
        self._times = {event: self._times.get(event) or _Daily(minute, now) for event, minute in times.items()}
        self._set(now)

    def begin(self, now: float) -> None:
        """Intervals count from now on, and times of the day come that are still to come."""
        self._began = now
        self._look_again()
        self._set(now)

    def clock_is(self, now: float, wall: Wall) -> None:
        """The wall clock was read."""
        self._wall = wall
        if not wall.known:
            self._look_again()
        for event, daily in self._times.items():
            self._set_time(event, daily, now)

    @property
    def due(self) -> float | None:
        """When `advance` has something to say next."""
        return self._timers.due

    def advance(self, now: float) -> list[Came]:
        """Return what has come by now, in its order."""
        came = []
        while (due := self._timers.due) is not None and due <= now:
            event = self._timers.take(now)
            assert event is not None, "it is due"
            if event in self._intervals:
                came.append(Came(event, now))
                self._set_interval(event, now)
            else:
                came += self._time_came(event, due, now)
        return came

    def _set(self, now: float) -> None:
        for event in self._intervals:
            self._set_interval(event, now)
        for event, daily in self._times.items():
            self._set_time(event, daily, now)

    def _set_interval(self, event: str, now: float) -> None:
        if self._began is None:
            return
        seconds = self._intervals[event]
        due = self._began + (max(0.0, now - self._began) // seconds + 1) * seconds
        self._timers.set(event, due if due > now else due + seconds)  # the quotient may have been rounded down

    def _set_time(self, event: str, daily: _Daily, now: float) -> None:
        if not self._wall.known or self._began is None:
            self._timers.set(event, None)
            return
        today = int(self._wall.local(now) // DAY_S)
        if daily.last_day > today + AHEAD_LIMIT_DAYS:
            daily.last_day = today - 1
        daily.day = max(today, daily.last_day + 1)
        due = daily.day * DAY_S + daily.minute * 60 - self._wall.local(0.0)
        if not daily.seen:
            daily.seen, daily.passed = True, due <= now
        self._timers.set(event, due)

    def _look_again(self) -> None:
        for daily in self._times.values():
            daily.seen = daily.passed = False

    def _time_came(self, event: str, due: float, now: float) -> list[Came]:
        daily = self._times[event]
        daily.last_day = daily.day
        passed, daily.passed = daily.passed, False
        self._set_time(event, daily, now)
        if passed and (self._began is None or due < max(daily.since, self._began)):
            return []  # nobody was there yet
        return [Came(event, now, missed=passed or now - due >= LATE_LIMIT_S)]
