"""Screens as plain lines of text, for a pipe or a file: each line once, when it is full. Screens in, text out, no I/O.

While an answer grows, the lines before its open end are full, and never move: they go out. A screen that `must_show`
sends the rest too. A change of the mark is a line of its own: `[looking]`; so is a warning, and a change of
the signs: `[signs: no network, queued]`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from glassd_drivers.contracts import Mark
from glassd_drivers.displays.text import mark_words, printable, sign_words

if TYPE_CHECKING:
    from glassd_drivers.contracts import Screen, Sign

_ENDS = frozenset({Mark.DONE, Mark.CUT_OFF})
"""Marks that are told after the text that they end; the others are told before the text that they begin."""
OPEN_GRAPHEMES = 16
"""How far behind a line's break the text may end and still move that break: the contract of the layout."""


class PlainLines:
    """Remembers what has gone out, and gives what is new of each screen."""

    def __init__(self) -> None:
        self._told: tuple[str, ...] = ()
        self._seen: tuple[str, ...] = ()
        self._page = 1
        self._mark = Mark.IDLE
        self._warning = False
        self._signs: tuple[Sign, ...] = ()

    def begin(self) -> str:
        """Return nothing: lines need no setting up."""
        return ""

    def end(self) -> str:
        """Return nothing: lines leave nothing to put back."""
        return ""

    def update(self, screen: Screen) -> str:
        """Return the lines to write for `screen`, each with its line end; often none."""
        mark, text = self._mark_line(screen), self._new_lines(screen)
        lines = [*text, *mark] if screen.mark in _ENDS else [*mark, *text]
        return "".join(f"{line}\n" for line in [*self._warning_line(screen), *self._signs_line(screen), *lines])

    def _warning_line(self, screen: Screen) -> list[str]:
        if screen.warning is self._warning:
            return []
        self._warning = screen.warning
        return ["[warning]" if screen.warning else "[no warning any more]"]

    def _signs_line(self, screen: Screen) -> list[str]:
        if screen.signs == self._signs:
            return []
        self._signs = screen.signs
        return [f"[signs: {', '.join(map(sign_words, screen.signs)) or 'none'}]"]

    def _mark_line(self, screen: Screen) -> list[str]:
        if screen.mark is self._mark:
            return []
        self._mark = screen.mark
        return [] if screen.mark is Mark.IDLE else [f"[{mark_words(screen.mark)}]"]

    def _new_lines(self, screen: Screen) -> list[str]:
        new: list[str] = []
        if screen.page != self._page:
            new += [*self._seen[len(self._told) :], f"[page {screen.page} of {screen.pages}]"]
            self._page, self._told = screen.page, ()
        self._seen = tuple(printable(line) for line in screen.lines)
        full = self._seen if screen.must_show else _full_lines(self._seen)
        known = len(self._told) if full[: len(self._told)] == self._told else 0
        self._told = full
        return new + list(full[known:])


def _full_lines(lines: tuple[str, ...]) -> tuple[str, ...]:
    import wcwidth  # noqa: PLC0415  its tables take a twentieth of a start, and this is on the display's own thread

    if lines and sum(1 for _ in wcwidth.iter_graphemes(lines[-1])) > OPEN_GRAPHEMES:
        return lines[:-1]
    return lines[:-2]
