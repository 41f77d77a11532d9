"""The runner's neighbours, scripted on the virtual clock, and what is kept of asks, in memory.

For tests that are about something else than a model server, a display or a disk.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing, asynccontextmanager
from typing import TYPE_CHECKING

from glassd.answer import AnswerEvent, AskError, Delta, Outcome, OutcomeKind, Problem, Sent
from glassd.ask import Ask, Origin
from glassd.config.schema import Config
from glassd.messages.codes import Code
from glassd.scheduler.boxes import Boxes
from glassd.scheduler.machine import Scheduler
from glassd.scheduler.runner import Runner
from glassd.waiting import OutboxError, OutboxLostError
from glassd.wall import Wall
from glassd_drivers.contracts import Edge, EdgeKind, Frame, Sign
from virtual import passes, run

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence

    from glassd.config.commands import Command
    from glassd.record import AskRecord
    from glassd.spending import Spent

CONFIG = Config.model_validate(
    {
        "model": {"endpoints": [{"url": "reader"}]},
        "triggers": [
            {"when": "main press", "ask": "one"},
            {"when": "main long", "do": "cancel"},
            {"when": "up press", "ask": "two"},
            {"when": "back press", "do": "clear"},
            {"when": "lid press", "do": "toggle pause"},
            {"when": "again press", "do": "resume"},
        ],
        "gateway": {"listen": "127.0.0.1:8734", "at_once": 2},
    }
)
WORDS = ("A ", "green ", "door.")


class House:
    """The runner's neighbours, scripted on the virtual clock: a model that says a word a second, eyes, and a stage."""

    def __init__(self, config: Config = CONFIG) -> None:
        self.loop = asyncio.get_running_loop()
        self.seen: list[str] = []
        self.held: set[float] = set()
        self.asked_for: list[Ask] = []
        self.open_requests = 0
        self.records: list[AskRecord] = []
        self.blind: Problem | None = None
        self.bug: Exception | None = None
        self.whole_answer = ""
        self.breaks_after = len(WORDS)
        self.closing_s = 0.0
        self.warmed = 0
        self.shut_at: float | None = None
        self.display_s = 0.0
        self.shown_signs: frozenset[Sign] = frozenset()
        self.network = True
        self.looks_for_network: list[float] = []
        self.loses_pictures: set[int] = set()  # which look finds none, counted from 1
        self.looks: list[float] = []
        self.wall = Wall()
        self.kept = Kept()
        self.shelf = Shelf() if config.outbox is not None else NoOutbox()
        boxes = Boxes(self, self, self, self.kept, self.shelf, lambda: self.wall, lambda _: None)
        self.runner = Runner(Scheduler(config), boxes, self.records.append)

    async def after(self, seconds: float) -> None:
        await passes(seconds)

    def press(self, button: str, hold: float = 0.1) -> None:
        now = self.loop.time()
        self.runner.edge(Edge(button, EdgeKind.DOWN, now))
        self.loop.call_later(hold, lambda: self.runner.edge(Edge(button, EdgeKind.UP, now + hold)))

    # eyes
    def pin(self, instant: float) -> None:
        self.held.add(instant)

    def unpin(self, instant: float) -> None:
        self.held.discard(instant)

    def shut(self) -> None:
        self.shut_at = self.loop.time()
        self.held.clear()

    def open(self) -> None:
        self.shut_at = None

    async def pick(self, instant: float) -> Frame:
        self.looks.append(self.loop.time())
        if self.blind is not None:
            raise AskError(self.blind)
        if len(self.looks) in self.loses_pictures:
            raise AskError(Problem(Code.NO_PICTURE, "lost"))
        return Frame(b"picture %d" % len(self.looks), "image/jpeg", 640, 480, instant - 0.05, "camera")

    @asynccontextmanager
    async def several(self) -> AsyncIterator[None]:
        self.seen.append("stays open")
        yield
        self.seen.append("may close")

    # model
    async def reachable(self) -> bool:
        self.looks_for_network.append(self.loop.time())
        return self.network

    def warm(self) -> None:
        self.warmed += 1

    async def ask(self, ask: Ask) -> AsyncGenerator[AnswerEvent]:
        if not self.network:
            problem = Problem(Code.NO_NETWORK, "no route")
            yield Outcome(OutcomeKind.FAILED, problem=problem, endpoint="http://model")
            return
        self.asked_for.append(ask)
        self.open_requests += 1
        try:
            if ask.given:
                yield Delta(ask.given)
            yield Sent("http://model")
            if self.whole_answer:
                yield Delta(self.whole_answer)
                yield Outcome(OutcomeKind.FINISHED, text=self.whole_answer, endpoint="http://model")
                return
            said = ask.given
            for word in WORDS[len(ask.given.split()) : self.breaks_after]:
                await self.after(1.0)
                if self.bug:
                    raise self.bug
                said += word
                yield Delta(word)
            if self.breaks_after < len(WORDS):
                yield Outcome(OutcomeKind.CUT_OFF, text=said, problem=Problem(Code.CONNECTION_LOST, "lost"))
            else:
                yield Outcome(OutcomeKind.FINISHED, text=said, endpoint="http://model")
        finally:
            if self.closing_s:
                await self.after(self.closing_s)
            self.open_requests -= 1

    # stage
    def looking(self) -> None:
        self.seen.append("looking")

    def asked(self) -> None:
        self.seen.append("asked")

    def event(self, event: AnswerEvent) -> None:
        match event:
            case Delta(text):
                self.seen.append(text)
            case Outcome():
                self.seen.append(event.problem.code.value if event.problem else event.kind.value)

    def command(self, command: Command) -> None:
        self.seen.append(command)

    def problem(self, problem: Problem) -> None:
        self.seen.append(f"told {problem.code}")

    def pause(self, *, on: bool) -> None:
        self.seen.append("paused" if on else "unpaused")

    def notice(self, code: Code) -> None:
        self.seen.append(f"beside {code}")

    def signs(self, signs: frozenset[Sign]) -> None:
        self.shown_signs = signs

    def late_answer(self, outcome: Outcome) -> None:
        self.seen.append(f"late {outcome.text}")

    def once_shown(self, call: Callable[[float], None]) -> bool:
        self.loop.call_later(self.display_s, lambda: call(self.loop.time())) if self.display_s else None
        return bool(self.display_s)

    # whoever submits
    def submitted(self, name: str, origin: Origin = Origin.GATEWAY) -> Submitter:
        return Submitter(self.runner.submit(Ask(name, name, origin, self.loop.time())))


