"""The scheduler: (event, now) → actions. Every policy lives here; nothing here does I/O or has a clock of its own.

First scope: a gesture starts what its trigger says; one answer at a time; a press replaces the answer under way, other
asks wait their turn in a bounded line; cancel ends it. Every ask, whatever it comes from, passes `_admit`.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from glassd.ask import Ask, Origin
from glassd.messages.codes import Code
from glassd.scheduler.gestures import Began, Dropped, Gestures, Made

if TYPE_CHECKING:
    from collections.abc import Iterable

    from glassd.config.schema import Command, Config, Gesture, Trigger
    from glassd_drivers.contracts import Edge

QUEUE_LIMIT_ASKS = 8
"""Asks that may wait for the one under way; one more is refused as busy."""


@dataclass(frozen=True, slots=True)
class Pin:
    """Hold on to the frames around an instant: an ask may want them."""

    instant: float


@dataclass(frozen=True, slots=True)
class Unpin:
    """The frames around that instant are not wanted."""

    instant: float


@dataclass(frozen=True, slots=True)
class Start:
    """Carry out this ask, and tell its end with `ended`. `look`: it wants the frame of its instant."""

    ask: Ask
    look: bool


@dataclass(frozen=True, slots=True)
class Stop:
    """Break off this ask. Its end is told with `ended`, as any."""

    ask_id: str
    replaced: bool


@dataclass(frozen=True, slots=True)
class Refuse:
    """This ask will not be carried out."""

    ask_id: str
    code: Code


@dataclass(frozen=True, slots=True)
class Do:
    """A command for the presenter."""

    command: Command


Action = Pin | Unpin | Start | Stop | Refuse | Do


@dataclass(frozen=True, slots=True)
class _Wanted:
    ask: Ask
    look: bool


class Scheduler:
    """The state machine. Its methods are the events; each returns the actions to carry out, in order."""

    def __init__(self, config: Config) -> None:
        self._under_way: str | None = None
        self._waiting: deque[_Wanted] = deque()
        self._numbers = 0
        self.configure(config)

    def configure(self, config: Config) -> None:
        """Take over the triggers and times of a config; what is under way goes on."""
        self._triggers = {(t.when.button, t.when.gesture): t for t in config.triggers}
        self._instructions = config.model.instructions
        self._gestures = Gestures(config.gestures, _mapped(config.triggers))

    @property
    def idle(self) -> bool:
        """No ask is under way or waiting."""
        return self._under_way is None and not self._waiting

    @property
    def due(self) -> float | None:
        """When `tick` is to be called next."""
        return self._gestures.due

    @property
    def buttons(self) -> dict[str, list[Gesture]]:
        """Which gestures start something, button by button."""
        return {button: sorted(gestures) for button, gestures in _mapped(self._triggers.values()).items()}

    def edge(self, edge: Edge) -> list[Action]:
        """A button went down or up."""
        return self._gestured(self._gestures.edge(edge))

    def tick(self, now: float) -> list[Action]:
        """Time has passed."""
        return self._gestured(self._gestures.advance(now))

    def asked(self, ask: Ask, *, look: bool) -> list[Action]:
        """Somebody else than a button asks: the API, the command line, the gateway."""
        return self._admit(_Wanted(replace(ask, instructions=ask.instructions or self._instructions), look))

    def cancelled(self, ask_id: str) -> list[Action]:
        """Whoever asked does not want the answer any more."""
        for wanted in self._waiting:
            if wanted.ask.id == ask_id:
                self._waiting.remove(wanted)
                return [Refuse(ask_id, Code.CANCELLED)]
        return [Stop(ask_id, replaced=False)] if self._under_way == ask_id else []

    def ended(self, ask_id: str) -> list[Action]:
        """An ask that was started has its outcome."""
        if self._under_way != ask_id:
            return []
        self._under_way = None
        return self._next()

    def new_id(self, prefix: str) -> str:
        """Return an id for an ask, unique within this daemon's life."""
        self._numbers += 1
        return f"{prefix}-{self._numbers}"

    def _gestured(self, events: Iterable[Began | Made | Dropped]) -> list[Action]:
        actions: list[Action] = []
        for event in events:
            match event:
                case Began():
                    actions.append(Pin(event.instant))
                case Dropped():
                    actions.append(Unpin(event.instant))
                case Made():
                    actions += self._triggered(self._triggers[event.button, event.gesture], event.instant)
        return actions

    def _triggered(self, trigger: Trigger, instant: float) -> list[Action]:
        if trigger.ask is not None:
            ask = Ask(
                id=self.new_id("press"),
                prompt=trigger.ask,
                origin=Origin.BUTTON,
                instant=instant,
                instructions=self._instructions,
                detail=trigger.detail,
            )
            return self._admit(_Wanted(ask, look=True))
        assert trigger.do is not None, "the schema takes exactly one of ask and do"
        return [Unpin(instant), *self._command(trigger.do)]

    def _command(self, command: Command) -> list[Action]:
        if command not in ("cancel", "clear"):
            return [Do(command)]
        actions: list[Action] = self._drop_waiting_presses()
        if self._under_way is not None:
            actions.append(Stop(self._under_way, replaced=False))
        return [*actions, Do(command)] if command == "clear" else actions

    def _admit(self, wanted: _Wanted) -> list[Action]:
        """The one way in for every ask."""
        if self._under_way is None:
            return self._start(wanted)
        if wanted.ask.origin is Origin.BUTTON:
            # The wearer means the newest press: the one under way makes room, and starts nothing that waited before it.
            dropped = self._drop_waiting_presses()
            self._waiting.appendleft(wanted)
            return [*dropped, Stop(self._under_way, replaced=True)]
        if len(self._waiting) >= QUEUE_LIMIT_ASKS:
            return [Refuse(wanted.ask.id, Code.BUSY)]
        self._waiting.append(wanted)
        return []

    def _drop_waiting_presses(self) -> list[Action]:
        dropped = [wanted for wanted in self._waiting if wanted.ask.origin is Origin.BUTTON]
        for wanted in dropped:
            self._waiting.remove(wanted)
        return [
            action
            for wanted in dropped
            for action in (Unpin(wanted.ask.instant), Refuse(wanted.ask.id, Code.CANCELLED))
        ]

    def _start(self, wanted: _Wanted) -> list[Action]:
        self._under_way = wanted.ask.id
        return [Start(wanted.ask, wanted.look)]

    def _next(self) -> list[Action]:
        return self._start(self._waiting.popleft()) if self._waiting else []


def _mapped(triggers: Iterable[Trigger]) -> dict[str, frozenset[Gesture]]:
    mapped: dict[str, set[Gesture]] = {}
    for trigger in triggers:
        mapped.setdefault(trigger.when.button, set()).add(trigger.when.gesture)
    return {button: frozenset(gestures) for button, gestures in mapped.items()}
