"""Answers that come when nobody waits for them any more: those to asks that had waited for a network."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from glassd.answer import Outcome
    from glassd.scheduler.actions import End

log = logging.getLogger(__name__)

QUIET_S = 10.0
"""How long nothing of the wearer's own has changed on the display before an answer that came late takes its place."""
LATE_LIMIT_ANSWERS = 32
"""Answers that came late and wait to be shown; the oldest goes first."""


class LateAnswers:
    """Answers that nobody waits for any more, shown one after the other once the wearer reads nothing else.

    `show` is called with each, when it is its turn; `free` tells whether nothing is under way or paused.
    """

    def __init__(self, show: Callable[[Outcome, End], None], free: Callable[[], bool]) -> None:
        self._show = show
        self._free = free
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[tuple[Outcome, End]] = deque()
        self._quiet_from = float("-inf")
        self._timer: asyncio.TimerHandle | None = None

    def came(self, outcome: Outcome, end: End) -> None:
        """An answer has come."""
        if len(self._waiting) >= LATE_LIMIT_ANSWERS:
            log.warning("%d answers wait to be shown: the oldest is not shown", LATE_LIMIT_ANSWERS)
            self._waiting.popleft()
        self._waiting.append((outcome, end))
        self.look()

    def disturbed(self) -> None:
        """What the wearer sees has changed by the wearer's own doing: it is read for a while."""
        self._quiet_from = self._loop.time()
        self.look()

    def forget(self) -> None:
        """Show none of them; nor on."""
        self._waiting.clear()
        self.look()

    def look(self) -> None:
        """See to it that the next one is shown when it may be."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._waiting and self._free():
            self._timer = self._loop.call_at(max(self._quiet_from + QUIET_S, self._loop.time()), self._turn)

    def _turn(self) -> None:
        self._timer = None
        if self._waiting and self._free():
            self._quiet_from = self._loop.time()
            self._show(*self._waiting.popleft())
        self.look()
