"""A wearer's day on the virtual clock: presses, intervals, apps, a network that comes and goes, a budget that runs out.

The scheduler and its runner are the product's; the camera, the model, the display and the disk are stand-ins that keep
account. `report` says what was asked, answered, skipped, and why.
"""

from __future__ import annotations

import random
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING

from runner_parts import House

from glassd.answer import AnswerEvent, Delta, Outcome, OutcomeKind, Problem, Sent, Timings
from glassd.ask import Ask, Origin
from glassd.config.schema import Config
from glassd.messages.codes import Code
from glassd.wall import Wall
from virtual import START, run

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

HOUR_S = 3600.0
PRESSES = 200
CONFIG = Config.model_validate(
    {
        "model": {"endpoints": [{"url": "http://model", "vision": "some"}]},
        "triggers": [
            {"when": "main press", "ask": "What is this?", "outbox": True},
            {"when": "main double", "do": "new conversation"},
            {"when": "main long", "do": "cancel"},
            {"when": "up press", "ask": "Read it to me.", "detail": "text", "cooldown": "20s"},
            {"when": "down press", "ask": "What moves?", "frames": "3 over 1s", "busy": "queue 2"},
            {"when": "every 10min", "ask": "Any danger?", "if": "between 09:00 and 12:00"},
            {"when": "at 08:00", "ask": "What is my day?", "frames": "none"},
            {"when": "scene change", "ask": "Where am I?", "cooldown": "5min"},
            {"when": "start", "ask": "Good morning.", "frames": "none"},
        ],
        "budgets": {"hour": {"asks": 40}, "day": {"asks": 200, "frames": 300}},
        "follow_up": {"within": "60s", "turns": 3},
        "outbox": {"asks": 10},
        "gateway": {"listen": "127.0.0.1:8734", "at_once": 2},
    }
)
CUTS = [(8.5, 8.6), (11.2, 11.5), (14.0, 14.3), (18.0, 18.1)]
"""Hours of the day between which there is no network."""
PAUSE = (12.75, 13.0)
BEGINS, ENDS = 7.0, 23.0


class Day(House):
    """The day's house: a model that is slow, breaks off or refuses now and then, and a camera that is."""

    def __init__(self, seed: int) -> None:
        super().__init__(CONFIG)
        self.chance = random.Random(seed)
        self.wall = Wall(offset=20_000 * 24 * HOUR_S + BEGINS * HOUR_S - START, known=True)
        self.pressed: Counter[str] = Counter()
        self.left: list[tuple[float, str]] = []
        """When which ask reached a model."""

    def at(self, hour: float, call: Callable[[], object]) -> None:
        """Have something happen at an hour of the day."""
        self.loop.call_at(START + (hour - BEGINS) * HOUR_S, call)

    def make(self, button: str, gesture: str) -> None:
        """Make a gesture."""
        self.pressed[f"{button} {gesture}"] += 1
        self.press(button, 1.0 if gesture == "long" else 0.1)
        if gesture == "double":
            self.loop.call_later(0.2, self.press, button)

    def cut(self, *, network: bool) -> None:
        """There is a network from now on, or none."""
        self.network = network

    async def ask(self, ask: Ask) -> AsyncGenerator[AnswerEvent]:
        if not self.network:
            problem = Problem(Code.NO_NETWORK, "no route")
            yield Outcome(OutcomeKind.FAILED, problem=problem, endpoint="http://model")
            return
        self.left.append((self.loop.time(), ask.id))
        self.open_requests += 1
        try:
            yield Sent("http://model")
            await self.after(self.chance.uniform(0.3, 4.0))
            sent = Timings(sent=0.01)
            if self.chance.random() < 0.03:
                yield Outcome(OutcomeKind.REFUSED, problem=Problem(Code.MODERATED, "no"), timings=sent)
                return
            yield Delta("A door, ")
            await self.after(self.chance.uniform(0.2, 2.0))
            if self.chance.random() < 0.05 or not self.network:
                lost = Problem(Code.CONNECTION_LOST, "lost")
                yield Outcome(OutcomeKind.CUT_OFF, text="A door, ", problem=lost, timings=sent)
                return
            yield Delta("green.")
            yield Outcome(OutcomeKind.FINISHED, text="A door, green.", endpoint="http://model", timings=sent)
        finally:
            self.open_requests -= 1

    def live(self) -> None:
        """Lay out the whole day."""
        chance, runner = self.chance, self.runner
        for hour in self.hours_of_presses():
            button = chance.choice(["main"] * 6 + ["up"] * 2 + ["down"])
            gesture = chance.choices(["press", "long", "double"], [18, 1, 1])[0] if button == "main" else "press"
            self.at(hour, partial(self.make, button, gesture))
        for _ in range(40):
            self.at(chance.uniform(BEGINS, ENDS - 0.1), lambda: runner.scene_changed(self.loop.time()))
        for number in range(30):
            hour = chance.uniform(BEGINS, ENDS - 0.1)
            self.at(hour, partial(self.submitted, f"app {number}"))
        for number in range(10):
            hour = chance.uniform(BEGINS, ENDS - 0.1)
            self.at(hour, partial(self.submitted, f"api {number}", Origin.API))
        for since, until in CUTS:
            self.at(since, partial(self.cut, network=False))
            self.at(until, partial(self.cut, network=True))
        self.at(PAUSE[0], partial(runner.command, "pause"))
        self.at(PAUSE[1], partial(runner.command, "unpause"))

    def hours_of_presses(self) -> list[float]:
        """Return when something is pressed: over the day, and more in a rush and in the evening; a gesture has room."""
        chance, hours = self.chance, list[float]()
        for _ in range(PRESSES):
            since, until = chance.choice([(BEGINS, ENDS - 0.1), (9.0, 9.2), (17.0, 20.0)])
            hours.append(chance.uniform(since, until))
        hours.sort()
        for number in range(1, len(hours)):
            hours[number] = max(hours[number], hours[number - 1] + 2.0 / HOUR_S)
        return hours


def lived(seed: int = 0) -> Day:
    """Live one day through; return what is left of it."""

    async def main() -> Day:
        day = Day(seed)
        day.live()
        day.runner.ready()
        await day.after((ENDS - BEGINS) * HOUR_S)
        await day.after(300)  # for what is still under way or late
        await day.runner.close()
        return day

    return run(main())


def report(day: Day) -> str:
    """Return what was asked, answered and skipped, and why, as text."""
    ended = Counter(
        (record.origin.value, record.problem.code.value if record.problem else record.outcome.value)
        for record, _ in day.kept.ended_asks
    )
    lines = [
        f"{sum(day.pressed.values())} presses, {len(day.left)} asks left the board, {len(day.looks)} pictures taken"
    ]
    lines += [f"  pressed   {name:<16} {count:4}" for name, count in sorted(day.pressed.items())]
    lines += [f"  {origin:<9} {how:<16} {count:4}" for (origin, how), count in sorted(ended.items())]
    skips = sorted(day.runner.skips.items())
    lines += [f"  skipped   {trigger:<16} {count:4}  {why}" for (trigger, why), count in skips]
    spent = day.runner.scheduler.spent
    lines.append(f"  spent that day: {spent.day.asks} asks, {spent.day.frames} pictures")
    shown = sum(seen.startswith("late") for seen in day.seen)
    lines.append(f"  shown late: {shown} answers; waiting in the outbox: {day.runner.scheduler.queued}")
    return "\n".join(lines)
