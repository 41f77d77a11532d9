"""Instants by name, the earliest first: setting one and finding the next cost the same however many there are.

A heap in which an instant that was set anew leaves its old place behind; those are passed over when they come up, and
swept out once they are most of it.
"""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from typing import Generic, TypeVar

Name = TypeVar("Name")
STALE_LIMIT = 64
"""Old places that are kept beyond as many as there are names."""


class Timers(Generic[Name]):
    """What is due when."""

    def __init__(self) -> None:
        # (when, which setting it was, name): of one instant, who was set first comes first, and names are not compared.
        self._places: dict[Name, tuple[float, int, Name]] = {}
        self._heap: list[tuple[float, int, Name]] = []
        self._number = 0

    def set(self, name: Name, at: float | None) -> None:
        """Have a name due at an instant instead of whenever it was; None: not at all."""
        if at is None:
            self._places.pop(name, None)
            return
        before = self._places.get(name)
        if before is not None and before[0] == at:
            return
        self._number += 1
        place = self._places[name] = (at, self._number, name)
        heappush(self._heap, place)
        if len(self._heap) > 2 * len(self._places) + STALE_LIMIT:
            self._heap = [*self._places.values()]
            heapify(self._heap)

    @property
    def due(self) -> float | None:
        """When the first is due, None where nothing is."""
        heap, places = self._heap, self._places
        while heap:
            first = heap[0]
            if places.get(first[2]) is first:
                return first[0]
            heappop(heap)
        return None

    def take(self, now: float) -> Name | None:
        """Take out the first that is due by now, None where none is."""
        due = self.due
        if due is None or due > now:
            return None
        name = heappop(self._heap)[2]
        del self._places[name]
        return name
