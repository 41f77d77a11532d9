"""Growing text into lines of half-width cells.

Text comes in deltas; lines come out full or open. A full line never changes: it is full as soon as the break after it
is decided, which is when the next word has outgrown it. Only what is open is looked at again, so a delta costs the
same however long the answer has become, and the lines at the end are the same however the text was cut.

A word moves to the next line whole; what is wider than a line of its own is broken where it must be. Spaces at a break
are dropped. A line end is kept, several at once become one empty line, and none begins or ends the text: rows are
scarce.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from glassd.presenter.breaks import Breaker, Unit, kept_together, unit
from glassd.presenter.graphemes import REPLACEMENT, Cleaner, Graphemes
from glassd_drivers import bidi

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from glassd.presenter.characters import Font
    from glassd.presenter.markup import Markup

LEAST_COLUMNS = 2
"""Half-width cells: one Han character."""


class Layout:
    """Lays out one text for a number of columns (half-width cells).

    `markup` turns what a model emits into text first; `font` replaces what the display cannot draw; with `visual`,
    lines have right-to-left text in the order it is seen in.
    """

    def __init__(
        self, columns: int, markup: Markup | None = None, font: Font | None = None, *, visual: bool = False
    ) -> None:
        if columns < LEAST_COLUMNS:
            raise ValueError(f"a display of {columns} columns cannot hold one Han character: give it {LEAST_COLUMNS}")
        self._cleaner = Cleaner()
        self._markup = markup
        self._graphemes = Graphemes()
        self._lines = _Lines(columns, font, visual=visual)

    def feed(self, delta: str) -> None:
        """Take the next piece of the text, cut anywhere."""
        text = self._cleaner.feed(delta)
        self._lines.take(self._graphemes.feed(self._markup.feed(text) if self._markup else text))

    def finish(self) -> None:
        """Take the end of the text: every line is full."""
        self.feed(self._cleaner.finish())
        if self._markup:
            self._lines.take(self._graphemes.feed(self._markup.finish()))
        self._lines.take([self._graphemes.finish()])
        self._lines.end_line()

    @property
    def full(self) -> Sequence[str]:
        """The lines that never change, oldest first; grows at its end only."""
        return self._lines.full

    @property
    def open(self) -> tuple[str, ...]:
        """The lines that may still change, as they stand now; a mark that may yet be closed is not shown."""
        tip = self._markup.tip() if self._markup else ""
        if not tip and (line := self._lines.with_room(self._graphemes.held)) is not None:
            return (line,)
        trial = self._lines.fork()
        held = self._graphemes.fork()
        trial.take(held.feed(tip))
        trial.take([held.finish()])
        trial.end_line()
        return tuple(trial.full)

    @property
    def lines(self) -> tuple[str, ...]:
        """All lines: full, then open. Costs the length of the text; a screen reads `full` and `open`."""
        return (*self.full, *self.open)


class _Lines:
    """Fills lines with units, first fit."""

    def __init__(self, columns: int, font: Font | None, *, visual: bool) -> None:
        self.full: list[str] = []
        self._columns = columns
        self._font = font
        self._visual = visual
        self._direction = ""  # of the paragraph, once it is known
        self._breaker = Breaker()
        self._line: list[Unit] = []  # the line being filled: at most `columns` cells and one hanging space
        self._width = 0
        self._break = 0  # index of the last place where the line may break; 0: none
        self._indent = 0  # spaces that a line of its own begins with
        self._begun = False  # something stands above
        self._gap = False  # an empty line is due before the next text

    def take(self, graphemes: Iterable[str]) -> None:
        """Take the next graphemes and line ends; an empty one is nothing."""
        for grapheme in graphemes:
            if grapheme == "\n":
                self.end_line()
            elif self._font is None:
                self._push(grapheme)
            else:
                for near in self._font.fitted(grapheme) if grapheme else ():
                    self._push(near)

    def end_line(self) -> None:
        """Take a line end, or the end of the text."""
        for decided in self._breaker.end():
            self._place(*decided)
        if self._line:
            self._emit(len(self._line))
        else:
            self._gap = self._begun
        self._indent = 0
        self._direction = ""

    def with_room(self, last: str) -> str | None:
        """Return the line being filled with all that waits and a last grapheme; None unless it has room for that.

        What `fork` would find, at a fifth of the cost.
        """
        if not self._line or not last or self._font or self._visual:
            return None
        waiting = [*self._breaker.waiting, unit(last)]
        if self._width + sum(u.width for u in waiting) > self._columns or not all(u.width for u in waiting):
            return None
        units = self._line + waiting
        while units[-1].first == "SP":
            units.pop()
        return "".join([u.text for u in units])

    def fork(self) -> _Lines:
        """Return a copy to try things on, without the full lines."""
        twin = object.__new__(_Lines)
        twin.__dict__.update(self.__dict__)
        twin.full = []
        twin._breaker = self._breaker.fork()
        twin._line = self._line.copy()
        return twin

    def _push(self, grapheme: str) -> None:
        """Take a grapheme, or nothing; one that shows nothing and breaks nothing is passed over."""
        if not grapheme:
            return
        new = unit(grapheme)
        if new.width > self._columns:  # it fits no line
            new = unit(self._font.fitted(REPLACEMENT)[0] if self._font else REPLACEMENT)
        if (new.width or new.first == "ZW") and (decided := self._breaker.push(new)):
            self._place(*decided)

    def _place(self, new: Unit, may_break: bool) -> None:
        if may_break and self._line:
            self._break = len(self._line)
        if not new.width:
            return  # a zero-width space has done its work
        if new.first == "SP":
            self._place_space(new)
            return
        if not self._line:
            self._begin_line()
        if self._visual and not self._direction:
            self._direction = bidi.direction(new.text)
        while self._width + new.width > self._columns:
            self._emit(self._break or self._last_resort(new))
        self._line.append(new)
        self._width += new.width

    def _place_space(self, space: Unit) -> None:
        """Keep a space, unless one hangs over the line's end already, or the indent is all that a line can spare."""
        if not self._line:
            self._indent = min(self._indent + 1, self._columns // 4)
        elif self._width <= self._columns:
            self._line.append(space)
            self._width += space.width

    def _begin_line(self) -> None:
        if self._gap:
            self.full.append("")
            self._gap = False
        self._line = [unit(" ")] * self._indent
        self._width = self._indent
        self._begun = True

    def _emit(self, count: int) -> None:
        """Make the first `count` units a full line; the rest begins the next. Spaces between the two are dropped."""
        ready, rest = self._line[:count], self._line[count:]
        while ready and ready[-1].first == "SP":
            del ready[-1]
        while rest and rest[0].first == "SP":
            del rest[0]
        texts: Sequence[str] = [u.text for u in ready]
        self.full.append("".join(bidi.visual(texts, self._direction) if self._visual else texts))
        self._line = rest
        self._width = sum(u.width for u in rest)
        self._break = self._indent = 0

    def _last_resort(self, new: Unit) -> int:
        """Return where to break a word that is wider than the line: as late as kinsoku lets, else at its end."""
        units = [*self._line, new]
        for place in range(len(self._line), self._indent, -1):
            if units[place].first != "SP":
                before = next(
                    u for u in reversed(units[:place]) if u.first != "SP"
                )  # for spaces at a break are dropped
                if not kept_together(before, units[place]):
                    return place
        return len(self._line)
