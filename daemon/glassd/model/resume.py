"""Resuming a broken answer: what is there already is not said twice.

A model that is asked to go on does so exactly where it stopped, or repeats the last words first, or begins anew. So the
start of the new text is held against the end of the given one, and the longest overlap is cut. But "20" and then
"20 apples" may be a repetition, or the year 2020: an overlap counts only where a repetition is the likelier of the two,
by how often natural text doubles itself at such a place (measured on 50 million characters of English documents).

- It begins with a word of the given text and holds two letters ("see the ball" + "balloon"), or one beside white space
  or a Chinese comma.
- Beginning within a word it holds `SURE_LETTERS_IN_WORD`, one more where it goes on past the word's end ("bana" + "nas"
  and "contain" + "ing" stay).
- Digits alone count from `SURE_DIGITS` on: in 2020 and 1,000,000 nobody would see that a group is lost.
- After white space a short word counts only where it ends in the new text as well ("the" + " theater" stays).
- Words that language itself doubles stay: "that" + " that", "非常" + "非常", "一个" + "一个地".
- Text that repeats itself goes on doing so ("ha ha " + "ha", "no" + " no no" stay), and a table's cell may be that of
  its neighbour.
- All of the given text counts from its first letter on: then the model began anew.

In doubt the text stays: a doubled word is seen, a lost one is not.
"""

from __future__ import annotations

import re
from contextlib import aclosing
from itertools import islice
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace
from uniseg.graphemecluster import grapheme_cluster_boundaries  # type: ignore[import-untyped]  # no py.typed
from uniseg.wordbreak import word_boundaries  # type: ignore[import-untyped]  # as above

from glassd.answer import Delta, Outcome, OutcomeKind

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from glassd.answer import AnswerEvent

OVERLAP_LIMIT_CHARS: Final = 256
"""The longest overlap that may begin anywhere."""
SENTENCE_LIMIT_CHARS: Final = 2048
"""The longest one that begins where a sentence or a line does."""
WHOLE_LIMIT_CHARS: Final = 16 * 1024
"""The longest given text that is held against a model that begins anew."""
SPACE_LIMIT_CHARS: Final = 64
"""The most white space before an overlap."""
SURE_LETTERS_IN_WORD: Final = 3
"""So many letters within a word, twice: hardly any word has that, but for those in -inging."""
SURE_LETTERS_OF_WORD: Final = 4
"""So many at the start of a word, then of another one: hardly any two words in a row have that."""
SURE_DIGITS: Final = 6
"""So many digits in a row, twice: no natural text has that by chance."""

_PERIOD_LIMIT_CHARS = 64
_BETWEEN = re.compile(r"^[\W_]{0,3}")
_EDGE_LIMIT_CHARS = 16
_SENTENCE_END = re.compile(r"(?<=[.!?;:])[\"')*_]*\s+|[。！？；：…][”’』」）\s*_]*|\n+")
_PARTS_WORDS = re.compile(r"[\s\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")  # each Han character is a word
_SAID_TWICE = frozenset(  # words that good English, good Chinese or code has twice in a row
    re.findall(
        r"\S+",
        """bla bye false ha had long many much nan never nil no none null really so that true very
        一步 一遍 休息 千万 商量 好多 打扫 放松 收拾 整理 晚安 更多 检查 永远 特别 琢磨 真的 研究 考虑 讨论 非常""",
    )
)
_SPELT_TWICE = frozenset({"bla", "bye", "ha", "ing"})  # and those that a word spells twice: bringing, haha
_EACH_OR_VERY = re.compile(r"[一很太](?!阳).")
_AFTER_THOSE = re.compile(r"[地的来，。！？…,.]")  # "一个" + "一个地", where "一个" + "一个人" is a repetition
_HAN_AND_MARK = re.compile(r"[\u3400-\u9fff][,.;:!?，。、；：！？]")
_NO_NO = "不好对是来行嗯啊哦哈快走谁"  # "不" + "，不，" is one more time
_GRAPHEME_WINDOW_CHARS = 16


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
        self._ends = _Ends(given)
        self._starts = self._ends.starts()  # those that fit so far
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
        space = self._held[: len(self._held) - len(new)]
        if len(space) > SPACE_LIMIT_CHARS:
            return 0
        if not new:
            return 0 if over else None
        self._starts = [at for at in self._starts if self._ends.agree(at, new)]
        for at in self._starts:
            fits = self._ends.fits(at, space, new, over=over)
            if fits is None:
                return None
            if fits:
                return len(space) + self._ends.size - at
        return 0


