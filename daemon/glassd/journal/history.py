"""The history as the API gives it: read beside the writer, on a thread and a connection of each reading's own."""

from __future__ import annotations

import asyncio
from contextlib import closing, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

from glassd.journal import HistoryError, NothingKeptError, queries
from glassd.journal.pending import NotWrittenError
from glassd.journal.salvage import remove_broken

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import AsyncGenerator, Callable, Sequence
    from pathlib import Path

    from glassd.journal.queries import Query

READERS_LIMIT: Final = 2
"""How many may read at a time; the rest wait."""

_T = TypeVar("_T")


class Desk(Protocol):
    """What the history needs of the journal."""

    path: Path

    async def settled(self) -> None:
        """Return once all is written that came before; raise NotWrittenError where the disk does not take it."""

    async def write(self, do: Callable[[sqlite3.Connection], _T]) -> _T:
        """Do an operation, for good, and leave nothing of what it deletes; raise NotWrittenError."""

    def utc(self) -> float | None:
        """Return the time of now, None while the clock is not known to be right."""


class History:
    """Reads, exports and deletes. Each method raises HistoryError where the journal cannot be read or written.

    `everybody`: what belongs to earlier wearers as well. `who` is told to whoever reads the audit.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._readers = asyncio.Semaphore(READERS_LIMIT)

    async def asks(self, query: Query) -> list[dict[str, Any]]:
        """Return asks, newest first."""
        return await self._read(partial(queries.asks, query=query), [])

    async def ask(self, name: str, *, everybody: bool) -> dict[str, Any] | None:
        """Return the whole of one ask, by its number or its id; None where there is none."""
        return await self._read(partial(queries.ask, name=name, everybody=everybody), None)

    async def pictures(self, name: str, *, everybody: bool) -> list[tuple[str, bytes]]:
        """Return the pictures that are kept of an ask, each with its media type."""
        found = await self.ask(name, everybody=everybody)
        return [] if found is None else await self._read(partial(queries.pictures, number=found["number"]), [])

    async def skips(self, *, everybody: bool) -> list[dict[str, Any]]:
        """Return how often triggers asked nothing, by day and reason."""
        return await self._read(partial(queries.skips, everybody=everybody), [])

    async def audit(self) -> list[dict[str, Any]]:
        """Return what was exported and deleted by hand, newest first."""
        return await self._read(queries.audit, [])

    async def export(self, query: Query, who: str) -> AsyncGenerator[list[dict[str, Any]]]:
        """Yield asks whole, oldest first, some at a time, once it stands on the disk that they are exported."""
        count = await self._read(partial(queries.count, query=query), 0)
        await self._write(partial(queries.note, what="export", who=who, count=count, utc=self._desk.utc()))
        with closing(await asyncio.to_thread(self._open, None)) as connection:
            batches = queries.export(connection, query)
            while batch := await asyncio.to_thread(next, batches, None):
                yield batch

    async def delete(self, numbers: Sequence[int], who: str, *, everybody: bool) -> int:
        """Delete asks with all that is kept of them; return how many there were."""
        utc = self._desk.utc()
        return await self._write(partial(queries.delete, numbers=tuple(numbers), who=who, utc=utc, everybody=everybody))

    async def forget(self, who: str, *, everybody: bool) -> int:
        """Delete every ask, for everybody what is left of broken journals too; return how many asks there were."""
        utc = self._desk.utc()
        gone = await self._write(partial(queries.forget, who=who, utc=utc, everybody=everybody))
        if everybody:
            await asyncio.to_thread(remove_broken, self._desk.path)
        return gone

    async def _read(self, do: Callable[[sqlite3.Connection], _T], nothing: _T) -> _T:
        """Return what a function reads, `nothing` where there is no journal."""
        async with self._readers:
            with suppress(NotWrittenError):  # what was written before can still be read
                await self._desk.settled()
            try:
                return await asyncio.to_thread(self._reading, do)
            except NothingKeptError:
                return nothing

    def _reading(self, do: Callable[[sqlite3.Connection], _T]) -> _T:
        with closing(self._open(queries.READ_LIMIT_S)) as connection, queries.readable(self._desk.path):
            return do(connection)

    def _open(self, limit_s: float | None) -> sqlite3.Connection:
        return queries.open_to_read(self._desk.path, limit_s)

    async def _write(self, do: Callable[[sqlite3.Connection], _T]) -> _T:
        try:
            return await self._desk.write(do)
        except NotWrittenError as error:
            raise HistoryError(str(error)) from error
