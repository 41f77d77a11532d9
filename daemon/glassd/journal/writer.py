"""The one thread that writes: it opens the file, writes what is pending in few transactions, and outlives any trouble.

Where the disk takes nothing (full, read-only, gone), what nobody waits for stays pending and is tried again; whoever
waits is told at once. A file that is no database any more is moved aside, and a new one begun.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from glassd.journal.layout import VERSION, NewerLayoutError, open_file, open_to_read, refuse_newer, scrub
from glassd.journal.pending import NotWrittenError
from glassd.journal.salvage import move_aside
from glassd.journal.transactions import transaction

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from glassd.journal.pending import Operation, Pending

log = logging.getLogger(__name__)

RETRY_S: Final = 5.0
"""How long after a failure the disk is tried again."""
UPKEEP_S: Final = 300.0
"""How often it is seen whether something has had its time."""
UPKEEP_BYTES: Final = 1024 * 1024
"""After how much that was written it is seen to before that."""

_BROKEN = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_DISK = (
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_PROTOCOL,
)


class Writer:
    """The thread. Its owner says what is done with a file that has been opened, and what upkeep is."""

    def __init__(
        self,
        path: Path,
        pending: Pending,
        *,
        opened: Callable[[sqlite3.Connection | None], None],
        read: Callable[[sqlite3.Connection], None],
        upkeep: Callable[[sqlite3.Connection], bool],
        troubled: Callable[[bool], None],
    ) -> None:
        """All are called on the thread.

        `opened` after each opening of the file, before anything is written; with None where there is no file yet (it is
        made for the first operation), or it is a newer glassd's. `read` where the file can be read at the start, but
        not be written. `upkeep` does a little of what is to be done, and returns whether there is more. `troubled`
        tells whether the disk takes nothing, at each change.
        """
        self.tried = threading.Event()
        """Set once the file was opened, or was tried to be."""
        self._path = path
        self._pending = pending
        self._opened = opened
        self._read = read
        self._upkeep = upkeep
        self._troubled = troubled
        self._connection: sqlite3.Connection | None = None
        self._trouble = ""
        self._newer = ""
        self._unscrubbed = False  # something was deleted that the log may still hold
        self._upkeep_due = time.monotonic()
        self._written_bytes = 0
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._thread.start()

    def close(self, limit_s: float) -> bool:
        """Write what is pending, end, and return whether that was done in time."""
        self._pending.close()
        self._thread.join(limit_s)
        return not self._thread.is_alive()

    # -- the thread ----------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        self._attempt(self._begin, [])
        if self._trouble:
            self._peek()
        self.tried.set()
        while True:
            if self._trouble:
                batch = self._pending.rest(RETRY_S)
                self._attempt(partial(self._write, batch), batch)
                if self._pending.closed and self._trouble:
                    break
            elif batch := self._pending.take(max(self._upkeep_due - time.monotonic(), 0)):
                self._attempt(partial(self._write, batch), batch)
            elif self._pending.closed:
                break
            if not self._trouble and not self._pending.closed and time.monotonic() >= self._upkeep_due:
                self._attempt(self._keep_up, [])
        _fail(self._pending.waited_for(), "glassd stops")
        self._let_go()

    def _begin(self) -> None:
        if not self._path.exists():
            self._opened(None)
        elif self._file() is None:
            log.warning("%s", self._newer)

    def _peek(self) -> None:
        """Read at least, where nothing can be written: what has been spent counts on a full disk too."""
        try:
            with closing(open_to_read(self._path)) as connection:
                if connection.execute("PRAGMA user_version").fetchone()[0] == VERSION:
                    self._read(connection)
        except (sqlite3.Error, OSError) as error:
            log.debug("reading %s: %s", self._path, error)

    def _file(self) -> sqlite3.Connection | None:
        """Return the open file, made where there is none; None where it is a newer glassd's."""
        if self._connection is None and not self._newer:
            try:
                refuse_newer(self._path)
            except NewerLayoutError as error:
                self._newer = str(error)
                self._opened(None)
                return None
            self._connection = open_file(self._path)
            self._opened(self._connection)
        return self._connection

    def _write(self, batch: list[Operation]) -> None:
        batch = [one for one in batch if one.done is None or one.done.set_running_or_notify_cancel()]
        if all(operation.do is None for operation in batch):
            results: list[Any] = [None] * len(batch)
        elif (connection := self._file()) is None:
            _fail(batch, self._newer)
            return
        else:
            results = _written(connection, batch)
            if any(operation.scrub for operation in batch):
                self._scrub(connection)
        self._written_bytes += sum(operation.size for operation in batch)
        if self._written_bytes >= UPKEEP_BYTES:
            self._upkeep_due = time.monotonic()
        if self._trouble and batch:
            self._well()
        if any(operation.tidy for operation in batch):
            self._tidy(self._connection)
        for operation, result in zip(batch, results, strict=True):
            if operation.done is None:
                continue
            if isinstance(result, Exception):
                operation.done.set_exception(result)
            else:
                operation.done.set_result(result)

    def _tidy(self, connection: sqlite3.Connection | None) -> None:
        """Do all of the upkeep that is due."""
        while connection is not None and self._upkeep(connection):
            self._unscrubbed = True
        self._end_upkeep(connection)

    def _keep_up(self) -> None:
        """Do one piece of the upkeep; what has come meanwhile goes first, then the next piece."""
        if self._connection is not None and self._upkeep(self._connection):
            self._unscrubbed = True
        else:
            self._end_upkeep(self._connection)

    def _end_upkeep(self, connection: sqlite3.Connection | None) -> None:
        self._written_bytes = 0
        self._upkeep_due = time.monotonic() + UPKEEP_S
        if connection is not None and self._unscrubbed:
            self._scrub(connection)

    def _scrub(self, connection: sqlite3.Connection) -> None:
        """Leave nothing of what was deleted; where somebody reads just then, soon."""
        self._unscrubbed = not scrub(connection)
        if self._unscrubbed:
            self._upkeep_due = time.monotonic() + RETRY_S

    # -- trouble -------------------------------------------------------------------------------------------------------

    def _attempt(self, do: Callable[[], None], batch: list[Operation]) -> None:
        """Do it; where the file does not take it, keep the batch for later, and tell who waits, now."""
        try:
            do()
        except (sqlite3.Error, OSError) as error:
            self._let_go()
            self._pending.give_back(operation for operation in batch if operation.done is None)
            reason = f"{self._path} cannot be written: {getattr(error, 'strerror', None) or error}"
            anew = _primary(error) in _BROKEN and self._begun_anew(error)
            _fail([*(one for one in batch if one.done is not None), *self._pending.waited_for()], reason)
            if not anew and not self._trouble:
                log.error(  # noqa: TRY400  the operator's one line: no bug of ours
                    "%s; answers go on, and what is to be kept waits in memory: make room on the disk, or see who may "
                    "write there; it goes on by itself",
                    reason,
                )
                self._trouble = reason
                self._troubled(True)

    def _well(self) -> None:
        self._trouble = ""
        lost, self._pending.lost = self._pending.lost, 0
        log.info("%s is written again; of what was to be kept meanwhile, %d entries are lost", self._path, lost)
        self._troubled(False)

    def _begun_anew(self, error: Exception) -> bool:
        """Move a broken file aside, and return whether that could be done."""
        try:
            aside = move_aside(self._path)
            log.error(
                "%s is broken (%s): it is kept as %s, and a new one begun; once nobody wants to look into it, "
                "`glassd history forget --all` removes it too",
                self._path,
                error,
                aside,
            )
            self._begin()
        except (sqlite3.Error, OSError) as failed:
            log.debug("moving %s aside: %s", self._path, failed)
            return False
        return True

    def _let_go(self) -> None:
        if self._connection is not None:
            connection, self._connection = self._connection, None
            try:
                connection.close()
            except sqlite3.Error as error:
                log.debug("closing %s: %s", self._path, error)


