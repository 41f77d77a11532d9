"""Screens into what is said of them: sentences in order, each once, and when to fall silent. No I/O.

A screen is all that is known: whether it goes on with the one before, or is another answer, is told from its mark and
its text. A question, a clear, or a text that is another one silence what is being said.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from glassd_drivers.contracts import Mark, Screen
from glassd_drivers.displays.sentences import sentences
from glassd_drivers.displays.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable

_BEGINS = frozenset({Mark.LOOKING, Mark.SENDING, Mark.THINKING})
_ENDED = frozenset({Mark.DONE, Mark.CUT_OFF, Mark.ERROR})
_CODE = re.compile(r"\[[a-z_]+\]\s*")  # the code under an error is for the eye


class Words(NamedTuple):
    """What to do: `silence` first what is being said, if so, then say the `sentences`, each one line."""

    silence: bool
    sentences: list[str]


class Speech:
    """Remembers how far the answer was said."""

    def __init__(self) -> None:
        self._screen: Screen | None = None
        self._text = ""
        self._said = 0  # characters of the text

    def update(self, screen: Screen) -> Words:
        """Return what a screen gives to say."""
        before, self._screen = self._screen, screen
        text = "\n".join(printable(line) for line in screen.lines)
        if before is None and screen.mark in _ENDED:
            self._text, self._said = text, len(text)  # an old answer, and a display that has come back
            return Words(silence=False, sentences=[])
        if before is not None and screen.page == before.page + 1 and not self._is_new(screen, before):
            rest = self._next(self._text, complete=True)
            self._said = 0
            return Words(silence=False, sentences=[*rest, *self._next(text, complete=_is_complete(screen))])
        silence = before is not None and (screen.page != before.page or not self._goes_on(screen, before, text))
        if silence:
            self._said = 0
        return Words(silence, self._next(text, complete=_is_complete(screen)))

    def _goes_on(self, screen: Screen, before: Screen, text: str) -> bool:
        if self._is_new(screen, before):
            return False
        if text.startswith(self._text[: self._said]):
            return True
        # Markup that turned out to be none, or the other way round, near the end of the text: what was said stays said.
        return before.mark is Mark.WRITING and len(text) >= self._said

    def _is_new(self, screen: Screen, before: Screen) -> bool:
        return screen.mark in _BEGINS and before.mark not in _BEGINS

    def _next(self, text: str, *, complete: bool) -> list[str]:
        new = sentences(text[self._said :], complete=complete)
        self._text = text
        self._said += sum(map(len, new))
        return list(_speakable(new))


def _is_complete(screen: Screen) -> bool:
    return screen.must_show or screen.mark is not Mark.WRITING


def _speakable(found: Iterable[str]) -> Iterable[str]:
    for sentence in found:
        line = " ".join(sentence.split())
        if any(map(str.isalnum, line)) and not _CODE.fullmatch(line):
            yield line
