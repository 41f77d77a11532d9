"""The triggers of the config in force: found by their events, each with what is remembered of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from glassd.ask import Origin
from glassd.config.fields import SCENE_CHANGE
from glassd.config.triggers import At, AtStart, Busy, ButtonEvent, Every, SceneChange
from glassd.scheduler.actions import Skip

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from glassd.config.triggers import Event, Gesture, Trigger

SKIP_QUIET_S = 60.0
"""How long the same reason of one trigger is not told again."""
REPLACE, QUEUE, IGNORE = Busy(how="replace"), Busy(how="queue"), Busy(how="ignore")
AUTOMATIC = frozenset((Origin.SCENE, Origin.INTERVAL, Origin.TIME, Origin.START))
"""Whose asks nobody has asked for just now: nobody is told why one is not asked."""
BUSY = {Origin.BUTTON: REPLACE, Origin.API: QUEUE, Origin.CLI: QUEUE, Origin.GATEWAY: QUEUE}
_ORIGINS = {ButtonEvent: Origin.BUTTON, SceneChange: Origin.SCENE, Every: Origin.INTERVAL, At: Origin.TIME}


class Armed:
    """One trigger, with when it last asked or did something, and why it last did not."""

    def __init__(self, trigger: Trigger) -> None:
        self.trigger = trigger
        self.event = str(trigger.when)
        self.origin = _ORIGINS.get(type(trigger.when), Origin.START)
        self.frames = trigger.takes
        self.busy = trigger.busy or BUSY.get(self.origin, IGNORE)
        self.acted_at: float | None = None
        self._skipped: dict[str, float] = {}  # the reasons, and when each was last told

    def cools(self, instant: float) -> bool:
        """Tell whether it is too soon for it."""
        return self.acted_at is not None and instant < self.acted_at + self.trigger.cooldown

    def acted(self, instant: float) -> None:
        """It asks or does something now."""
        self.acted_at = instant

    def skipped(self, why: str, instant: float) -> list[Skip]:
        """It asks nothing now: told once a minute for each reason."""
        told_at = self._skipped.get(why)
        if told_at is not None and abs(instant - told_at) < SKIP_QUIET_S:
            return []
        self._skipped[why] = instant
        return [Skip(self.event, why, instant)]

    def take_over(self, before: Armed) -> None:
        """Remember what is known of the same one under the config before."""
        self.acted_at, self._skipped = before.acted_at, before._skipped


class Triggers:
    """All triggers. Of several for one event the order in the file counts."""

    def __init__(self, triggers: Iterable[Trigger], before: Triggers | None = None) -> None:
        self._of: dict[str, list[Armed]] = {}
        self._of_gesture: dict[tuple[str, Gesture], list[Armed]] = {}
        events: dict[str, Event] = {}
        for trigger in triggers:
            armed = Armed(trigger)
            same = self._of.setdefault(armed.event, [])
            if before is not None and len(known := before.of(armed.event)) > len(same):
                armed.take_over(known[len(same)])
            same.append(armed)
            events[armed.event] = trigger.when
            if isinstance(trigger.when, ButtonEvent):
                self._of_gesture[trigger.when.button, trigger.when.gesture] = same
        self.intervals = {name: event.seconds for name, event in events.items() if isinstance(event, Every)}
        """Seconds, by their events."""
        self.times = {name: event.minute for name, event in events.items() if isinstance(event, At)}
        """Minutes of the day, by their events."""
        self.starts = [name for name, event in events.items() if isinstance(event, AtStart)]
        self.mapped = _mapped(self._of_gesture)
        """Which gestures start something, button by button."""
        self.main = next((armed for armed in self._all() if armed.origin is Origin.BUTTON and armed.trigger.ask), None)
        """The first button's that asks something."""
        facts = {one.fact for armed in self._all() for one in armed.trigger.condition}
        self.watch_network = "online" in facts
        """Whether one of them waits for the network."""
        self.wait_for_date = bool(self.times) or "between" in facts
        """Whether one of them waits for a time of the day."""
        self.watch_scene = "scene changed" in facts or SCENE_CHANGE in self._of
        """Whether one of them waits for another scene."""

    def of(self, event: str) -> Sequence[Armed]:
        """Return the triggers of an event, as the config words it."""
        return self._of.get(event, ())

    def of_gesture(self, button: str, gesture: Gesture) -> Sequence[Armed]:
        """Return the triggers of a gesture."""
        return self._of_gesture.get((button, gesture), ())

    def _all(self) -> Iterator[Armed]:
        return (armed for same in self._of.values() for armed in same)


def _mapped(events: Iterable[tuple[str, Gesture]]) -> Mapping[str, frozenset[Gesture]]:
    mapped: dict[str, set[Gesture]] = {}
    for button, gesture in events:
        mapped.setdefault(button, set()).add(gesture)
    return {button: frozenset(gestures) for button, gestures in mapped.items()}