class Submitter:
    """Takes what comes back for an ask as it comes, with the time of each event."""

    def __init__(self, events: AsyncGenerator[AnswerEvent]) -> None:
        self.told: list[tuple[float, AnswerEvent]] = []
        self.task = asyncio.create_task(self._take(events))

    async def _take(self, events: AsyncGenerator[AnswerEvent]) -> None:
        async with aclosing(events):
            async for event in events:
                self.told.append((asyncio.get_running_loop().time(), event))

    @property
    def text(self) -> str:
        return "".join(event.text for _, event in self.told if isinstance(event, Delta))

    async def outcome(self) -> Outcome:
        await self.task
        outcome = self.told[-1][1]
        assert isinstance(outcome, Outcome)
        return outcome

    async def ended(self) -> str:
        """Wait for the outcome; return its code, or its kind where it has none."""
        outcome = await self.outcome()
        return outcome.problem.code if outcome.problem else outcome.kind


def code(record: AskRecord) -> Code | None:
    return record.problem.code if record.problem else None


def scene(body: Callable[[House], Awaitable[None]], config: Config = CONFIG) -> House:
    """Play a scene to its end and return what is left of it; nothing may be left open."""

    async def main() -> House:
        house = House(config)
        await body(house)
        await house.runner.close()
        assert house.open_requests == 0, "a request was left open"
        assert house.runner.scheduler.idle
        assert not house.held, "a frame is still held"
        return house

    return run(main())


class Kept:
    """A journal that remembers what it was told, in order."""

    def __init__(self) -> None:
        self.begun_asks: list[tuple[str, float | None]] = []
        self.ended_asks: list[tuple[AskRecord, Outcome]] = []
        self.skips: list[tuple[str, str]] = []
        self.spent: Spent | None = None
        self.wearers = 1

    def begun(self, ask: Ask, utc: float | None) -> None:
        self.begun_asks.append((ask.id, utc))

    def ended(self, record: AskRecord, ask: Ask, outcome: Outcome) -> None:  # noqa: ARG002  a Journal
        self.ended_asks.append((record, outcome))

    def skipped(self, trigger: str, why: str, utc: float | None) -> None:  # noqa: ARG002  a Journal
        self.skips.append((trigger, why))

    def spend(self, spent: Spent) -> None:
        self.spent = spent

    def new_wearer(self) -> None:
        self.wearers += 1


class NoOutbox:
    """An outbox that the config does not have."""

    @property
    def takes_asks(self) -> bool:
        return False

    async def put(self, ask: Ask, utc: float | None) -> int:  # noqa: ARG002  an Outbox
        raise OutboxError("there is none")

    async def take(self, item: int) -> Ask:
        raise OutboxLostError(f"there is no {item}")

    async def back(self, item: int) -> None:
        raise OutboxError(f"there is no {item}")

    async def drop(self, items: Sequence[int]) -> None:
        """There is nothing to drop."""


class Shelf(NoOutbox):
    """An outbox whose disk is a dictionary: what is on it, and which of it is being sent."""

    def __init__(self) -> None:
        self.asks: dict[int, Ask] = {}
        self.sending: set[int] = set()
        self.put_back: list[int] = []
        self.full = False
        self._items = 0

    @property
    def takes_asks(self) -> bool:
        return True

    async def put(self, ask: Ask, utc: float | None) -> int:  # noqa: ARG002  an Outbox
        if self.full:
            raise OutboxError("the disk is full")
        self._items += 1
        self.asks[self._items] = ask
        return self._items

    async def take(self, item: int) -> Ask:
        if item not in self.asks:
            raise OutboxLostError(f"there is no {item}")
        self.sending.add(item)
        return self.asks[item]

    async def back(self, item: int) -> None:
        self.put_back.append(item)
        self.sending.discard(item)

    async def drop(self, items: Sequence[int]) -> None:
        for item in items:
            self.asks.pop(item, None)
            self.sending.discard(item)
