"""Gestures that are played instead of made: `glassd press`, the page's buttons, a script."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from glassd.scheduler.gestures import PLAYED_STEP_S, played
from glassd_drivers.contracts import Edge

if TYPE_CHECKING:
    from collections.abc import Callable

    from glassd.config.schema import GestureTimes
    from glassd.config.triggers import Gesture


class Player:
    """Plays gestures, those of one button one after the other. `edge` is told each edge in its time."""

    def __init__(self, edge: Callable[[Edge], None], clock: Callable[[], float]) -> None:
        self._edge = edge
        self._clock = clock
        self._until: dict[str, float] = {}

    def press(self, button: str, gesture: Gesture, there: dict[str, list[Gesture]], gestures: GestureTimes) -> None:
        """Play a gesture's edges, after those that are still being played; ValueError for one that starts nothing.

        `there`: which gestures of which button start something.
        """
        if gesture not in there.get(button, []):
            starts = ", ".join(f"{name} {each}" for name in there for each in there[name]) or "none"
            raise ValueError(f"{button} {gesture} starts nothing; these do: {starts}")
        edges = played(gesture, gestures)
        start = max(self._clock(), self._until.get(button, 0.0))
        for after, kind in edges:
            asyncio.get_running_loop().call_at(start + after, self._edge, Edge(button, kind, start + after))
        self._until[button] = start + edges[-1][0] + gestures.debounce + PLAYED_STEP_S
