"""What happens, told to whoever listens: screens, device states, asks. Nobody who listens can hold anything up.

An event is encoded once, however many listen. What grows while an answer streams, its text and the screens of it, is
told every PACE_S at most: the first of it at once, then the sum or the newest.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

BACKLOG_LIMIT_EVENTS: Final = 256
"""Events kept for a listener that is slow. Past that the oldest are dropped, and it is told how many."""
BACKLOG_LIMIT_BYTES: Final = 512 * 1024
"""The same in bytes of JSON. The events are the listeners' in common, so many slow ones take little more than one."""
PACE_S: Final = 0.05
"""How long what grows may wait: below the interval of any display."""

Facts = dict[str, Any]
"""A JSON object with its kind under `event`."""


class Event:
    """One event, in each form that somebody listens in; made on first use, then everybody's."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.json = msgspec.json.encode(facts)

    @cached_property
    def line(self) -> bytes:
        """It as a line of JSON."""
        return self.json + b"\n"

    @cached_property
    def message(self) -> bytes:
        """It as a server-sent event (HTML, section 9.2.6): its kind, and all of it as data; JSON has no line ends."""
        return b"event: %b\ndata: %b\n\n" % (str(self.facts["event"]).encode(), self.json)


class Subscription:
    """One listener's bounded backlog."""

    def __init__(self) -> None:
        self._backlog: deque[Event] = deque()
        self._bytes = 0
        self._dropped = 0
        self._came = asyncio.Event()
        self._ended = False

    def put(self, event: Event) -> None:
        """Take an event; never waits."""
        self._backlog.append(event)
        self._bytes += len(event.json)
        while len(self._backlog) > BACKLOG_LIMIT_EVENTS or self._bytes > BACKLOG_LIMIT_BYTES:
            self._bytes -= len(self._backlog.popleft().json)
            self._dropped += 1
        self._came.set()

    def end(self) -> None:
        """Let whoever listens have what is there, and no more."""
        self._ended = True
        self._came.set()

    async def batch(self) -> list[Event]:
        """Return what has happened since, oldest first, once there is something; nothing once it has ended."""
        if not self._ended:
            await self._came.wait()
        self._came.clear()
        batch = [Event({"event": "dropped", "count": self._dropped})] if self._dropped else []
        batch += self._backlog
        self._backlog.clear()
        self._bytes = self._dropped = 0
        return batch

    async def __aiter__(self) -> AsyncIterator[Facts]:
        while not self._ended:
            await self._came.wait()
            self._came.clear()
            if self._dropped:
                dropped, self._dropped = self._dropped, 0
                yield {"event": "dropped", "count": dropped}
            while self._backlog:
                event = self._backlog.popleft()
                self._bytes -= len(event.json)
                yield event.facts


def newer(_before: Facts, after: Facts) -> Facts:
    """Of two of a kind the later one is enough."""
    return after


class Bus:
    """One publisher's side for all listeners."""

    def __init__(self) -> None:
        self._subscriptions: set[Subscription] = set()
        self._waiting: dict[str, Facts] = {}
        self._timer: asyncio.TimerHandle | None = None

    @property
    def listened(self) -> bool:
        """Whether anybody listens: if not, an event need not even be put together."""
        return bool(self._subscriptions)

    def publish(self, facts: Facts) -> None:
        """Hand an event to every listener, after what waits; never waits."""
        self.hurry()
        self._tell(facts)

    def publish_soon(self, of: str, facts: Facts, merge: Callable[[Facts, Facts], Facts] = newer) -> None:
        """Hand on an event of something that grows, `of`: at once or, soon after another, merged with what waits."""
        if not self._subscriptions:
            return
        if self._timer is None:
            self._tell(facts)
            self._timer = asyncio.get_running_loop().call_later(PACE_S, self._turn)
        else:
            before = self._waiting.get(of)
            self._waiting[of] = facts if before is None else merge(before, facts)

    def hurry(self) -> None:
        """Hand on what waits."""
        waiting, self._waiting = self._waiting, {}
        for facts in waiting.values():
            self._tell(facts)

    @contextmanager
    def subscribe(self) -> Iterator[Subscription]:
        """Listen for as long as this is entered."""
        self.hurry()  # it belongs to those who have listened before
        subscription = Subscription()
        self._subscriptions.add(subscription)
        try:
            yield subscription
        finally:
            self._subscriptions.discard(subscription)

    def _turn(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(PACE_S, self._turn) if self._waiting else None
        self.hurry()

    def _tell(self, facts: Facts) -> None:
        if self._subscriptions:
            event = Event(facts)
            for subscription in self._subscriptions:
                subscription.put(event)
