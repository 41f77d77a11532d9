"""Random histories of the scheduler, against what must hold after every event."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from msgspec.structs import replace

from glassd.ask import Ask, Origin
from glassd.config.commands import COMMANDS, Command
from glassd.config.schema import Config
from glassd.messages.codes import Code
from glassd.scheduler.machine import (
    GATEWAY_WAIT_LIMIT_S,
    QUEUE_LIMIT_ASKS,
    RESUMES_LIMIT,
    Action,
    Pause,
    Pin,
    Refuse,
    Scheduler,
    Start,
    Stop,
)
from glassd_drivers.contracts import Edge, EdgeKind

if TYPE_CHECKING:
    from collections.abc import Callable

COMMAND_BUTTONS: dict[str, Command] = {command.replace(" ", "_"): command for command in COMMANDS}
AT_ONCE = (1, 3)


def config(at_once: int) -> Config:
    return Config.model_validate(
        {
            "model": {"endpoints": [{"url": "reader"}]},
            "gateway": {"listen": "127.0.0.1:8734", "at_once": at_once},
            "triggers": [
                {"when": "main press", "ask": "What is this?"},
                {"when": "main double", "ask": "Read the text."},
                {"when": "main long", "do": "toggle pause"},
                *({"when": f"{button} press", "do": command} for button, command in COMMAND_BUTTONS.items()),
            ],
        }
    )


CONFIGS = {at_once: config(at_once) for at_once in AT_ONCE}


class Histories(RuleBasedStateMachine):
    """Plays the runner: carries out each action, and keeps the books on every ask."""

    def __init__(self) -> None:
        super().__init__()
        self.at_once = max(AT_ONCE)
        self.scheduler = Scheduler(CONFIGS[self.at_once])
        self.now = 10.0
        self.numbers = 0
        self.asks: dict[str, Ask] = {}
        self.arrived: dict[str, float] = {}
        self.running: list[str] = []
        self.stopped: set[str] = set()
        self.fates: dict[str, str] = {}
        self.paused = False

    # -- what happens

    @rule(seconds=st.sampled_from([0.0, 0.01, 0.1, 0.4, 1.0, 7.0, 40.0, 3600.0]))
    def time_passes(self, seconds: float) -> None:
        until = self.now + seconds
        while (due := self.scheduler.due) is not None and due <= until:
            self.now = max(self.now, due)
            self.carry_out(self.scheduler.tick(self.now))
        self.now = until

    @rule(button=st.sampled_from(["main", "main", *COMMAND_BUTTONS]), kind=st.sampled_from(EdgeKind))
    def edge(self, button: str, kind: EdgeKind) -> None:
        self.carry_out(self.scheduler.edge(Edge(button, kind, self.now)))

    @rule(origin=st.sampled_from([Origin.API, Origin.GATEWAY, Origin.GATEWAY]), look=st.booleans())
    def asked(self, origin: Origin, look: bool) -> None:
        self.numbers += 1
        ask = Ask(f"{origin}-{self.numbers}", "And this?", origin, self.now)
        self.asks[ask.id], self.arrived[ask.id] = ask, self.now
        self.carry_out(self.scheduler.asked(ask, look=look))

    @rule(data=st.data())
    def the_asker_leaves(self, data: st.DataObject) -> None:
        if self.asks:
            self.carry_out(self.scheduler.cancelled(data.draw(st.sampled_from(sorted(self.asks)))))

    @rule(command=st.sampled_from(COMMANDS))
    def commanded(self, command: Command) -> None:
        self.carry_out(self.scheduler.commanded(command, self.now))

    @rule(data=st.data(), broke=st.booleans())
    def an_ask_ends(self, data: st.DataObject, broke: bool) -> None:
        if self.running:
            self.end(data.draw(st.sampled_from(self.running)), broke=broke)

    @rule(at_once=st.sampled_from(AT_ONCE))
    def reloaded(self, at_once: int) -> None:
        self.scheduler.configure(CONFIGS[at_once])
        self.at_once = at_once

    # -- what the runner does

    def end(self, ask_id: str, *, broke: bool) -> None:
        self.running.remove(ask_id)
        ask = self.asks[ask_id]
        self.carry_out(self.scheduler.ended(ask_id, replace(ask, given=ask.given + "more ") if broke else None))

    def carry_out(self, actions: list[Action]) -> None:
        paused_before = self.paused
        for action in actions:
            match action:
                case Pin():
                    assert not paused_before, "a frame is pinned while paused"
                case Start(ask, look):
                    self.started(ask, look=look)
                case Stop(ask_id):
                    assert ask_id in self.running, "a stop for what is not under way"
                    self.stopped.add(ask_id)
                case Refuse(ask, code):
                    assert code in (Code.BUSY, Code.PAUSED, Code.CANCELLED)
                    self.settle(ask.id, "refused")
                case Pause(on):
                    self.paused = on
                    assert not on or set(self.running) <= self.stopped, "an answer goes on while paused"

    def started(self, ask: Ask, *, look: bool) -> None:
        assert not self.paused, "an ask begins while paused"
        wearers = [name for name in self.running if self.asks[name].origin is not Origin.GATEWAY]
        self.settle(ask.id, "started")
        if ask.origin is Origin.GATEWAY:
            assert not wearers, "the gateway goes before the wearer"
            assert len(self.running) < self.at_once, "more of the gateway's than may be under way"
            assert not look
        else:
            assert not wearers, "two of the wearer's at a time"
        if ask.resumes:
            assert self.asks[ask.resumes].prompt == ask.prompt
            assert ask.given
        self.asks[ask.id] = ask
        assert self.resumes_before(ask) <= RESUMES_LIMIT
        self.running.append(ask.id)

    def resumes_before(self, ask: Ask) -> int:
        return 1 + self.resumes_before(self.asks[ask.resumes]) if ask.resumes else 0

    def settle(self, ask_id: str, fate: str) -> None:
        assert ask_id not in self.fates, f"{ask_id} was {self.fates.get(ask_id)}, and now is {fate}"
        self.fates[ask_id] = fate

    # -- what must hold

    @invariant()
    def the_scheduler_knows_what_is_under_way(self) -> None:
        gateways = [name for name in self.running if self.asks[name].origin is Origin.GATEWAY]
        assert self.scheduler.gateway_asks[0] == len(gateways)
        assert self.scheduler.paused == self.paused

    @invariant()
    def lines_are_bounded_and_nobody_of_the_gateway_waits_for_ever(self) -> None:
        waiting = [name for name in self.asks if name not in self.fates]
        gateways = [name for name in waiting if self.asks[name].origin is Origin.GATEWAY]
        assert len(gateways) <= QUEUE_LIMIT_ASKS
        assert len(waiting) - len(gateways) <= QUEUE_LIMIT_ASKS
        assert all(self.now < self.arrived[name] + GATEWAY_WAIT_LIMIT_S for name in gateways)

    def teardown(self) -> None:
        """Once everything that goes on has ended, every ask has its fate, and nothing is left."""
        while self.running:
            self.end(self.running[0], broke=False)
        assert self.scheduler.idle
        assert set(self.asks) <= set(self.fates), "an ask was neither started nor refused"


TestHistories: Callable[[], object] = Histories.TestCase
