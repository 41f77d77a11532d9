"""A screen as a framed box on the top rows of a terminal, all else scrolling beneath it. Screens in, bytes out, no I/O.

    ┌ writing ── camera on ── warning ───────── 1/2 ┐
    │ …the lines of the screen                      │
    └───────────────────────────────────────────────┘

The rows under the box are made the terminal's scroll region (DECSTBM), and the cursor stays there: what the process
prints scrolls beneath the box. A drawing saves the cursor, goes to what has changed, and puts the cursor back
(DECSC, CUP, SGR, DECAWM, DECRC), all in one write, so that it never tears a line of the log apart.
Source: the VT510's programmer reference, which today's terminals follow.
"""

from __future__ import annotations

import re
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
_GREEN, _NO_COLOR = "\x1b[32m", "\x1b[m"
_GREEN_ALONE = "\x1b[0;32m"  # whatever else was set
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

    `text_rows` may be fewer than the profile's: then the box shows the last rows that have text.
    """

    def __init__(self, profile: Profile, window: Window, text_rows: int, color: bool) -> None:
        self._columns = profile.columns
        self._window = window
        self._text_rows = text_rows
        self._color = color
        self._drawn: list[str | None] = [None] * (text_rows + _FRAME)

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
        rows = [self._top(screen), *self._text(screen), f"└{'─' * self._columns}┘"]
        changed = [
            self._change(number, was, row)
            for number, (row, was) in enumerate(zip(rows, self._drawn, strict=True), 1)
            if row != was
        ]
        self._drawn[:] = rows
        return f"{_SAVE}{''.join(changed)}{_RESTORE}" if changed else ""

    def _change(self, number: int, was: str | None, row: str) -> str:
        """Return what makes one row of the box into another, wherever the cursor is and in whichever colour."""
        if not 1 < number < len(self._drawn):
            return f"\x1b[{number};1H{_NO_COLOR}{_NO_WRAP}{_ERASE_ROW}{row}{_WRAP}"
        color = _GREEN_ALONE if self._color else _NO_COLOR
        # Terminals do not agree on the width of every character (emoji joined into one, for instance). So nothing wraps
        # into the next row, and the right edge is placed by its column, where what stands too far right is erased.
        edge = f"\x1b[{self._columns + _FRAME}G{_ERASE_TO_END}{_NO_COLOR}│"
        if was is None or not (re.fullmatch(_AGREED, was) and re.fullmatch(_AGREED, row)):
            return f"\x1b[{number};1H{_NO_COLOR}{_NO_WRAP}{_ERASE_ROW}│{color}{row}{edge}{_WRAP}"
        same = next(
            (at for at, (old, new) in enumerate(zip(was, row, strict=False)) if old != new), min(len(was), len(row))
        )
        column = 2 + sum(2 if character > "~" else 1 for character in row[:same])
        rest = "" if same == len(was) else f"{_ERASE_TO_END}{edge}"
        return f"\x1b[{number};{column}H{color}{row[same:]}{rest}"

    def _top(self, screen: Screen) -> str:
        pages = f" {screen.page}/{screen.pages} "[: self._columns] if screen.pages > 1 else ""
        room = self._columns - len(pages)
        left = f" {mark_words(screen.mark)} "[:room]
        for sign in (*("camera on",) * screen.camera, *("warning",) * screen.warning, *map(sign_words, screen.signs)):
            if len(left) + len(next_one := f"── {sign} ") <= room:  # what there is no room for is left out
                left += next_one
        return f"┌{self._painted(left)}{'─' * (room - len(left))}{pages}┐"

    def _text(self, screen: Screen) -> list[str]:
        lines = [fitted(printable(line), self._columns) for line in screen.lines]
        while lines and not lines[-1]:
            lines.pop()
        lines = lines[-self._text_rows :]
        lines += [""] * (self._text_rows - len(lines))
        return lines

    def _painted(self, text: str) -> str:
        return f"{_GREEN}{text}{_NO_COLOR}" if self._color and text else text
