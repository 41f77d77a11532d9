"""Every layout that a journal ever had is brought to the newest, and keeps what is in it."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from keeping import an_ask, an_end, config, is_whole, keeping, query

from glassd.journal import FILE, HistoryError
from glassd.journal.layout import STEPS, VERSION, open_file
from glassd.journal.queries import Query, open_to_read
from glassd.spending import Amounts, Spent
from paths import TREE

if TYPE_CHECKING:
    from pathlib import Path

LAYOUTS = TREE / "tests/data/journal"


def from_layout(version: int, folder: Path) -> None:
    """Lay a journal of an old layout."""
    with closing(sqlite3.connect(folder / FILE)) as connection:
        connection.executescript((LAYOUTS / f"layout-{version}.sql").read_text(encoding="utf-8"))


def shape(connection: sqlite3.Connection) -> dict[str, list[tuple[object, ...]]]:
    tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%'")]
    return {table: connection.execute(f"PRAGMA table_xinfo({table})").fetchall() for table in tables}


def test_there_is_a_fixture_for_every_old_layout() -> None:
    assert sorted(file.name for file in LAYOUTS.iterdir()) == [f"layout-{number}.sql" for number in range(1, VERSION)]


@pytest.mark.parametrize("version", range(1, VERSION))
def test_an_old_journal_has_the_newest_layout_once_it_was_opened(version: int, tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()
    from_layout(version, old)
    with closing(open_file(old / FILE)) as upgraded, closing(open_file(new / FILE)) as fresh:
        assert shape(upgraded) == shape(fresh)
        for pragma in ("user_version", "auto_vacuum", "journal_mode"):
            assert upgraded.execute(f"PRAGMA {pragma}").fetchone() == fresh.execute(f"PRAGMA {pragma}").fetchone()
    assert is_whole(old)


@pytest.mark.parametrize("version", range(1, VERSION))
def test_an_old_journal_keeps_what_is_in_it(version: int, tmp_path: Path) -> None:
    from_layout(version, tmp_path)

    async def scenario() -> None:
        async with keeping(tmp_path, config(outbox={})) as kept:
            spent, waiting = await kept.opened
            assert spent == Spent(497_222, Amounts(3, 3, 2700, 0.0071), 20_717, Amounts(40, 38, 36_000, 0.09))
            assert [(one.item, one.since, one.perhaps_sent) for one in waiting] == [
                (2, 1_790_000_106.0, True),
                (3, None, False),
            ]
            mine = await kept.history.asks(Query())
            assert [(row["id"], row["outcome"]) for row in mine] == [
                ("resume-4", "interrupted"),
                ("press-3", "cut_off"),
                ("scene-2", "failed"),
            ]
            first = await kept.history.ask("1", everybody=True)
            assert first is not None
            assert (first["prompt"], first["answer"], first["pictures"]) == ("这是什么?", "一只猫。", 1)
            assert first["times_s"] == {"frame": 0.04, "sent": 0.31, "first_delta": 1.2, "done": 2.6}
            assert await kept.history.skips(everybody=False) == [
                {"day": 20_717, "trigger": "every 5min", "why": "busy", "count": 4}
            ]
            assert [line["what"] for line in await kept.history.audit()] == ["export"]
            kept.journal.ended(*an_end(an_ask()))
            assert (await kept.history.asks(Query()))[0]["number"] == 5

    asyncio.run(scenario())
    assert is_whole(tmp_path)


def test_an_upgrade_that_fails_leaves_the_layout_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from_layout(1, tmp_path)
    before = query(tmp_path, "SELECT sql FROM sqlite_schema"), query(tmp_path, "SELECT * FROM asks")
    broken = (STEPS[0], "ALTER TABLE asks ADD COLUMN model TEXT; INSERT INTO nothing VALUES (1);")
    monkeypatch.setattr("glassd.journal.layout.STEPS", broken)
    with pytest.raises(sqlite3.OperationalError):
        open_file(tmp_path / FILE)
    assert query(tmp_path, "PRAGMA user_version") == [(1,)]
    assert (query(tmp_path, "SELECT sql FROM sqlite_schema"), query(tmp_path, "SELECT * FROM asks")) == before


def test_whoever_only_reads_does_not_upgrade(tmp_path: Path) -> None:
    from_layout(1, tmp_path)
    with pytest.raises(HistoryError, match="older glassd"):
        open_to_read(tmp_path / FILE, None)
    assert query(tmp_path, "PRAGMA user_version") == [(1,)]
