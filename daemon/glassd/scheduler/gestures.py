"""Edges to gestures: what a run of a button's edges means.

A gesture is decided as early as the mapping allows (`decided` is that rule). Where only `press` is mapped on a button,
the down edge itself is the press; where `long` is mapped too, the release decides; where `double` is mapped too, the
time in which a second click may come has to pass. The instant of a gesture is always its first down edge.

Pure: edges and the time go in, gestures come out. A button's contact bounce is cut off in front: the first edge counts
at once, and what the contacts do within `debounce` after it counts only by where they come to rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from glassd.scheduler.timers import Timers
from glassd_drivers.contracts import Edge, EdgeKind

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from glassd.config.schema import GestureTimes
    from glassd.config.triggers import Gesture

PLAYED_STEP_S = 0.02
"""Seconds between two edges of a played gesture, above the debounce: as fast as counts."""
_CLICKS: Mapping[int, Gesture] = {1: "press", 2: "double", 3: "triple"}
CLICKS: Mapping[Gesture, int] = {gesture: clicks for clicks, gesture in _CLICKS.items()}
"""How often a button is pressed for a gesture; a `long` is none of them."""


class Decided(Struct, frozen=True):
    """When a gesture is known: `wait` seconds after the last edge of this kind that belongs to it."""

    by: EdgeKind
    wait: float = 0.0


def decided(gesture: Gesture, mapped: Collection[Gesture], times: GestureTimes) -> Decided:
    """Return when a gesture is known on a button on which these are mapped."""
    if gesture == "long":
        return Decided(EdgeKind.DOWN, times.long)
    clicks = CLICKS[gesture]
    if clicks < most_clicks(mapped):
        return Decided(EdgeKind.UP, times.double)
    return Decided(EdgeKind.UP if clicks == 1 and "long" in mapped else EdgeKind.DOWN)


def most_clicks(mapped: Collection[Gesture]) -> int:
    """Return how many clicks the longest run of them has that means something."""
    return max((clicks for clicks, gesture in _CLICKS.items() if gesture in mapped), default=0)


class Began(Struct, frozen=True):
    """A gesture has begun on a button that means something: the frame of `instant` may be wanted."""

    button: str
    instant: float


class Made(Struct, frozen=True):
    """A gesture is complete."""

    button: str
    gesture: Gesture
    instant: float


class Dropped(Struct, frozen=True):
    """What had begun at `instant` turned out to mean nothing."""

    button: str
    instant: float


GestureEvent = Began | Made | Dropped


def played(gesture: Gesture, times: GestureTimes) -> list[tuple[float, EdgeKind]]:
    """Return the edges that make a gesture, each with its seconds from the first: for a press from the shell."""
    down, up = EdgeKind.DOWN, EdgeKind.UP
    if gesture == "long":
        return [(0.0, down), (times.long + times.debounce, up)]
    step = times.debounce + PLAYED_STEP_S
    return [(step * i, up if i % 2 else down) for i in range(2 * CLICKS[gesture])]


class Gestures:
    """All buttons' gestures. `mapped` names the gestures that mean something, button by button.

    What an edge or a tick costs does not depend on how many buttons there are: those that wait for a time wait in a
    heap.
    """

    def __init__(self, times: GestureTimes, mapped: Mapping[str, frozenset[Gesture]]) -> None:
        self._buttons = {name: _Button(name, times, gestures) for name, gestures in mapped.items() if gestures}
        self._timers: Timers[str] = Timers()

    def edge(self, edge: Edge) -> list[GestureEvent]:
        """Return what an edge completes or begins; an edge of a button that means nothing gives nothing."""
        button = self._buttons.get(edge.button)
        if button is None:
            return []
        events: list[GestureEvent] = []
        button.advance(edge.instant, events)
        button.edge(edge, events)
        self._timers.set(button.name, button.due)
        return events

    def advance(self, now: float) -> list[GestureEvent]:
        """Return what the passing of time completes."""
        events: list[GestureEvent] = []
        while (name := self._timers.take(now)) is not None:
            button = self._buttons[name]
            button.advance(now, events)
            self._timers.set(name, button.due)
        return events

    @property
    def due(self) -> float | None:
        """When `advance` has something to say next, should no edge come before."""
        return self._timers.due

    @property
    def under_way(self) -> list[float]:
        """The instants of those that have begun and of which it is still open what they mean."""
        return [each.began for each in self._buttons.values() if each.began is not None and not each.decided]


class _Button:
    """One button: where its contacts stand, and how far its gesture has come."""

    def __init__(self, name: str, times: GestureTimes, mapped: frozenset[Gesture]) -> None:
        self.name = name
        self.began: float | None = None  # the first down edge of the gesture under way
        self.decided = False  # the gesture under way has been reported; its release still has to come
        self._mapped = mapped
        self._debounce = times.debounce
        self._long = decided("long", mapped, times).wait if "long" in mapped else None
        known = range(1, max(1, most_clicks(mapped)) + 1)
        self._after = [decided(_CLICKS[clicks], mapped, times) for clicks in known]  # when what so many make is known
        self._raw_down = False
        self._raw_instant = 0.0
        self._down = False
        self._settled_at: float | None = None  # until then the contacts may still bounce
        self._clicks = 0
        self._deadline: float | None = None

    @property
    def due(self) -> float | None:
        if self._settled_at is None or (self._deadline is not None and self._deadline < self._settled_at):
            return self._deadline
        return self._settled_at

    def edge(self, edge: Edge, events: list[GestureEvent]) -> None:
        if edge.kind is EdgeKind.LOST:
            self._raw_down = self._down = False
            self._settled_at = None
            self._give_up(events)
            return
        self._raw_down, self._raw_instant = edge.kind is EdgeKind.DOWN, edge.instant
        if self._settled_at is None:
            self._settle(edge.instant, events)

    def advance(self, now: float, events: list[GestureEvent]) -> None:
        while (due := self.due) is not None and due <= now:
            if self._settled_at == due:
                self._settled_at = None
                self._settle(self._raw_instant, events)
            else:
                self._deadline = None
                self._time_out(events)

    def _settle(self, instant: float, events: list[GestureEvent]) -> None:
        """Take over where the contacts stand, if that is a change."""
        if self._raw_down == self._down:
            return
        self._down = self._raw_down
        self._settled_at = instant + self._debounce
        if self._down:
            self._pressed(instant, events)
        else:
            self._released(instant, events)

    def _pressed(self, instant: float, events: list[GestureEvent]) -> None:
        if self.began is None:
            self.began, self._clicks, self.decided = instant, 0, False
            events.append(Began(self.name, instant))
        self._clicks += 1
        self._deadline = None
        if self._long is not None and self._clicks == 1:
            self._deadline = instant + self._long
        elif self._after[self._clicks - 1].by is EdgeKind.DOWN:
            self._decide(_CLICKS.get(self._clicks), events)

    def _released(self, instant: float, events: list[GestureEvent]) -> None:
        self._deadline = None
        if self.decided:
            self.began = None
        elif not (wait := self._after[self._clicks - 1].wait):
            self._decide(_CLICKS.get(self._clicks), events)
            self.began = None
        else:
            self._deadline = instant + wait

    def _time_out(self, events: list[GestureEvent]) -> None:
        if self._down:
            self._decide("long", events)
        else:
            self._decide(_CLICKS.get(self._clicks), events)
            self.began = None

    def _decide(self, gesture: Gesture | None, events: list[GestureEvent]) -> None:
        if self.began is None:
            return
        self.decided = True
        if gesture is not None and gesture in self._mapped:
            events.append(Made(self.name, gesture, self.began))
        else:
            events.append(Dropped(self.name, self.began))

    def _give_up(self, events: list[GestureEvent]) -> None:
        if self.began is not None and not self.decided:
            events.append(Dropped(self.name, self.began))
        self.began, self._deadline, self._clicks = None, None, 0
