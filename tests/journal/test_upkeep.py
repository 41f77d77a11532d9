"""How long and how much is kept: by age once the clock is right, by size always, in pieces."""

from __future__ import annotations

import asyncio
import sqlite3
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from keeping import DAY_S, LIMIT_S, RIGHT, UTC, all_bytes, an_ask, an_end, change, config, is_whole, keeping, query

from glassd.journal import FILE
from glassd.journal.layout import open_file, upgrade
from glassd.journal.upkeep import AUDIT_LIMIT, BATCH, Limits, Now, upkeep
from glassd.wall import Wall
from glassd_drivers.contracts import Frame

if TYPE_CHECKING:
    from pathlib import Path

MIB = 1024 * 1024
UNKNOWN = Wall(UTC + 5000 * DAY_S, 0.0, known=False)
"""A clock that runs years ahead, as one does whose battery is old."""


def fill(folder: Path, *asks: tuple[float | None, str]) -> None:
    """Keep asks of these times, with these prompts."""
    open_file(folder / FILE).close()
    values = ", ".join(
        f"('a', 1, {'NULL' if utc is None else utc}, 0, 'button', '', '', 'finished', '{prompt}')"
        for utc, prompt in asks
    )
    change(
        folder,
        f"INSERT INTO asks (id, wearer, utc, instant, origin, trigger, resumes, outcome, prompt) VALUES {values}",
    )


def prompts(folder: Path) -> list[str]:
    return [row[0] for row in query(folder, "SELECT prompt FROM asks ORDER BY number")]


def tidied(folder: Path, settings: Any, wall: Wall) -> None:
    async def scenario() -> None:
        async with keeping(folder, settings, wall=wall) as kept:
            await kept.journal.tidied()

    asyncio.run(scenario())
    assert is_whole(folder)


def test_what_is_older_than_the_age_goes_and_what_came_undated_before_it(tmp_path: Path) -> None:
    old, new = UTC - 91 * DAY_S, UTC - 89 * DAY_S
    fill(tmp_path, (None, "undated, older"), (old, "old"), (None, "undated, newer"), (new, "new"))
    tidied(tmp_path, config(), RIGHT)
    assert prompts(tmp_path) == ["undated, newer", "new"]


def test_nothing_goes_by_its_date_while_the_clock_is_not_known_to_be_right(tmp_path: Path) -> None:
    fill(tmp_path, (1.0, "of 1970"), (UTC - 1000 * DAY_S, "old"))
    tidied(tmp_path, config({"age": "1h"}), UNKNOWN)
    assert prompts(tmp_path) == ["of 1970", "old"]


