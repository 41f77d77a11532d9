"""What is read out of the journal, and deleted from it by hand: for the API, and for a command where no daemon runs.

Each function takes a connection and returns what the API gives, as JSON has it.
"""

from __future__ import annotations

import sqlite3
import time
import unicodedata
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import msgspec
from msgspec import Struct

from glassd.journal import HistoryError, NothingKeptError, layout
from glassd.journal.layout import VERSION, NewerLayoutError, refuse_newer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

LIST_LIMIT: Final = 500
"""How many asks one answer holds at most."""
LIST_WORDS_CHARS: Final = 400
"""How much of a question or an answer a list shows."""
EXPORT_BATCH: Final = 100
"""How many asks are read at a time for an export."""
READ_LIMIT_S: Final = 20.0
"""How long one reading may take: a search through all the words of a journal as large as may be takes a few seconds."""
_STEPS: Final = 100_000
"""After how many of SQLite's steps its time is looked at: about 10 ms of them."""

TROUBLE: Final = ("failed", "cut_off", "refused", "interrupted")
"""The outcomes of asks that did not go well."""


class Query(Struct, frozen=True):
    """Which asks are wanted. `since`: UTC seconds; what has no date is not since any time.

    `before`: of the asks that came before this number. `text`: of those whose words hold it, in whatever case and width
    they are written. `origin`: of those that came from there. `everybody`: those of earlier wearers as well.
    """

    limit: int = 20
    before: int | None = None
    since: float | None = None
    failed: bool = False
    text: str = ""
    origin: str = ""
    everybody: bool = False


def open_to_read(path: Path, limit_s: float | None) -> sqlite3.Connection:
    """Return a connection that cannot write, for one thread at a time; raise HistoryError.

    `limit_s`: for how long it reads at most.
    """
    with readable(path):
        refuse_newer(path)
        connection = layout.open_to_read(path)
        version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version != VERSION:
        connection.close()
        raise HistoryError(f"{path} is of an older glassd: start this one once, which brings it up to date")
    prepare(connection, limit_s)
    return connection


