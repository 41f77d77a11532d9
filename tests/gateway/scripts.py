"""Responders with a script, for tests of the gateway's server side."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from glassd.answer import Delta, Outcome, OutcomeKind
from manual import STREAM_DELTAS, STREAM_USAGE

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from glassd.answer import AnswerEvent
    from glassd.ask import Ask

FINISHED = Outcome(OutcomeKind.FINISHED, text="".join(STREAM_DELTAS), finish_reason="stop", usage=STREAM_USAGE)
THE_MANUALS: Sequence[AnswerEvent] = [*map(Delta, STREAM_DELTAS), FINISHED]


class Script:
    """A responder that gives the events it was made with; an exception among them is raised."""

    def __init__(
        self, events: Sequence[AnswerEvent | Exception] = (), models: Sequence[str] = ("any", "qwen-plus")
    ) -> None:
        self.asks: list[Ask] = []
        self._events = events
        self._models = list(models)

    def models(self) -> list[str]:
        return self._models

    async def answer(self, ask: Ask) -> AsyncGenerator[AnswerEvent]:
        self.asks.append(ask)
        for event in self._events:
            if isinstance(event, Exception):
                raise event
            yield event


class Stepwise(Script):
    """A responder that says one word a permit, and knows when it was stopped."""

    def __init__(self) -> None:
        super().__init__()
        self.permits = asyncio.Semaphore(0)
        self.started = asyncio.Event()
        self.stopped = asyncio.Event()

    async def answer(self, ask: Ask) -> AsyncGenerator[AnswerEvent]:
        self.asks.append(ask)
        self.started.set()
        try:
            while True:
                await self.permits.acquire()
                yield Delta("word ")
        finally:
            self.stopped.set()
