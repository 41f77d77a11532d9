"""The thin runner around the pure scheduler: it feeds events and time in, and carries out the actions.

Each ask is carried out by one task: the frame is picked, the model asked, and what comes back handed to the stage (the
wearer's displays) and to whoever submitted it. Whatever happens, an ask that was started ends with exactly one outcome
and one record. Asks of the gateway never touch the stage or the eyes.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from msgspec.structs import replace

from glassd.answer import AnswerEvent, AskError, Delta, Outcome, OutcomeKind, Problem, Reasoning, Sent, Timings
from glassd.ask import Origin
from glassd.config.triggers import NO_FRAMES, ONE_FRAME
from glassd.messages import Code, lines
from glassd.scheduler.actions import Do, End, Pause, Pin, Refuse, Start, Stop, Unpin
from glassd.scheduler.gate import Gate
from glassd.scheduler.record import AskRecord
from glassd.scheduler.submission import Submission

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
    from contextlib import AbstractAsyncContextManager

    from glassd.ask import Ask
    from glassd.config.commands import Command
    from glassd.scheduler.actions import Action
    from glassd.scheduler.boxes import Eyes, Model, Stage
    from glassd.scheduler.machine import Scheduler
    from glassd_drivers.contracts import Edge

log = logging.getLogger(__name__)

RECORDS_LIMIT = 100
"""How many asks' records are remembered."""
BREAK_OFF_LIMIT_S = 10.0
"""How long an ask may take to end that was broken off; it closes a request and a look, both bounded well below."""
PIECE_LIMIT_CHARS = 1000
"""How much text is laid out at a time; a longer delta is told in pieces, about 5 ms of layout each on a slow core."""


@dataclass(slots=True)
class _UnderWay:
    """One ask while it is carried out. `ask` has the picture too, once it is picked."""

    ask: Ask
    times: dict[str, float] = field(default_factory=dict)
    frame_offset: float | None = None
    text: list[str] = field(default_factory=list)
    reasoning: list[str] = field(default_factory=list)
    endpoint: str = ""
    stop: Stop | None = None
    stopped_at: float = 0.0
    outcome: Outcome | None = None
    task: asyncio.Task[None] = field(init=False)

    @property
    def of_gateway(self) -> bool:
        return self.ask.origin is Origin.GATEWAY

    @property
    def seen(self) -> bool:
        """Whether the displays are this ask's."""
        return not (self.of_gateway or (self.stop is not None and self.stop.unseen))


