"""In front of the gestures: presses that a touch pad makes beside the one that was meant.

One swipe may be seen as RIGHT and then as DOWN, or twice as RIGHT. A rule of the config names such an echo: a press of
`seen_as` that begins within a time of a press of `of`. It means nothing, and its release goes with it. An echo is no
press of its own and has no echoes, so a button that repeats for ever still counts once each time.

The instants decide, not the order in which edges of two buttons arrive; of two at the same instant, the first to
arrive. Nothing waits for a press that may still arrive: should that one be late, its echo went on, and is taken back as
a button that was lost. Where the echo has asked something by then, as a press without any delay does at once, that
stands.

Pure: edges go in, those that count come out in their order, never one whose press did not.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from msgspec import Struct, field

from glassd_drivers.contracts import Edge, EdgeKind

if TYPE_CHECKING:
    from glassd.config.schema import GestureTimes

PRESSES_KEPT = 8
"""The last presses of a button that a late edge of another one is compared with."""


class Echoes:
    """The rules of a config over all buttons; those that no rule names pass untouched."""

    def __init__(self, times: GestureTimes) -> None:
        self._debounce = times.debounce
        self._buttons = {name: _Button() for rule in times.echoes for name in (rule.of, rule.seen_as)}
        for rule in times.echoes:
            self._buttons[rule.seen_as].echo_of.append((rule.of, rule.within))
            if rule.of != rule.seen_as:
                self._buttons[rule.of].echoes.append((rule.seen_as, rule.within))

    def edge(self, edge: Edge) -> list[Edge]:
        """Return what counts of an edge: itself or nothing, behind the loss of each echo that it makes one."""
        button = self._buttons.get(edge.button)
        if button is None:
            return [edge]
        if edge.kind is EdgeKind.LOST:
            button.down, button.changed = False, None
            return [edge]
        bounced = button.changed is not None and edge.instant - button.changed < self._debounce
        begins = edge.kind is EdgeKind.DOWN and not button.down and not bounced
        button.down, button.changed = edge.kind is EdgeKind.DOWN, edge.instant
        if not begins:
            return [] if button.muted else [edge]
        button.muted = self._is_echo(button, edge.instant)
        if button.muted:
            return []
        button.presses.append(edge.instant)
        return [*self._taken_back(button, edge.instant), edge]

    def _is_echo(self, button: _Button, instant: float) -> bool:
        return any(
            0 <= instant - press <= within for of, within in button.echo_of for press in self._buttons[of].presses
        )

    def _taken_back(self, button: _Button, instant: float) -> list[Edge]:
        """Return the losses of those echoes of this press that arrived before it."""
        lost = []
        for name, within in button.echoes:
            echo = self._buttons[name]
            if not echo.muted and echo.presses and 0 < echo.presses[-1] - instant <= within:
                echo.muted = True
                lost.append(Edge(name, EdgeKind.LOST, echo.presses.pop()))
        return lost


class _Button(Struct):
    """One button that a rule names: where its contacts stand, and what became of its presses."""

    down: bool = False
    changed: float | None = None  # its last edge: what comes within the debounce belongs to the same press
    muted: bool = False  # the press under way, or the last one, is an echo
    presses: deque[float] = field(default_factory=lambda: deque(maxlen=PRESSES_KEPT))
    echo_of: list[tuple[str, float]] = field(default_factory=list)
    echoes: list[tuple[str, float]] = field(default_factory=list)
