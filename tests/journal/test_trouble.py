"""Disks that take nothing, files that broke, layouts of others: the daemon goes on, and nothing written is harmed."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import sqlite3
import subprocess
import sys
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
from keeping import LIMIT_S, UTC, an_ask, an_end, change, config, is_whole, keeping, query

from glassd.journal import FILE, HistoryError, entries
from glassd.journal.layout import VERSION
from glassd.journal.pending import Operation, Pending
from glassd.journal.queries import Query
from glassd.journal.writer import Writer
from glassd.spending import Amounts, Spent
from glassd.waiting import OutboxError
from paths import TREE

SMALL_BYTES = 1024 * 1024
FIRST = [f"press-{number}" for number in range(1, 21)]


def on_a_small_disk(folder: Path, scenario: str) -> tuple[dict[str, Any], list[str]]:
    """Run a scenario of small_disk.py on a tmpfs; return what came of it, and the log's lines."""
    script = f'mount -t tmpfs -o size={SMALL_BYTES} tmpfs "$1" && exec "$2" -X dev -W error "$3" "$1" {scenario}'
    here = Path(__file__).with_name("small_disk.py")
    path = os.pathsep.join(str(TREE / part) for part in ("tests", "tests/journal", "daemon", "drivers"))
    done = subprocess.run(
        ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, "sh", folder, sys.executable, here],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": path},
        timeout=50,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), done.stderr.splitlines()


def test_a_disk_that_gets_full_harms_nothing_and_is_written_again_once_there_is_room(tmp_path: Path) -> None:
    came, log = on_a_small_disk(tmp_path, "full")
    [line] = [line for line in log if "cannot be written" in line]
    assert "make room on the disk" in line
    assert "问题" not in line
    assert "full" in came["said"]
    assert came["readable"] == 20, "what was written before is read all the while"
    assert came["whole"]
    assert came["asks"] == [*FIRST, *(f"press-{number}" for number in range(30, 40))]
    assert came["waiting"] == 1, "what was refused is not queued"


@pytest.mark.parametrize("scenario", ["starts_full", "read_only"])
def test_a_disk_that_takes_nothing_at_the_start_is_read_at_least(scenario: str, tmp_path: Path) -> None:
    came, _ = on_a_small_disk(tmp_path, scenario)
    assert came["spent"], "a restart gives nobody a new budget"
    assert came["waited"] == 1
    assert came["said"] != ""
    assert came["readable"] == 20
    assert came["whole"]
    assert came["asks"] == [*FIRST, "press-50"]


def test_a_disk_that_never_has_room_costs_the_daemon_nothing(tmp_path: Path) -> None:
    came, _ = on_a_small_disk(tmp_path, "never_better")
    assert came == {"spent": True, "waiting": 0}


# -- layouts of others -------------------------------------------------------------------------------------------------


def fingerprint(path: Path) -> tuple[str, int]:
    return hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns


async def keep_one(folder: Path, number: int = 1) -> None:
    async with keeping(folder, config(outbox={})) as kept:
        await kept.opened
        kept.journal.ended(*an_end(an_ask(number)))
        await kept.journal.put(an_ask(number), UTC)


