"""What a newer glassd has left in the state folder."""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from glassd.service.state import JOURNAL, refuse_newer_journal

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from running import Daemon


def journal(folder: Path, version: int) -> Path:
    """Make a journal as SQLite itself writes it."""
    path = folder / JOURNAL
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("CREATE TABLE asks (id TEXT PRIMARY KEY, prompt TEXT) STRICT")
        database.execute("INSERT INTO asks VALUES ('b1', 'What is this?')")
        database.execute(f"PRAGMA user_version = {version}")
        database.commit()
    return path


def fingerprint(path: Path) -> tuple[str, int]:
    return hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns


def test_a_newer_journal_is_told_of_in_one_line_and_left_as_it_is(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = journal(tmp_path, 3)
    before = fingerprint(path)
    refuse_newer_journal(tmp_path)
    (record,) = caplog.records
    assert str(path) in record.getMessage()
    assert "layout 3" in record.getMessage()
    assert "install the newer glassd" in record.getMessage()
    assert fingerprint(path) == before
    assert [file.name for file in tmp_path.iterdir()] == [JOURNAL]


@pytest.mark.parametrize("data", [None, b"", b"SQLite format 3\0", b"\xff" * 100, b"no database " * 10])
def test_what_is_no_newer_journal_is_passed_over(
    data: bytes | None, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    if data is not None:
        (tmp_path / JOURNAL).write_bytes(data)
    refuse_newer_journal(tmp_path)
    assert caplog.records == []


def test_a_journal_of_no_layout_is_not_newer(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    journal(tmp_path, 0)
    refuse_newer_journal(tmp_path)
    assert caplog.records == []


def test_the_daemon_starts_beside_a_newer_journal(tmp_path: Path, start: Callable[..., Daemon]) -> None:
    state = tmp_path / "state"
    state.mkdir()
    before = fingerprint(journal(state, 1))
    daemon = start("model: {endpoints: [{url: reader}]}\n", STATE_DIRECTORY=str(state))
    daemon.log.until("left as it is")
    assert daemon.stop() == 0
    assert fingerprint(state / JOURNAL) == before
