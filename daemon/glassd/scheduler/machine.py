"""The scheduler: (event, now) → actions. Every policy lives here; nothing here does I/O or has a clock of its own.

A gesture, a scene change, an interval, a time of the day or the start does what the first of its triggers says whose
condition holds. The rooms beside this one know one thing each: `gestures` and `echoes` what edges mean, `schedule` what
comes by itself, `armed` the triggers and `conditions` when they may, `asking` what is asked, `admission` with `lanes`
and `budget` who may ask and when, `standing` and `conversation` what came before, `sending` what waits for the network.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from glassd.ask import Ask, Origin
from glassd.config.fields import SCENE_CHANGE
from glassd.config.triggers import NO_FRAMES
from glassd.messages.codes import Code
from glassd.scheduler.actions import Action, Do, Pin, Spend, Tell, Unpin
from glassd.scheduler.admission import Admission
from glassd.scheduler.armed import Armed, Triggers
from glassd.scheduler.asking import Asking
from glassd.scheduler.budget import Estimate, uncosted
from glassd.scheduler.commands import Commands
from glassd.scheduler.conditions import MINUTES_OF_DAY, Facts, hold
from glassd.scheduler.conversation import Conversation
from glassd.scheduler.echoes import Echoes
from glassd.scheduler.gestures import Dropped, Gestures, Made
from glassd.scheduler.lanes import Wanted
from glassd.scheduler.schedule import Schedule
from glassd.scheduler.sending import Sending
from glassd.scheduler.standing import Standing, answered
from glassd_drivers.contracts import Sign

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from glassd.config.commands import Command
    from glassd.config.schema import Config
    from glassd.config.triggers import Busy, Frames, Gesture
    from glassd.scheduler.actions import End
    from glassd.scheduler.gestures import GestureEvent
    from glassd.scheduler.schedule import Came
    from glassd.spending import Spent
    from glassd.waiting import Waiting
    from glassd.wall import Wall
    from glassd_drivers.contracts import Edge


class Scheduler:
    """The state machine. Its methods are the events; each returns the actions to carry out, in order."""

    def __init__(self, config: Config, *, paused: bool = False, estimate: Estimate = uncosted) -> None:
        """`estimate` says what an ask costs at most likely that goes with this many pictures."""
        self._standing = Standing()
        self._conversation = Conversation()
        self._asking = Asking(self._standing, self._conversation)
        self._admission = Admission(self._standing, estimate, paused=paused)
        self._sending = Sending(self._admission, self._asking)
        self._schedule = Schedule()
        self._commands = Commands(self._standing, self._conversation, self._asking, self._admission, self._sending)
        self._triggers = Triggers(())
        self._times = config.gestures
        self._echoes, self._gestures = Echoes(self._times), Gestures(self._times, {})
        self._ready = False
        self._scene_changed_at: float | None = None
        self._resumed: tuple[str, float] = ("", 0.0)  # the gesture that last went on with an answer, and its instant
        self.configure(config, 0.0)

    def configure(self, config: Config, now: float) -> list[Action]:
        """Take over the triggers, times and bounds of a config; what is under way goes on."""
        before, self._triggers = self._triggers, Triggers(config.triggers, self._triggers)
        actions: list[Action] = []
        if self._times != config.gestures or before.mapped != self._triggers.mapped:
            actions += [Unpin(began) for began in self._gestures.under_way]
            self._times = config.gestures
            self._echoes = Echoes(config.gestures)
            self._gestures = Gestures(config.gestures, self._triggers.mapped)
        self._schedule.configure(self._triggers.intervals, self._triggers.times, now)
        self._asking.configure(config)
        self._conversation.configure(config.follow_up)
        self._admission.ledger.configure(config.budgets)
        self._admission.gateways.at_once = config.gateway.at_once if config.gateway is not None else 0
        self._sending.configure(config.outbox)
        self._double = config.gestures.double + config.gestures.debounce
        return self._then([*actions, *self._admission.next()])

    # -- what is so ----------------------------------------------------------------------------------------------------

    @property
    def idle(self) -> bool:
        """No ask is under way or waiting; those in the outbox wait elsewhere."""
        return self._admission.idle and self._sending.outbox.sending is None

    @property
    def paused(self) -> bool:
        """Nothing is looked at and no ask goes out."""
        return self._admission.paused

    @property
    def waiting(self) -> int:
        """How many of the wearer's asks wait for the one under way."""
        return len(self._admission.wearers.waiting)

    @property
    def gateway_asks(self) -> tuple[int, int]:
        """How many of the gateway's asks are under way, and how many wait."""
        lane = self._admission.gateways
        return len(lane.under_way), len(lane.waiting)

    @property
    def due(self) -> float | None:
        """When `tick` is to be called next."""
        waits = (
            self._gestures.due,
            self._schedule.due,
            self._admission.gateways.due,
            self._conversation_over_at,
            self._sending.outbox.due,
        )
        return min((due for due in waits if due is not None), default=None)

    @property
    def buttons(self) -> dict[str, list[Gesture]]:
        """Which gestures start something, button by button."""
        return {button: sorted(gestures) for button, gestures in self._triggers.mapped.items()}

    @property
    def watches_scene(self) -> bool:
        """Whether somebody has to tell of scene changes now: a trigger asks for them, and nothing is paused."""
        return self._triggers.watch_scene and not self.paused

    @property
    def wants_network(self) -> bool:
        """Whether the way to the model is not known to be open, and something waits for it."""
        if self._sending.online or self.paused:
            return False
        return self._triggers.watch_network or self._sending.waits_for_network

    @property
    def spent(self) -> Spent:
        """What has been spent in the hour and the day that count; what is under way is in it, as estimated."""
        return self._admission.ledger.spent

    @property
    def queued(self) -> int:
        """How many asks wait in the outbox."""
        return len(self._sending.outbox)

    @property
    def perhaps_sent(self) -> int:
        """How many of them were perhaps sent, and go again only on the wearer's word."""
        return self._sending.outbox.perhaps_sent

    @property
    def signs(self) -> frozenset[Sign]:
        """What the wearer is shown for as long as it is so. Of what nothing waits for, nothing is said."""
        so = {
            Sign.PAUSED: self.paused,
            Sign.NO_NETWORK: self.wants_network,
            Sign.QUEUED: self.queued > 0,
            Sign.BUDGET_LOW: self._admission.ledger.low,
            Sign.CLOCK_NOT_SET: self._triggers.wait_for_date and not self._asking.wall.known,
        }
        return frozenset(sign for sign, is_so in so.items() if is_so)

    def may_queue(self, ask_id: str, code: Code, size: int, now: float) -> bool:  # noqa: ARG002  as every event's
        """Tell whether an ask under way that ended with this code may wait in the outbox, as `size` bytes there."""
        wanted = self._admission.wearers.under_way
        return wanted is not None and wanted.ask.id == ask_id and self._sending.may_queue(wanted, code, size)

    def new_id(self, prefix: str) -> str:
        """Return an id for an ask, unique within this daemon's life."""
        return self._asking.new_id(prefix)

    # -- events: time, and what comes by itself ------------------------------------------------------------------------

    def ready(self, now: float) -> list[Action]:
        """The daemon is ready: what is to be asked at its start is, and intervals begin. A second time is none."""
        if self._ready:
            return []
        self._ready = True
        self._schedule.begin(now)
        actions: list[Action] = []
        for event in self._triggers.starts:
            actions += self._fire(self._triggers.of(event), now, now)
        return self._then(actions)

    def clock_is(self, now: float, wall: Wall) -> list[Action]:
        """The wall clock was read, and is not as it was: it was set, its zone changed, or it is known to be right."""
        self._asking.wall = wall
        self._admission.ledger.clock_is(now, wall)
        self._schedule.clock_is(now, wall)
        self._sending.clock_is(wall)
        return self.tick(now)

    def tick(self, now: float) -> list[Action]:
        """Time has passed."""
        actions = self._gestured(self._gestures.advance(now), now)
        for came in self._schedule.advance(now):
            actions += self._came(came)
        actions += self._admission.tired(now)
        over_at = self._conversation_over_at
        if over_at is not None and over_at <= now:
            self._conversation.end()
        actions += self._sending.expire(now)
        return self._then(actions)

    def edge(self, edge: Edge) -> list[Action]:
        """A button went down or up."""
        events: list[GestureEvent] = []
        for each in self._echoes.edge(edge):
            events += self._gestures.edge(each)
        return self._then(self._gestured(events, edge.instant)) if events else []

    def scene_changed(self, instant: float) -> list[Action]:
        """The wearer has come to look at something else, at rest by this instant."""
        self._scene_changed_at = instant
        return self._then(self._fire(self._triggers.of(SCENE_CHANGE), instant, instant))

    def network_is(self, up: bool, now: float) -> list[Action]:  # noqa: ARG002  it is the event
        """The way to the model was tried: it is open, or is not."""
        self._sending.online = up
        return self._then([])

    # -- events: asks --------------------------------------------------------------------------------------------------

    def asked(
        self, ask: Ask, frames: Frames, *, busy: Busy | None = None, follow_up: bool = True, outbox: bool = False
    ) -> list[Action]:
        """Somebody else than a trigger asks: the API, the command line, the gateway."""
        wanted = self._asking.by_somebody(ask, frames, busy, follow_up=follow_up, outbox=outbox)
        actions = self._admission.admit(wanted, ask.instant)
        if wanted.admitted:
            self._asking.remember(wanted)
        return self._then(actions)

    def cancelled(self, ask_id: str) -> list[Action]:
        """Whoever asked does not want the answer any more."""
        return self._then(self._admission.cancelled(ask_id))

    def ended(self, ask_id: str, end: End, now: float) -> list[Action]:
        """An ask that was started, or an item that was sent, has its outcome."""
        self._sending.learn(end)
        wanted = self._admission.ended(ask_id, end)
        if wanted is None:
            return self._then(self._sending.ended(ask_id, end))
        actions: list[Action] = []
        if end.queued is not None:
            actions += self._sending.queued(wanted, end.queued, now)
        elif wanted.ask.origin is not Origin.GATEWAY and not wanted.stopped:
            self._standing.ended(wanted, end)
            if wanted.follow_up and answered(end):
                self._conversation.add(wanted.ask, end, now)
        return self._then([*actions, *self._admission.next()])

    def shown(self, end: End, now: float) -> list[Action]:  # noqa: ARG002  as every event's
        """The answer to what the outbox sent is put on the display now."""
        if self._admission.wearers.idle and not self.paused:
            self._standing.begins()
            self._standing.ended(Wanted(end.ask, NO_FRAMES), end)
        return []

    def faded(self, now: float) -> list[Action]:  # noqa: ARG002  as every event's
        """What stands on the display has stood there long enough: it goes, and all that hangs on its being there."""
        if not self._admission.wearers.idle or self.paused:
            return []
        self._standing.begins()
        return [Do("clear")]

    def restored(self, spent: Spent, waiting: list[Waiting], now: float) -> list[Action]:
        """What was kept over the restart is known by now: it is added to what has been counted since."""
        self._admission.ledger.restored(spent, now)
        return self._then(self._sending.restored(waiting, now))

    def commanded(self, command: Command, now: float, origin: Origin = Origin.API) -> list[Action]:
        """Somebody else than a trigger gives a command."""
        return self._then(self._commands.do(command, origin, now, now))

    # -- what a trigger does -------------------------------------------------------------------------------------------

    def _gestured(self, events: Iterable[GestureEvent], now: float) -> list[Action]:
        actions: list[Action] = []
        for event in events:
            if isinstance(event, Made):
                armed = self._triggers.of_gesture(event.button, event.gesture)
                actions += self._fire(armed, event.instant, now, pinned=True)
            elif isinstance(event, Dropped):
                actions.append(Unpin(event.instant))
            elif not self.paused:
                actions.append(Pin(event.instant))
        return actions

    def _came(self, came: Came) -> list[Action]:
        same = self._triggers.of(came.event)
        return (
            [*same[0].skipped("missed", came.instant)] if came.missed else self._fire(same, came.instant, came.instant)
        )

    def _fire(self, same: Sequence[Armed], instant: float, now: float, *, pinned: bool = False) -> list[Action]:
        """Do what the first of an event's triggers says whose condition holds."""
        let_go: list[Action] = [Unpin(instant)] if pinned else []
        if not same:
            return let_go
        armed = same[0]
        if armed.trigger.condition or len(same) > 1:
            held = next((each for each in same if hold(each.trigger.condition, self._facts(each, now))), None)
            if held is None:
                return [*let_go, *armed.skipped("condition", instant)]
            armed = held
        if armed.trigger.ask is not None:
            return self._ask(armed, instant, now, pinned=pinned)
        if armed.cools(instant):
            told = [Tell(Code.TOO_SOON)] if armed.origin is Origin.BUTTON else []
            return [*let_go, *armed.skipped("cooldown", instant), *told]
        armed.acted(instant)
        assert armed.trigger.do is not None, "the schema takes exactly one of ask and do"
        return self._commands.do(armed.trigger.do, armed.origin, instant, now, by=armed, pinned=pinned)

    def _ask(self, armed: Armed, instant: float, now: float, *, pinned: bool) -> list[Action]:
        if self._resumes(armed, instant):
            self._resumed = armed.event, instant
            return self._commands.do("resume", armed.origin, instant, now, by=armed, pinned=pinned)
        wanted = self._asking.by_trigger(armed, instant)
        if armed.cools(instant) and not self.paused:
            return self._admission.refused(wanted, Code.TOO_SOON, now, pinned=pinned)
        actions = self._admission.admit(wanted, now, pinned=pinned)
        if wanted.admitted:
            self._asking.remember(wanted)
        return actions

    def _resumes(self, armed: Armed, instant: float) -> bool:
        """Tell whether a press goes on with the answer that stands cut off: its own, or if no button's the main one's.

        The second press of a double asks anew, even where the rest has broken off again in between.
        """
        broken = self._standing.broken
        if broken is None or armed.origin is not Origin.BUTTON or armed.trigger.cut_off == "anew":
            return False
        event, resumed_at = self._resumed
        if event == armed.event and instant - resumed_at <= self._double:
            return False
        own = self._triggers.of(broken.ask.trigger)
        if any(each.origin is Origin.BUTTON and each.trigger.ask is not None for each in own):
            return armed.event == broken.ask.trigger
        main = self._triggers.main
        return main is not None and armed.event == main.event

    def _facts(self, armed: Armed, now: float) -> Facts:
        standing, wall, changed_at = self._standing, self._asking.wall, self._scene_changed_at
        return Facts(
            answer_shown=standing.answer_shown,
            cut_off=standing.broken is not None,
            over_budget=standing.over_budget(now) is not None,
            perhaps_sent=self.perhaps_sent > 0,
            queued=self.queued > 0,
            online=self._sending.online,
            scene_changed=armed.acted_at is None or (changed_at is not None and changed_at > armed.acted_at),
            minute=int(wall.local(now) // 60) % MINUTES_OF_DAY if wall.known else None,
        )

    @property
    def _conversation_over_at(self) -> float | None:
        """When the conversation is over; while an ask is under way that may go on with it, that is not known."""
        return self._conversation.over_at if self._admission.wearers.idle else None

    def _then(self, actions: list[Action]) -> list[Action]:
        """Return what an event has led to, and what may go now that it has."""
        actions += self._sending.next()
        ledger = self._admission.ledger
        if ledger.changed:
            ledger.changed = False
            actions.append(Spend(ledger.spent))
        return actions