def test_many_go_in_pieces_between_which_others_may_write(tmp_path: Path) -> None:
    fill(tmp_path, *[(1000.0, "old")] * (3 * BATCH), (UTC, "new"))
    limits = Limits(age=DAY_S, pictures=0.0, size=64 * MIB, outbox_age=DAY_S)
    now = Now(UTC, UTC, int(UTC // DAY_S), 0)
    connection = open_file(tmp_path / FILE)
    left = []
    while upkeep(connection, limits, now):
        left.append(connection.execute("SELECT count(*) FROM asks").fetchone()[0])
        assert not connection.in_transaction
    connection.close()
    assert left[:3] == [2 * BATCH + 1, BATCH + 1, 1]


@given(st.lists(st.integers(0, 200) | st.none(), max_size=60), st.integers(1, 200))
def test_by_age_exactly_what_is_dated_before_it_goes(days: list[int | None], age: int) -> None:
    connection = open_memory()
    connection.executemany(
        "INSERT INTO asks (id, wearer, utc, instant, origin, trigger, resumes, outcome) "
        "VALUES ('a', 1, ?, 0, 'button', '', '', 'finished')",
        [(None if day is None else UTC - day * DAY_S,) for day in days],
    )
    limits = Limits(age=(age + 0.5) * DAY_S, pictures=0.0, size=64 * MIB, outbox_age=DAY_S)
    while upkeep(connection, limits, Now(UTC, UTC, int(UTC // DAY_S), len(days))):
        pass
    left = {row[0] for row in connection.execute("SELECT number FROM asks")}
    connection.close()
    assert {n for n, day in enumerate(days, 1) if day is not None and day <= age} <= left
    assert not {n for n, day in enumerate(days, 1) if day is not None and day > age} & left
    last_gone = max((n for n, day in enumerate(days, 1) if day is not None and day > age), default=0)
    assert {n for n, day in enumerate(days, 1) if day is None and n > last_gone} <= left


def open_memory() -> Any:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    upgrade(connection)
    return connection


def test_pictures_go_before_the_asks_that_they_belong_to(tmp_path: Path) -> None:
    picture = Frame(b"\xff\xd8" * 50_000, "image/jpeg", 1280, 720, 0.0, "camera")
    settings = config({"pictures": "1h"})

    async def scenario() -> None:
        async with keeping(tmp_path, settings) as kept:
            kept.journal.begun(an_ask(1, pictures=(picture,)), UTC - 3700)
            kept.journal.ended(*an_end(an_ask(1, pictures=(picture,))))
            kept.journal.begun(an_ask(2, pictures=(picture,)), UTC - 3500)
            kept.journal.ended(*an_end(an_ask(2, pictures=(picture,))))
            await kept.journal.tidied()
            assert query(tmp_path, "SELECT ask FROM pictures") == [(2,)]
            assert query(tmp_path, "SELECT count(*) FROM asks") == [(2,)]
            await kept.journal.configure(config())  # pictures: never
            await kept.journal.settled()
            assert query(tmp_path, "SELECT ask FROM pictures") == []

    asyncio.run(scenario())


@pytest.mark.parametrize("wall", [RIGHT, UNKNOWN])
def test_what_is_too_large_loses_its_oldest_and_gives_the_disk_back(wall: Wall, tmp_path: Path) -> None:
    fill(tmp_path, *[(UTC + number, f"{number} {'x' * 10_000}") for number in range(400)])
    assert (tmp_path / FILE).stat().st_size > 3 * MIB
    tidied(tmp_path, config({"size": "2MiB"}), wall)
    assert (tmp_path / FILE).stat().st_size < 3 * MIB
    kept = [int(prompt.split()[0]) for prompt in prompts(tmp_path)]
    assert kept == list(range(kept[0], 400))
    assert len(kept) > 100


def test_a_journal_that_grows_is_bounded_while_it_does(tmp_path: Path) -> None:
    picture = Frame(b"\xff\xd8" * 100_000, "image/jpeg", 1280, 720, 0.0, "camera")

    async def scenario() -> None:
        async with keeping(tmp_path, config({"pictures": "1h", "size": "1MiB"})) as kept:
            for number in range(60):
                kept.journal.ended(*an_end(an_ask(number, pictures=(picture,))))
                await kept.journal.settled()

    asyncio.run(scenario())
    [(count,)] = query(tmp_path, "SELECT count(*) FROM asks")
    assert 0 < count < 60, "it did not wait for the next round"


def test_what_waits_too_long_in_the_outbox_goes(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with keeping(tmp_path, config(outbox={"age": "1h"})) as kept:
            items = [await kept.journal.put(an_ask(n), utc) for n, utc in enumerate((UTC - 3601, UTC - 3599, None))]
            await kept.journal.tidied()
            assert [row[0] for row in query(tmp_path, "SELECT item FROM outbox")] == items[1:]

    asyncio.run(scenario())


def test_skips_and_the_audit_are_bounded_too(tmp_path: Path) -> None:
    open_file(tmp_path / FILE).close()
    today = int(UTC // DAY_S)
    days = ", ".join(f"({day}, 1, 'every 5min', 'busy', 1)" for day in (-1, today - 92, today - 89, today))
    lines = ", ".join(["(NULL, 'export', 'test', 1)"] * (AUDIT_LIMIT + 20))
    change(tmp_path, f"INSERT INTO skips VALUES {days}; INSERT INTO audit (utc, what, who, count) VALUES {lines};")
    tidied(tmp_path, config(), RIGHT)
    assert [row[0] for row in query(tmp_path, "SELECT day FROM skips ORDER BY day")] == [-1, today - 89, today]
    assert query(tmp_path, "SELECT count(*), max(number) FROM audit") == [(AUDIT_LIMIT, AUDIT_LIMIT + 20)]


def test_of_what_went_by_its_age_nothing_is_left_in_the_files(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with keeping(tmp_path) as kept:
            kept.journal.begun(an_ask(1, prompt="an old question"), UTC - 91 * DAY_S)
            kept.journal.begun(an_ask(2, prompt="a new question"), UTC)
            await kept.journal.settled()
            assert b"an old question" in all_bytes(tmp_path)
            await kept.journal.tidied()
            assert b"an old question" not in all_bytes(tmp_path)
            assert b"a new question" in all_bytes(tmp_path)

    asyncio.run(scenario())


def test_what_somebody_reads_while_it_is_deleted_is_gone_once_they_have_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("glassd.journal.layout.LOCK_LIMIT_S", 0.01)
    monkeypatch.setattr("glassd.journal.writer.RETRY_S", 0.01)

    async def scenario() -> None:
        async with keeping(tmp_path) as kept:
            kept.journal.begun(an_ask(1, prompt="a question"), UTC)
            await kept.journal.settled()
            reader = sqlite3.connect(tmp_path / FILE)
            reader.execute("BEGIN")
            assert reader.execute("SELECT prompt FROM asks").fetchall() == [("a question",)]
            assert await kept.history.forget("test", everybody=False) == 1
            assert b"a question" in all_bytes(tmp_path), "the reader holds it"
            reader.close()
            async with asyncio.timeout(LIMIT_S):
                while b"a question" in all_bytes(tmp_path):
                    await kept.journal.tidied()

    asyncio.run(scenario())
