"""The scheduler as tests drive it: events by the wearer's words, and the asks under way kept in mind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from glassd.answer import OutcomeKind
from glassd.ask import Ask, Origin
from glassd.config.schema import Config
from glassd.config.triggers import NO_FRAMES
from glassd.scheduler.actions import Action, End, Refuse, Send, Skip, Spend, Start, Stop, Tell
from glassd.scheduler.budget import uncosted
from glassd.scheduler.machine import Scheduler
from glassd_drivers.contracts import Edge, EdgeKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from glassd.config.commands import Command
    from glassd.config.triggers import Busy, Frames
    from glassd.messages.codes import Code
    from glassd.scheduler.budget import Estimate

Trigger = dict[str, Any]


def config(*triggers: Trigger, **sections: Any) -> Config:
    """Return a config with these triggers and sections, and one endpoint."""
    model = {"endpoints": [{"url": "reader"}], "instructions": "Be brief."}
    return Config.model_validate({"model": model, "triggers": triggers, **sections})


class Machine:
    """A scheduler of a config. What it says is returned but for `Spend`, which `spends` keeps."""

    def __init__(self, config: Config, *, paused: bool = False, estimate: Estimate = uncosted) -> None:
        self.scheduler = Scheduler(config, paused=paused, estimate=estimate)
        self.asks: dict[str, Ask] = {}
        self.spends: list[Spend] = []

    def heard(self, actions: list[Action]) -> list[Action]:
        """Take in what the scheduler says."""
        self.asks.update((action.ask.id, action.ask) for action in actions if isinstance(action, Start))
        self.spends += [action for action in actions if isinstance(action, Spend)]
        return [action for action in actions if not isinstance(action, Spend)]

    def down(self, button: str, instant: float) -> list[Action]:
        return self.heard(self.scheduler.edge(Edge(button, EdgeKind.DOWN, instant)))

    def up(self, button: str, instant: float) -> list[Action]:
        return self.heard(self.scheduler.edge(Edge(button, EdgeKind.UP, instant)))

    def press(self, button: str, instant: float) -> list[Action]:
        return self.down(button, instant) + self.up(button, instant + 0.1)

    def hold(self, button: str, instant: float) -> list[Action]:
        """Hold a button until the scheduler has something to say, and let go."""
        actions = self.down(button, instant)
        assert self.scheduler.due is not None
        actions += self.tick(self.scheduler.due)
        return actions + self.up(button, instant + 1.0)

    def tick(self, now: float) -> list[Action]:
        return self.heard(self.scheduler.tick(now))

    def until(self, now: float) -> list[Action]:
        """Let time pass, as the runner does: a tick whenever one is due."""
        actions: list[Action] = []
        while (due := self.scheduler.due) is not None and due <= now:
            actions += self.tick(due)
        return actions

    def asked(
        self, ask: Ask, frames: Frames = NO_FRAMES, *, busy: Busy | None = None, follow_up: bool = True
    ) -> list[Action]:
        return self.heard(self.scheduler.asked(ask, frames, busy=busy, follow_up=follow_up))

    def cancelled(self, ask_id: str) -> list[Action]:
        return self.heard(self.scheduler.cancelled(ask_id))

    def scene_changed(self, instant: float) -> list[Action]:
        return self.heard(self.scheduler.scene_changed(instant))

    def commanded(self, command: Command, now: float) -> list[Action]:
        return self.heard(self.scheduler.commanded(command, now))

    def ended(
        self,
        ask_id: str,
        text: str = "",
        *,
        broke: bool = False,
        code: Code | None = None,
        now: float = 0.0,
        **end: Any,
    ) -> list[Action]:
        """End an ask: with a code as failed, with `broke` as cut off after this text, else as finished."""
        kind = OutcomeKind.CUT_OFF if broke else OutcomeKind.FAILED if code is not None else OutcomeKind.FINISHED
        ask = end.pop("ask", None) or self.asks.get(ask_id) or Ask(ask_id, "?", Origin.BUTTON, now)
        return self.heard(self.scheduler.ended(ask_id, End(ask, kind, code, text, **end), now))


def only_start(actions: Sequence[Action]) -> Ask:
    """Return the one ask that is started."""
    (ask,) = started(actions)
    return ask


def started(actions: Sequence[Action]) -> list[Ask]:
    """Return the asks that are started."""
    return [action.ask for action in actions if isinstance(action, Start)]


def stopped(actions: Sequence[Action]) -> list[str]:
    """Return the asks that are broken off."""
    return [action.ask_id for action in actions if isinstance(action, Stop)]


def refused(actions: Sequence[Action]) -> list[tuple[str, Code]]:
    """Return who is refused, and why."""
    return [(action.ask.id, action.code) for action in actions if isinstance(action, Refuse)]


def skipped(actions: Sequence[Action]) -> list[tuple[str, str]]:
    """Return which triggers asked nothing, and why."""
    return [(action.trigger, action.why) for action in actions if isinstance(action, Skip)]


def sent(actions: Sequence[Action]) -> list[int]:
    """Return the items of the outbox that are sent."""
    return [action.item for action in actions if isinstance(action, Send)]


def told(actions: Sequence[Action]) -> list[Code]:
    """Return what the wearer is told beside what stands on the display."""
    return [action.code for action in actions if isinstance(action, Tell)]
