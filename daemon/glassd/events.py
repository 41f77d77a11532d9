"""What happens, told to whoever listens: screens, device states, asks. Nobody who listens can hold anything up."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

BACKLOG_LIMIT_EVENTS = 256
"""Events kept for a listener that is slow. Past that the oldest are dropped, and it is told how many."""

Event = dict[str, Any]
"""A JSON object with its kind under `event`."""


class Subscription:
    """One listener's bounded backlog: an endless iterator over events."""

    def __init__(self) -> None:
        self._backlog: deque[Event] = deque(maxlen=BACKLOG_LIMIT_EVENTS)
        self._dropped = 0
        self._came = asyncio.Event()

    def put(self, event: Event) -> None:
        """Take an event; never waits."""
        self._dropped += len(self._backlog) == BACKLOG_LIMIT_EVENTS
        self._backlog.append(event)
        self._came.set()

    async def __aiter__(self) -> AsyncIterator[Event]:
        while True:
            await self._came.wait()
            self._came.clear()
            if self._dropped:
                dropped, self._dropped = self._dropped, 0
                yield {"event": "dropped", "count": dropped}
            while self._backlog:
                yield self._backlog.popleft()


class Bus:
    """One publisher's side for all listeners."""

    def __init__(self) -> None:
        self._subscriptions: set[Subscription] = set()

    def publish(self, event: Event) -> None:
        """Hand an event to every listener; never waits."""
        for subscription in self._subscriptions:
            subscription.put(event)

    @contextmanager
    def subscribe(self) -> Iterator[Subscription]:
        """Listen for as long as this is entered."""
        subscription = Subscription()
        self._subscriptions.add(subscription)
        try:
            yield subscription
        finally:
            self._subscriptions.discard(subscription)