def test_a_newer_journal_is_told_of_in_one_line_and_left_as_it_is(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    asyncio.run(keep_one(tmp_path))
    change(tmp_path, f"PRAGMA user_version = {VERSION + 1}")
    before = fingerprint(tmp_path / FILE)

    async def scenario() -> None:
        async with keeping(tmp_path, config(outbox={})) as kept:
            assert await kept.opened == (Spent(), []), "the daemon goes on without it"
            kept.journal.begun(an_ask(2), UTC)
            kept.journal.new_wearer()
            with pytest.raises(OutboxError, match="newer glassd"):
                await kept.journal.put(an_ask(2), UTC)
            with pytest.raises(HistoryError, match="newer glassd"):
                await kept.history.asks(Query())
            assert kept.troubles == []

    asyncio.run(scenario())
    (record,) = caplog.records
    assert str(tmp_path / FILE) in record.getMessage()
    assert f"layout {VERSION + 1}" in record.getMessage()
    assert "install the newer glassd" in record.getMessage()
    assert fingerprint(tmp_path / FILE) == before
    assert [file.name for file in tmp_path.iterdir()] == [FILE]


# -- files that broke --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("data", [b"no database " * 500, b"\xff" * 100_000])
def test_what_is_no_database_is_moved_aside_and_a_new_one_begun(
    data: bytes, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / FILE).write_bytes(data)

    async def scenario() -> None:
        async with keeping(tmp_path) as kept:
            assert await kept.opened == (Spent(), [])
            kept.journal.ended(*an_end(an_ask()))
            assert len(await kept.history.asks(Query())) == 1
            assert kept.troubles == []

    asyncio.run(scenario())
    (record,) = caplog.records
    assert "is broken" in record.getMessage()
    assert (tmp_path / f"{FILE}.broken-1").read_bytes() == data
    assert is_whole(tmp_path)


def test_a_file_that_breaks_while_it_is_in_use_is_moved_aside_and_nothing_new_is_lost(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with keeping(tmp_path, config(outbox={})) as kept:
            await kept.opened
            kept.journal.spend(Spent(5, Amounts(1), 6, Amounts(7)))
            item = await kept.journal.put(an_ask(1), UTC)
            for number in range(1, 200):
                kept.journal.ended(*an_end(an_ask(number, prompt="z" * 1000)))
            await kept.journal.settled()
        spoil_the_asks(tmp_path)
        async with keeping(tmp_path, config(outbox={})) as kept:
            for number in range(300, 310):
                kept.journal.ended(*an_end(an_ask(number)))
            await kept.history.asks(Query(limit=500))
            kept.journal.ended(*an_end(an_ask(310)))
        assert (tmp_path / f"{FILE}.broken-1").exists()
        async with keeping(tmp_path, config(outbox={})) as kept:
            assert (await kept.opened)[0] == Spent(5, Amounts(1), 6, Amounts(7)), "the ledger is read out of it"
            assert (await kept.journal.take(item)).id == "press-1", "and so is what waits"
            assert [row["id"] for row in await kept.history.asks(Query())] == [
                f"press-{number}" for number in range(310, 299, -1)
            ]

    asyncio.run(scenario())
    assert is_whole(tmp_path)


def spoil_the_asks(folder: Path) -> None:
    """Overwrite the pages of the asks' table, as a card does that loses some."""
    [(page_size,)] = query(folder, "PRAGMA page_size")
    [(root,)] = query(folder, "SELECT rootpage FROM sqlite_schema WHERE name = 'asks'")
    with (folder / FILE).open("r+b") as file:
        file.seek((root - 1) * page_size)
        file.write(b"\xa5" * page_size)


def test_of_broken_files_the_newest_are_kept(tmp_path: Path) -> None:
    for number in range(4):
        (tmp_path / FILE).write_bytes(b"broken %d " % number * 1000)
        asyncio.run(keep_one(tmp_path))
    assert sorted(file.name for file in tmp_path.iterdir()) == [FILE, f"{FILE}.broken-1", f"{FILE}.broken-2"]
    assert (tmp_path / f"{FILE}.broken-1").read_bytes().startswith(b"broken 3")


def test_forgetting_everything_forgets_what_broke_too(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"broken " * 1000)

    async def scenario() -> None:
        async with keeping(tmp_path) as kept:
            kept.journal.ended(*an_end(an_ask()))
            await kept.history.forget("test", everybody=True)

    asyncio.run(scenario())
    assert [file.name for file in tmp_path.iterdir()] == [FILE]


# -- bugs of ours ------------------------------------------------------------------------------------------------------


def test_an_operation_that_fails_by_itself_takes_no_other_with_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def wrong(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO asks (id) VALUES ('half an ask')")

    pending = Pending()
    waited: Future[None] = Future()
    pending.put(Operation(entries.next_wearer))
    pending.put(Operation(wrong))
    pending.put(Operation(wrong, done=waited))
    pending.put(Operation(entries.next_wearer))
    troubles: list[bool] = []
    path = tmp_path / FILE
    writer = Writer(
        path,
        pending,
        opened=lambda _connection: None,
        read=lambda _connection: None,
        upkeep=lambda _connection: False,
        troubled=troubles.append,
    )
    assert writer.close(LIMIT_S)
    with pytest.raises(sqlite3.IntegrityError):
        waited.result(0)
    assert troubles == []
    assert query(tmp_path, "SELECT value FROM state WHERE name = 'wearer'") == [("3",)]
    assert query(tmp_path, "SELECT count(*) FROM asks") == [(0,)]
    (record,) = caplog.records
    assert "a bug in glassd" in record.getMessage()
    assert "half an ask" not in record.getMessage()
