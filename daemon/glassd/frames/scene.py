"""Scene change: whether the wearer has come to look at something else, as a measured signal for the scheduler.

A change is told once the view is another than the one told last and has come to rest again: that is the moment in
which a wearer wants to hear of it. While it moves (a walk, a turn of the head, a hand that passes) nothing is told, and
a view that comes back has not changed.

Pure: what is kept of a frame and its instant go in, a yes or a no comes out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from glassd.frames.glance import difference

if TYPE_CHECKING:
    from glassd.frames.glance import Glance

STILL: Final = 0.04
"""Share of the view that may differ from one glance to the next while it is at rest. Below that of a change, so that
what has just begun to change is not at rest."""
CHANGED: Final = 0.06
"""Share of the view that makes another one of it. Measured on clips (docs/scene.md): lights, noise and a restless head
stay at or below 0.02, a person who enters makes 0.08 and more, another page 0.2, another place 0.5."""
SETTLE_S: Final = 1.5
"""How long another view has to be at rest until it is told."""
APART_S: Final = 10.0
"""Seconds from one change to the next at least; one that comes sooner waits, and is told if it is still there then."""
GAP_S: Final = 2.0
"""Seconds without a glance after which nobody knows whether the view was at rest."""


class Scene:
    """What is known of the view. Glances come with their frames' instants, in seconds."""

    def __init__(self) -> None:
        self._told: Glance | None = None  # the view of the last change, or the first one that was at rest
        self._told_at: float | None = None
        self._last: tuple[Glance, float] | None = None
        self._another_since: float | None = None  # at rest, and another than the one told

    def see(self, view: Glance, instant: float) -> bool:
        """Take a glance; return whether the scene has changed, and is at rest again, as of this one."""
        still = self._still(view, instant)
        self._last = view, instant
        if not still or view.blank or (self._told is not None and difference(self._told, view) < CHANGED):
            self._another_since = None
            return False
        if self._another_since is None:
            self._another_since = instant
        if instant - self._another_since < SETTLE_S or (
            self._told_at is not None and instant - self._told_at < APART_S
        ):
            return False
        first, self._told, self._another_since = self._told is None, view, None
        if not first:
            self._told_at = instant
        return not first

    def _still(self, view: Glance, instant: float) -> bool:
        if self._last is None:
            return False
        last, at = self._last
        return 0 < instant - at <= GAP_S and difference(last, view) < STILL
