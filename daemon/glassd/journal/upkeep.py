"""What is kept for so long and so much: a little is done at a time, so that nothing else waits for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import Struct

from glassd.journal.transactions import transaction

if TYPE_CHECKING:
    import sqlite3

BATCH: Final = 50
"""How many asks go in one transaction: with a picture each, tens of MiB that are written over."""
FREE_PAGES: Final = 256
"""How much of the file may be free, pages of 4 KiB; what is beyond that goes back to the disk, as much at a time."""
AUDIT_LIMIT: Final = 1000
"""How many lines tell of exports and deletions; the oldest go first."""
DAY_S: Final = 86400.0


class Limits(Struct, frozen=True):
    """How long, in seconds, and how large, in bytes; `pictures` is 0 where none are kept."""

    age: float
    pictures: float
    size: int
    outbox_age: float


class Now(Struct, frozen=True):
    """What is known of the time. `offset` as Wall has it; `first`: the newest ask's number before this daemon's own."""

    utc: float
    offset: float
    local_day: int
    first: int


def upkeep(connection: sqlite3.Connection, limits: Limits, now: Now | None) -> bool:
    """Do one piece of what is due, in one transaction; return whether there may be more.

    `now` is None while the clock is not known to be right: nothing that has a date is judged by it then. How large the
    file is needs no date.
    """
    with transaction(connection):
        more = (now is not None and _by_age(connection, limits, now)) or _by_size(connection, limits.size)
    return more or _shrink(connection)


def _by_age(connection: sqlite3.Connection, limits: Limits, now: Now) -> bool:
    _date(connection, now)
    gone = 0
    pictures_until, asks_until = now.utc - limits.pictures, now.utc - limits.age
    gone += connection.execute(
        "DELETE FROM pictures WHERE ask IN "
        "(SELECT DISTINCT ask FROM pictures JOIN asks ON number = ask WHERE utc < ? LIMIT ?)",
        (pictures_until, BATCH),
    ).rowcount
    gone += _asks_until(connection, asks_until)
    gone += connection.execute(
        "DELETE FROM skips WHERE day BETWEEN 0 AND ?", (now.local_day - limits.age // DAY_S - 1,)
    ).rowcount
    # The scheduler forgets what has waited too long; this is for what it does not know of: without a key, or a section.
    gone += connection.execute("DELETE FROM outbox WHERE utc < ?", (now.utc - limits.outbox_age,)).rowcount
    connection.execute("DELETE FROM audit WHERE number <= (SELECT max(number) FROM audit) - ?", (AUDIT_LIMIT,))
    return gone > 0


def _date(connection: sqlite3.Connection, now: Now) -> None:
    """Give this daemon's asks their time that came before the clock was known to be right."""
    connection.execute("UPDATE asks SET utc = instant + ? WHERE utc IS NULL AND number > ?", (now.offset, now.first))


def _asks_until(connection: sqlite3.Connection, until: float) -> int:
    """Delete a batch of asks from before a time, and what has no date but came before them; return how many."""
    query = "SELECT number FROM asks WHERE utc < ? ORDER BY utc LIMIT ?"
    numbers = [row[0] for row in connection.execute(query, (until, BATCH))]
    if not numbers:
        return 0
    connection.executemany("DELETE FROM asks WHERE number = ?", [(number,) for number in numbers])
    undated = connection.execute("DELETE FROM asks WHERE utc IS NULL AND number < ?", (max(numbers),))
    return len(numbers) + undated.rowcount


def _by_size(connection: sqlite3.Connection, limit: int) -> bool:
    """Delete as many of the oldest asks as make all fit, a batch at most; the outbox has its own bound."""
    pages, page_size = _pragma(connection, "page_count"), _pragma(connection, "page_size")
    waiting = connection.execute("SELECT coalesce(sum(length(sealed)), 0) FROM outbox").fetchone()[0]
    too_much = (pages - _pragma(connection, "freelist_count")) * page_size - waiting - limit
    gone = 0
    for number, size in connection.execute(_SIZES, (BATCH,)).fetchall() if too_much > 0 else ():
        connection.execute("DELETE FROM asks WHERE number = ?", (number,))
        gone += 1
        too_much -= size
        if too_much <= 0:
            break
    return gone > 0


_SIZES: Final = """
SELECT number, 100 + coalesce(length(CAST(prompt AS BLOB)), 0) + coalesce(length(CAST(answer AS BLOB)), 0)
    + (SELECT coalesce(sum(length(data)), 0) FROM pictures WHERE ask = number)
FROM asks ORDER BY number LIMIT ?
"""
"""About how many bytes each of the oldest asks takes."""


def _shrink(connection: sqlite3.Connection) -> bool:
    """Give pages back to the disk; return whether some more may be given."""
    free = _pragma(connection, "freelist_count")
    if free <= FREE_PAGES:
        return False
    connection.execute(f"PRAGMA incremental_vacuum({FREE_PAGES})").fetchall()
    return _pragma(connection, "freelist_count") < free


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])
