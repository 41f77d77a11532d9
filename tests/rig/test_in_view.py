"""A press gets the frame that was in view, as the camera's log and an independent reader of the key have it."""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING

import pytest

from rig.in_view import Press, measure, numbered, watched

if TYPE_CHECKING:
    from rig.board import Board

FULL = os.environ.get("SOAK") == "full"


@pytest.mark.timeout(900)
def test_a_press_gets_the_frame_that_was_in_view(board: Board) -> None:
    with watched(board, numbered(), 30) as guest:
        measured = measure(board, guest, 200 if FULL else 20, random.Random(30))
    assert measured.error(Press.nearest, 0.5) == 0
    assert max(measured.error(truth, 0.95) for truth in (Press.nearest, Press.last)) <= 1


@pytest.mark.timeout(900)
def test_a_press_in_mid_frame_gets_the_one_that_the_camera_was_at(board: Board) -> None:
    with watched(board, numbered(), 5) as guest:
        measured = measure(board, guest, 50 if FULL else 8, random.Random(5), mid_frame=True)
    assert measured.error(Press.last, 0.5) == 0
    assert measured.error(Press.last, 0.95) <= 1


@pytest.mark.timeout(900)
def test_where_every_second_frame_is_blurred_a_press_gets_its_sharp_neighbour(board: Board) -> None:
    with watched(board, numbered(every_second_blurred=True), 30) as guest:
        measured = measure(board, guest, 50 if FULL else 10, random.Random(1))
    assert [press.around[press.picked].index % 2 for press in measured.presses] == [0] * len(measured.presses)
    assert measured.error(Press.nearest, 0.95) <= 1
