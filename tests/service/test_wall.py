"""How it is known that the clock is right."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from glassd.service.wall import WallClock, kernel_clock_is_kept
from glassd.wall import BUILT

if TYPE_CHECKING:
    from pathlib import Path


class Board:
    """A board's clocks as the kernel and systemd show them."""

    def __init__(self, folder: Path) -> None:
        self.synchronized = folder / "synchronized"
        self.clocks = folder / "rtc"
        self.kept = False
        self.monotonic, self.utc = 1000.0, BUILT + 86400.0
        self.clock = WallClock(
            lambda: self.monotonic,
            lambda: self.utc,
            synchronized=self.synchronized,
            clocks=self.clocks,
            is_kept=lambda: self.kept,
        )

    def hardware_clock(self, name: str, hctosys: str) -> None:
        (self.clocks / name).mkdir(parents=True)
        (self.clocks / name / "hctosys").write_text(f"{hctosys}\n")


@pytest.fixture
def board(tmp_path: Path) -> Board:
    return Board(tmp_path)


def test_a_reading_says_how_far_utc_is_from_the_monotonic_clock(board: Board) -> None:
    wall = board.clock.read()
    assert wall.utc(1000.0) == board.utc
    board.monotonic, board.utc = 1010.0, board.utc + 3600.0
    assert board.clock.read().utc(1010.0) == board.utc


def test_a_board_without_anything_that_sets_its_clock_does_not_know_the_date(board: Board) -> None:
    assert not board.clock.read().known


def test_the_date_is_known_once_timesyncd_has_set_it(board: Board) -> None:
    assert not board.clock.read().known
    board.synchronized.touch()
    assert board.clock.read().known


def test_the_date_is_known_once_a_time_service_keeps_the_kernels_clock(board: Board) -> None:
    board.kept = True
    assert board.clock.read().known


def test_the_date_is_known_from_the_hardware_clock_that_the_kernel_took_it_from(board: Board) -> None:
    board.hardware_clock("rtc0", "0")
    assert not board.clock.read().known
    board.hardware_clock("rtc1", "1")
    assert board.clock.read().known


def test_a_date_before_this_code_was_built_is_wrong_whoever_vouches_for_it(board: Board) -> None:
    board.hardware_clock("rtc0", "1")
    board.synchronized.touch()
    board.utc = BUILT - 1.0
    assert not board.clock.read().known


def test_a_clock_that_was_right_is_not_taken_back_when_its_service_stops(board: Board) -> None:
    board.synchronized.touch()
    assert board.clock.read().known
    board.synchronized.unlink()
    assert board.clock.read().known


@pytest.mark.parametrize(("zone", "offset"), [("UTC0", 0.0), ("CST-8", 28800.0), ("CST6", -21600.0)])
def test_a_zone_that_is_set_while_glassd_runs_is_seen(
    board: Board, monkeypatch: pytest.MonkeyPatch, zone: str, offset: float
) -> None:
    monkeypatch.setenv("TZ", zone)
    try:
        wall = board.clock.read()
        assert wall.zone == offset
        assert wall.local(board.monotonic) == board.utc + offset
    finally:
        monkeypatch.undo()
        time.tzset()


def test_the_kernel_is_asked_without_being_told_anything() -> None:
    before = time.clock_gettime(time.CLOCK_REALTIME) - time.clock_gettime(time.CLOCK_MONOTONIC)
    assert kernel_clock_is_kept() in (True, False)
    after = time.clock_gettime(time.CLOCK_REALTIME) - time.clock_gettime(time.CLOCK_MONOTONIC)
    assert after == pytest.approx(before, abs=0.5)
