"""A terminal at the end of a serial line: what the board writes to its /dev/ttyS1."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyte

if TYPE_CHECKING:
    from rig.line import Line, Piece

COLUMNS, ROWS = 80, 24
TTY = "/dev/ttyS1"


class Display:
    """What was written, raw and as a terminal would show it."""

    tty = TTY
    """Its device on the board."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def until(self, text: str, limit_s: float = 20.0) -> float:
        """Wait until these characters were written one after the other; return when, in monotonic seconds."""
        return self._line.until(text, limit_s)

    def pieces(self) -> list[Piece]:
        """Return what was written, piece by piece, with the time of each."""
        return self._line.pieces()

    def text(self) -> str:
        """Return all that was written."""
        return self._line.text()

    def screen(self, columns: int = COLUMNS, rows: int = ROWS) -> list[str]:
        """Return what a terminal of that size shows now: its lines, without spaces at their ends."""
        screen = pyte.Screen(columns, rows)
        stream = pyte.ByteStream(screen)
        stream.feed(self._line.received())
        return [line.rstrip() for line in screen.display]
