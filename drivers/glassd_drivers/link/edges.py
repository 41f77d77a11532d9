"""A button's edges, each told once, with its instant and the count of those that never came (section 5)."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

from glassd_drivers.link.events import Device, EdgeSeen, EdgesHad, Event

if TYPE_CHECKING:
    from glassd_drivers.link.clock import Clock
    from glassd_drivers.link.messages import Edge

HELD: Final = 64
"""Edges that wait for the clock to be known; more are not acknowledged."""
_BEHIND: Final = 192
"""An edge's number is an old one's if it is the last one's, or behind it by 64 at most: no device keeps more …"""
_HALF_OF_TIME: Final = 1 << 31
"""… and if it is not later than the last one either, for the numbers of many edges come round."""


class Edges:
    """Takes the edges of one session in their order. `had` is the last one, of this session or of one before."""

    def __init__(self, device: Device, had: EdgesHad | None, clock: Clock, events: list[Event]) -> None:
        self.had = had
        self._device = device
        self._clock = clock
        self._events = events
        self._held: deque[Edge] = deque()

    @property
    def full(self) -> bool:
        """Whether no edge can be taken."""
        return len(self._held) >= HELD

    def take(self, edge: Edge, now: float) -> None:
        """Take the next edge."""
        self._held.append(edge)
        if self._clock.known:
            self.tell(now)

    def tell(self, now: float) -> None:
        """Tell those that are held: the clock is known, or will never be. They are acknowledged and come only once."""
        while self._held:
            edge = self._held.popleft()
            missed = self._missed_before(edge)
            if missed is None:
                continue
            self.had = EdgesHad(self._device.boot, edge.number, edge.time)
            if edge.button < len(self._device.buttons):
                instant = self._clock.instant(edge.time, now)
                self._events.append(EdgeSeen(edge.button, bool(edge.down), instant, edge.number, missed))

    def _missed_before(self, edge: Edge) -> int | None:
        """Return how many between the last edge and this one never came; None if this one was had."""
        if self.had is None or self.had.boot != self._device.boot:
            return 0
        step = (edge.number - self.had.number) & 0xFF
        later = (edge.time - self.had.time) & 0xFFFF_FFFF
        if (step == 0 or step >= _BEHIND) and (later == 0 or later >= _HALF_OF_TIME):
            return None
        return (step - 1) & 0xFF
