"""What is to be written: a bounded queue between the event loop and the writer thread."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable
    from concurrent.futures import Future

PENDING_LIMIT: Final = 1000
"""How many operations may wait that nobody waits for: a day's asks, while the disk takes nothing."""
PENDING_LIMIT_BYTES: Final = 16 * 1024 * 1024
"""How much of words and pictures may wait in them."""
BATCH_LIMIT: Final = 100
"""How many go into one transaction."""


class NotWrittenError(Exception):
    """The disk does not take it. The text is one line: what happened, and what to do."""


@dataclass(slots=True, eq=False)
class Operation:
    """One thing to do in a transaction, on the writer thread; without `do`, its turn is all that somebody waits for.

    `size`: bytes of words and pictures in it. `done`: who waits for its result. `lasting`: it is not dropped however
    long the disk takes nothing, for there are only ever a few. `flush`: it is on the disk for good once it is done,
    whatever happens to the power. `scrub`: and what it deleted is nowhere in the journal's files any more. `tidy`: what
    has had its time goes then too.
    """

    do: Callable[[sqlite3.Connection], Any] | None
    size: int = 0
    done: Future[Any] | None = None
    lasting: bool = False
    flush: bool = False
    scrub: bool = False
    tidy: bool = False

    @property
    def may_go(self) -> bool:
        """Whether it is dropped where too much waits."""
        return self.done is None and not self.lasting


class Pending:
    """The queue. Bounded: of what nobody waits for, the oldest is dropped."""

    def __init__(self) -> None:
        self._operations: deque[Operation] = deque()
        self._changed = threading.Condition()
        self._bytes = 0
        self._closed = False
        self.lost = 0
        """How many were dropped since this was last set to 0."""

    def put(self, operation: Operation) -> None:
        """Add one at the end; never waits."""
        with self._changed:
            self._operations.append(operation)
            self._bytes += operation.size
            self._shrink()
            self._changed.notify()

    def give_back(self, operations: Iterable[Operation]) -> None:
        """Put back what could not be written, before all that has come since."""
        with self._changed:
            for operation in reversed(list(operations)):
                self._operations.appendleft(operation)
                self._bytes += operation.size
            self._shrink()

    def take(self, limit_s: float | None) -> list[Operation]:
        """Return the oldest, up to BATCH_LIMIT; none where nothing comes in time, or this is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._operations or self._closed, limit_s)
            return self._taken()

    def rest(self, limit_s: float) -> list[Operation]:
        """Return as `take` does, but once the time is over or somebody waits: for while the disk takes nothing."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or any(one.done for one in self._operations), limit_s)
            return self._taken()

    def waited_for(self) -> list[Operation]:
        """Take out and return those that somebody waits for: they are told at once that the disk takes nothing."""
        with self._changed:
            waited = [operation for operation in self._operations if operation.done is not None]
            self._operations = deque(operation for operation in self._operations if operation.done is None)
            self._bytes -= sum(operation.size for operation in waited)
            return waited

    def close(self) -> None:
        """Have whoever takes wait no more."""
        with self._changed:
            self._closed = True
            self._changed.notify()

    @property
    def closed(self) -> bool:
        """Whether this is closed."""
        return self._closed

    def _taken(self) -> list[Operation]:
        count = min(BATCH_LIMIT, len(self._operations))
        taken = [self._operations.popleft() for _ in range(count)]
        self._bytes -= sum(operation.size for operation in taken)
        return taken

    def _shrink(self) -> None:
        while self._bytes > PENDING_LIMIT_BYTES or len(self._operations) > PENDING_LIMIT:
            oldest = next((operation for operation in self._operations if operation.may_go), None)
            if oldest is None:
                return
            self._operations.remove(oldest)
            self._bytes -= oldest.size
            self.lost += 1
