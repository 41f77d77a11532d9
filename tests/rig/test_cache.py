from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rig import cache

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GLASSD_CACHE", str(tmp_path))
    return tmp_path / "rig"


def write(folder: Path) -> None:
    (folder / "file").write_text("whole")


def never(folder: Path) -> None:
    raise AssertionError(f"{folder} is made once more")


def test_what_was_made_is_not_made_again() -> None:
    first = cache.made("disk", "a", write)
    assert cache.made("disk", "a", never) == first
    assert (first / "file").read_text() == "whole"


def test_what_was_not_finished_is_made_again() -> None:
    def half(folder: Path) -> None:
        (folder / "half").write_text("")
        raise RuntimeError("no network")

    with pytest.raises(RuntimeError, match="no network"):
        cache.made("disk", "a", half)
    assert [path.name for path in cache.made("disk", "a", write).iterdir()] == ["file"]


def test_those_last_used_stay_and_what_stands_on_the_others_goes_with_them(place: Path) -> None:
    below = cache.made("disk", "a", write)
    cache.made("state", "x", write, within=below)
    others = [cache.made("disk", name, write) for name in "bcd"]
    assert sorted(place.glob("disk-*")) == others
    cache.made("state", "x", write, within=cache.made("disk", "a", write))


def test_the_key_changes_with_texts_files_and_folders(tmp_path: Path) -> None:
    (tmp_path / "guest").mkdir()
    (tmp_path / "guest" / "list").write_text("one")
    keys = [cache.key("text", tmp_path / "guest"), cache.key("texts", tmp_path / "guest")]
    (tmp_path / "guest" / "list").write_text("two")
    keys.append(cache.key("text", tmp_path / "guest"))
    (tmp_path / "guest" / "list").rename(tmp_path / "guest" / "other")
    keys.append(cache.key("text", tmp_path / "guest"))
    assert len(set(keys)) == len(keys)
