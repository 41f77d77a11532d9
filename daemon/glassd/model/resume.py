"""Resuming a broken answer: what is there already is not said twice.

A model that is asked to go on does so exactly where it stopped, or repeats the last words first, or begins anew. So the
start of the new text is held against the end of the given one, and the longest overlap is cut. But "20" and then
"20 apples" may be a repetition, or the year 2020: an overlap counts only where a repetition is the likelier of the two,
by how often natural text doubles itself at such a place.

- It begins with a word of the given text and holds two letters ("see the ball" + "balloon"), or one beside white space.
- Beginning within a word it holds `SURE_LETTERS`: no natural text doubles so many ("bana" + "nas" stays).
- Digits alone count from `SURE_LETTERS` on, too: in 2020 and 1,000,000 nobody would see that a group is lost.
- After white space a single word counts only where it ends in the new text as well ("the" + " theater" stays).
- Text that repeats itself goes on doing so ("ha ha " + "ha", "no" + " no no" stay), and a table's cell may be that of
  its neighbour.
- All of the given text counts from its first letter on: then the model began anew.

In doubt the text stays: a doubled word is seen, a lost one is not.
"""

from __future__ import annotations

import re
from contextlib import aclosing
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import TYPE_CHECKING, Final

from uniseg.graphemecluster import grapheme_clusters  # type: ignore[import-untyped]  # annotated, but no py.typed
from uniseg.wordbreak import word_boundaries, words  # type: ignore[import-untyped]  # as above

from glassd.answer import Delta, Outcome, OutcomeKind

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator

    from glassd.answer import AnswerEvent

OVERLAP_LIMIT_GRAPHEMES: Final = 64
"""The longest overlap that is looked for, other than all of the given text."""
WHOLE_LIMIT_CHARS: Final = 16 * 1024
"""The longest given text that is held against a model that begins anew."""
SPACE_LIMIT_CHARS: Final = 64
"""The most white space before an overlap."""
SURE_LETTERS: Final = 6
"""So many letters and digits in a row, twice: no natural text has that by chance."""

_TAIL_CHARS = 192  # an overlap and what stands before it; uniseg takes some 70 µs a character
_PERIOD_LIMIT_CHARS = 64
_BETWEEN = re.compile(r"^[\W_]{0,3}")
_EDGES = re.compile(r"^[\W_]+|[\W_]+$")


async def resumed(given: str, events: AsyncGenerator[AnswerEvent, None]) -> AsyncGenerator[AnswerEvent, None]:
    """Yield the given text as the first delta, then the events of the ask that goes on with it, less the overlap.

    The outcome's text is all of it. A failed resume keeps what was given: it is cut off, and the failure its problem.
    Closing this closes `events`.
    """
    async with aclosing(events):
        yield Delta(given)
        seam, text = Seam(given), [given]
        async for event in events:
            match event:
                case Delta():
                    new = seam.feed(event.text)
                case Outcome():
                    new = seam.end(broken=event.kind is not OutcomeKind.FINISHED)
                case _:
                    new = ""
            if new:
                text.append(new)
                yield Delta(new)
            if isinstance(event, Outcome):
                kind = OutcomeKind.CUT_OFF if event.kind is OutcomeKind.FAILED else event.kind
                yield replace(event, kind=kind, text="".join(text))
            elif not isinstance(event, Delta):
                yield event


class Seam:
    """Cuts the overlap between a given text and a new one; holds text back only while it may belong to one."""

    def __init__(self, given: str) -> None:
        self._overlaps = list(_overlaps(given))
        self._held = ""
        self._open = True

    def feed(self, text: str) -> str:
        """Return what is certain to be new."""
        if not self._open:
            return text
        self._held += text
        cut = self._cut()
        return "" if cut is None else self._close(cut)

    def end(self, *, broken: bool = False) -> str:
        """Return what was held back, now that the new text is over.

        One that is `broken`, too, loses what is undecided: the next resume goes on from what was told.
        """
        if not self._open:
            return ""
        return self._close(len(self._held) if broken else self._cut(over=True) or 0)

    def _close(self, cut: int) -> str:
        rest, self._held, self._open = self._held[cut:], "", False
        return rest

    def _cut(self, *, over: bool = False) -> int | None:
        """Return how many characters of the new text are a repetition; None while that is open."""
        new = self._held.lstrip()
        space = len(self._held) - len(new)
        if space > SPACE_LIMIT_CHARS:
            return 0
        if not new and not over:
            return None
        for overlap in self._overlaps:
            fits = overlap.fits(new, after_space=space > 0, over=over)
            if fits is None:
                return None
            if fits:
                return space + len(overlap.text)
        return 0