def _fail(operations: Iterable[Operation], reason: str) -> None:
    for operation in operations:
        if operation.done is not None and (operation.done.running() or operation.done.set_running_or_notify_cancel()):
            operation.done.set_exception(NotWrittenError(reason))


def _written(connection: sqlite3.Connection, batch: list[Operation]) -> list[Any]:
    """Do a batch in one transaction and return what each gave; an error that is the operation's own in its place."""
    flush = any(operation.flush for operation in batch)  # not for all: SD cards take 5 to 100 ms for one
    connection.execute(f"PRAGMA synchronous = {'FULL' if flush else 'NORMAL'}")
    with transaction(connection):
        return [_done(connection, operation) for operation in batch]


def _done(connection: sqlite3.Connection, operation: Operation) -> Any:
    if operation.do is None:
        return None
    connection.execute("SAVEPOINT operation")
    try:
        result = operation.do(connection)
    except Exception as error:  # a bug in one entry: the others of the batch are kept all the same
        if _primary(error) in (*_BROKEN, *_DISK):
            raise
        connection.execute("ROLLBACK TO operation")
        connection.execute("RELEASE operation")
        if operation.done is None:
            log.exception("a bug in glassd: one entry of the journal is not kept")
        return error
    connection.execute("RELEASE operation")
    return result


def _primary(error: BaseException) -> int:
    """Return SQLite's primary result code of an error; 0 for one that is none of SQLite's."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF
