"""The thin runner around the pure scheduler: it feeds events and time in, and carries out the actions.

An ask is carried out by one task: the frame is picked, the model asked, and what comes back handed to the stage (the
wearer's displays) and to whoever submitted it. Whatever happens, an ask ends with exactly one outcome and one record.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from glassd.answer import AnswerEvent, AskError, Delta, Outcome, OutcomeKind, Problem, Reasoning, Sent, Timings
from glassd.messages.codes import Code
from glassd.scheduler.machine import Do, Pin, Refuse, Start, Stop, Unpin

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Iterator

    from glassd.ask import Ask, Origin
    from glassd.config.schema import Command
    from glassd.scheduler.machine import Action, Scheduler
    from glassd_drivers.contracts import Edge, Frame

log = logging.getLogger(__name__)

RECORDS_LIMIT = 100
"""How many asks' records are remembered."""
PIECE_LIMIT_CHARS = 1000
"""How much text is laid out at a time; a longer delta is told in pieces, about 5 ms of layout each on a slow core."""


class Eyes(Protocol):
    """Where the picture of an instant comes from."""

    def pin(self, instant: float) -> None:
        """Hold the frames around an instant."""

    def unpin(self, instant: float) -> None:
        """Let go of them."""

    async def pick(self, instant: float) -> Frame | None:
        """Return the frame that was in view; None where no camera is configured; raise AskError."""


class Model(Protocol):
    """Who answers."""

    def ask(self, ask: Ask) -> AsyncGenerator[AnswerEvent]:
        """Yield what comes back, exactly one outcome last."""


class Stage(Protocol):
    """What the wearer is shown. None of it waits."""

    def looking(self) -> None:
        """An ask begins with a look."""

    def asked(self) -> None:
        """The picture is there, the request is on its way."""

    def event(self, event: AnswerEvent) -> None:
        """Something came back."""

    def command(self, command: Command) -> None:
        """The wearer turns a page or clears the screen."""


@dataclass(frozen=True, slots=True)
class AskRecord:
    """What is remembered of an ask: never its words or pictures.

    `problem.message` can hold words of the server, which may quote the ask: it is for nobody but who asked.
    `times` are seconds from its instant (the press) to each station: frame, sent, first_delta, done; `frame_offset`
    is how far the picked frame's instant is from the press, negative for before.
    """

    id: str
    origin: Origin
    outcome: OutcomeKind
    problem: Problem | None
    endpoint: str
    frame_offset: float | None
    times: dict[str, float]


@dataclass(slots=True)
class _UnderWay:
    """One ask while it is carried out."""

    ask: Ask
    times: dict[str, float] = field(default_factory=dict)
    frame_offset: float | None = None
    text: list[str] = field(default_factory=list)
    reasoning: list[str] = field(default_factory=list)
    endpoint: str = ""
    replaced: bool = False
    outcome: Outcome | None = None


