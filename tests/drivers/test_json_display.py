"""Screens as JSON lines: into a file, a fifo, and the standard output."""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lives import context
from pydantic import ValidationError
from ttys import standing_in_for

from glassd_drivers import testing
from glassd_drivers.contracts import Mark, PermanentFault, Screen, Sign, TransientFault
from glassd_drivers.displays import json_lines
from glassd_drivers.displays.json_lines import JsonConfig, JsonDisplay

if TYPE_CHECKING:
    from collections.abc import Callable

SIGNS = (Sign.NO_NETWORK, Sign.QUEUED)
FULL = Screen(
    ("门是", "green"), page=2, pages=3, mark=Mark.DONE, camera=True, warning=True, must_show=True, signs=SIGNS
)


def opened(**options: Any) -> JsonDisplay:
    return JsonDisplay(JsonConfig.model_validate(options), context("displays.0", lambda: 12.5))


def record(path: Path, *screens: Screen, **options: Any) -> list[dict[str, Any]]:
    """What a file holds once these screens were shown."""

    async def main() -> None:
        driver = opened(path=str(path), **options)
        try:
            await driver.open()
            for screen in screens:
                await driver.show(screen)
        finally:
            await driver.close()

    asyncio.run(main())
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


class Fifo(testing.Rig):
    """Another program at the far end of a fifo."""

    async def __aenter__(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        path = Path(self.folder.name) / "screens"
        os.mkfifo(path)
        self.reading = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        self.config = {"path": str(path)}
        self.told = b""

    async def __aexit__(self, *_: object) -> None:
        if self.reading >= 0:
            os.close(self.reading)
        self.folder.cleanup()

    async def shown(self, text: str) -> None:
        self.told += os.read(self.reading, 65536)
        assert json.loads(self.told.splitlines()[-1])["lines"] == [text]

    async def unplug(self) -> None:
        os.close(self.reading)
        self.reading = -1


KIT = testing.Kit("displays", "json", Fifo, missing={"path": "/nowhere/screens.jsonl"})


@pytest.mark.parametrize("check", KIT.checks(), ids=lambda check: check.__name__)
def test_conforms(check: Callable[[testing.Kit], None]) -> None:
    check(KIT)


def test_a_line_holds_all_of_a_screen(tmp_path: Path) -> None:
    assert record(tmp_path / "screens.jsonl", FULL) == [
        {
            "at": 12.5,
            "lines": ["门是", "green"],
            "page": 2,
            "pages": 3,
            "mark": "done",
            "camera": True,
            "warning": True,
            "signs": ["no_network", "queued"],
            "must_show": True,
        }
    ]


@given(st.lists(st.lists(st.text(), max_size=4).map(tuple), max_size=6))
def test_any_screen_is_one_line_of_json(pages: list[tuple[str, ...]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        found = record(Path(folder) / "screens.jsonl", *map(Screen, pages))
    assert [len(line["lines"]) for line in found] == [len(page) for page in pages]


def test_a_recording_goes_on_where_it_was(tmp_path: Path) -> None:
    path = tmp_path / "screens.jsonl"
    record(path, FULL)
    assert len(record(path, FULL)) == 2


def test_nobody_else_may_read_a_recording(tmp_path: Path) -> None:
    path = tmp_path / "screens.jsonl"
    record(path, FULL)
    assert path.stat().st_mode & 0o077 == 0


def test_a_recording_that_is_full_is_put_aside_once(tmp_path: Path) -> None:
    path = tmp_path / "screens.jsonl"
    screens = [Screen(("x" * 30_000, str(number))) for number in range(6)]
    assert [line["lines"][1] for line in record(path, *screens, limit="64KiB")] == ["4", "5"]
    before = [json.loads(line)["lines"][1] for line in (tmp_path / "screens.jsonl.1").read_text().splitlines()]
    assert before == ["2", "3"]
    assert len(list(tmp_path.iterdir())) == 2


def test_the_standard_output_where_no_path_is_named() -> None:
    reading, writing = os.pipe()

    async def main() -> None:
        driver = opened()
        with standing_in_for(1, writing):
            await driver.open()
        await driver.show(FULL)
        await driver.close()

    asyncio.run(main())
    os.close(writing)
    with os.fdopen(reading) as lines:
        assert json.loads(lines.read())["mark"] == "done"


def test_a_fifo_that_nobody_reads_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "screens"
    os.mkfifo(path)
    with pytest.raises(TransientFault, match="read by nobody: start the program that reads it"):
        record(path, FULL)


def test_a_folder_that_is_not_there_waits_for_a_person(tmp_path: Path) -> None:
    with pytest.raises(PermanentFault, match="No such file or directory; correct `path`"):
        record(tmp_path / "nowhere/screens.jsonl", FULL)


def test_a_reader_that_stands_still_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_lines, "WRITE_LIMIT_S", 0.01)
    path = tmp_path / "screens"
    os.mkfifo(path)
    reading = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        with pytest.raises(TransientFault, match="nothing was read"):
            record(path, *[Screen(("x" * 20_000,))] * 8)
    finally:
        os.close(reading)


def test_a_limit_too_small_for_a_screen_is_refused() -> None:
    with pytest.raises(ValidationError):
        JsonConfig.model_validate({"path": "/tmp/screens", "limit": "1KB"})
