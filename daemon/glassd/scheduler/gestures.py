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

from glassd_drivers.contracts import Edge, EdgeKind

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

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
    """All buttons' gestures. `mapped` names the gestures that mean something, button by button."""

    def __init__(self, times: GestureTimes, mapped: Mapping[str, frozenset[Gesture]]) -> None:
        self._buttons = {name: _Button(name, times, gestures) for name, gestures in mapped.items() if gestures}

    def edge(self, edge: Edge) -> list[GestureEvent]:
        """Return what an edge completes or begins; an edge of a button that means nothing gives nothing."""
        button = self._buttons.get(edge.button)
        return [] if button is None else [*button.advance(edge.instant), *button.edge(edge)]

    def advance(self, now: float) -> list[GestureEvent]:
        """Return what the passing of time completes."""
        return [event for button in self._buttons.values() for event in button.advance(now)]

    @property
    def due(self) -> float | None:
        """When `advance` has something to say next, should no edge come before."""
        return min((due for button in self._buttons.values() if (due := button.due) is not None), default=None)


class _Button(Struct):
    """One button: where its contacts stand, and how far its gesture has come."""

    name: str
    times: GestureTimes
    mapped: frozenset[Gesture]
    raw_down: bool = False
    raw_instant: float = 0.0
    down: bool = False
    settled_at: float | None = None  # until then the contacts may still bounce
    began: float | None = None  # the first down edge of the gesture under way
    clicks: int = 0
    decided: bool = False  # the gesture under way has been reported; its release still has to come
    deadline: float | None = None
    after: tuple[Decided, ...] = ()  # a first click, a second one …: when what they make is known

    def __post_init__(self) -> None:
        known = range(1, max(1, most_clicks(self.mapped)) + 1)
        self.after = tuple(decided(_CLICKS[clicks], self.mapped, self.times) for clicks in known)

    @property
    def due(self) -> float | None:
        return min((t for t in (self.settled_at, self.deadline) if t is not None), default=None)

    def edge(self, edge: Edge) -> Iterator[GestureEvent]:
        if edge.kind is EdgeKind.LOST:
            self.raw_down = self.down = False
            self.settled_at = None
            yield from self._give_up()
            return
        self.raw_down, self.raw_instant = edge.kind is EdgeKind.DOWN, edge.instant
        if self.settled_at is None:
            yield from self._settle(edge.instant)

    def advance(self, now: float) -> Iterator[GestureEvent]:
        while (due := self.due) is not None and due <= now:
            if self.settled_at == due:
                self.settled_at = None
                yield from self._settle(self.raw_instant)
            else:
                self.deadline = None
                yield from self._time_out()

    def _settle(self, instant: float) -> Iterator[GestureEvent]:
        """Take over where the contacts stand, if that is a change."""
        if self.raw_down == self.down:
            return
        self.down = self.raw_down
        self.settled_at = instant + self.times.debounce
        yield from self._pressed(instant) if self.down else self._released(instant)

    def _pressed(self, instant: float) -> Iterator[GestureEvent]:
        if self.began is None:
            self.began, self.clicks, self.decided = instant, 0, False
            yield Began(self.name, instant)
        self.clicks += 1
        self.deadline = None
        if "long" in self.mapped and self.clicks == 1:
            self.deadline = instant + decided("long", self.mapped, self.times).wait
        elif self.after[self.clicks - 1].by is EdgeKind.DOWN:
            yield from self._decide()

    def _released(self, instant: float) -> Iterator[GestureEvent]:
        self.deadline = None
        if self.decided:
            self.began = None
        elif not (wait := self.after[self.clicks - 1].wait):
            yield from self._decide()
            self.began = None
        else:
            self.deadline = instant + wait

    def _time_out(self) -> Iterator[GestureEvent]:
        if self.down:
            yield from self._decide("long")
        else:
            yield from self._decide()
            self.began = None

    def _decide(self, gesture: Gesture | None = None) -> Iterator[GestureEvent]:
        if self.began is None:
            return
        self.decided = True
        gesture = gesture or _CLICKS.get(self.clicks)
        if gesture in self.mapped:
            yield Made(self.name, gesture, self.began)
        else:
            yield Dropped(self.name, self.began)

    def _give_up(self) -> Iterator[GestureEvent]:
        if self.began is not None and not self.decided:
            yield Dropped(self.name, self.began)
        self.began, self.deadline, self.clicks = None, None, 0
