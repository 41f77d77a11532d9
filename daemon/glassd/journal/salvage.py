"""A journal that broke: it is moved aside, and what must not be lost is read out of it as far as it can be read."""

from __future__ import annotations

import contextlib
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Final

from glassd.journal.layout import open_file

if TYPE_CHECKING:
    from pathlib import Path

BROKEN_LIMIT: Final = 2
"""How many broken files are kept for whoever wants to look into them; the older goes."""

_WORTH_IT: Final = ("state", "outbox")
"""What was spent, who wears the glasses, and the asks that wait. All else is history."""


def move_aside(path: Path) -> Path:
    """Give a broken file another name, and begin a new one with what can be saved of it; return that name.

    Raise OSError where it cannot be moved, sqlite3.Error where the new one cannot be written.
    """
    for number in range(BROKEN_LIMIT - 1, 0, -1):
        for older in broken_files(path, number):
            older.replace(older.with_name(older.name.replace(f".broken-{number}", f".broken-{number + 1}")))
    aside = path.with_name(f"{path.name}.broken-1")
    for suffix in ("", "-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError):
            path.with_name(path.name + suffix).replace(aside.with_name(aside.name + suffix))
    _salvage(aside, path)
    return aside


def broken_files(path: Path, number: int | None = None) -> list[Path]:
    """Return the files of journals that broke, or of one of them, whose place is this file's."""
    return sorted(path.parent.glob(f"{path.name}.broken-{'*' if number is None else f'{number}*'}"))


def remove_broken(path: Path) -> None:
    """Delete what is left of journals that broke: there are words in them."""
    for file in broken_files(path):
        with contextlib.suppress(OSError):
            file.unlink()


def _salvage(aside: Path, path: Path) -> None:
    saved = {table: _rows(aside, table) for table in _WORTH_IT}
    if not any(saved.values()):
        return
    with closing(open_file(path)) as connection:
        for table, rows in saved.items():
            for row in rows:
                with contextlib.suppress(sqlite3.IntegrityError, sqlite3.OperationalError):
                    marks = ", ".join("?" * len(row))
                    connection.execute(f"INSERT OR REPLACE INTO {table} VALUES ({marks})", row)  # noqa: S608  our names


def _rows(aside: Path, table: str) -> list[tuple[object, ...]]:
    """Return the rows of a table up to where they cannot be read."""
    rows: list[tuple[object, ...]] = []
    with contextlib.suppress(sqlite3.Error), closing(sqlite3.connect(aside)) as connection:
        for row in connection.execute(f"SELECT * FROM {table}"):  # noqa: S608  our names
            rows.append(row)  # noqa: PERF402  what came before a row that cannot be read stays
    return rows
