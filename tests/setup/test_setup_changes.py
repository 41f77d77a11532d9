"""Changes to the system are kept as a whole, or undone as a whole."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from glassd.files import write_whole
from glassd.setup.changes import Changes

if TYPE_CHECKING:
    from pathlib import Path


def tree(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {
        str(path): (path.read_bytes() if path.is_file() else b"", stat.S_IMODE(path.stat().st_mode))
        for path in folder.rglob("*")
    }


def some_changes(changes: Changes, folder: Path) -> None:
    changes.folder(folder / "keys/deep", 0o700)
    changes.write(folder / "keys/deep/key", b"secret", 0o600)
    changes.write(folder / "config", b"new", 0o644)
    changes.write(folder / "config", b"newer", 0o600)
    changes.remove(folder / "old")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "config").write_bytes(b"what was there")
    (tmp_path / "config").chmod(0o640)
    (tmp_path / "old").write_bytes(b"as well")
    return tmp_path


def test_what_ends_well_is_kept(folder: Path) -> None:
    with Changes() as changes:
        some_changes(changes, folder)
    assert (folder / "config").read_bytes() == b"newer"
    assert not (folder / "old").exists()
    assert {path.rpartition("/")[2]: mode for path, (_, mode) in tree(folder).items()} == {
        "config": 0o600,
        "keys": 0o755,
        "deep": 0o700,
        "key": 0o600,
    }


@pytest.mark.parametrize("end", [KeyboardInterrupt, OSError, SystemExit])
def test_what_does_not_is_undone_in_reverse(folder: Path, end: type[BaseException]) -> None:
    before = tree(folder)
    told: list[str] = []
    with pytest.raises(end), Changes() as changes:  # noqa: PT012  the block is what is tested
        changes.to_undo(lambda: told.append("last"))
        some_changes(changes, folder)
        changes.to_undo(lambda: told.append("first"))
        raise end
    assert tree(folder) == before
    assert told == ["first", "last"]


def test_a_key_is_never_readable_by_others_not_even_while_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    modes: list[int] = []
    replace = os.fchmod

    def watched(fd: int, mode: int) -> None:
        modes.append(stat.S_IMODE(os.fstat(fd).st_mode))
        replace(fd, mode)

    monkeypatch.setattr(os, "fchmod", watched)
    before = os.umask(0)
    try:
        write_whole(tmp_path / "key", b"secret", 0o600)
    finally:
        os.umask(before)
    assert modes == [0o600]


def test_a_folder_that_cannot_be_written_leaves_no_half_file(tmp_path: Path) -> None:
    (tmp_path / "key").mkdir()
    with pytest.raises(IsADirectoryError):
        write_whole(tmp_path / "key", b"secret", 0o600)
    assert [path.name for path in tmp_path.iterdir()] == ["key"]
