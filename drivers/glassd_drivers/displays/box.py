"""A screen as a framed box on the top rows of a terminal, all else scrolling beneath it. Screens in, bytes out, no I/O.

    ┌ writing ── camera on ── warning ───────── 1/2 ┐
    │ …the lines of the screen                      │
    └───────────────────────────────────────────────┘

The rows under the box are made the terminal's scroll region (DECSTBM), and the cursor stays there: what the process
prints scrolls beneath the box. A drawing saves the cursor, goes to the rows that changed, and puts the cursor back
(DECSC, DECAWM, CUP, DECRC), all in one write, so that it never tears a line of the log apart.
Source: the VT510's programmer reference, which today's terminals follow.
"""

from __future__ import annotations

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
        self._drawn: list[str] = [""] * (text_rows + _FRAME)

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
        """Return what changes the box into `screen`: only the rows that differ."""
        rows = [self._top(screen), *self._text(screen), f"└{'─' * self._columns}┘"]
        changed = "".join(
            f"\x1b[{number};1H{_ERASE_ROW}{row}"
            for number, (row, drawn) in enumerate(zip(rows, self._drawn, strict=True), 1)
            if row != drawn
        )
        self._drawn = rows
        return f"{_SAVE}{_NO_COLOR}{_NO_WRAP}{changed}{_WRAP}{_RESTORE}" if changed else ""

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
        # Terminals do not agree on the width of every character (emoji joined into one, for instance). So nothing wraps
        # into the next row, and the right edge is placed by its column, where what stands too far right is erased.
        edge = f"\x1b[{self._columns + _FRAME}G{_ERASE_TO_END}│"
        return [f"│{self._painted(line)}{edge}" for line in lines]

    def _painted(self, text: str) -> str:
        return f"{_GREEN}{text}{_NO_COLOR}" if self._color and text else text
