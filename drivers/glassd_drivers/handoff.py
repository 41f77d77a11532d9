"""From what reads a source (a task, a callback) to the task that uses it: newest wins, within the event loop."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Generic, TypeVar

HANDOFF_ITEMS = 2
"""How many items wait for the reader; past that the oldest is dropped for the newest."""

T = TypeVar("T")


class Handoff(Generic[T]):
    """A bounded way to one task. A reader that is late misses the older items, and then hears of the end."""

    def __init__(self, depth: int = HANDOFF_ITEMS) -> None:
        self._items: deque[T] = deque(maxlen=depth)
        self._error: BaseException | None = None
        self._came = asyncio.Event()

    def put(self, item: T) -> None:
        """Hand an item over; never waits."""
        self._items.append(item)
        self._came.set()

    def clear(self) -> None:
        """Forget what still waits."""
        self._items.clear()

    def end(self, error: BaseException) -> None:
        """Have the reader raise `error` after what still waits; the first end counts."""
        self._error = self._error or error
        self._came.set()

    async def get(self) -> T:
        """Return the oldest item that still waits, as soon as there is one; raise what `end` was given."""
        while not self._items:
            if self._error is not None:
                raise self._error
            self._came.clear()
            await self._came.wait()
        return self._items.popleft()
