"""A press gets the frame that was in view, as the camera's log and an independent reader of the key have it."""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING

import pytest

from rig.in_view import measure, numbered, watched

if TYPE_CHECKING:
    from rig.board import Board

FULL = os.environ.get("SOAK") == "full"


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("fps", "count", "mid_frame"), [(30, 200 if FULL else 20, False), (5, 50 if FULL else 8, True)]
)
def test_a_press_gets_the_frame_that_was_in_view(board: Board, fps: int, count: int, mid_frame: bool) -> None:
    with watched(board, numbered(), fps) as guest:
        measured = measure(board, guest, count, random.Random(fps), mid_frame)
    errors = measured.errors(lambda press: press.nearest)
    assert errors[count // 2] == 0
    assert errors[int(count * 0.95)] <= 1


@pytest.mark.timeout(900)
def test_where_every_second_frame_is_blurred_a_press_gets_its_sharp_neighbour(board: Board) -> None:
    with watched(board, numbered(every_second_blurred=True), 30) as guest:
        measured = measure(board, guest, 50 if FULL else 10, random.Random(1))
    assert [press.around[press.picked].index % 2 for press in measured.presses] == [0] * len(measured.presses)
    assert measured.errors(lambda press: press.nearest)[-1] <= 1
