"""Random histories of the scheduler, against what must hold after every event."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from machines import config

from glassd.answer import OutcomeKind
from glassd.ask import Ask, Origin
from glassd.config.commands import COMMANDS, Command
from glassd.config.triggers import FACTS, NO_FRAMES, ONE_FRAME, QUEUE_LIMIT_ASKS, Busy
from glassd.messages.codes import Code
from glassd.scheduler.actions import (
    Action,
    Do,
    Drop,
    End,
    Pause,
    Pin,
    Refuse,
    Send,
    Skip,
    Spend,
    Start,
    Stop,
    Unpin,
)
from glassd.scheduler.armed import SKIP_QUIET_S
from glassd.scheduler.asking import RESUMES_LIMIT
from glassd.scheduler.lanes import GATEWAY_WAIT_LIMIT_S
from glassd.scheduler.machine import Scheduler
from glassd.scheduler.outbox import NETWORK_CODES
from glassd.spending import Amounts, Spent
from glassd.waiting import Waiting
from glassd.wall import Wall
from glassd_drivers.contracts import Edge, EdgeKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from glassd.config.schema import Config

BY_NAME: list[Command] = ["send again", "ask anyway"]
"""Commands that no button gives here, so that the books know when they are given."""
COMMAND_BUTTONS: dict[str, Command] = {each.replace(" ", "_"): each for each in COMMANDS if each not in BY_NAME}
PROBES = {fact.replace(" ", "_"): fact for fact in FACTS if fact != "online"}
"""Buttons that tell whether a fact holds: a press turns a page where it does."""
MORNING_S = 20_000 * 86400.0 + 8 * 3600
OUTBOX = {"asks": 3, "size": "100KB", "age": "2h"}
SIZE = 40_000
NO_ANSWER = [Code.NO_NETWORK, Code.CONNECTION_LOST, Code.SERVER_ERROR, Code.NO_PICTURE]


def one(at_once: int, **sections: Any) -> Config:
    return config(
        {"when": "main press", "ask": "What is this? It was: {answer}", "outbox": True, "if": "not over budget"},
        {"when": "main press", "ask": "Still?", "frames": "none", "model": "text"},
        {"when": "main double", "ask": "Read the text.", "frames": "2 over 1s"},
        {"when": "main long", "do": "toggle pause"},
        {"when": "side press", "ask": "And {time}?", "busy": "queue 2", "cooldown": "1s", "outbox": True},
        {"when": "pad press", "ask": "Where?", "busy": "ignore", "frames": "none", "cut_off": "anew"},
        {"when": "scene change", "ask": "Where am I?", "if": ["not answer shown", "scene changed"]},
        {"when": "every 10min", "ask": "Anything new?", "busy": "queue 1"},
        {"when": "every 15min", "ask": "Is it dark?", "if": "online"},
        {"when": "at 08:00", "ask": "Good morning?", "busy": "replace"},
        {"when": "start", "ask": "What is there?"},
        *({"when": f"{button} press", "do": command} for button, command in COMMAND_BUTTONS.items()),
        *({"when": f"{button} press", "do": "next page", "if": fact} for button, fact in PROBES.items()),
        gateway={"listen": "127.0.0.1:8734", "at_once": at_once},
        **sections,
    )


TIGHT = {"hour": {"asks": 4, "tokens": 900}, "day": {"frames": 12, "money": 0.5}}
CONFIGS = [
    one(3, outbox=OUTBOX, follow_up={"within": "30s", "turns": 2, "pictures": 1}),
    one(1, outbox=OUTBOX, budgets=TIGHT, follow_up={"within": "30s", "ends_with_clear": False}),
    one(2, budgets=TIGHT),
]


def estimate(_ask: Ask, pictures: int) -> Amounts:
    return Amounts(1, pictures, 100 + 50 * pictures, 0.02)


class Histories(RuleBasedStateMachine):
    """Plays the runner: carries out each action, and keeps the books on every ask, frame and item of the outbox."""

    def __init__(self) -> None:
        super().__init__()
        self.config = CONFIGS[0]
        self.scheduler = Scheduler(self.config, estimate=estimate)
        self.now = 10.0
        self.wall = Wall(offset=MORNING_S - 60)
        self.numbers = 0
        self.asks: dict[str, Ask] = {}
        self.arrived: dict[str, float] = {}
        self.running: list[str] = []
        self.stopped: set[str] = set()
        self.fates: dict[str, str] = {}
        self.paused = False
        self.pinned: set[float] = set()
        self.items: dict[int, bool] = {}  # of the outbox, the oldest first: whether it was perhaps sent
        self.sending: tuple[int, str] | None = None
        self.skips: dict[tuple[str, str], float] = {}
        self.may_grow = False  # what is spent may grow past a budget: an ask cost more than was thought, or goes anyway
        self.spent = Spent()
        self.left = 0  # asks that have left the board, by our own count, in the hour that counts
        self.hour_since = self.now

    # -- what happens

    @initialize(which=st.sampled_from(CONFIGS))
    def begins(self, which: Config) -> None:
        self.reloaded(which)

    @rule(seconds=st.sampled_from([0.0, 0.01, 0.1, 0.4, 1.0, 7.0, 40.0, 600.0, 3600.0]), awake=st.booleans())
    def time_passes(self, seconds: float, awake: bool) -> None:
        until = self.now + seconds
        while awake and (due := self.scheduler.due) is not None and due <= until:
            self.now = max(self.now, due)
            self.carry_out(self.scheduler.tick(self.now))
        self.now = until
        self.carry_out(self.scheduler.tick(self.now))
        due = self.scheduler.due
        assert due is None or due > self.now, "it is due again at once, for ever"

    @rule(
        hours=st.sampled_from([-24, -1, 0, 1, 24]), zone=st.sampled_from([0.0, 3600.0, -25200.0]), known=st.booleans()
    )
    def the_clock_is_set(self, hours: int, zone: float, known: bool) -> None:
        self.wall = Wall(self.wall.offset + hours * 3600, zone, known)
        self.carry_out(self.scheduler.clock_is(self.now, self.wall))

    @rule()
    def ready(self) -> None:
        self.carry_out(self.scheduler.ready(self.now))

    @rule(button=st.sampled_from(["main", "main", "side", "pad", *COMMAND_BUTTONS]), kind=st.sampled_from(EdgeKind))
    def edge(self, button: str, kind: EdgeKind) -> None:
        self.carry_out(self.scheduler.edge(Edge(button, kind, self.now)))

    @rule(button=st.sampled_from(["main", "side", "pad"]), bounces=st.integers(0, 5))
    def press(self, button: str, bounces: int) -> None:
        for kind in (EdgeKind.DOWN, EdgeKind.UP):
            other = EdgeKind.UP if kind is EdgeKind.DOWN else EdgeKind.DOWN
            for each in [kind, *[other, kind] * bounces]:
                self.edge(button, each)
                self.now += 0.001
            self.time_passes(0.1, awake=True)

    @rule()
    def another_scene(self) -> None:
        self.carry_out(self.scheduler.scene_changed(self.now))

    @rule(
        origin=st.sampled_from([Origin.API, Origin.CLI, Origin.GATEWAY, Origin.GATEWAY]),
        look=st.booleans(),
        busy=st.sampled_from([None, Busy(how="replace"), Busy(how="ignore"), Busy(how="queue", most=1)]),
    )
    def asked(self, origin: Origin, look: bool, busy: Busy | None) -> None:
        self.numbers += 1
        ask = Ask(f"{origin}-{self.numbers}!", "And this?", origin, self.now)
        self.asks[ask.id], self.arrived[ask.id] = ask, self.now
        outbox = origin is Origin.API
        self.carry_out(self.scheduler.asked(ask, ONE_FRAME if look else NO_FRAMES, busy=busy, outbox=outbox))

    @rule(data=st.data())
    def the_asker_leaves(self, data: st.DataObject) -> None:
        if self.asks:
            self.carry_out(self.scheduler.cancelled(data.draw(st.sampled_from(sorted(self.asks)))))

    @rule(command=st.sampled_from(COMMANDS))
    def commanded(self, command: Command) -> None:
        self.may_grow |= command == "ask anyway"
        if command == "send again":
            self.items = dict.fromkeys(self.items, False)
        self.carry_out(self.scheduler.commanded(command, self.now))

    @rule(data=st.data(), kind=st.sampled_from(OutcomeKind), cost=st.sampled_from([None, 10, 300]))
    def an_ask_ends(self, data: st.DataObject, kind: OutcomeKind, cost: int | None) -> None:
        if self.running:
            ask_id = data.draw(st.sampled_from(self.running))
            code = data.draw(st.sampled_from(NO_ANSWER)) if kind is OutcomeKind.FAILED else None
            self.end(ask_id, kind, code, cost)

    @rule(outcome=st.sampled_from(["answered", "no network", "perhaps sent"]))
    def an_item_ends(self, outcome: str) -> None:
        if self.sending is not None:
            self.end_item(outcome)

    @rule(up=st.booleans())
    def the_network(self, up: bool) -> None:
        self.carry_out(self.scheduler.network_is(up, self.now))

    @rule(which=st.sampled_from(CONFIGS))
    def reloaded(self, which: Config) -> None:
        self.config = which
        self.carry_out(self.scheduler.configure(which, self.now))

    @rule(perhaps_sent=st.booleans(), asks=st.integers(0, 3))
    def restored(self, perhaps_sent: bool, asks: int) -> None:
        self.numbers += 1
        waits = [Waiting(self.numbers, None, SIZE, perhaps_sent)] if len(self.items) < 2 else []
        self.items.update({each.item: each.perhaps_sent for each in waits})
        self.may_grow = True
        spent = Spent(-1, Amounts(asks), -1, Amounts(asks))
        self.carry_out(self.scheduler.restored(spent, waits, self.now))

    # -- what the runner does

    def end(self, ask_id: str, kind: OutcomeKind, code: Code | None = None, cost: int | None = None) -> None:
        self.running.remove(ask_id)
        ask = self.asks[ask_id]
        text = ask.given + "more " if kind in (OutcomeKind.CUT_OFF, OutcomeKind.FINISHED) else ""
        queued = None
        if code is not None and self.scheduler.may_queue(ask_id, code, SIZE, self.now):
            assert code in NETWORK_CODES
            assert ask.origin is not Origin.GATEWAY
            self.numbers += 1
            queued = self.numbers
            self.items[queued] = False
        sent = code is None or code is Code.SERVER_ERROR
        costs = None if cost is None or not sent else Amounts(tokens=cost, money=cost / 10_000)
        self.may_grow |= costs is not None
        self.left += sent and queued is None and ask.instant > self.hour_since
        if ask.origin is not Origin.GATEWAY:
            self.pinned.discard(ask.instant)
        self.carry_out(self.scheduler.ended(ask_id, End(ask, kind, code, text, sent, costs, queued), self.now))

    def end_item(self, outcome: str) -> None:
        assert self.sending is not None
        (item, ask_id), self.sending = self.sending, None
        ask = Ask(ask_id, "Kept?", Origin.BUTTON, self.now)
        end = End(ask, OutcomeKind.FINISHED, text="A door.")
        if outcome == "answered":
            self.items.pop(item, None)
        else:
            sent = outcome == "perhaps sent"
            end = End(ask, OutcomeKind.FAILED, Code.CONNECTION_LOST, sent=sent, queued=item)
            if item in self.items:
                self.items[item] = sent
        self.may_grow = True
        self.carry_out(self.scheduler.ended(ask_id, end, self.now))
        if outcome == "answered":
            self.carry_out(self.scheduler.shown(end, self.now))

    def carry_out(self, actions: list[Action]) -> None:
        for action in actions:
            match action:
                case Pin() | Unpin() | Pause():
                    self.look(action)
                case Start() | Stop() | Refuse():
                    self.answer(action)
                case Send(item, ask_id):
                    self.sent(item, ask_id)
                case Drop(items):
                    for item in items:
                        self.items.pop(item, None)
                case Skip():
                    self.skipped(action)
                case Spend(spent):
                    assert spent == self.scheduler.spent
        self.no_budget_is_exceeded()

    def look(self, action: Pin | Unpin | Pause) -> None:
        match action:
            case Pin(instant):
                assert not self.paused, "a frame is pinned while paused"
                self.pinned.add(instant)
            case Unpin(instant):
                self.pinned.discard(instant)
            case Pause(on):
                self.paused = on
                under_way = {*self.running, *([self.sending[1]] if self.sending else [])}
                assert not on or under_way <= self.stopped, "an answer goes on while paused"
                self.pinned.clear()

    def answer(self, action: Start | Stop | Refuse) -> None:
        match action:
            case Start():
                self.started(action)
            case Stop(ask_id):
                assert ask_id in self.running or self.is_being_sent(ask_id), "a stop for what is not under way"
                self.stopped.add(ask_id)
            case Refuse(ask, code):
                assert code in (Code.BUSY, Code.PAUSED, Code.CANCELLED, Code.TOO_SOON, Code.BUDGET_SPENT)
                self.settle(ask.id, "refused")

    def started(self, start: Start) -> None:
        ask = start.ask
        assert not self.paused, "an ask begins while paused"
        self.settle(ask.id, "started")
        if ask.origin is Origin.GATEWAY:
            assert not self.wearers, "the gateway goes before the wearer"
            assert self.config.gateway is not None
            assert len(self.running) < self.config.gateway.at_once, "more of the gateway's than may be under way"
            assert not start.frames.count
        else:
            assert not self.wearers, "two of the wearer's at a time"
        if ask.resumes:
            assert ask.given
            assert ask.resumes in self.fates
        self.asks[ask.id] = ask
        assert self.resumes_before(ask) <= RESUMES_LIMIT
        assert len(ask.turns) <= 2 * 4
        self.running.append(ask.id)

    def sent(self, item: int, ask_id: str) -> None:
        assert not self.paused, "an ask leaves while paused"
        assert self.sending is None, "two of the outbox's at a time"
        assert not self.wearers, "the outbox goes before the wearer"
        may_go = [number for number, perhaps_sent in self.items.items() if not perhaps_sent]
        assert item == may_go[0], "it is not the oldest of those that may go by themselves"
        self.sending = item, ask_id

    def skipped(self, skip: Skip) -> None:
        before = self.skips.get((skip.trigger, skip.why), -SKIP_QUIET_S)
        assert abs(skip.instant - before) >= SKIP_QUIET_S, "the same is told again and again"
        self.skips[skip.trigger, skip.why] = skip.instant

    @property
    def wearers(self) -> list[str]:
        return [name for name in self.running if self.asks[name].origin is not Origin.GATEWAY]

    def is_being_sent(self, ask_id: str) -> bool:
        return self.sending is not None and self.sending[1] == ask_id

    def resumes_before(self, ask: Ask) -> int:
        before = self.asks.get(ask.resumes)
        return 1 + self.resumes_before(before) if before is not None else 0

    def settle(self, ask_id: str, fate: str) -> None:
        assert ask_id not in self.fates, f"{ask_id} was {self.fates.get(ask_id)}, and now is {fate}"
        self.fates[ask_id] = fate

    def no_budget_is_exceeded(self) -> None:
        """What is spent grows past no limit, but by what an ask cost beyond its estimate, or one that goes anyway."""
        before, after = self.spent, self.scheduler.spent
        budgets = self.config.budgets
        for budget, old, new in ((budgets.hour, before.hour, after.hour), (budgets.day, before.day, after.day)):
            for kind in ("asks", "frames", "tokens", "money"):
                limit, amount = getattr(budget, kind), getattr(new, kind)
                assert amount > -1e-9
                past = limit is not None and amount > limit + 1e-9
                assert not past or self.may_grow or amount <= getattr(old, kind) + 1e-9, f"more {kind} than {limit}"
        if after.hour_number != before.hour_number:
            self.left, self.hour_since = 0, self.now
        assert after.hour.asks >= self.left, "an ask has left that is not counted"
        self.spent, self.may_grow = after, False

    # -- what must hold

    @invariant()
    def the_scheduler_knows_what_is_under_way(self) -> None:
        gateways = [name for name in self.running if self.asks[name].origin is Origin.GATEWAY]
        assert self.scheduler.gateway_asks[0] == len(gateways)
        assert self.scheduler.paused == self.paused
        assert self.scheduler.queued == len(self.items)
        assert self.scheduler.perhaps_sent == sum(self.items.values())

    @invariant()
    def lines_are_bounded_and_nobody_of_the_gateway_waits_for_ever(self) -> None:
        waiting = [name for name in self.asks if name not in self.fates]
        gateways = [name for name in waiting if self.asks[name].origin is Origin.GATEWAY]
        assert len(gateways) <= QUEUE_LIMIT_ASKS
        assert len(waiting) - len(gateways) <= QUEUE_LIMIT_ASKS
        assert all(self.now < self.arrived[name] + GATEWAY_WAIT_LIMIT_S for name in gateways)

    @invariant()
    def the_outbox_is_bounded(self) -> None:
        assert len(self.items) <= 3
        assert SIZE * len(self.items) <= 3 * SIZE

    def teardown(self) -> None:
        """Once everything that goes on has ended, every ask has its fate, nothing is held, and every offer ends."""
        for button in ("main", "side", "pad", *COMMAND_BUTTONS):
            self.edge(button, EdgeKind.LOST)
        self.commanded("unpause")
        self.the_network(up=False)
        while self.running or self.sending is not None:
            while self.running:
                self.end(self.running[0], OutcomeKind.FINISHED)
            if self.sending is not None:
                self.end_item("no network")
        assert self.scheduler.idle
        assert set(self.asks) <= set(self.fates), "an ask was neither started nor refused"
        assert not self.pinned, "frames are held for nobody"
        self.commanded("drop queued")
        self.commanded("clear")
        assert not self.items
        self.now += 61.0
        for button in PROBES:
            fact = self.scheduler.edge(Edge(button, EdgeKind.DOWN, self.now))
            assert Do("next page") not in fact or button == "scene_changed", f"{button} for ever"


TestHistories: Callable[[], object] = Histories.TestCase
