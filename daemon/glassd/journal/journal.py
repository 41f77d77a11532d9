"""The journal as the rest of glassd sees it: what it is told is kept, by and by, on a thread of its own.

Nobody waits for a disk here but who puts an ask into the outbox, whose word to the wearer is worth what the disk has.
All else is handed over and is on disk a moment later; where the disk cannot take it, it waits, bounded, and a mark says
so. SQLite and the cipher are loaded with `open`, after READY; what comes before that waits too.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from glassd.answer import Outcome
    from glassd.ask import Ask
    from glassd.config.schema import Config
    from glassd.record import AskRecord
    from glassd.spending import Spent
    from glassd.waiting import Waiting
    from glassd.wall import Wall

log = logging.getLogger(__name__)

CLOSE_LIMIT_S: Final = 1.0
"""How long a stop waits for what is still to be written; less than the whole stop may take."""


class Journal:
    """The journal and the outbox of one daemon, in its state folder.

    Made at the start, which costs nothing; `open` once the daemon is READY, as a task; `configure` at each reload;
    `close` last, after the runner. Between its making and its opening everything may be called already, but the outbox,
    which raises OutboxError until then.
    """

    def __init__(
        self,
        folder: Path,
        config: Config,
        *,
        clock: Callable[[], float],
        wall: Callable[[], Wall],
        find_key: Callable[[str], str],
        on_open: Callable[[Spent, list[Waiting]], None],
        on_trouble: Callable[[bool], None],
    ) -> None:
        """`clock` is CLOCK_MONOTONIC and `wall` the newest reading of the wall clock; both are called on any thread.

        `on_open(spent, waiting)` is called once on the event loop: what was spent before this start, and what waits.
        Where the disk is in trouble at the start that is later, and where the journal is a newer glassd's, with nothing.
        What the scheduler has counted before is not in `spent`: it adds the two up. `spend` before that is not kept.

        `on_trouble(on)` is called on the event loop whenever it changes whether the disk takes what it is given.
        """

    async def open(self) -> None:
        """Load SQLite and open the file; return once that was tried. Never raises: trouble is told by the mark."""

    def configure(self, config: Config) -> None:
        """Keep what this config says from now on: `journal`, `outbox`, and whether `budgets` need a ledger."""

    async def close(self) -> None:
        """Write what is left, within CLOSE_LIMIT_S, and close the file."""

    @property
    def takes_asks(self) -> bool:
        """Whether the outbox is on: the config has it, its key is there, and the file is open."""
        return False

    # -- what is kept --------------------------------------------------------------------------------------------------

    def begun(self, ask: Ask, utc: float | None) -> None:
        """Keep an ask before it leaves. `utc`: when it was asked, None where the clock is not known to be right."""

    def ended(self, record: AskRecord, ask: Ask, outcome: Outcome) -> None:
        """Keep how it ended; an ask that never began is kept whole."""

    def skipped(self, trigger: str, why: str, utc: float | None) -> None:
        """Count that a trigger asked nothing, by day and reason."""

    def spend(self, spent: Spent) -> None:
        """Keep what has been spent; the newest alone."""

    def new_wearer(self) -> None:
        """Show nothing of what is kept so far by default."""

    # -- the outbox ----------------------------------------------------------------------------------------------------

    async def put(self, ask: Ask, utc: float | None) -> int:
        """Keep an ask, encrypted, and return its item once that is on the disk for good; raise OutboxError."""
        raise NotImplementedError

    async def take(self, item: int) -> Ask:
        """Note on the disk that an item is being sent, then return it as it was asked, its instants too.

        Raise OutboxLostError for one that is not there or that this key does not open (it is dropped), OutboxError
        where the disk does not take the note: then it waits on as it did.
        """
        raise NotImplementedError

    async def back(self, item: int) -> None:
        """Note that it was not sent after all, and waits on; raise OutboxError."""

    async def drop(self, items: Sequence[int]) -> None:
        """Forget them, their bytes too; raise OutboxError. What is not there is dropped already."""