def prepare(connection: sqlite3.Connection, limit_s: float | None) -> None:
    """Have a connection read as these functions need it, for `limit_s` from now at most."""
    if limit_s is not None:
        until = time.monotonic() + limit_s
        connection.set_progress_handler(lambda: time.monotonic() > until, _STEPS)
    connection.create_function("holds", 2, _holds, deterministic=True)
    connection.row_factory = sqlite3.Row


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Turn what SQLite says of a journal that cannot be read into a HistoryError."""
    try:
        yield
    except NewerLayoutError as error:
        raise HistoryError(str(error)) from error
    except (sqlite3.Error, OSError) as error:
        if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_INTERRUPT:
            raise HistoryError(f"that took more than {READ_LIMIT_S:g} s: ask for less, as with --since") from error
        if not _is_there(path):
            raise NothingKeptError(f"there is no journal at {path}: nothing was kept yet") from error
        raise HistoryError(f"{path} cannot be read: {error}") from error


def asks(connection: sqlite3.Connection, query: Query) -> list[dict[str, Any]]:
    """Return asks, newest first, what was said cut to LIST_WORDS_CHARS."""
    where, values = _where(query)
    words = ", ".join(f"substr({name}, 1, {LIST_WORDS_CHARS}) AS {name}" for name in ("prompt", "answer"))
    rows = connection.execute(
        f"SELECT {_FACTS}, {words} FROM asks {where} ORDER BY number DESC LIMIT ?",  # noqa: S608  our own names alone
        [*values, min(query.limit, LIST_LIMIT)],
    )
    return [_facts(row) for row in rows]


def ask(connection: sqlite3.Connection, name: str, *, everybody: bool) -> dict[str, Any] | None:
    """Return the whole of one ask, by its number or by its id (the newest of that id); None where there is none."""
    by = "number = CAST(? AS INTEGER)" if name.isdecimal() else "id = ?"
    where, values = _where(Query(everybody=everybody), by, name)
    query = f"SELECT {_FACTS}, prompt, answer FROM asks {where} ORDER BY number DESC LIMIT 1"  # noqa: S608  likewise
    row = connection.execute(query, values).fetchone()
    return None if row is None else _facts(row)


def pictures(connection: sqlite3.Connection, number: int) -> list[tuple[str, bytes]]:
    """Return the pictures that are kept of an ask, each with its media type."""
    rows = connection.execute("SELECT media_type, data FROM pictures WHERE ask = ? ORDER BY place", (number,))
    return [(row["media_type"], row["data"]) for row in rows]


def count(connection: sqlite3.Connection, query: Query) -> int:
    """Return how many asks an export holds."""
    where, values = _where(msgspec.structs.replace(query, before=None))
    return int(connection.execute(f"SELECT count(*) FROM asks {where}", values).fetchone()[0])  # noqa: S608  likewise


def export(connection: sqlite3.Connection, query: Query) -> Iterator[list[dict[str, Any]]]:
    """Yield asks whole, oldest first, some at a time; `limit` and `before` do not count."""
    after = 0
    while True:
        where, values = _where(msgspec.structs.replace(query, before=None), "number > ?", after)
        rows = connection.execute(
            f"SELECT {_FACTS}, prompt, answer FROM asks {where} ORDER BY number LIMIT ?",  # noqa: S608  likewise
            [*values, EXPORT_BATCH],
        ).fetchall()
        if not rows:
            return
        yield [_facts(row) for row in rows]
        after = rows[-1]["number"]


def skips(connection: sqlite3.Connection, *, everybody: bool) -> list[dict[str, Any]]:
    """Return how often triggers asked nothing, by day and reason, newest day first."""
    mine = "" if everybody else f"WHERE wearer = {_WEARER}"
    query = f"SELECT day, trigger, why, sum(count) AS count FROM skips {mine} GROUP BY day, trigger, why "  # noqa: S608  likewise
    rows = connection.execute(f"{query} ORDER BY day DESC, count DESC LIMIT ?", (LIST_LIMIT,))
    return [dict(row) for row in rows]


def audit(connection: sqlite3.Connection) -> list[dict[str, Any]]:
    """Return what was exported and deleted by hand, newest first."""
    rows = connection.execute("SELECT utc, what, who, count FROM audit ORDER BY number DESC LIMIT ?", (LIST_LIMIT,))
    return [dict(row) for row in rows]


# -- operations of the writer ------------------------------------------------------------------------------------------


def note(connection: sqlite3.Connection, what: str, who: str, count: int, utc: float | None) -> None:
    """Leave a line that something was exported or deleted."""
    connection.execute("INSERT INTO audit (utc, what, who, count) VALUES (?, ?, ?, ?)", (utc, what, who, count))


def delete(
    connection: sqlite3.Connection, numbers: Sequence[int], who: str, utc: float | None, *, everybody: bool
) -> int:
    """Delete asks with all that is kept of them, and return how many there were."""
    mine = "" if everybody else f"AND wearer = {_WEARER}"
    query = f"DELETE FROM asks WHERE number = ? {mine}"  # noqa: S608  our own names alone
    gone = sum(connection.execute(query, (number,)).rowcount for number in set(numbers))
    note(connection, "delete", who, gone, utc)
    return gone


def forget(connection: sqlite3.Connection, who: str, utc: float | None, *, everybody: bool) -> int:
    """Delete every ask and skip; return how many asks there were. What was spent stays, and what waits to be sent."""
    mine = "" if everybody else f"WHERE wearer = {_WEARER}"
    gone = connection.execute(f"DELETE FROM asks {mine}").rowcount  # noqa: S608  our own names alone
    connection.execute(f"DELETE FROM skips {mine}")  # noqa: S608  likewise
    note(connection, "forget everything" if everybody else "forget", who, gone, utc)
    return gone


# -- helpers -----------------------------------------------------------------------------------------------------------

_WEARER = "(SELECT CAST(value AS INTEGER) FROM state WHERE name = 'wearer')"
_FACTS = (
    "number, id, utc, origin, trigger, resumes, outcome, code, endpoint, model, frame_offset, times, tokens_in, "
    "tokens_out, money, (SELECT count(*) FROM pictures WHERE pictures.ask = number) AS pictures"
)


def _where(query: Query, *more: Any) -> tuple[str, list[Any]]:
    """Return the condition of a query and its values; `more`: one condition of the caller's, and its value."""
    terms, values = [], []
    if not query.everybody:
        terms.append(f"wearer = {_WEARER}")
    for term, value in (
        more or (None, None),
        ("number < ?", query.before),
        ("utc >= ?", query.since),
        ("origin = ?", query.origin or None),
        ("holds(prompt, ?) + holds(answer, ?) > 0", query.text or None),
    ):
        if term is not None and value is not None:
            terms.append(term)
            values += [value] * term.count("?")
    if query.failed:
        terms.append(f"outcome IN {TROUBLE}")
    return (f"WHERE {' AND '.join(terms)}" if terms else ""), values


def _facts(row: sqlite3.Row) -> dict[str, Any]:
    facts = dict(row)
    facts["frame_offset_s"] = facts.pop("frame_offset")
    facts["times_s"] = msgspec.json.decode(facts.pop("times") or "{}")
    return facts


def folded(text: str) -> str:
    """Return a text as it is searched: without case, and full-width letters as the narrow ones (NFKC)."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def _holds(text: str | None, part: str) -> bool:
    return text is not None and folded(part) in folded(text)


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:
        return True  # it is not ours to see