class Runner:
    """Feeds the scheduler and carries out its actions; owns the one task of the ask under way."""

    def __init__(
        self,
        scheduler: Scheduler,
        eyes: Eyes,
        model: Model,
        stage: Stage,
        on_record: Callable[[AskRecord], None],
    ) -> None:
        self.scheduler = scheduler
        self.eyes = eyes
        self.model = model
        self.stage = stage
        self.records: deque[AskRecord] = deque(maxlen=RECORDS_LIMIT)
        self._on_record = on_record
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None
        self._under_way: _UnderWay | None = None
        self._closed = False
        self._submitters: dict[str, _Submission] = {}
        self.between_asks = asyncio.Lock()
        """Held by the ask under way. Whoever else holds it, such as a reload, does so between two asks."""

    def edge(self, edge: Edge) -> None:
        """Take an edge of any button."""
        self._carry_out(self.scheduler.edge(edge))

    async def submit(self, ask: Ask, *, look: bool) -> AsyncGenerator[AnswerEvent]:
        """Ask on somebody's behalf, and yield what comes back, exactly one outcome last.

        Closing this early means that the answer is not wanted any more.
        """
        submission = self._submitters[ask.id] = _Submission()
        try:
            self._carry_out(self.scheduler.asked(ask, look=look))
            async for event in submission:
                yield event
        finally:
            del self._submitters[ask.id]
            if not submission.complete:
                self._carry_out(self.scheduler.cancelled(ask.id))

    async def close(self) -> None:
        """Break off what is under way and wait for its end; from now on every ask is refused."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    def _carry_out(self, actions: Iterable[Action]) -> None:
        for action in actions:
            match action:
                case Pin(instant):
                    self.eyes.pin(instant)
                case Unpin(instant):
                    self.eyes.unpin(instant)
                case Start(ask) if self._closed:
                    self.eyes.unpin(ask.instant)
                    self._tell(ask.id, _failed(Code.STOPPING, "glassd is stopping"))
                    self._carry_out(self.scheduler.ended(ask.id))
                case Start():
                    self._start(action)
                case Stop(_, replaced):
                    self._stop(replaced=replaced)
                case Refuse(ask_id, code):
                    self._tell(ask_id, _failed(code, "not carried out: " + code.value))
                case Do(command):
                    self.stage.command(command)
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
        under_way = self._under_way = _UnderWay(start.ask)
        self._task = self._loop.create_task(self._take_turn(under_way, look=start.look), name=f"ask {start.ask.id}")
        self._task.add_done_callback(lambda task: self._ended(under_way, task))

    def _stop(self, *, replaced: bool) -> None:
        if self._under_way is not None and self._task is not None:
            self._under_way.replaced = replaced
            self._task.cancel()

    async def _take_turn(self, under_way: _UnderWay, *, look: bool) -> None:
        async with self.between_asks:
            await self._answer(under_way, look=look)

    async def _answer(self, under_way: _UnderWay, *, look: bool) -> None:
        ask = under_way.ask
        if look:
            self.stage.looking()
            try:
                frame = await self.eyes.pick(ask.instant)
            except AskError as error:
                self._event(under_way, _outcome(under_way, error.problem, self._since(under_way)))
                return
            if frame is not None:
                under_way.frame_offset = frame.instant - ask.instant
                ask = replace(ask, pictures=(*ask.pictures, frame))
            self._reached(under_way, "frame")
        self.stage.asked()
        async with aclosing(self.model.ask(ask)) as events:
            async for event in events:
                for piece in _pieces(event):
                    self._event(under_way, piece)
                    await asyncio.sleep(0)  # a server faster than our layout does not keep the loop to itself

    def _event(self, under_way: _UnderWay, event: AnswerEvent) -> None:
        match event:
            case Sent(endpoint):
                under_way.endpoint = endpoint
                self._reached(under_way, "sent")
            case Delta(text):
                under_way.text.append(text)
                if "first_delta" not in under_way.times:
                    self._reached(under_way, "first_delta")
            case Reasoning(text):
                under_way.reasoning.append(text)
            case Outcome():
                under_way.outcome = event
        if not under_way.replaced:
            self.stage.event(event)
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
        self.eyes.unpin(under_way.ask.instant)
        outcome = under_way.outcome
        self._reached(under_way, "done")
        record = AskRecord(
            under_way.ask.id,
            under_way.ask.origin,
            outcome.kind,
            outcome.problem,
            outcome.endpoint or under_way.endpoint,
            under_way.frame_offset,
            under_way.times,
        )
        self.records.append(record)
        self._on_record(record)
        self._under_way = self._task = None
        self._carry_out(self.scheduler.ended(under_way.ask.id))

    def _tell(self, ask_id: str, event: AnswerEvent) -> None:
        if (submission := self._submitters.get(ask_id)) is not None:
            submission.put(event)


class _Submission:
    """What comes back for a submitted ask, until its submitter takes it.

    Deltas that wait are joined, so that memory is bounded by the length of the answer.
    """

    def __init__(self) -> None:
        self._events: deque[AnswerEvent] = deque()
        self._came = asyncio.Event()
        self.complete = False

    def put(self, event: AnswerEvent) -> None:
        if isinstance(event, Delta) and self._events and isinstance(last := self._events[-1], Delta):
            self._events[-1] = Delta(last.text + event.text)
        else:
            self._events.append(event)
        self._came.set()

    async def __aiter__(self) -> AsyncIterator[AnswerEvent]:
        while not self.complete:
            await self._came.wait()
            self._came.clear()
            while self._events:
                event = self._events.popleft()
                self.complete = isinstance(event, Outcome)
                yield event


def _pieces(event: AnswerEvent) -> Iterator[AnswerEvent]:
    """Yield an event, and a long delta in pieces: an answer that comes whole is one delta of up to a million chars."""
    if isinstance(event, Delta) and len(event.text) > PIECE_LIMIT_CHARS:
        for at in range(0, len(event.text), PIECE_LIMIT_CHARS):
            yield Delta(event.text[at : at + PIECE_LIMIT_CHARS])
    else:
        yield event


def _failed(code: Code, message: str) -> Outcome:
    return Outcome(OutcomeKind.FAILED, problem=Problem(code, message))


def _problem(under_way: _UnderWay, task: asyncio.Task[None]) -> Problem:
    """Return why an ask's task ended without an outcome: it was broken off, or met a bug of ours."""
    if task.cancelled():
        return Problem(Code.CANCELLED, "broken off before its end")
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
