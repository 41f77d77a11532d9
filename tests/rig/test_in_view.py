"""A press gets the frame that was in view, as the camera's log and an independent reader of the key have it."""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING

import cv2
import pytest

from glassd_drivers.units import Size
from rig.camera.formats import Encoding
from rig.camera.pictures import drawing, encoded
from rig.in_view import measure, watched

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rig.board import Board

SIZE = Size(640, 480)
PICTURES = 90
"""How many different ones are shown, in turn: none comes twice within the time that matters."""
FULL = os.environ.get("SOAK") == "full"


def numbered(blurred: Iterable[int] = ()) -> list[bytes]:
    """Pictures that show their numbers, some of them as a camera that turns would see them."""
    spoilt = set(blurred)
    drawn = (drawing(number, SIZE) for number in range(PICTURES))
    return [
        encoded(cv2.blur(picture, (24, 1)) if number in spoilt else picture, Encoding.MJPEG)
        for number, picture in enumerate(drawn)
    ]


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
    with watched(board, numbered(blurred=range(1, PICTURES, 2)), 30) as guest:
        measured = measure(board, guest, 50 if FULL else 10, random.Random(1))
    assert [press.around[press.picked].index % 2 for press in measured.presses] == [0] * len(measured.presses)
    assert measured.errors(lambda press: press.nearest)[-1] <= 1