class Runner:
    """Feeds the scheduler and carries out its actions; owns one task for each ask under way."""

    def __init__(
        self,
        scheduler: Scheduler,
        eyes: Eyes,
        model: Model,
        stage: Stage,
        on_record: Callable[[AskRecord], None],
    ) -> None:
        self.scheduler = scheduler
        self.records: deque[AskRecord] = deque(maxlen=RECORDS_LIMIT)
        self._eyes = eyes
        self._model = model
        self._stage = stage
        self._on_record = on_record
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._under_way: dict[str, _UnderWay] = {}
        self._gate = Gate()
        self._closed = False
        self._submissions: dict[str, Submission] = {}

    def edge(self, edge: Edge) -> None:
        """Take an edge of any button."""
        self._carry_out(self.scheduler.edge(edge))

    def scene_changed(self, instant: float) -> None:
        """Take a change of the scene, at rest by this instant."""
        self._carry_out(self.scheduler.scene_changed(instant))

    def command(self, command: Command) -> None:
        """Take a command that comes from no button."""
        self._carry_out(self.scheduler.commanded(command, self._loop.time()))

    async def submit(self, ask: Ask, *, look: bool) -> AsyncGenerator[AnswerEvent]:
        """Ask on somebody's behalf, and yield what comes back, exactly one outcome last.

        Closing this early means that the answer is not wanted any more.
        """
        submission = self._submissions[ask.id] = Submission()
        try:
            self._carry_out(self.scheduler.asked(ask, ONE_FRAME if look else NO_FRAMES))
            async for event in submission:
                yield event
        finally:
            del self._submissions[ask.id]
            if not submission.complete:
                self._carry_out(self.scheduler.cancelled(ask.id))

    def between_asks(self) -> AbstractAsyncContextManager[None]:
        """Wait until no ask is under way, and let none begin for as long as this is entered: for a reload."""
        return self._gate.held()

    def stuck(self) -> str:
        """Return what does not go on as it must, empty where all does. The scheduler is fed a tick for that."""
        now = self._loop.time()
        self._carry_out(self.scheduler.tick(now))
        for under_way in self._under_way.values():
            if under_way.stop is not None and now - under_way.stopped_at > BREAK_OFF_LIMIT_S:
                return f"ask {under_way.ask.id} does not end"
        return ""

    async def close(self) -> None:
        """Break off what is under way and wait for its end; from now on every ask is refused."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        tasks = [under_way.task for under_way in self._under_way.values()]
        for under_way in self._under_way.values():
            if under_way.stop is None:
                self._stop(Stop(under_way.ask.id, Code.STOPPING))
        if tasks:
            await asyncio.wait(tasks)

    # -- actions -------------------------------------------------------------------------------------------------------

    def _carry_out(self, actions: Iterable[Action]) -> None:
        for action in actions:
            match action:
                case Pin(instant):
                    self._eyes.pin(instant)
                    self._model.warm()
                case Unpin(instant):
                    self._eyes.unpin(instant)
                case Start(ask) if self._closed:
                    self._eyes.unpin(ask.instant)
                    self._refuse(Refuse(ask, Code.STOPPING))
                    self._carry_out(
                        self.scheduler.ended(ask.id, End(ask, OutcomeKind.FAILED, sent=False), self._loop.time())
                    )
                case Start():
                    self._start(action)
                case Stop():
                    self._stop(action)
                case Refuse():
                    self._refuse(action)
                case Do(command):
                    self._stage.command(command)
                case Pause(on):
                    self._pause(on=on)
        self._set_timer()

    def _set_timer(self) -> None:
        """Set the one timer anew."""
        if self._timer is not None:
            self._timer.cancel()
        due = None if self._closed else self.scheduler.due
        self._timer = None if due is None else self._loop.call_at(due, self._tick)

    def _tick(self) -> None:
        self._timer = None
        self._carry_out(self.scheduler.tick(self._loop.time()))

    def _start(self, start: Start) -> None:
        under_way = self._under_way[start.ask.id] = _UnderWay(start.ask)
        under_way.task = self._loop.create_task(
            self._take_turn(under_way, look=start.frames.count > 0), name=f"ask {start.ask.id}"
        )
        under_way.task.add_done_callback(lambda task: self._ended(under_way, task))

    def _stop(self, stop: Stop) -> None:
        under_way = self._under_way[stop.ask_id]
        if under_way.stop is None:
            under_way.stopped_at = self._loop.time()
        under_way.stop = stop
        if not under_way.task.cancelling():  # a second cancellation would cut short the closing of its request
            under_way.task.cancel()

    def _refuse(self, refusal: Refuse) -> None:
        ask, problem = refusal.ask, Problem(refusal.code, "; ".join(lines(refusal.code, "en")))
        outcome = Outcome(OutcomeKind.FAILED, problem=problem)
        self._tell(ask.id, outcome)
        if refusal.seen:
            self._stage.problem(problem)
        waited = self._loop.time() - ask.instant
        self._remember(AskRecord(ask.id, ask.origin, outcome.kind, problem, "", None, {"done": waited}, ask.resumes))

    def _pause(self, *, on: bool) -> None:
        log.info("paused: nothing is looked at, and no ask goes out" if on else "no longer paused")
        if on:
            self._eyes.shut()
        else:
            self._eyes.open()
            self._model.warm()
        self._stage.pause(on=on)

    # -- one ask -------------------------------------------------------------------------------------------------------

    async def _take_turn(self, under_way: _UnderWay, *, look: bool) -> None:
        async with self._gate.gateway() if under_way.of_gateway else self._gate.wearer():
            if look and not await self._look(under_way):
                return
            if under_way.seen:
                self._stage.asked()
            async with aclosing(self._model.ask(under_way.ask)) as events:
                async for event in events:
                    for piece in _pieces(event):
                        self._event(under_way, piece)
                        if under_way.seen:
                            await asyncio.sleep(0)  # a server faster than our layout does not keep the loop to itself

    async def _look(self, under_way: _UnderWay) -> bool:
        """Take the picture into the ask; where there is none, end it with the reason and return False."""
        ask = under_way.ask
        self._stage.looking()
        try:
            frame = await self._eyes.pick(ask.instant)
        except AskError as error:
            self._event(under_way, _outcome(under_way, error.problem, self._since(under_way)))
            return False
        if frame is not None:
            under_way.frame_offset = frame.instant - ask.instant
            under_way.ask = replace(ask, pictures=(*ask.pictures, frame))
        self._reached(under_way, "frame")
        return True

    def _event(self, under_way: _UnderWay, event: AnswerEvent) -> None:
        match event:
            case Sent(endpoint):
                under_way.endpoint = endpoint
                self._reached(under_way, "sent")
            case Delta(text):
                under_way.text.append(text)
                if "first_delta" not in under_way.times and "sent" in under_way.times:  # not the text of a resumed one
                    self._reached(under_way, "first_delta")
            case Reasoning(text):
                under_way.reasoning.append(text)
            case Outcome():
                under_way.outcome = event
        if under_way.seen:
            self._stage.event(event)
        self._tell(under_way.ask.id, event)

    def _reached(self, under_way: _UnderWay, station: str) -> None:
        under_way.times[station] = self._since(under_way)

    def _since(self, under_way: _UnderWay) -> float:
        return self._loop.time() - under_way.ask.instant

    def _ended(self, under_way: _UnderWay, task: asyncio.Task[None]) -> None:
        """See to it that the ask has its one outcome and its record, then let the next one in."""
        if under_way.outcome is None:
            self._event(under_way, _outcome(under_way, _problem(under_way, task), self._since(under_way)))
        assert under_way.outcome is not None, "the line above sets it"
        ask, outcome = under_way.ask, under_way.outcome
        if not under_way.of_gateway:
            self._eyes.unpin(ask.instant)
        self._reached(under_way, "done")
        self._remember(
            AskRecord(
                ask.id,
                ask.origin,
                outcome.kind,
                outcome.problem,
                outcome.endpoint or under_way.endpoint,
                under_way.frame_offset,
                under_way.times,
                ask.resumes,
            )
        )
        del self._under_way[ask.id]
        del under_way.task  # a cancelled one's traceback leads back here: a circle would keep the picture for long
        code = None if outcome.problem is None else outcome.problem.code
        self._carry_out(self.scheduler.ended(ask.id, End(ask, outcome.kind, code, outcome.text), self._loop.time()))

    def _remember(self, record: AskRecord) -> None:
        self.records.append(record)
        self._on_record(record)

    def _tell(self, ask_id: str, event: AnswerEvent) -> None:
        if (submission := self._submissions.get(ask_id)) is not None:
            submission.put(event)


def _pieces(event: AnswerEvent) -> Iterator[AnswerEvent]:
    """Yield an event, and a long delta in pieces: an answer that comes whole is one delta of up to a million chars."""
    if isinstance(event, Delta) and len(event.text) > PIECE_LIMIT_CHARS:
        for at in range(0, len(event.text), PIECE_LIMIT_CHARS):
            yield Delta(event.text[at : at + PIECE_LIMIT_CHARS])
    else:
        yield event


def _problem(under_way: _UnderWay, task: asyncio.Task[None]) -> Problem:
    """Return why an ask's task ended without an outcome: it was broken off, or met a bug of ours."""
    if task.cancelled():
        code = under_way.stop.code if under_way.stop is not None else Code.CANCELLED
        return Problem(code, f"broken off before its end: {lines(code, 'en')[0]}")
    log.error("ask %s: a bug in glassd", under_way.ask.id, exc_info=task.exception())
    return Problem(Code.INTERNAL, "a bug in glassd: see its log")


def _outcome(under_way: _UnderWay, problem: Problem, done: float) -> Outcome:
    """Return the outcome of an ask that the model gave none: what has come is kept."""
    times = under_way.times
    return Outcome(
        OutcomeKind.CUT_OFF if under_way.text else OutcomeKind.FAILED,
        text="".join(under_way.text),
        reasoning="".join(under_way.reasoning),
        problem=problem,
        endpoint=under_way.endpoint,
        timings=Timings(sent=times.get("sent"), first_delta=times.get("first_delta"), done=done),
    )