class _Ends:
    """The ends of the given text, each by where it begins: which of them a new text repeats."""

    def __init__(self, given: str) -> None:
        self.size = len(given)
        self._given = given
        self._first = self.size - len(given.lstrip())  # all of it, but for white space, begins there
        self._may_count: dict[int, bool] = {}

    def starts(self) -> list[int]:
        """Return where those begin that may be repeated, the longest first."""
        near = range(max(0, self.size - OVERLAP_LIMIT_CHARS), self.size)
        far = max(0, self.size - SENTENCE_LIMIT_CHARS)
        found = {*near, *(match.end() for match in _SENTENCE_END.finditer(self._given, far))}
        if self.size - self._first <= WHOLE_LIMIT_CHARS:
            found.add(self._first)
        return sorted(at for at in found if at < self.size and not self._given[at].isspace())

    def agree(self, at: int, new: str) -> bool:
        """Tell whether a new text and this end are alike as far as both go."""
        return new.startswith(self._given[at:]) if len(new) > self.size - at else self._given.startswith(new, at)

    def fits(self, at: int, space: str, new: str, *, over: bool) -> bool | None:
        """Tell whether a new text, which agrees with this end, repeats it; None while that is open.

        `space` is what stands before the new text; `over`: nothing more comes.
        """
        text, rest = self._given[at:], new[self.size - at :]
        if not self._counts(at) or (len(new) < len(text) and over):
            return False
        if len(new) < len(text):
            return None
        return at == self._first or (self._is_enough(at, space, new) and _comes_once(text, space, rest, over=over))

    def _is_enough(self, at: int, space: str, new: str) -> bool:
        """Tell whether an end that a new text begins with is no coincidence, by where it stands in that one."""
        text = self._given[at:]
        if _letters(text) == 1 and not space and not _is_parted(text):
            return False
        if _is_one_cell(text) and not self._is_no_neighbour(at, space):
            return False
        is_short_word = _letters(text) < SURE_LETTERS_OF_WORD and not re.search(r"\s", text)
        return not (is_short_word and space and _is_within_word(new, len(text)))

    def _counts(self, at: int) -> bool:
        """Tell whether an end is enough to be a repetition, and not of a text that repeats itself."""
        if at not in self._may_count:
            text = self._given[at:]
            self._may_count[at] = (
                _letters(text) >= self._least_letters(at, text)
                and _begins_grapheme(self._given, at)
                and not _is_periodic(text)
                and not self._follows_itself(at)
            )
        return self._may_count[at]

    def _least_letters(self, at: int, text: str) -> int:
        if not any(char.isalpha() for char in text):
            return SURE_DIGITS
        if not _is_within_word(self._given, at):
            return 1
        if text.isalpha():
            return SURE_LETTERS_IN_WORD
        # In "that that" there is "hat t" twice: each begins after a letter that it also ends with.
        is_in_doubled = self._given[at - 1] == text[-1]
        return SURE_DIGITS if is_in_doubled or any(char.isdigit() for char in text) else SURE_LETTERS_OF_WORD

    def _follows_itself(self, at: int) -> bool:
        """Tell whether the same words stand before an end already."""
        core = _core(self._given[at:])
        earlier = self._given[max(0, at - len(core) - _EDGE_LIMIT_CHARS) : at]
        earlier = earlier[: _end_of_core(earlier)]
        return earlier.endswith(core) and not _is_within_word(self._given, self._given.rindex(core, 0, at))

    def _is_no_neighbour(self, at: int, space: str) -> bool:
        """Tell whether a cell of a table that comes again begins its row, or would stand behind an empty one."""
        begins_row = "\n" in space and self._given[:at].rstrip(" ").endswith("\n")
        return begins_row or (self._given[at] == "|" and self._given.rstrip(" ").endswith("|"))


def _comes_once(text: str, space: str, rest: str, *, over: bool) -> bool | None:
    """Tell whether the new text goes on with something else than the same again; None while that is open."""
    core = _core(text)
    following = _BETWEEN.sub("", rest, count=1)
    if not over and core.startswith(following):
        return None
    if following.startswith(core):
        return len(following) > len(core) and _is_within_word(following, len(core))
    return not _is_said_twice(text, core, rest, is_apart=bool(space) or not text[-1].isalnum())


def _is_said_twice(text: str, core: str, rest: str, *, is_apart: bool) -> bool:
    """Tell whether these are words that a text may well have twice in a row."""
    word = core.casefold()
    if word in _SPELT_TWICE or (_EACH_OR_VERY.fullmatch(text) and (not rest or _AFTER_THOSE.match(rest))):
        return True
    return word in _SAID_TWICE and (is_apart or not word.isascii())


def _letters(text: str) -> int:
    """Return how many letters and digits a text holds, as far as anything here asks."""
    return len(list(islice(filter(str.isalnum, text), SURE_DIGITS)))


def _core(text: str) -> str:
    """Return a text from its first letter to its last one."""
    start = next((at for at, char in enumerate(text) if char.isalnum()), len(text))
    return text[start : _end_of_core(text)]


def _end_of_core(text: str) -> int:
    return next((at for at in range(len(text), 0, -1) if text[at - 1].isalnum()), 0)


def _is_within_word(text: str, at: int) -> bool:
    """Tell whether a text has no boundary of words there."""
    if not 0 < at < len(text) or _PARTS_WORDS.match(text[at - 1]) or _PARTS_WORDS.match(text[at]):
        return False
    window = text[max(0, at - 2) : at + 2]  # the rules of UAX 29 look no further, but for flags
    return min(2, at) not in word_boundaries(window)


def _begins_grapheme(text: str, at: int) -> bool:
    """Tell whether a character, as the reader sees it, begins there."""
    if text[at] < "\u0300" or _PARTS_WORDS.match(text[at]):
        return True
    start = max(0, at - _GRAPHEME_WINDOW_CHARS)
    return at - start in grapheme_cluster_boundaries(text[start : at + 1])


def _is_parted(text: str) -> bool:
    """Tell whether white space, or a mark of a Chinese sentence, parts a single letter from what comes."""
    return text[-1].isspace() or (text[0] not in _NO_NO and _HAN_AND_MARK.fullmatch(text) is not None)


def _is_one_cell(text: str) -> bool:
    """Tell whether this is a single cell of a table; its neighbour may well be equal."""
    return "|" in text and "\n" not in text and sum(_letters(cell) > 0 for cell in text.split("|")) < 2


def _is_periodic(text: str) -> bool:
    """Tell whether a text is one shorter text, again and again: "ha ha", "no, no, no", "1212"."""
    core = _core(text)
    for period in range(1, min(len(core) - 1, _PERIOD_LIMIT_CHARS) + 1):
        if core.startswith(core[period:]) and len(core) >= period + len(_core(core[:period])):
            return True
    return False
