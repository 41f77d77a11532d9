"""What a wearer's day does to devices: pulled out, frozen, stalled, and back. Service, frames and keys go on."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from rig.camera import VirtualCamera
from rig.glasses import is_answered, picture, set_up, shown, status, until_device

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rig.board import Board

CYCLES = 20
SPARE_KIB = 6 * 1024
"""How much the daemon may have grown after the cycles: what a ring of frames differs by from one moment to another."""


@pytest.fixture
def glasses(board: Board) -> Iterator[Board]:
    """A board that answers a press; whatever happens to its devices, the service is never started again."""
    set_up(board)
    process = shown(board, "MainPID")
    yield board
    assert (shown(board, "MainPID"), shown(board, "NRestarts")) == (process, "0")


def answers_a_press(board: Board, since: float) -> None:
    """A press is answered, about a picture that went out since then."""
    board.buttons.press("enter")
    data = is_answered(board)
    assert data in [sent.data for sent in board.camera.sent if sent.ended > since]


def comes_back(board: Board, name: str, since: float) -> None:
    """A device is there again, and a press is answered."""
    until_device(board, name)
    answers_a_press(board, since)


def test_a_camera_is_pulled_out_while_nobody_asks(glasses: Board) -> None:
    glasses.camera.unplug()
    until_device(glasses, "camera", state="waiting")
    glasses.camera.plug()
    comes_back(glasses, "camera", time.monotonic())


def test_a_camera_is_pulled_out_in_the_middle_of_an_answer(glasses: Board) -> None:
    glasses.buttons.press("enter")
    picture(glasses.model.request()[1])
    glasses.model.say("It is a red ")
    glasses.display.until("It is a red")
    glasses.camera.unplug()
    until_device(glasses, "camera", state="waiting")
    glasses.model.say("mug.")
    glasses.model.finish()
    glasses.display.until("It is a red mug.")
    glasses.camera.plug()
    comes_back(glasses, "camera", time.monotonic())


def test_a_press_without_a_camera_is_told_in_words(glasses: Board) -> None:
    glasses.camera.unplug()
    until_device(glasses, "camera", state="waiting")
    glasses.buttons.press("enter")
    glasses.until("glassd status", "last ask: failed, no_camera")


@pytest.mark.parametrize("trouble", [VirtualCamera.freeze, VirtualCamera.stall], ids=["frozen", "stalled"])
def test_a_camera_that_gives_nothing_is_back_once_it_does(
    glasses: Board, trouble: Callable[[VirtualCamera], None]
) -> None:
    trouble(glasses.camera)
    until_device(glasses, "camera", state="waiting")
    thawed = time.monotonic()
    glasses.camera.thaw()
    comes_back(glasses, "camera", thawed)


def test_a_keyboard_is_pulled_out_and_back(glasses: Board) -> None:
    glasses.buttons.unplug()
    until_device(glasses, "buttons.0", state="waiting")
    glasses.buttons.plug()
    comes_back(glasses, "buttons.0", time.monotonic())


def test_a_keyboard_is_pulled_out_with_a_key_held(glasses: Board) -> None:
    """The press that was never let go asks nothing; the next one does."""
    glasses.buttons.down("enter")
    glasses.until("glassd status --json", '"ready"')
    glasses.buttons.unplug()
    until_device(glasses, "buttons.0", state="waiting")
    glasses.buttons.plug()
    until_device(glasses, "buttons.0")
    assert status(glasses)["last_ask"] is None
    answers_a_press(glasses, 0)


@pytest.mark.timeout(600)
def test_many_losses_leave_nothing_behind(glasses: Board) -> None:
    def loses_both() -> None:
        glasses.camera.unplug()
        glasses.buttons.unplug()
        until_device(glasses, "camera", "buttons.0", state="waiting")
        glasses.camera.plug()
        glasses.buttons.plug()
        until_device(glasses, "camera", "buttons.0")

    loses_both()
    answers_a_press(glasses, 0)
    before = held(glasses)
    for _ in range(CYCLES):
        loses_both()
    answers_a_press(glasses, 0)
    after = held(glasses)
    assert after[:2] == before[:2]
    assert after[2] < before[2] + SPARE_KIB


def held(board: Board) -> tuple[int, int, int]:
    """Return the daemon's descriptors, threads, and resident KiB, once its ring is full and its answer ended."""
    board.until("glassd status --json", '"idle"')
    process = f"/proc/{shown(board, 'MainPID')}"
    board.camera.await_frames(120)
    descriptors = int(board.shell(f"ls {process}/fd | wc -l"))
    facts = dict(line.split(":", 1) for line in board.shell(f"cat {process}/status").splitlines())
    return descriptors, int(facts["Threads"]), int(facts["VmRSS"].split()[0])
