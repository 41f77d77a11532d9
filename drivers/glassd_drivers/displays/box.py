"""A screen as a framed box on the top rows of a terminal, all else scrolling beneath it. Screens in, bytes out, no I/O.

    ┌ writing ── camera on ── warning ───────── 1/2 ┐
    │ …the lines of the screen                      │
    └───────────────────────────────────────────────┘

The rows under the box are made the terminal's scroll region (DECSTBM), and the cursor stays there: what the process
prints scrolls beneath the box. A drawing saves the cursor, goes to what has changed, and puts the cursor back
(DECSC, CUP, SGR, ECH, DECAWM, DECRC), all in one write, so that it never tears a line of the log apart.
Source: the VT510's programmer reference, which today's terminals follow.
"""

from __future__ import annotations

import re
from itertools import groupby, zip_longest
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from glassd_drivers.displays.text import fitted, mark_words, printable, sign_words

if TYPE_CHECKING:
    from glassd_drivers.contracts import Profile, Screen

LEAST_TEXT_ROWS = 4
"""Rows of text that a box has at least; a window with room for fewer gets plain lines."""
LEAST_LOG_ROWS = 3
"""Rows that stay free under the box."""
_FRAME = 2  # rows and columns that the frame itself takes

_SAVE, _RESTORE = "\x1b7", "\x1b8"
_NO_WRAP, _WRAP = "\x1b[?7l", "\x1b[?7h"
_ERASE_ROW, _ERASE_TO_END = "\x1b[2K", "\x1b[K"
_GREEN, _NO_COLOR = "\x1b[;32m", "\x1b[m"  # whatever was set before
_AGREED = "[ -~\u3001-\u3029\u3041-\u3096\u30a1-\u30fa\u4e00-\u9fff\uff01-\uff60]*"
"""What every terminal gives the same width: one cell to ASCII, two to all others."""


class Window(NamedTuple):
    """The size of a terminal's window in cells."""

    columns: int
    rows: int


def text_rows_that_fit(profile: Profile, window: Window) -> int | None:
    """Return how many rows of text the box can have in the window; None where there is no room for one."""
    rows = min(profile.rows, window.rows - _FRAME - LEAST_LOG_ROWS)
    if window.columns < profile.columns + _FRAME or rows < min(LEAST_TEXT_ROWS, profile.rows):
        return None
    return rows


