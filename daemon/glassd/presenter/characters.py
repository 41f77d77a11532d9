"""Characters that a display's font lacks, each replaced by a near one that it has, and never dropped: a box at last."""

from __future__ import annotations

import codecs
from functools import lru_cache
from typing import TYPE_CHECKING

from glassd_drivers.near import near

if TYPE_CHECKING:
    from collections.abc import Sequence

    from glassd_drivers.contracts import Characters

_STEPS_LIMIT = 4
"""Replacements of a replacement: ㎡ is m², and ² is ^2."""


class Font:
    """What a font has."""

    def __init__(self, characters: Characters) -> None:
        if isinstance(characters, str):
            codecs.lookup(characters)  # LookupError: no such character set
        self._characters = characters
        self.fitted = lru_cache(maxsize=4096)(self._fitted)

    def _fitted(self, grapheme: str) -> Sequence[str]:
        """Return the graphemes to show for one."""
        from glassd.presenter.tables import iter_graphemes  # noqa: PLC0415  after READY: see there

        if self._has_all(grapheme):
            return (grapheme,)
        return tuple(iter_graphemes(self._near(grapheme, _STEPS_LIMIT)))

    def has(self, char: str) -> bool:
        """Tell whether it has one character."""
        if not isinstance(self._characters, str):
            return any(first <= ord(char) <= last for first, last in self._characters)
        try:
            char.encode(self._characters)
        except UnicodeEncodeError:
            return False
        return True

    def _has_all(self, text: str) -> bool:
        return all(char == "\n" or self.has(char) for char in text)

    def _near(self, grapheme: str, steps: int) -> str:
        if grapheme.isspace():
            return " "
        nears = [each for each in near(grapheme) if each]
        for each in nears:
            if self._has_all(each):
                return each
        for each in nears if steps else ():
            if each != grapheme and (shown := self._each_near(each, steps - 1)):
                return shown
        return next((box for box in _BOXES if self.has(box)), " ")

    def _each_near(self, text: str, steps: int) -> str:
        shown = [char if self.has(char) else self._near(char, steps) for char in text]
        return "".join(shown) if not any(each in (*_BOXES, " ") for each in shown) else ""


_BOXES = "□▯\ufffd?"
