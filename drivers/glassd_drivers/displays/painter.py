"""A screen as pixels: which strips of the display change, and how. No I/O.

What it gives is ink, from 0 to 255 for each pixel; `Colours` says which colour that is, so that the same drawing goes
to a framebuffer of any format and into a picture.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from glassd_drivers.displays.signs import draw_signs
from glassd_drivers.displays.typeset import Typesetter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from glassd_drivers.contracts import Screen
    from glassd_drivers.displays.fonts import Fonts
    from glassd_drivers.displays.sheet import Sheet
    from glassd_drivers.displays.typeset import Ink

_PAGE_CELLS = 15
"""Room for the page sign, such as 12/345, in half-width cells of the band."""


class Strip(NamedTuple):
    """A rectangle that changes: its upper left corner, and its ink."""

    left: int
    top: int
    ink: Ink


class Painter:
    """Draws screens on one sheet, and remembers what stands there."""

    def __init__(self, fonts: Fonts, sheet: Sheet) -> None:
        self.sheet = sheet
        self._lines = Typesetter(fonts, sheet.columns, sheet.cell, sheet.line, sheet.size)
        cell = max(1, int(sheet.band * 0.4))
        self._pages = Typesetter(fonts, _PAGE_CELLS, cell, sheet.band, 2 * cell)
        self._drawn: list[object] = [None] * (sheet.rows + 1)  # what each strip was drawn from; None: not at all

    def update(self, screen: Screen) -> list[Strip]:
        """Return the strips that make what stands there into `screen`: the lines that differ."""
        return [
            Strip(self.sheet.left, top, self._draw(wanted, screen))
            for at, (top, wanted) in enumerate(self._wanted(screen))
            if self._becomes(at, wanted)
        ]

    def forget(self) -> None:
        """Take note that nothing stands there: the next screen is drawn whole."""
        self._drawn = [None] * len(self._drawn)

    def whole(self, screen: Screen) -> Ink:
        """Return the whole display with `screen` on it."""
        self.forget()
        canvas: Ink = np.zeros((self.sheet.height, self.sheet.width), np.uint8)
        for left, top, ink in self.update(screen):
            canvas[top : top + ink.shape[0], left : left + ink.shape[1]] = ink
        return canvas

    def _wanted(self, screen: Screen) -> Iterator[tuple[int, object]]:
        """Yield where each strip begins and what it is drawn from: a line's text, or the signs."""
        yield self.sheet.top, (screen.mark, screen.camera, screen.warning, screen.signs, _page_sign(screen))
        for row in range(self.sheet.rows):
            yield self.sheet.line_top(row), screen.lines[row] if row < len(screen.lines) else ""

    def _becomes(self, at: int, wanted: object) -> bool:
        changes = self._drawn[at] != wanted
        self._drawn[at] = wanted
        return changes

    def _draw(self, wanted: object, screen: Screen) -> Ink:
        return self._lines.line(wanted) if isinstance(wanted, str) else self._band(screen)

    def _band(self, screen: Screen) -> Ink:
        band: Ink = np.zeros((self.sheet.band, self.sheet.line_width), np.uint8)
        signs = draw_signs(screen, self.sheet.band)[:, : band.shape[1]]
        band[:, : signs.shape[1]] = signs
        if sign := _page_sign(screen):
            page = self._pages.line(sign.rjust(_PAGE_CELLS))[:, -band.shape[1] :]
            there = band[:, -page.shape[1] :]
            np.maximum(there, page, out=there)
        return band


def _page_sign(screen: Screen) -> str:
    return f"{screen.page}/{screen.pages}"[:_PAGE_CELLS] if screen.pages > 1 else ""


class Colours:
    """Ink into the colours between `background` and `color`, each as red, green and blue from 0 to 255."""

    def __init__(self, color: tuple[int, int, int], background: tuple[int, int, int]) -> None:
        share = np.arange(256)[:, None] / 255
        blend = np.array(background) * (1 - share) + np.array(color) * share
        self.table = blend.round().astype(np.uint8)
        """Red, green and blue for each of the 256 degrees of ink."""