class Box:
    """The box in one window; a window of another size takes a new one.

    `text_rows` may be fewer than the profile's: then the box shows the last rows that have text. With `color`, mark
    and signs are green; the text is as the terminal has all text, which is legible on any background.
    """

    def __init__(self, profile: Profile, window: Window, text_rows: int, color: bool) -> None:
        self._columns = profile.columns
        self._window = window
        self._text_rows = text_rows
        self._color = color
        self._drawn_top: list[tuple[str, bool]] = []
        self._said: tuple[object, ...] = ()
        """What the top says."""
        self._drawn: list[str] = []
        self._fitted: dict[str, str] = {}
        """The lines of the last screen, as the box has them: of the next one most are the same."""
        self._set = ""  # the colour that has been set within an update

    def begin(self) -> str:
        """Return what takes the top rows and leaves the cursor under them.

        What the window shows is scrolled away first, into the terminal's own history.
        """
        last, below = self._window.rows, self._text_rows + _FRAME + 1
        scrolled_away = f"\x1b[r\x1b[{last};1H" + "\n" * last
        return f"{scrolled_away}\x1b[{below};{last}r\x1b[{below};1H"

    def end(self) -> str:
        """Return what gives all rows back and leaves the cursor where it is, under the box."""
        return f"{_SAVE}\x1b[r{_RESTORE}"

    def update(self, screen: Screen) -> str:
        """Return what changes the box into `screen`: only what differs, of a row that grows only what is new."""
        self._set = ""
        changed = "" if self._drawn else self._bottom()
        said = (screen.mark, screen.camera, screen.warning, screen.signs, screen.page, screen.pages)
        if said != self._said:
            top = self._top(screen)
            changed += self._top_change(top) if top != self._drawn_top else ""
            self._drawn_top, self._said = top, said
        rows = self._text(screen)
        for number, (row, was) in enumerate(zip_longest(rows, self._drawn), 2):
            if row != was:
                changed += self._row_change(number, was, row)
        self._drawn = rows
        return f"{_SAVE}{changed}{_RESTORE}" if changed else ""

    def _row_change(self, number: int, was: str | None, row: str) -> str:
        """Return what makes one row of text into another, None being whatever was there before the box."""
        if was is None or not (re.fullmatch(_AGREED, was) and re.fullmatch(_AGREED, row)):
            # Terminals do not agree on the width of every character (emoji joined into one, for instance). So nothing
            # wraps into the next row, and the right edge is placed by its column, where what stands too far right is
            # erased.
            left = f"\x1b[{number};1H{self._ink(color=False)}{_NO_WRAP}{_ERASE_ROW}│"
            return f"{left}{row}\x1b[{self._columns + _FRAME}G{_ERASE_TO_END}│{_WRAP}"
        same = len(was) if row.startswith(was) else _same_start(was, row)
        gone = _cells(was) - _cells(row)
        erase = f"\x1b[{gone}X" if gone > 0 else ""
        return f"\x1b[{number};{2 + _cells(row[:same])}H{self._ink(color=False)}{row[same:]}{erase}"

    def _top_change(self, top: list[tuple[str, bool]]) -> str:
        """Return what makes the top row, cell by cell, into another."""
        was = self._drawn_top or [("", False)] * len(top)
        differs = [at for at, (old, new) in enumerate(zip(was, top, strict=True)) if old != new]
        pieces = groupby(top[differs[0] : differs[-1] + 1], itemgetter(1))
        painted = "".join(self._ink(color=color) + "".join(cell for cell, _ in piece) for color, piece in pieces)
        return f"\x1b[1;{differs[0] + 1}H{painted}"

    def _bottom(self) -> str:
        """Return what draws the frame's last row, and empties the first."""
        last = f"\x1b[{self._text_rows + _FRAME};1H{_ERASE_ROW}└{'─' * self._columns}┘"
        return f"{self._ink(color=False)}{_NO_WRAP}{last}{_WRAP}\x1b[1;1H{_ERASE_ROW}"

    def _ink(self, *, color: bool) -> str:
        """Return what sets the colour of text, or none, whatever was set before; once is enough in an update."""
        before, self._set = self._set, _GREEN if color else _NO_COLOR
        return "" if before == self._set else self._set

    def _top(self, screen: Screen) -> list[tuple[str, bool]]:
        """Return the cells of the top row, each with whether it is in colour."""
        pages = f" {screen.page}/{screen.pages} "[: self._columns] if screen.pages > 1 else ""
        room = self._columns - len(pages)
        left = f" {mark_words(screen.mark)} "[:room]
        for sign in (*("camera on",) * screen.camera, *("warning",) * screen.warning, *map(sign_words, screen.signs)):
            if len(left) + len(next_one := f"── {sign} ") <= room:  # what there is no room for is left out
                left += next_one
        row = f"┌{left}{'─' * (room - len(left))}{pages}┐"
        return [(cell, self._color and 0 < at <= len(left)) for at, cell in enumerate(row)]

    def _text(self, screen: Screen) -> list[str]:
        before = self._fitted
        self._fitted = {
            line: before[line] if line in before else fitted(printable(line), self._columns) for line in screen.lines
        }
        lines = [self._fitted[line] for line in screen.lines]
        while lines and not lines[-1]:
            lines.pop()
        lines = lines[-self._text_rows :]
        lines += [""] * (self._text_rows - len(lines))
        return lines


def _cells(text: str) -> int:
    """Return how wide a text is whose width is agreed on."""
    return len(text) if text.isascii() else sum(2 if character > "~" else 1 for character in text)


def _same_start(one: str, other: str) -> int:
    """Return how many characters two texts that differ have in common at their start."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))
