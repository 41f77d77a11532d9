"""From a callback of the event loop to one reader: what comes waits, and the oldest gives way to the newest."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Generic, TypeVar

T = TypeVar("T")

DEPTH = 2
"""How many items wait for the reader; past that the oldest is dropped."""


class Newest(Generic[T]):
    """At most `depth` items between one that puts and one that gets, both on the event loop."""

    def __init__(self, depth: int = DEPTH) -> None:
        self._items: deque[T] = deque(maxlen=depth)
        self._error: Exception | None = None
        self._waiter: asyncio.Future[None] | None = None

    def put(self, item: T) -> None:
        """Leave an item for the reader."""
        self._items.append(item)
        self._wake()

    def fail(self, error: Exception) -> None:
        """Have the reader raise this after the items that wait; the first error counts."""
        self._error = self._error or error
        self._wake()

    async def get(self) -> T:
        """Return the oldest item that waits, or the next one that comes."""
        while not self._items:
            if self._error is not None:
                raise self._error
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        return self._items.popleft()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
