"""The signs in the band above the lines: what glassd does, whether the camera takes frames, whether something is wrong.

They are drawn, not written, so that they need no language and no font.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw

from glassd_drivers.contracts import Mark

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
    """Return the signs of a screen, from left to right: mark, camera, warning."""
    pens = [pen for pen in (_MARKS[screen.mark], screen.camera and _camera, screen.warning and _warning) if pen]
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
