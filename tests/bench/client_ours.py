"""The daemon's model client, whole: what `Client.ask` gives the scheduler."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from worker import KEY, MODEL, PROMPT, run

from glassd.answer import Delta, Outcome, OutcomeKind
from glassd.ask import Ask, Origin
from glassd.config.model import Endpoint, Model
from glassd.model.client import Client
from glassd_drivers.contracts import Frame

if TYPE_CHECKING:
    from collections.abc import Callable


class Ours:
    """Asks one endpoint."""

    def __init__(self, url: str, ca: str) -> None:
        self._model = Model(endpoints=[Endpoint(url=url, vision=MODEL, key="bench", ca=ca)])
        self._client: Client | None = None

    async def answer(self, picture: bytes, take: Callable[[str], None]) -> None:
        if self._client is None:
            self._client = await Client(self._model, lambda _: KEY).__aenter__()
        now = time.monotonic()
        pictures = (Frame(picture, "image/jpeg", 1280, 720, now, "bench"),) if picture else ()
        async for event in self._client.ask(Ask("bench", PROMPT, Origin.BUTTON, now, pictures)):
            if isinstance(event, Delta):
                take(event.text)
            elif isinstance(event, Outcome) and event.kind is not OutcomeKind.FINISHED:
                raise ConnectionAbortedError(event)


def main(url: str, ca: str) -> None:
    """Be this client."""
    run(Ours(url, ca))
