"""What is remembered of asks that have ended, told once it is whole: to the journal, and to whoever listens."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from glassd.answer import Outcome
    from glassd.ask import Ask
    from glassd.record import AskRecord
    from glassd.scheduler.boxes import Boxes
    from glassd.scheduler.under_way import UnderWay

RECORDS_LIMIT = 100
"""How many asks' records are remembered."""
FIRST_SCREEN_LIMIT_S = 1.0
"""How long the record of an ask waits for the display that is to take the first of its answer."""


class Records:
    """The newest records. `told` gets each one once."""

    def __init__(self, boxes: Boxes, told: Callable[[AskRecord], None]) -> None:
        self.newest: deque[AskRecord] = deque(maxlen=RECORDS_LIMIT)
        self._journal = boxes.journal
        self._cost = boxes.cost
        self._told = told
        self._unfinished: dict[str, Callable[[], None]] = {}  # what finishes each

    def add(self, record: AskRecord, ask: Ask, outcome: Outcome) -> None:
        """Take the record of an ask that was never carried out."""
        self.newest.append(record)
        self._journal.ended(record, ask, outcome)
        self._told(record)

    def ended(self, under_way: UnderWay) -> None:
        """Take note of an ask that has its outcome; its record may wait for the first screen of its answer."""
        ask, outcome = under_way.ask, under_way.outcome
        assert outcome is not None, "it has ended"
        cost = self._cost(outcome)
        screen = under_way.first_screen
        if not screen.awaited or under_way.stop is not None:
            self.add(under_way.record(cost), ask, outcome)
            return
        timer = asyncio.get_running_loop().call_later(FIRST_SCREEN_LIMIT_S, lambda: self._finish(ask.id))

        def finish() -> None:
            timer.cancel()
            screen.then = None
            self.add(under_way.record(cost), ask, outcome)

        screen.then = lambda: self._finish(ask.id)
        self._unfinished[ask.id] = finish

    def finish(self) -> None:
        """Tell of those that wait, as they are."""
        for ask_id in [*self._unfinished]:
            self._finish(ask_id)

    def _finish(self, ask_id: str) -> None:
        if (finish := self._unfinished.pop(ask_id, None)) is not None:
            finish()
