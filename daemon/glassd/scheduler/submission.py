"""What comes back for an ask that somebody submitted, until its submitter takes it.

Each event is handed on as it came. A submitter that is far behind gets the text that it missed joined: nothing waits
for it, and what waits is bounded by `BEHIND_LIMIT_EVENTS` and the length of the answer, which the model client bounds.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

from glassd.answer import AnswerEvent, Delta, Outcome, Reasoning

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

BEHIND_LIMIT_EVENTS = 256
"""Events that wait one by one, above what comes in one read of a fast stream; what comes past them is joined."""


class Submission:
    """One submitter's side of an ask: an iterator over its events that ends with the outcome."""

    def __init__(self) -> None:
        self._events: deque[AnswerEvent] = deque()
        self._behind: dict[type[Delta | Reasoning], list[str]] = {}  # never without events before it
        self._came = asyncio.Event()
        self.complete = False
        """Whether the outcome has been taken."""

    def put(self, event: AnswerEvent) -> None:
        """Take an event; never waits."""
        if isinstance(event, Delta | Reasoning) and (self._behind or len(self._events) >= BEHIND_LIMIT_EVENTS):
            self._behind.setdefault(type(event), []).append(event.text)
        else:
            self._queue_joined()
            self._events.append(event)
            self._came.set()

    async def __aiter__(self) -> AsyncIterator[AnswerEvent]:
        while not self.complete:
            await self._came.wait()
            self._came.clear()
            while self._events:
                event = self._events.popleft()
                if not self._events:
                    self._queue_joined()
                self.complete = isinstance(event, Outcome)
                yield event

    def _queue_joined(self) -> None:
        self._events.extend(kind("".join(texts)) for kind, texts in self._behind.items())
        self._behind.clear()
