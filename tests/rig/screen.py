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
        self._terminal = pyte.Screen(COLUMNS, ROWS)
        self._stream = pyte.ByteStream(self._terminal)
        self._shown: list[tuple[float, str]] = []  # what stood there after each piece, and since when

    def until(self, text: str, limit_s: float = 20.0) -> float:
        """Wait until a terminal has shown this text on one line; return since when, in monotonic seconds.

        However it was written: of a row that grows only what is new comes over the line.
        """
        since: list[float] = []

        def ready() -> bool:
            for piece in self._line.pieces()[len(self._shown) :]:
                self._stream.feed(piece.data)
                self._shown.append((piece.at, "\n".join(self._terminal.display)))
            since[:] = [at for at, shown in self._shown if text in shown][:1]
            return bool(since)

        if self._line.wait_for(ready, limit_s):
            return since[0]
        raise AssertionError(f"{text!r} was not shown; there stands:\n" + "\n".join(self._terminal.display))

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
