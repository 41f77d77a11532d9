"""The scheduler: what an event costs it on one core, and that it costs the same with a thousand triggers."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from measure import Ratio, by_turns

from glassd.answer import OutcomeKind
from glassd.config.schema import Config
from glassd.scheduler.actions import End, Start
from glassd.scheduler.machine import Scheduler
from glassd_drivers.contracts import Edge, EdgeKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from glassd.scheduler.actions import Action

ROUNDS = 9
PRESSES = 2000
MANY = 1000
GOAL_US = 10.0
"""100,000 events a second."""


def scheduler_events() -> Iterator[Ratio]:
    """CPU for one event of a wearer's day, with a thousand triggers beside one: presses, answers, ticks, bounces."""
    few, many = _Day(1), _Day(MANY)
    with_many, with_one = by_turns(ROUNDS, many.event_us, few.event_us)
    yield Ratio("scheduler: an event with 1,000 triggers beside 1", with_many, with_one, "us", must=2.0, goal=GOAL_US)


class _Day:
    """Presses of all buttons in turn, each with its bounce, ticks, and the end of its answer.

    After each event it is asked when it is due next, as the runner does.
    """

    def __init__(self, triggers: int) -> None:
        # A tenth are intervals and times of the day; with one, it is the button.
        names = [f"b{number} press" for number in range(max(1, triggers - triggers // 10))]
        others = [f"every {60 + number}s" for number in range(triggers // 10)]
        file = {
            "model": {"endpoints": [{"url": "reader"}]},
            "budgets": {"hour": {"asks": 1000 * PRESSES}, "day": {"tokens": 10**9}},
            "triggers": [{"when": when, "ask": "What is this?"} for when in [*names, *others]],
        }
        self._scheduler = Scheduler(Config.model_validate(file))
        self._scheduler.ready(0.0)
        self._buttons = [name.split()[0] for name in names]
        self._now = 1.0
        self.due: float | None = None

    def event_us(self) -> float:
        """Return the microseconds that one event takes."""
        scheduler, buttons, events = self._scheduler, self._buttons, 0
        down, up = EdgeKind.DOWN, EdgeKind.UP
        before = time.process_time()
        for number in range(PRESSES):
            button, now = buttons[number % len(buttons)], self._now
            actions: list[Action] = []
            for after, kind in ((0.0, down), (0.002, up), (0.004, down), (0.1, up)):
                actions += scheduler.edge(Edge(button, kind, now + after))
                self.due = scheduler.due
            for after in (0.12, 0.2):
                actions += scheduler.tick(now + after)
                self.due = scheduler.due
            events += 6 + self._end(actions, now + 0.3)
            self._now += 0.5
        return (time.process_time() - before) / events * 1e6

    def _end(self, actions: list[Action], now: float) -> int:
        ended = 0
        while starts := [action.ask for action in actions if isinstance(action, Start)]:
            actions = []
            for ask in starts:
                actions += self._scheduler.ended(ask.id, End(ask, OutcomeKind.FINISHED, text="A door."), now)
                self.due = self._scheduler.due
                ended += 1
        return ended
