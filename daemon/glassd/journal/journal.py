"""The journal as the rest of glassd sees it: what it is told is kept, by and by, on a thread of its own.

Nobody waits for a disk here but who puts an ask into the outbox, whose word to the wearer is worth what the disk has.
All else is handed over and is on disk a moment later; where the disk cannot take it, it waits, bounded, and a mark says
so. SQLite and the cipher are loaded with `open`, after READY; what comes before that waits too.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from concurrent.futures import Future
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

from glassd.config.mistakes import ConfigError
from glassd.config.policy import Budgets, Outbox
from glassd.journal import FILE, entries
from glassd.journal.pending import NotWrittenError, Operation, Pending
from glassd.journal.upkeep import DAY_S, Limits, Now, upkeep
from glassd.late import loaded
from glassd.spending import Spent
from glassd.waiting import OutboxError, OutboxLostError

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from glassd.answer import Outcome
    from glassd.ask import Ask
    from glassd.config.schema import Config
    from glassd.journal.history import History
    from glassd.journal.sealing import Seal
    from glassd.journal.writer import Writer
    from glassd.record import AskRecord
    from glassd.waiting import Waiting
    from glassd.wall import Wall

log = logging.getLogger(__name__)

CLOSE_LIMIT_S: Final = 1.0
"""How long a stop waits for what is still to be written; less than the whole stop may take."""

_T = TypeVar("_T")


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
        Where the disk is in trouble at the start that is later; with nothing where the journal is a newer glassd's.
        What the scheduler has counted before is not in `spent`: it adds the two up. `spend` before that is not kept.

        `on_trouble(on)` is called on the event loop whenever it changes whether the disk takes nothing.
        """
        self.path = folder / FILE
        self.history: History | None = None
        """What is kept, to be read; None until `open`."""
        self._readable = asyncio.Event()
        self._config = config
        self._clock = clock
        self._wall = wall
        self._find_key = find_key
        self._on_open = on_open
        self._on_trouble = on_trouble
        self._loop = asyncio.get_running_loop()
        self._pending = Pending()
        self._writer: Writer | None = None
        self._seal: Seal | None = None
        self._restored = False  # on_open was called
        self._spent = Spent()
        self._spend_waits = False  # an operation waits that will keep `_spent` as it is by then
        self._dated = wall().known  # or what has no date yet is given one, by the next operation
        self._told = False  # on the thread: on_open is called, or will be
        self._first: int | None = None  # likewise: the newest ask before this daemon's own

    async def open(self) -> None:
        """Load SQLite and open the file; return once that was tried. Never raises: trouble is told by the mark."""
        await loaded("glassd.journal.writer")
        await loaded("glassd.journal.history")
        from glassd.journal.history import History  # noqa: PLC0415  SQLite comes with it
        from glassd.journal.writer import Writer  # noqa: PLC0415  likewise

        self.history = History(self)
        self._readable.set()
        await self._make_seal()
        self._writer = Writer(
            self.path,
            self._pending,
            opened=self._opened,
            read=self._read,
            upkeep=self._upkeep,
            troubled=self._troubled,
        )
        await asyncio.to_thread(self._writer.tried.wait)

    async def when_readable(self) -> History:
        """Return what is kept, to be read, once `open` has come that far."""
        await self._readable.wait()
        assert self.history is not None, "it was set before"
        return self.history

    async def configure(self, config: Config) -> None:
        """Keep what this config says from now on: `journal`, `outbox`, and whether `budgets` need a ledger."""
        before, self._config = self._config, config
        if before.journal != config.journal:
            self._put(Operation(None, tidy=True))
        if self._writer is not None and before.outbox != config.outbox:
            await self._make_seal()

    async def close(self) -> None:
        """Write what is left, within CLOSE_LIMIT_S, and close the file."""
        self._pending.close()
        if self._writer is not None and not await asyncio.to_thread(self._writer.close, CLOSE_LIMIT_S):
            log.warning("%s: the disk is slow: what was to be kept last is perhaps not", self.path)

    @property
    def takes_asks(self) -> bool:
        """Whether the outbox is on: the config has it, its key is there, and the file was opened."""
        return self._seal is not None and self._restored

    # -- what is kept --------------------------------------------------------------------------------------------------

    def begun(self, ask: Ask, utc: float | None) -> None:
        """Keep an ask before it leaves. `utc`: when it was asked, None where the clock is not known to be right."""
        if (keep := self._config.journal.keep) != "off":
            entry = entries.begun(ask, utc, words=keep == "text")
            self._put(Operation(entry.write, size=len(entry.prompt or "")))

    def ended(self, record: AskRecord, ask: Ask, outcome: Outcome) -> None:
        """Keep how it ended; an ask that never began is kept whole."""
        section = self._config.journal
        if section.keep != "off":
            wall = self._wall()
            utc = wall.utc(ask.instant) if wall.known else None
            pictures = section.pictures != "never"
            entry = entries.ended(record, ask, outcome, utc, words=section.keep == "text", pictures=pictures)
            self._put(Operation(entry.write, size=entry.size))

    def skipped(self, trigger: str, why: str, utc: float | None) -> None:
        """Count that a trigger asked nothing, by day and reason."""
        if self._config.journal.keep != "off":
            day = -1 if utc is None else int((utc + self._wall().zone) // DAY_S)
            self._put(Operation(partial(entries.skip, day=day, trigger=trigger, why=why)))

    def spend(self, spent: Spent) -> None:
        """Keep what has been spent; the newest alone."""
        if not self._restored or (self._config.journal.keep == "off" and self._config.budgets == Budgets()):
            return
        self._spent = spent
        if not self._spend_waits:
            self._spend_waits = True
            self._put(Operation(self._keep_spent, lasting=True))

    def new_wearer(self) -> None:
        """Show nothing of what is kept so far by default."""
        self._put(Operation(entries.next_wearer, lasting=True, flush=True))

    # -- the outbox ----------------------------------------------------------------------------------------------------

    async def put(self, ask: Ask, utc: float | None) -> int:
        """Keep an ask, encrypted, and return its item once that is on the disk for good; raise OutboxError.

        Whoever stops waiting for it has not put it there: what is on the disk by then is dropped.
        """
        from glassd.journal import outbox  # noqa: PLC0415  the cipher comes with it, and is there where the key is

        section, seal = self._outbox()
        with _outbox_errors():
            done = self._ask_writer(partial(outbox.put, ask=ask, utc=utc, seal=seal, section=section))
            try:
                return await asyncio.wrap_future(done)
            except asyncio.CancelledError:
                done.add_done_callback(self._take_back)
                raise

    async def take(self, item: int) -> Ask:
        """Note on the disk that an item is being sent, then return it as it was asked, its instants too.

        Raise OutboxLostError for one that is not there or that this key does not open (it is dropped), OutboxError
        where the disk does not take the note: then it waits on as it did.
        """
        from glassd.journal import outbox  # noqa: PLC0415  likewise

        _, seal = self._outbox()
        with _outbox_errors():
            ask = await asyncio.wrap_future(self._ask_writer(partial(outbox.take, item=item, seal=seal)))
        if isinstance(ask, OutboxLostError):
            raise ask
        return ask

    async def back(self, item: int) -> None:
        """Note that it was not sent after all, and waits on; raise OutboxError."""
        with _outbox_errors():
            await asyncio.wrap_future(self._ask_writer(partial(entries.wait_on, item=item)))

    async def drop(self, items: Sequence[int]) -> None:
        """Forget them, their bytes too; raise OutboxError. What is not there is dropped already."""
        with _outbox_errors():
            await asyncio.wrap_future(self._ask_writer(partial(entries.drop, items=tuple(items))))

    # -- the history (its `Desk`) --------------------------------------------------------------------------------------

    async def settled(self) -> None:
        """Return once all is written that came before; raise NotWrittenError where the disk does not take it."""
        done: Future[None] = Future()
        self._hand_over(Operation(None, done=done))
        await asyncio.wrap_future(done)

    async def tidied(self) -> None:
        """Return once what has had its time is gone; raise NotWrittenError where the disk does not take it."""
        done: Future[None] = Future()
        self._hand_over(Operation(None, done=done, tidy=True))
        await asyncio.wrap_future(done)

    async def write(self, do: Callable[[sqlite3.Connection], _T]) -> _T:
        """Do an operation, for good, and leave nothing of what it deletes; raise NotWrittenError."""
        return await asyncio.wrap_future(self._ask_writer(do, scrub=True))

    def utc(self) -> float | None:
        """Return the time of now, None while the clock is not known to be right."""
        wall = self._wall()
        return wall.utc(self._clock()) if wall.known else None

    # -- the writer ----------------------------------------------------------------------------------------------------

    def _outbox(self) -> tuple[Outbox, Seal]:
        section = self._config.outbox
        if section is None:
            raise OutboxError("there is no outbox: write the section `outbox:` into the config")
        if self._seal is None:
            raise OutboxError("the outbox has no key: see the log")
        return section, self._seal

    async def _make_seal(self) -> None:
        """Find the outbox's key, where there is an outbox; without one it is off, and the log says so."""
        self._seal = None
        if (section := self._config.outbox) is None:
            return
        await loaded("glassd.journal.outbox")
        from glassd.journal.sealing import Seal, SealError  # noqa: PLC0415  the cipher comes with it

        try:
            self._seal = Seal(await asyncio.to_thread(self._find_key, section.key))
        except (ConfigError, SealError) as error:
            log.warning("the outbox is off, asks without a network are lost: %s", error)

    def _take_back(self, done: Future[Any]) -> None:
        if not done.cancelled() and done.exception() is None:
            self._pending.put(Operation(partial(entries.drop, items=(done.result(),)), lasting=True))

    def _ask_writer(self, do: Callable[[sqlite3.Connection], _T], *, scrub: bool = False) -> Future[_T]:
        """Have an operation done, for good, that somebody waits for; raise NotWrittenError where nobody would do it."""
        done: Future[_T] = Future()
        self._hand_over(Operation(do, done=done, flush=True, scrub=scrub))
        return done

    def _hand_over(self, operation: Operation) -> None:
        if self._writer is None or self._pending.closed:
            raise NotWrittenError("the journal is not open")
        self._put(operation)

    def _put(self, operation: Operation) -> None:
        """Hand it to the writer; once the clock is known to be right, what waited for that is done first."""
        if not self._dated and self._wall().known:
            self._dated = True
            self._pending.put(Operation(None, tidy=True))
        self._pending.put(operation)

    def _keep_spent(self, connection: sqlite3.Connection) -> None:
        self._spend_waits = False  # before it is read: what comes now waits anew
        entries.keep_spent(connection, self._spent)

    def _opened(self, connection: sqlite3.Connection | None) -> None:
        if connection is None:
            self._tell(Spent(), [])
            return
        newest = entries.newest(connection)
        if self._first is None:
            self._read(connection)
            entries.end_what_was_under_way(connection)
        self._first = newest if self._first is None else min(self._first, newest)

    def _read(self, connection: sqlite3.Connection) -> None:
        self._tell(entries.kept_spent(connection), entries.waiting(connection))

    def _tell(self, spent: Spent, waiting: list[Waiting]) -> None:
        if not self._told:
            self._told = True
            self._on_loop(self._restore, spent, waiting)

    def _restore(self, spent: Spent, waiting: list[Waiting]) -> None:
        self._restored = True
        self._on_open(spent, waiting if self._seal is not None else [])

    def _troubled(self, on: bool) -> None:
        self._on_loop(self._on_trouble, on)

    def _on_loop(self, call: Callable[..., None], *values: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody is left to be told
            self._loop.call_soon_threadsafe(call, *values)

    def _upkeep(self, connection: sqlite3.Connection) -> bool:
        return upkeep(connection, self._limits(), self._now())

    def _limits(self) -> Limits:
        section = self._config.journal
        pictures = 0.0 if section.pictures == "never" else section.pictures
        outbox_age = (self._config.outbox or Outbox.model_construct()).age
        return Limits(section.age, pictures, section.size, outbox_age)

    def _now(self) -> Now | None:
        wall, instant = self._wall(), self._clock()
        if not wall.known:
            return None
        return Now(wall.utc(instant), wall.offset, int(wall.local(instant) // DAY_S), self._first or 0)


@contextlib.contextmanager
def _outbox_errors() -> Iterator[None]:
    try:
        yield
    except NotWrittenError as error:
        raise OutboxError(str(error)) from error
