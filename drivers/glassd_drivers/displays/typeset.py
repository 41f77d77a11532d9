"""A line of text into pixels: how much of each pixel the type covers, from 0 to 255.

Every grapheme has its place in the grid of half-width cells that screens are laid out in, so that nothing moves while a
line grows. A glyph that is wider than its cells is made narrower, never cut. Letters that join (Arabic, Indic scripts)
are drawn as the run that they are, in the cells of the run.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any

import numpy as np
import wcwidth
from PIL import Image, ImageDraw, features

from glassd_drivers.bidi import Run, paragraph_direction, runs

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from glassd_drivers.displays.fonts import Face, Fonts

    Ink = npt.NDArray[np.uint8]
    """How much of each pixel is covered: rows, columns."""

FINER = 4
"""How many times finer glyphs are drawn than they are shown; what is between is how much of a pixel they cover."""
GLYPHS_KEPT = 1024
"""Drawn glyphs kept for the next time, a page of Han being 150; at 32 pixels each takes up to 2 KB."""
RUNS_KEPT = 64
_BLANKS = frozenset("\u2800\u3164\uffa0\u115f\u1160")
"""An empty Braille pattern and the fillers of Hangul: what they look like is nothing."""
_BASELINE = 0.86
"""Of the type's size: from its top to where letters stand, as CJK fonts have it."""
_JOINING = (
    (0x0600, 0x08FF),  # Arabic, Syriac, Thaana, N'Ko …
    (0x0900, 0x0DFF),  # the scripts of India
    (0x0F00, 0x109F),  # Tibetan, Myanmar
    (0x1780, 0x18AF),  # Khmer, Mongolian
    (0xFB50, 0xFDFF),
    (0xFE70, 0xFEFE),
)


class Typesetter:
    """Draws lines in one size: cells of `cell` by `height` pixels, `size` pixels to the em, `columns` cells a line."""

    def __init__(self, fonts: Fonts, columns: int, cell: int, height: int, size: int) -> None:
        self.width = columns * cell
        self.height = height
        self._fonts = fonts
        self._columns = columns
        self._cell = cell
        self._size = size
        self._pillow: dict[Face, Any] = {}
        self._glyphs: OrderedDict[str, Ink] = OrderedDict()
        self._runs: OrderedDict[str, Ink] = OrderedDict()
        self._shapes = features.check("raqm")

    def line(self, text: str) -> Ink:
        """Return a line of `height` rows and `width` columns; what does not fit is cut off at its end."""
        ink: Ink = np.zeros((self.height, self.width), np.uint8)
        graphemes = [*wcwidth.iter_graphemes(text)]
        paragraph = paragraph_direction(graphemes)
        at = self._columns - sum(map(_cells, graphemes)) if paragraph == "R" else 0
        for run in runs(graphemes, paragraph):
            for piece, joined in _pieces(run):
                if not (cells := sum(map(_cells, piece))):
                    continue
                drawn = self._run("".join(piece), cells, run.right_to_left) if joined else self._glyph(piece[0], cells)
                self._put(ink, drawn, at)
                at += cells
        return ink

    def _put(self, ink: Ink, drawn: Ink, at: int) -> None:
        left = at * self._cell
        if left < 0:
            drawn, left = drawn[:, -left:], 0
        there = ink[:, left : left + drawn.shape[1]]
        np.maximum(there, drawn[:, : there.shape[1]], out=there)

    def _glyph(self, grapheme: str, cells: int) -> Ink:
        if (kept := self._glyphs.get(grapheme)) is not None:
            self._glyphs.move_to_end(grapheme)
            return kept
        if grapheme.isspace() or grapheme in _BLANKS:
            drawn: Ink = np.zeros((self.height, cells * self._cell), np.uint8)
        else:
            tries = (self._draw(face, near, cells, centred=True) for face, near in self._fonts.choices(grapheme))
            drawn = next((ink for ink in tries if ink.any()), self._box(cells))
        return _keep(self._glyphs, GLYPHS_KEPT, grapheme, drawn)

    def _run(self, text: str, cells: int, right_to_left: bool) -> Ink:
        if (kept := self._runs.get(text)) is not None:
            return kept
        face = self._fonts.covering(text)
        if face is None:
            return self._one_by_one(text, cells, right_to_left)
        return _keep(self._runs, RUNS_KEPT, text, self._draw(face, text, cells, right_to_left=right_to_left))

    def _one_by_one(self, text: str, cells: int, right_to_left: bool) -> Ink:
        ink: Ink = np.zeros((self.height, cells * self._cell), np.uint8)
        graphemes = [*wcwidth.iter_graphemes(text)]
        at = 0
        for grapheme in reversed(graphemes) if right_to_left else graphemes:
            self._put(ink, self._glyph(grapheme, _cells(grapheme)), at)
            at += _cells(grapheme)
        return ink

    def _draw(self, face: Face, text: str, cells: int, *, centred: bool = False, right_to_left: bool = False) -> Ink:
        """Draw text into so many cells: narrower where it would not fit, in the middle or where reading begins."""
        font = self._pillow.get(face)
        if font is None:
            font = self._pillow[face] = face.of_size(self._size * FINER)
        way = ("rtl" if right_to_left else "ltr") if self._shapes else None
        left, _, right, _ = font.getbbox(text, anchor="ls", direction=way)
        advance = max(1, round(font.getlength(text, direction=way)), right - min(left, 0))
        fine = Image.new("L", (advance, self.height * FINER))
        baseline = ((self.height - self._size) / 2 + _BASELINE * self._size) * FINER
        ImageDraw.Draw(fine).text((-min(left, 0), round(baseline)), text, 255, font=font, anchor="ls", direction=way)
        room = cells * self._cell
        width = max(1, min(room, round(advance / FINER)))
        drawn = np.asarray(fine.resize((width, self.height), Image.Resampling.BOX))
        before = (room - width) // 2 if centred else (room - width) * right_to_left
        return np.pad(drawn, ((0, 0), (before, room - width - before)))

    def _box(self, cells: int) -> Ink:
        """Draw an empty box: there is a character, and no font has it."""
        ink: Ink = np.zeros((self.height, cells * self._cell), np.uint8)
        stroke, gap = max(1, self._size // 16), max(1, self._size // 10)
        top = (self.height - self._size) // 2 + gap
        bottom, right = top + self._size - 2 * gap, ink.shape[1] - gap
        ink[top:bottom, gap:right] = 255
        ink[top + stroke : bottom - stroke, gap + stroke : right - stroke] = 0
        return ink


def _cells(grapheme: str) -> int:
    return max(0, wcwidth.wcswidth(grapheme))


def _pieces(run: Run) -> Iterator[tuple[tuple[str, ...], bool]]:
    """Yield what is drawn at once, from left to right: a whole run that joins, or one grapheme."""
    if run.right_to_left:
        yield run.graphemes, True
        return
    joined: list[str] = []
    for grapheme in run.graphemes:
        if _joins(grapheme):
            joined.append(grapheme)
            continue
        if joined:
            yield tuple(joined), True
            joined = []
        yield (grapheme,), False
    if joined:
        yield tuple(joined), True


def _joins(grapheme: str) -> bool:
    code = ord(grapheme[0])
    return code >= _JOINING[0][0] and any(first <= code <= last for first, last in _JOINING)


def _keep(cache: OrderedDict[str, Ink], limit: int, key: str, drawn: Ink) -> Ink:
    cache[key] = drawn
    if len(cache) > limit:
        cache.popitem(last=False)
    return drawn
