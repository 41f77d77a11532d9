"""A framebuffer of 480x640: a line that has grown beside the whole screen anew, and beside what Pillow alone does."""

from __future__ import annotations

import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from measure import Ratio, by_turns
from PIL import Image, ImageDraw, ImageFont

sys.path.append(str(Path(__file__).parents[1] / "drivers"))

from framebuffers import Panel, plugged_in

from glassd_drivers.contracts import Mark, Screen
from glassd_drivers.displays.fb_node import FramebufferNode
from glassd_drivers.displays.fonts import DEFAULT_FONTS, FOLDER, load_fonts
from glassd_drivers.displays.painter import Colours, Painter
from glassd_drivers.displays.profiles import GLASS3
from glassd_drivers.displays.sheet import lay_out

if TYPE_CHECKING:
    from collections.abc import Iterator

ROUNDS = 40
PAGE = ("这是一个路牌，上面写着“人民路", "120 号”。A green door stands", "half open; behind it a lamp is") * 3
GROWING = "价格：¥15.50／碗；电话 010-6512"


def framebuffer() -> Iterator[Ratio]:
    """One line of ten that has grown by a character, drawn and written."""
    with _panel() as (node, painter):
        steps = [Screen((*PAGE, GROWING[:count]), mark=Mark.WRITING) for count in range(1, len(GROWING) + 1)]
        turn = iter(range(1 << 30))
        written = {"line": 0, "whole": 0}

        def next_screen() -> Screen:
            return steps[next(turn) % len(steps)]

        def line() -> float:
            painter.update(Screen((*PAGE, ""), mark=Mark.WRITING))  # what stood there before is no part of it
            return _spent(node, painter, next_screen(), written, "line")

        def whole() -> float:
            painter.forget()
            return _spent(node, painter, next_screen(), written, "whole")

        ours, anew, plain = by_turns(ROUNDS, line, whole, lambda: _with_pillow_alone(next_screen()))
    name = "framebuffer, a changed line at 480x640"
    yield Ratio(f"{name}, beside the whole screen", ours * 1000, anew * 1000, "ms", must=0.2, goal=1.0)
    yield Ratio(f"{name}, beside Pillow's own drawing", ours * 1000, plain * 1000, "ms")
    yield Ratio("framebuffer, bytes written for it", written["line"] / 1000, written["whole"] / 1000, "KB", must=0.2)


@contextmanager
def _panel() -> Iterator[tuple[FramebufferNode, Painter]]:
    sheet = lay_out(GLASS3, 480, 640)
    assert sheet is not None
    with tempfile.TemporaryDirectory() as folder:
        panel = Panel(Path(folder) / "fb0")
        node = FramebufferNode(panel.path, 0)
        with plugged_in(panel):
            node.open(Colours((0, 255, 0), (0, 0, 0)))
            try:
                yield node, Painter(load_fonts(), sheet)
            finally:
                node.close()


def _spent(node: FramebufferNode, painter: Painter, screen: Screen, written: dict[str, int], what: str) -> float:
    before = time.perf_counter()
    written[what] = sum(node.put(strip) for strip in painter.update(screen))
    return time.perf_counter() - before


def _with_pillow_alone(screen: Screen) -> float:
    """Draw the page as most would: an image, each line with the font, all of it copied."""
    before = time.perf_counter()
    page = Image.new("RGBX", (480, 640))
    draw = ImageDraw.Draw(page)
    for row, text in enumerate(screen.lines):
        draw.text((0, 80 + 45 * row), text, (0, 255, 0), font=_FONT)
    _COPY[:] = np.asarray(page)
    return time.perf_counter() - before


_COPY = np.zeros((640, 480, 4), np.uint8)
_FONT = ImageFont.truetype(FOLDER / DEFAULT_FONTS[0].partition("#")[0], 32)