@dataclass(frozen=True, slots=True)
class _Overlap:
    """An end of the given text that the new one may repeat."""

    text: str
    is_whole: bool = False
    """All of the given text: the model began anew."""
    needs_space: bool = False
    """So short that it counts only after white space."""

    def fits(self, new: str, *, after_space: bool, over: bool) -> bool | None:
        """Tell whether a new text begins with it; None while that is open. `over`: nothing more comes."""
        if self.needs_space and not after_space:
            return False
        if not new.startswith(self.text):
            return None if self.text.startswith(new) and not over else False
        if self.is_whole:
            return True
        at = len(self.text)
        if after_space and not re.search(r"\s", self.text) and len(new) > at and _is_within_word(new, at):
            return False
        return self._comes_once(new[at:], over=over)

    def _comes_once(self, rest: str, *, over: bool) -> bool | None:
        """Tell whether the new text goes on with something else; None while that is open."""
        core = _core(self.text)
        following = _BETWEEN.sub("", rest, count=1)
        if not over and core.startswith(following):
            return None
        if not following.startswith(core):
            return True
        return len(following) > len(core) and _is_within_word(following, len(core))


def _overlaps(given: str) -> Iterator[_Overlap]:
    """Yield the ends of a text whose repetition counts, the longest first."""
    whole = given.lstrip()
    if len(whole) <= WHOLE_LIMIT_CHARS and _letters(whole) >= _least_letters(whole, 1) and not _is_periodic(whole):
        yield _Overlap(whole, is_whole=True)
    tail = given[-_TAIL_CHARS:]
    word_starts = set(word_boundaries(tail))
    for start in _last_graphemes(tail):
        text = tail[start:]
        if text[0].isspace() or text == whole or _is_one_cell(text) or _is_periodic(text):
            continue
        if not _follows_itself(text, tail[:start], word_starts):
            beside_space = text[-1].isspace()
            least = _least_letters(text, 1) if start in word_starts else SURE_LETTERS
            if (letters := _letters(text)) >= least:
                yield _Overlap(text, needs_space=letters == 1 and not beside_space)


def _last_graphemes(text: str) -> list[int]:
    """Return where the last graphemes of a text begin."""
    starts = [0, *accumulate(len(cluster) for cluster in grapheme_clusters(text))]
    return starts[:-1][-OVERLAP_LIMIT_GRAPHEMES:]


def _least_letters(text: str, usual: int) -> int:
    return usual if any(char.isalpha() for char in text) else SURE_LETTERS


def _letters(text: str) -> int:
    """Return how many letters and digits a text holds."""
    return sum(map(str.isalnum, text))


def _is_within_word(text: str, at: int) -> bool:
    return text[at].isalnum() and len(list(words(text[at - 1 : at + 1]))) == 1


def _core(text: str) -> str:
    """Return a text from its first letter to its last one."""
    return _EDGES.sub("", text)


def _is_one_cell(text: str) -> bool:
    """Tell whether this is a single cell of a table; its neighbour may well be equal."""
    return "|" in text and "\n" not in text and sum(_letters(cell) > 0 for cell in text.split("|")) < 2


def _is_periodic(text: str) -> bool:
    """Tell whether a text is one shorter text, again and again: "ha ha", "no, no, no", "1212"."""
    core = _core(text)
    for period in range(1, min(len(core) - 1, _PERIOD_LIMIT_CHARS) + 1):
        if len(core) >= period + len(_core(core[:period])) and core.startswith(core[period:]):
            return True
    return False


def _follows_itself(text: str, before: str, word_starts: set[int]) -> bool:
    """Tell whether the same words stand before a text already."""
    core = _core(text)
    earlier = re.sub(r"[\W_]+$", "", before)
    return earlier.endswith(core) and len(earlier) - len(core) in word_starts
