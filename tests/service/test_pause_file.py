"""The pause that outlives a restart: a file, and disks that do not take it."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import pytest

from glassd.service.pause import PauseFile

if TYPE_CHECKING:
    from pathlib import Path


async def kept(folder: Path, *words: bool) -> None:
    file = PauseFile(folder)
    for on in words:
        file.keep(on)
    await file.close()


def test_a_pause_is_there_after_a_restart_until_it_is_undone(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    assert not PauseFile(folder).is_there()
    asyncio.run(kept(folder, True))
    assert PauseFile(folder).is_there()
    assert "unpause" in (folder / "paused").read_text("utf-8")
    asyncio.run(kept(folder, False))
    assert not PauseFile(folder).is_there()


@pytest.mark.parametrize("words", [(True, False), (False, True), (True, False, True), (True,) * 20 + (False,)])
def test_the_newest_word_counts_however_fast_they_come(tmp_path: Path, words: tuple[bool, ...]) -> None:
    asyncio.run(kept(tmp_path, *words))
    assert PauseFile(tmp_path).is_there() is words[-1]


def test_a_word_that_comes_while_the_disk_takes_another_counts_too(tmp_path: Path) -> None:
    async def main() -> None:
        file = PauseFile(tmp_path)
        file.keep(on=True)
        await asyncio.sleep(0)  # it has begun to write
        file.keep(on=False)
        await file.close()

    asyncio.run(main())
    assert not PauseFile(tmp_path).is_there()


def test_an_end_of_a_pause_that_was_never_kept_is_no_trouble(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    asyncio.run(kept(tmp_path / "nothing", False))
    assert not caplog.records


def test_a_folder_that_takes_no_file_is_told_to_the_operator(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    blocked = tmp_path / "state"
    blocked.write_text("a file where the folder should be")
    asyncio.run(kept(blocked, True))
    (line,) = caplog.records
    assert line.levelno == logging.WARNING
    assert "the pause is not kept over a restart" in line.getMessage()
