"""Presses while the camera is in trouble: each ends with a frame of its moment or with words, never with an old one."""

from __future__ import annotations

import json
import os
import random
import time
from typing import TYPE_CHECKING, Any

import pytest

from rig.glasses import is_answered, picture, set_up, status, until_device

if TYPE_CHECKING:
    from rig.board import Board

FRESH_S = 0.5
"""How far from a press a frame may be, by default."""
SLACK_S = 1.0
"""What this machine's clock and the guest's way with a key add to that."""
UNPLUGS = 20 if os.environ.get("SOAK") == "full" else 8
ENDS = {"no_picture", "no_camera"}


def test_a_frozen_camera_gives_words_and_never_an_old_frame(board: Board) -> None:
    set_up(board)
    board.camera.freeze()
    time.sleep(FRESH_S + 0.1)
    board.buttons.press("enter")
    board.until("glassd status --json", '"press-1"')
    board.until("glassd status --json", '"idle"')
    last = status(board)["last_ask"]
    assert (last["outcome"], last["code"] in ENDS) == ("failed", True)
    assert last["times_s"]["done"] < FRESH_S + SLACK_S
    board.display.until(last["code"])
    board.camera.thaw()
    until_device(board, "camera")
    thawed = time.monotonic()
    board.buttons.press("enter")
    data = is_answered(board)  # the first request that has come
    assert data in [sent.data for sent in board.camera.sent if sent.ended > thawed - FRESH_S]


@pytest.mark.timeout(900)
def test_presses_while_the_camera_is_pulled_out_again_and_again(board: Board) -> None:
    set_up(board)
    rng = random.Random(4)
    ends: list[str] = []
    asked = 0
    for number in range(1, UNPLUGS + 1):
        until_device(board, "camera")
        before = rng.uniform(0, 0.4)
        time.sleep(rng.uniform(0, 0.3))
        if number % 2:
            board.camera.unplug()
        pressed = time.monotonic()
        board.buttons.press("enter")
        time.sleep(before)
        if not number % 2:
            board.camera.unplug()
        ends.append(end_of(board, number, asked + 1, pressed))
        asked += ends[-1] == "finished"
        board.camera.plug()
    assert "finished" in ends
    assert {*ends} <= {"finished", *ENDS}


def end_of(board: Board, number: int, request: int, pressed: float) -> str:
    """Return how a press ended; the request that it made is answered, and its picture is one of the press' moment."""
    head = board.model.folder / f"{request}.head"
    deadline = time.monotonic() + 20
    answered = False
    while time.monotonic() < deadline:
        last: dict[str, Any] | None = status(board)["last_ask"]
        if last is not None and last["id"] == f"press-{number}":
            return str(last["code"] or last["outcome"])
        if head.exists() and not answered:
            data = picture(board.model.request()[1])
            around = [sent for sent in board.camera.sent if abs(sent.began - pressed) < FRESH_S + SLACK_S]
            assert data in [sent.data for sent in around]
            board.model.answer_next("A mug.")
            answered = True
    raise AssertionError(f"press {number} has no end: {json.dumps(status(board))}")
