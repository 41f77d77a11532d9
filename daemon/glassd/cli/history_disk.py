"""`glassd history` where no daemon runs: straight in the file that it left."""

from __future__ import annotations

import os
import time
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from glassd.journal import queries
from glassd.journal.entries import INTERRUPTED
from glassd.journal.layout import open_file, scrub
from glassd.journal.queries import LIST_LIMIT, Query
from glassd.journal.salvage import remove_broken

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

_T = TypeVar("_T")


class OnDisk:
    """That of the file, where no daemon runs."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._who = f"user {os.getuid()}, no daemon running"

    def asks(self, wanted: dict[str, Any]) -> list[dict[str, Any]]:
        """Return asks, newest first."""
        return [_ended(ask) for ask in self._read(partial(queries.asks, query=_wanted(wanted)))]

    def ask(self, name: str, *, everybody: bool) -> dict[str, Any] | None:
        """Return one ask by its number or its id; None where there is none."""
        found = self._read(partial(queries.ask, name=name, everybody=everybody))
        return None if found is None else _ended(found)

    def pictures(self, ask: dict[str, Any], *, everybody: bool) -> Iterator[tuple[str, bytes]]:
        """Yield the pictures that are kept of an ask, each with its media type."""
        del everybody  # whoever has the ask may have them
        yield from self._read(partial(queries.pictures, number=ask["number"]))

    def export(self, wanted: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Yield asks whole, oldest first, once it is noted that they are exported."""
        query = _wanted(wanted)
        count = self._read(partial(queries.count, query=query))
        self._write(partial(queries.note, what="export", who=self._who, count=count, utc=time.time()))
        with closing(queries.open_to_read(self._path, None)) as connection:
            for batch in queries.export(connection, query):
                yield from map(_ended, batch)

    def delete(self, numbers: Sequence[int], *, everybody: bool) -> int:
        """Delete asks; return how many there were."""
        who = self._who
        return self._write(partial(queries.delete, numbers=numbers, who=who, utc=time.time(), everybody=everybody))

    def forget(self, *, everybody: bool) -> int:
        """Delete all asks; return how many there were."""
        gone = self._write(partial(queries.forget, who=self._who, utc=time.time(), everybody=everybody))
        if everybody:
            remove_broken(self._path)
        return gone

    def skips(self, *, everybody: bool) -> list[dict[str, Any]]:
        """Return how often triggers asked nothing, and why."""
        return self._read(partial(queries.skips, everybody=everybody))

    def audit(self) -> list[dict[str, Any]]:
        """Return what was exported and deleted."""
        return self._read(queries.audit)

    def _read(self, do: Callable[[sqlite3.Connection], _T]) -> _T:
        opened = queries.open_to_read(self._path, queries.READ_LIMIT_S)
        with closing(opened) as connection, queries.readable(self._path):
            return do(connection)

    def _write(self, do: Callable[[sqlite3.Connection], _T]) -> _T:
        """Do something in a transaction, for good, and leave nothing of what it deletes."""
        with queries.readable(self._path), closing(open_file(self._path)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            result = do(connection)
            connection.execute("COMMIT")
            scrub(connection)
            return result


def _ended(ask: dict[str, Any]) -> dict[str, Any]:
    """Return an ask whose daemon is gone: nothing is under way any more."""
    return {**ask, "outcome": ask["outcome"] or INTERRUPTED}


def _wanted(wanted: dict[str, Any]) -> Query:
    return Query(
        limit=wanted.get("limit", LIST_LIMIT),
        since=wanted.get("since"),
        failed=wanted.get("failed", False),
        text=wanted.get("text", ""),
        everybody=wanted.get("all", False),
    )
