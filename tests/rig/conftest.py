"""The fixtures `board` (glassd's .deb installed) and `bare_board` (Debian alone), and what failed tests show."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rig import snapshots
from rig.board import Board

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

SNAPSHOTS = {"board": snapshots.installed, "bare_board": snapshots.booted}
TEST_LIMIT_S = 300
"""Seconds for a test on the board that says no limit of its own: its processor is an emulated one."""


@pytest.fixture
def board() -> Iterator[Board]:
    """A board with glassd installed from this tree's .deb, not set up, nothing plugged in."""
    with Board(snapshots.installed()) as made:
        yield made


@pytest.fixture
def bare_board() -> Iterator[Board]:
    """A board without glassd, nothing plugged in."""
    with Board(snapshots.booted()) as made:
        yield made


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what asks for a board."""
    for item in items:
        if _boards(item):
            item.add_marker(pytest.mark.rig)
            if item.get_closest_marker("timeout") is None:
                item.add_marker(pytest.mark.timeout(TEST_LIMIT_S))


def pytest_collection_finish(session: pytest.Session) -> None:
    """Make the snapshots before any test's time runs."""
    if not session.config.option.collectonly:
        for name in {name for item in session.items for name in _boards(item)}:
            SNAPSHOTS[name]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what the board said where a test failed."""
    report = yield
    if report.failed and report.when == "call":
        for name in _boards(item):
            board = getattr(item, "funcargs", {}).get(name)
            if board is not None:
                report.sections.extend(board.last_words())
    return report


def _boards(item: pytest.Item) -> list[str]:
    return [name for name in SNAPSHOTS if name in getattr(item, "fixturenames", ())]
