"""The signs in the band above the lines: what glassd does, whether the camera takes frames, whether something is wrong.

They are drawn, not written, so that they need no language and no font.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw

from glassd_drivers.contracts import Mark, Sign

if TYPE_CHECKING:
    from collections.abc import Callable

    from glassd_drivers.contracts import Screen
    from glassd_drivers.displays.typeset import Ink

    Pen = Callable[[ImageDraw.ImageDraw], None]

GRID = 64
"""Each sign is drawn in a square of 64 by 64 points, then made as small as it is shown."""
_STROKE = 7
_INK = 255


def draw_signs(screen: Screen, height: int) -> Ink:
    """Return the signs of a screen, from left to right: mark, camera, warning, then what else is so for a while."""
    first = (_MARKS[screen.mark], screen.camera and _camera, screen.warning and _warning)
    pens = [pen for pen in (*first, *map(_SIGNS.get, screen.signs)) if pen]
    if not pens:
        return np.zeros((height, 0), np.uint8)
    return np.hstack([_draw(pen, height) for pen in pens])


def _draw(pen: Pen, height: int) -> Ink:
    side = round(height * 0.86)
    square = Image.new("L", (GRID, GRID))
    pen(ImageDraw.Draw(square))
    small = np.asarray(square.resize((side, side), Image.Resampling.BOX))
    above = (height - side) // 2
    return np.pad(small, ((above, height - side - above), (0, side // 3)))


def _eye(draw: ImageDraw.ImageDraw) -> None:
    draw.ellipse((2, 14, 61, 50), outline=_INK, width=_STROKE)
    draw.ellipse((22, 22, 42, 42), fill=_INK)


def _arrow(draw: ImageDraw.ImageDraw) -> None:
    draw.polygon(((32, 4), (56, 30), (8, 30)), fill=_INK)
    draw.rectangle((26, 28, 38, 60), fill=_INK)


def _dots(draw: ImageDraw.ImageDraw) -> None:
    for left in (4, 26, 48):
        draw.ellipse((left, 26, left + 13, 39), fill=_INK)


def _lines(draw: ImageDraw.ImageDraw) -> None:
    for top, right in ((12, 60), (29, 60), (46, 34)):
        draw.rectangle((4, top, right, top + _STROKE), fill=_INK)


def _tick(draw: ImageDraw.ImageDraw) -> None:
    draw.line(((6, 34), (24, 52), (58, 12)), fill=_INK, width=_STROKE + 2, joint="curve")


def _broken(draw: ImageDraw.ImageDraw) -> None:
    draw.rectangle((2, 29, 18, 36), fill=_INK)
    draw.rectangle((46, 29, 62, 36), fill=_INK)
    for left in (22, 34):
        draw.line(((left, 52), (left + 10, 12)), fill=_INK, width=_STROKE)


def _error(draw: ImageDraw.ImageDraw) -> None:
    draw.ellipse((3, 3, 60, 60), outline=_INK, width=_STROKE)
    draw.rectangle((28, 16, 35, 38), fill=_INK)
    draw.rectangle((28, 43, 35, 50), fill=_INK)


def _camera(draw: ImageDraw.ImageDraw) -> None:
    draw.rounded_rectangle((1, 16, 62, 56), 8, fill=_INK)
    draw.rectangle((20, 7, 43, 18), fill=_INK)
    draw.ellipse((18, 21, 45, 48), fill=0)
    draw.ellipse((25, 28, 38, 41), fill=_INK)


def _warning(draw: ImageDraw.ImageDraw) -> None:
    draw.polygon(((32, 3), (62, 58), (2, 58)), fill=_INK)
    draw.rectangle((29, 22, 35, 41), fill=0)
    draw.rectangle((29, 46, 35, 52), fill=0)


def _struck(draw: ImageDraw.ImageDraw) -> None:
    draw.line(((5, 59), (59, 5)), fill=0, width=5 * _STROKE // 2)
    draw.line(((5, 59), (59, 5)), fill=_INK, width=_STROKE)


def _pause(draw: ImageDraw.ImageDraw) -> None:
    for left in (12, 38):
        draw.rectangle((left, 6, left + 13, 57), fill=_INK)


def _no_camera(draw: ImageDraw.ImageDraw) -> None:
    _camera(draw)
    _struck(draw)


def _no_network(draw: ImageDraw.ImageDraw) -> None:
    for reach in (52, 35, 18):
        draw.arc((32 - reach, 60 - reach, 32 + reach, 60 + reach), 220, 320, fill=_INK, width=_STROKE)
    draw.ellipse((26, 53, 38, 63), fill=_INK)
    _struck(draw)


def _queued(draw: ImageDraw.ImageDraw) -> None:
    draw.line(((6, 30), (6, 58), (57, 58), (57, 30)), fill=_INK, width=_STROKE)
    draw.polygon(((32, 46), (18, 28), (46, 28)), fill=_INK)
    draw.rectangle((28, 4, 35, 30), fill=_INK)


def _budget_low(draw: ImageDraw.ImageDraw) -> None:
    draw.rectangle((2, 16, 54, 48), outline=_INK, width=_STROKE)
    draw.rectangle((55, 26, 62, 38), fill=_INK)
    draw.rectangle((12, 26, 19, 38), fill=_INK)


def _clock_not_set(draw: ImageDraw.ImageDraw) -> None:
    for left in (0, 14, 40, 54):
        draw.rectangle((left, 29, left + 9, 36), fill=_INK)
    for top in (18, 41):
        draw.rectangle((28, top, 35, top + _STROKE), fill=_INK)


_SIGNS: dict[Sign, Pen] = {
    Sign.PAUSED: _pause,
    Sign.NO_CAMERA: _no_camera,
    Sign.NO_NETWORK: _no_network,
    Sign.QUEUED: _queued,
    Sign.BUDGET_LOW: _budget_low,
    Sign.CLOCK_NOT_SET: _clock_not_set,
}
_MARKS: dict[Mark, Pen | None] = {
    Mark.IDLE: None,
    Mark.LOOKING: _eye,
    Mark.SENDING: _arrow,
    Mark.THINKING: _dots,
    Mark.WRITING: _lines,
    Mark.DONE: _tick,
    Mark.CUT_OFF: _broken,
    Mark.ERROR: _error,
}
