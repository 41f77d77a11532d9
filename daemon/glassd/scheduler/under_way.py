"""One ask while it is carried out: how far it has come, and how it ends."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from glassd.answer import AnswerEvent, Delta, Outcome, OutcomeKind, Problem, Reasoning, Sent, Timings
from glassd.ask import Origin
from glassd.config.triggers import NO_FRAMES
from glassd.messages import Code, lines
from glassd.record import AskRecord
from glassd.scheduler.actions import End

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterator

    from glassd.ask import Ask
    from glassd.config.triggers import Frames
    from glassd.scheduler.actions import Stop
    from glassd.spending import Amounts

PIECE_LIMIT_CHARS = 1000
"""How much text is laid out at a time; a longer delta is told in pieces, about 5 ms of layout each on a slow core."""


@dataclass(slots=True)
class FirstScreen:
    """When a display had taken the first of an answer: the display's side tells it, whoever waits for it has `then`."""

    awaited: bool = False
    at: float | None = None
    then: Callable[[], None] | None = None

    def shown(self, at: float) -> None:
        """A display has taken it at this instant."""
        self.at, self.awaited = at, False
        if self.then is not None:
            self.then()


@dataclass(slots=True)
class UnderWay:
    """One ask while it is carried out. `ask` has the pictures too, once they are picked.

    `item`: it is sent from the outbox, where it has that place; `taken` once it may be noted there, `dropped` where it
    is not wanted any more. `begun`: it was kept in the journal. `left`: it was handed to the model, and some of it may
    have left the board by now. `queued`: the place in the outbox where it waits after all, and `met` what it met
    instead of an answer.
    """

    ask: Ask
    frames: Frames = NO_FRAMES
    item: int | None = None
    times: dict[str, float] = field(default_factory=dict)
    frame_offset: float | None = None
    text: list[str] = field(default_factory=list)
    reasoning: list[str] = field(default_factory=list)
    endpoint: str = ""
    taken: bool = False
    dropped: bool = False
    begun: bool = False
    left: bool = False
    on_stage: bool = False
    notices: list[Code] = field(default_factory=list)  # to be told once it is
    first_screen: FirstScreen = field(default_factory=FirstScreen)
    stop: Stop | None = None
    stopped_at: float = 0.0
    outcome: Outcome | None = None
    queued: int | None = None
    met: Code | None = None
    task: asyncio.Task[None] = field(init=False)

    @property
    def of_wearer(self) -> bool:
        """Whether it is in the wearer's lane: no app's, and none that nobody waits for any more."""
        return self.ask.origin is not Origin.GATEWAY and self.item is None

    @property
    def seen(self) -> bool:
        """Whether the displays are this ask's."""
        return self.of_wearer and not (self.stop is not None and self.stop.unseen)

    def reached(self, station: str, now: float) -> None:
        """Take note of a station of the time line."""
        self.times[station] = now - self.ask.instant

    def came(self, event: AnswerEvent, now: float) -> bool:
        """Take note of what came back; return whether it is the first of the answer."""
        first = False
        match event:
            case Sent(endpoint):
                self.endpoint = endpoint
                self.reached("sent", now)
            case Delta(text):
                self.text.append(text)
                # What is given of a resumed answer comes before the request is sent: it is not the model's.
                if first := "first_delta" not in self.times and "sent" in self.times:
                    self.reached("first_delta", now)
            case Reasoning(text):
                self.reasoning.append(text)
            case Outcome():
                self.outcome = event
        return first

    def broken_off(self, problem: Problem, now: float) -> Outcome:
        """Return the outcome of an ask that the model gave none: what has come is kept."""
        times = self.times
        return Outcome(
            OutcomeKind.CUT_OFF if self.text else OutcomeKind.FAILED,
            text="".join(self.text),
            reasoning="".join(self.reasoning),
            problem=problem,
            endpoint=self.endpoint,
            timings=Timings(sent=times.get("sent"), first_delta=times.get("first_delta"), done=now - self.ask.instant),
        )

    def end(self, cost: Amounts | None) -> End:
        """Return how it ended, for the scheduler; it has its outcome."""
        assert self.outcome is not None, "it has ended"
        code = self.outcome.problem.code if self.outcome.problem is not None else None
        return End(
            self.ask,
            self.outcome.kind,
            self.met or code,
            self.outcome.text,
            sent="sent" in self.times if self.item is None else self.left,
            cost=cost,
            queued=self.queued,
        )

    def record(self, cost: Amounts | None) -> AskRecord:
        """Return what is remembered of it; it has its outcome. `body` and `connected` are the model client's."""
        assert self.outcome is not None, "it has ended"
        told, seen = self.outcome.timings, self.times.get("sent")
        if told.sent is not None and seen is not None:
            began = seen - told.sent  # the client counts from its own beginning of the ask
            inner = {"body": told.body, "connected": told.connected}
            self.times |= {station: began + at for station, at in inner.items() if at is not None}
        if self.first_screen.at is not None:
            self.reached("first_screen", self.first_screen.at)
        return AskRecord(
            self.ask.id,
            self.ask.origin,
            self.outcome.kind,
            self.outcome.problem,
            self.outcome.endpoint or self.endpoint,
            self.frame_offset,
            {station: self.times[station] for station in STATIONS if station in self.times},
            resumes=self.ask.resumes,
            cost=cost,
            trigger=self.ask.trigger,
        )


STATIONS = ("gesture", "frame", "body", "connected", "sent", "first_delta", "first_screen", "done")
"""The time line of an ask: it was let go, its pictures were picked, its request was built, there was a connection, the
request had left, the first of the answer came, a display had taken that, the outcome came."""


def refused(ask: Ask, code: Code, now: float) -> tuple[Outcome, AskRecord]:
    """Return the outcome and the record of an ask that was never carried out."""
    outcome = Outcome(OutcomeKind.FAILED, problem=Problem(code, "; ".join(lines(code, "en"))))
    times = {"done": now - ask.instant}
    record = AskRecord(
        ask.id, ask.origin, outcome.kind, outcome.problem, "", None, times, ask.resumes, trigger=ask.trigger
    )
    return outcome, record


def pieces(event: AnswerEvent) -> Iterator[AnswerEvent]:
    """Yield an event, and a long delta in pieces: an answer that comes whole is one delta of up to a million chars."""
    if isinstance(event, Delta) and len(event.text) > PIECE_LIMIT_CHARS:
        for at in range(0, len(event.text), PIECE_LIMIT_CHARS):
            yield Delta(event.text[at : at + PIECE_LIMIT_CHARS])
    else:
        yield event
