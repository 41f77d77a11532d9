"""The scheduler: (event, now) → actions. Every policy lives here; nothing here does I/O or has a clock of its own.

A gesture or a scene change starts what its trigger says. Every ask, whatever it comes from, passes `_admit` into one of
two lanes:

- The wearer's (buttons, scene, API, command line): one answer at a time; a press replaces the one under way, other asks
  wait their turn in a bounded line.
- The gateway's, for the glasses' own apps: a few at a time beside it. The wearer goes first: none of them starts while
  an ask of the wearer's is under way or waiting; those that are under way go on.

While paused every ask is refused. An answer that broke off is kept for `resume`.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from glassd.answer import OutcomeKind
from glassd.ask import Ask, Origin
from glassd.config.triggers import NO_FRAMES, ONE_FRAME, ButtonEvent, SceneChange
from glassd.messages.codes import Code
from glassd.scheduler.actions import Action, Do, Pause, Pin, Refuse, Start, Stop, Unpin
from glassd.scheduler.budget import uncosted
from glassd.scheduler.echoes import Echoes
from glassd.scheduler.gestures import Began, Dropped, Gestures, Made
from glassd.spending import Spent

if TYPE_CHECKING:
    from collections.abc import Iterable

    from glassd.config.commands import Command
    from glassd.config.schema import Config
    from glassd.config.triggers import Busy, Frames, Gesture, Trigger
    from glassd.scheduler.actions import End, Waiting
    from glassd.scheduler.budget import Estimate
    from glassd.wall import Wall
    from glassd_drivers.contracts import Edge

QUEUE_LIMIT_ASKS = 8
"""Asks that may wait in each lane; one more is refused as busy."""
GATEWAY_WAIT_LIMIT_S = 30.0
"""How long an ask of the gateway may wait before it is refused as busy: a wearer who asks on and on would else keep it
waiting for ever. In the wearer's own lane nobody waits behind more than the line, and the wearer's own presses."""
RESUMES_LIMIT = 2
"""How often in a row an answer is gone on with where it broke off; after that it is asked for anew, whole."""


class _Wanted(Struct, frozen=True):
    """An ask on its way through a lane. `resumed` counts the answers before it that broke off and are gone on with."""

    ask: Ask
    look: bool
    resumed: int = 0


class Scheduler:
    """The state machine. Its methods are the events; each returns the actions to carry out, in order."""

    def __init__(self, config: Config, *, paused: bool = False, estimate: Estimate = uncosted) -> None:
        """`estimate` says what an ask costs at most likely that goes with this many pictures."""
        self._paused = paused
        self._estimate = estimate
        self._under_way: _Wanted | None = None
        self._stopped = False  # the one under way has been told to stop
        self._waiting: deque[_Wanted] = deque()
        self._broken: _Wanted | None = None  # only ever while the wearer's lane is empty
        self._gateway_under_way: set[str] = set()
        self._gateway_waiting: deque[_Wanted] = deque()
        self._numbers = 0
        self.configure(config, 0.0)

    def configure(self, config: Config, now: float) -> list[Action]:
        """Take over the triggers, times and bounds of a config; what is under way goes on."""
        events = [(trigger.when, trigger) for trigger in config.triggers]
        self._triggers = {(when.button, when.gesture): each for when, each in events if isinstance(when, ButtonEvent)}
        self._on_scene = next((each for when, each in events if isinstance(when, SceneChange)), None)
        self._instructions = config.model.instructions
        self._echoes = Echoes(config.gestures)
        self._gestures = Gestures(config.gestures, _mapped(self._triggers))
        self._at_once = config.gateway.at_once if config.gateway is not None else 0
        return []

    @property
    def idle(self) -> bool:
        """No ask is under way or waiting."""
        return self._wearer_idle and not self._gateway_under_way and not self._gateway_waiting

    @property
    def paused(self) -> bool:
        """Nothing is looked at and no ask goes out."""
        return self._paused

    @property
    def gateway_asks(self) -> tuple[int, int]:
        """How many of the gateway's asks are under way, and how many wait."""
        return len(self._gateway_under_way), len(self._gateway_waiting)

    @property
    def due(self) -> float | None:
        """When `tick` is to be called next."""
        waits = [self._gateway_waiting[0].ask.instant + GATEWAY_WAIT_LIMIT_S] if self._gateway_waiting else []
        return min((due for due in (self._gestures.due, *waits) if due is not None), default=None)

    @property
    def buttons(self) -> dict[str, list[Gesture]]:
        """Which gestures start something, button by button."""
        return {button: sorted(gestures) for button, gestures in _mapped(self._triggers).items()}

    @property
    def watches_scene(self) -> bool:
        """Whether somebody has to tell of scene changes now: a trigger waits for them, and nothing is paused."""
        return self._on_scene is not None and not self._paused

    @property
    def wants_network(self) -> bool:
        """Whether the way to the model is not known to be open, and something waits for it."""
        return False

    @property
    def spent(self) -> Spent:
        """What has been spent in the hour and the day that count; what is under way is in it, as estimated."""
        return Spent()

    @property
    def queued(self) -> int:
        """How many asks wait in the outbox."""
        return 0

    @property
    def perhaps_sent(self) -> int:
        """How many of them were perhaps sent, and go again only on the wearer's word."""
        return 0

    def may_queue(self, ask_id: str, code: Code, size: int, now: float) -> bool:
        """Tell whether an ask under way that ended with this code may wait in the outbox, where it takes `size` bytes."""
        return False

    # -- events --------------------------------------------------------------------------------------------------------

    def edge(self, edge: Edge) -> list[Action]:
        """A button went down or up."""
        counted = self._echoes.edge(edge)
        return self._gestured(event for each in counted for event in self._gestures.edge(each))

    def tick(self, now: float) -> list[Action]:
        """Time has passed."""
        return [*self._gestured(self._gestures.advance(now)), *self._tired_of_waiting(now)]

    def scene_changed(self, instant: float) -> list[Action]:
        """The wearer has come to look at something else, at rest by this instant.

        Nobody waits for an answer to it: while another ask is under way or waiting, it asks nothing.
        """
        trigger = self._on_scene
        if trigger is None or self._paused or (trigger.ask is not None and not self._wearer_idle):
            return []
        return [Pin(instant), *self._triggered(trigger, instant, Origin.SCENE)]

    def ready(self, now: float) -> list[Action]:
        """The daemon is ready: what is to be asked at its start is, and the intervals begin."""
        return []

    def clock_is(self, now: float, wall: Wall) -> list[Action]:
        """The wall clock was read, and is not as it was: it was set, its zone changed, or it is known to be right."""
        return []

    def network_is(self, up: bool, now: float) -> list[Action]:  # noqa: FBT001  it is the event
        """The way to the model was tried: it is open, or is not."""
        return []

    def restored(self, spent: Spent, waiting: list[Waiting], now: float) -> list[Action]:
        """What was kept over the restart is known by now: it is added to what has been counted since."""
        return []

    def shown(self, end: End, now: float) -> list[Action]:
        """The answer to what the outbox sent is put on the display now."""
        return []

    def asked(
        self, ask: Ask, frames: Frames, *, busy: Busy | None = None, follow_up: bool = True, outbox: bool = False
    ) -> list[Action]:
        """Somebody else than a button asks: the API, the command line, the gateway.

        What the board tells every model comes before what the asker tells it, in the one system turn that some
        servers take.
        """
        told = "\n\n".join(text for text in (self._instructions, ask.instructions) if text)
        return self._admit(_Wanted(replace(ask, instructions=told), frames.count > 0))

    def commanded(self, command: Command, now: float, origin: Origin = Origin.API) -> list[Action]:
        """Somebody else than a button gives a command."""
        return self._command(command, origin, now)

    def cancelled(self, ask_id: str) -> list[Action]:
        """Whoever asked does not want the answer any more."""
        for waiting in (self._waiting, self._gateway_waiting):
            for wanted in waiting:
                if wanted.ask.id == ask_id:
                    waiting.remove(wanted)
                    return [Refuse(wanted.ask, Code.CANCELLED)]
        if ask_id in self._gateway_under_way:
            return [Stop(ask_id)]
        return self._stop() if self._is_under_way(ask_id) else []

    def ended(self, ask_id: str, end: End, now: float) -> list[Action]:
        """An ask that was started, or an item that was sent, has its outcome."""
        broke = end.kind is OutcomeKind.CUT_OFF and end.text and end.code is not Code.ANSWER_TOO_LONG
        broken = replace(end.ask, given=end.text) if broke else None
        if self._is_under_way(ask_id):
            assert self._under_way is not None, "it was just seen to be"
            if broken is not None and not self._stopped:
                self._broken = replace(self._under_way, ask=broken, look=False)
            self._under_way = None
        elif ask_id in self._gateway_under_way:
            self._gateway_under_way.remove(ask_id)
        else:
            return []
        return self._next()

    def new_id(self, prefix: str) -> str:
        """Return an id for an ask, unique within this daemon's life."""
        self._numbers += 1
        return f"{prefix}-{self._numbers}"

    # -- gestures and commands -----------------------------------------------------------------------------------------

    def _gestured(self, events: Iterable[Began | Made | Dropped]) -> list[Action]:
        actions: list[Action] = []
        for event in events:
            match event:
                case Began() if not self._paused:
                    actions.append(Pin(event.instant))
                case Dropped():
                    actions.append(Unpin(event.instant))
                case Made():
                    actions += self._triggered(self._triggers[event.button, event.gesture], event.instant)
        return actions

    def _triggered(self, trigger: Trigger, instant: float, origin: Origin = Origin.BUTTON) -> list[Action]:
        if trigger.ask is not None:
            ask = Ask(
                id=self.new_id("press" if origin is Origin.BUTTON else origin.value),
                prompt=trigger.ask,
                origin=origin,
                instant=instant,
                instructions=self._instructions,
                detail=trigger.detail,
            )
            return self._admit(_Wanted(ask, look=True))
        assert trigger.do is not None, "the schema takes exactly one of ask and do"
        return [Unpin(instant), *self._command(trigger.do, origin, instant)]

    def _command(self, command: Command, origin: Origin, instant: float) -> list[Action]:
        match command:
            case "cancel":
                return self._drop_the_wearers()
            case "clear":
                self._broken = None
                return [*self._drop_the_wearers(), Do(command)]
            case "resume":
                return self._resume(origin, instant)
            case "pause" | "unpause" | "toggle pause":
                on = not self._paused if command == "toggle pause" else command == "pause"
                return [] if on == self._paused else self._pause(on=on)
            case "next page" | "previous page":
                return [Do(command)]
            case _:
                return []

    def _drop_the_wearers(self) -> list[Action]:
        """End what a wearer sees or waits for; asks of the API that wait are others' and stay."""
        actions = self._drop_waiting_presses()
        return [*actions, *self._stop()] if self._under_way is not None else actions

    def _resume(self, origin: Origin, instant: float) -> list[Action]:
        """Ask for the rest of the answer that broke off, where there is one."""
        if self._broken is None:
            return []
        before, resumed = self._broken.ask, self._broken.resumed
        ask = replace(before, id=self.new_id("resume"), origin=origin, instant=instant)
        if resumed < RESUMES_LIMIT:
            return self._admit(_Wanted(replace(ask, resumes=before.id), look=False, resumed=resumed + 1))
        return self._admit(_Wanted(replace(ask, given="", resumes=""), look=False))

    def _pause(self, *, on: bool) -> list[Action]:
        self._paused = on
        if not on:
            return [Pause(on=False)]
        self._broken = None
        waiting = [*self._waiting, *self._gateway_waiting]
        self._waiting.clear()
        self._gateway_waiting.clear()
        actions: list[Action] = [Refuse(wanted.ask, Code.PAUSED) for wanted in waiting]
        if self._under_way is not None:
            actions += self._stop(Code.PAUSED, unseen=True)
        actions += [Stop(ask_id, Code.PAUSED) for ask_id in sorted(self._gateway_under_way)]
        return [*actions, Pause(on=True)]

    # -- admission -----------------------------------------------------------------------------------------------------

    def _admit(self, wanted: _Wanted) -> list[Action]:
        """The one way in for every ask."""
        ask = wanted.ask
        if self._paused:
            return [Refuse(ask, Code.PAUSED, seen=ask.origin is Origin.BUTTON)]
        if ask.origin is Origin.GATEWAY:
            return self._wait(self._gateway_waiting, replace(wanted, look=False))
        if self._under_way is not None and ask.origin is Origin.BUTTON:
            # The wearer means the newest press: the one under way makes room, and starts nothing that waited before it.
            dropped = self._drop_waiting_presses()
            self._waiting.appendleft(wanted)
            return [*dropped, *self._stop(unseen=True)]
        return self._wait(self._waiting, wanted)

    def _wait(self, waiting: deque[_Wanted], wanted: _Wanted) -> list[Action]:
        """Put an ask in its lane's line, from which it may start at once; past the line's bound it is refused."""
        waiting.append(wanted)
        actions = self._next()
        if len(waiting) > QUEUE_LIMIT_ASKS:
            waiting.pop()
            return [Refuse(wanted.ask, Code.BUSY)]
        return actions

    def _next(self) -> list[Action]:
        """Start what may start: the wearer's next, and beside none of them the gateway's, in their order."""
        actions: list[Action] = []
        if self._under_way is None and self._waiting:
            self._under_way = self._waiting.popleft()
            self._stopped, self._broken = False, None
            actions.append(Start(self._under_way.ask, ONE_FRAME if self._under_way.look else NO_FRAMES))
        while self._wearer_idle and self._gateway_waiting and len(self._gateway_under_way) < self._at_once:
            wanted = self._gateway_waiting.popleft()
            self._gateway_under_way.add(wanted.ask.id)
            actions.append(Start(wanted.ask, ONE_FRAME if wanted.look else NO_FRAMES))
        return actions

    def _tired_of_waiting(self, now: float) -> list[Action]:
        actions: list[Action] = []
        while self._gateway_waiting and self._gateway_waiting[0].ask.instant + GATEWAY_WAIT_LIMIT_S <= now:
            actions.append(Refuse(self._gateway_waiting.popleft().ask, Code.BUSY))
        return actions

    # -- the wearer's lane ---------------------------------------------------------------------------------------------

    @property
    def _wearer_idle(self) -> bool:
        return self._under_way is None and not self._waiting

    def _is_under_way(self, ask_id: str) -> bool:
        return self._under_way is not None and self._under_way.ask.id == ask_id

    def _stop(self, code: Code = Code.CANCELLED, *, unseen: bool = False) -> list[Action]:
        """Break off the ask under way; there is one."""
        assert self._under_way is not None, "whoever stops has seen it"
        self._stopped = True
        return [Stop(self._under_way.ask.id, code, unseen)]

    def _drop_waiting_presses(self) -> list[Action]:
        dropped = [wanted for wanted in self._waiting if wanted.ask.origin is Origin.BUTTON]
        for wanted in dropped:
            self._waiting.remove(wanted)
        return [
            action for wanted in dropped for action in (Unpin(wanted.ask.instant), Refuse(wanted.ask, Code.CANCELLED))
        ]


def _mapped(events: Iterable[tuple[str, Gesture]]) -> dict[str, frozenset[Gesture]]:
    mapped: dict[str, set[Gesture]] = {}
    for button, gesture in events:
        mapped.setdefault(button, set()).add(gesture)
    return {button: frozenset(gestures) for button, gestures in mapped.items()}
