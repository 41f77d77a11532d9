"""Where a line may break: UAX #14 (Unicode 16, revision 53), one grapheme at a time.

The classes come from uniseg; the rules are written anew because uniseg looks at a whole text, at some 100 µs a
character. Here each grapheme is looked at once, with what went before as a small state and at most two graphemes ahead.
uniseg judges these rules in the tests. They are tailored in three places: a grapheme is never broken; the Brahmic
classes of LB28a count as letters, so that such words break at spaces alone; and kinsoku (CLREQ 3.1.4, JIS X 4051)
holds for a few characters that UAX #14 would let begin a line.
"""

from __future__ import annotations

import unicodedata
from collections import deque
from functools import lru_cache
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterable

NEVER_STARTS = frozenset(
    "、。，．：；！？…‥·・‧～〜／％‰℃°′″%"
    "」』）］｝〉》】〕〗〙〛｣､｡､"
    "々〻ーｰぁぃぅぇぉっゃゅょゎゕゖァィゥェォッャュョヮヵヶゝゞヽヾ"
    ",.:;!?)]}"
)
"""Never the first on a line that was broken, not even after a space."""
NEVER_ENDS = frozenset("「『（［｛〈《【〔〖〘〚｢“‘([{￥＄￡")
"""Never the last on a line that was broken."""
_CLOSING_QUOTES = frozenset("”’»›\"'")


class Unit(Struct, frozen=True):
    """One grapheme as line breaking sees it.

    `width` is in half-width cells. `first` and `last` are the Line_Break classes of its first code point and of its
    last one that is no mark; `wide_first` and `wide_last` tell whether those are East Asian.
    """

    text: str
    width: int
    first: str
    last: str
    wide_first: bool
    wide_last: bool
    joins: bool
    """Ends with a zero-width joiner."""
    may_start: bool
    """Kinsoku lets it begin a line."""


@lru_cache(maxsize=8192)
def unit(grapheme: str) -> Unit:
    """Return what line breaking needs of a grapheme."""
    from glassd.presenter.tables import wcswidth  # noqa: PLC0415  after READY: see there

    classes = [_class(c) for c in grapheme]
    last = max((i for i, kind in enumerate(classes) if kind not in _MARKS), default=0)
    first_class = "AL" if classes[0] in _MARKS or (classes[0] == "SP" and len(grapheme) > 1) else classes[0]  # LB10
    return Unit(
        text="" if first_class == "ZW" else grapheme,
        width=max(wcswidth(grapheme), 0),
        first=first_class,
        last=classes[last] if last else first_class,
        wide_first=unicodedata.east_asian_width(grapheme[0]) in "FWH",
        wide_last=unicodedata.east_asian_width(grapheme[last]) in "FWH",
        joins=grapheme[-1] == "\u200d",
        may_start=grapheme[0] not in NEVER_STARTS or first_class == "ZW",
    )


def kept_together(left: Unit, right: Unit) -> bool:
    """Tell whether even a break of last resort should not part these two."""
    return (
        right.text[:1] in NEVER_STARTS or right.text[:1] in _CLOSING_QUOTES or left.text[:1] in NEVER_ENDS or left.joins
    )


class Breaker:
    """Tells for each unit whether a line may break before it, two units after it came, at the latest.

    A line end, or the end of the text, is told by `end`; what comes then begins anew.
    """

    def __init__(self) -> None:
        self._ahead: deque[Unit] = deque()  # at most LOOK_AHEAD units, not yet decided
        self._past = _Past()

    def push(self, new: Unit) -> tuple[Unit, bool] | None:
        """Take the next unit; return one that is decided, and whether a line may break before it."""
        ahead = self._ahead
        ahead.append(new)
        if len(ahead) <= LOOK_AHEAD:
            return None
        return self._decide(ahead.popleft())

    @property
    def waiting(self) -> Iterable[Unit]:
        """The units that are not decided yet."""
        return self._ahead

    def end(self) -> list[tuple[Unit, bool]]:
        """Return all that waits, decided as it stands at the end of a line."""
        decided = []
        while self._ahead:
            decided.append(self._decide(self._ahead.popleft()))
        self._past = _Past()
        return decided

    def fork(self) -> Breaker:
        """Return an independent copy."""
        twin = object.__new__(Breaker)
        twin._ahead = self._ahead.copy()
        twin._past = self._past.fork()
        return twin

    def _decide(self, unit: Unit) -> tuple[Unit, bool]:
        past = self._past
        left = past.left
        if left is None or not unit.may_start or left.last == unit.first == "AL":  # LB28: no rule before it holds
            allowed = False
        elif left.last == unit.first == "ID" and not left.joins:  # LB31: no rule before it holds
            allowed = True
        else:
            allowed = _may_break(past, unit, self._ahead)
        past.move_to(unit)
        return unit, allowed


LOOK_AHEAD = 2
"""Units: LB25 asks for two (`$(.5`), LB15b, LB15c and LB19a for one."""


class _Past:
    """What the rules ask of the text before a place."""

    left: Unit | None = None
    before: Unit | None = None  # the one before `left`
    base: str = ""  # class of the last unit that is no space
    opens_quote: bool = False  # LB15a's left side: an initial quote at the start of something, and spaces
    number: str = ""  # "NU" within NU (SY | IS)*, "CL" after it and one closing bracket: LB25's left side

    def fork(self) -> _Past:
        """Return an independent copy."""
        twin = object.__new__(_Past)
        twin.__dict__.update(self.__dict__)
        return twin

    def move_to(self, unit: Unit) -> None:
        if unit.first == "SP":
            self.number = ""
        elif unit.first == unit.last == "AL":  # what follows, for most of all text
            self.base, self.opens_quote, self.number = "AL", False, ""
        else:
            self.opens_quote = (
                unit.first == "QU"
                and unicodedata.category(unit.text[0]) == "Pi"
                and (self.left is None or self.left.last in _BEFORE_INITIAL_QUOTE)
            )
            self.base = unit.last
            if unit.last == "NU" or (self.number == "NU" and unit.last in _NUMERIC_JOINTS):
                self.number = "NU"
            else:
                self.number = "CL" if self.number == "NU" and unit.last in _CLOSERS else ""
        self.before, self.left = self.left, unit


def _may_break(past: _Past, right: Unit, ahead: deque[Unit]) -> bool:  # noqa: PLR0911  a return a rule keeps their order
    """Apply UAX #14's rules in their order; LB9, LB26, LB30a and LB30b lie inside graphemes."""
    left, now = past.left, right.first
    assert left is not None
    if now in _SPACES:  # LB7
        return False
    if past.base == "ZW":  # LB8
        return True
    if left.joins or _glued(past, left, right):  # LB8a to LB15a
        return False
    after = ahead[0] if ahead else None
    if now == "QU" and _is_final(right) and (after is None or after.first in _AFTER_FINAL_QUOTE):  # LB15b
        return False
    if now == "IS":  # LB15c, LB15d
        return left.last == "SP" and after is not None and after.first == "NU"
    if (past.base in _CLOSERS and now == "NS") or past.base == now == "B2":  # LB16, LB17
        return False
    if left.last == "SP":  # LB18
        return True
    if _quoted(past, left, right, after):  # LB19, LB19a
        return False
    if "CB" in (left.last, now):  # LB20
        return True
    return not (_hyphenated(past, left, now) or _numeric(past, left, now, ahead) or _word(left, right))


def _glued(past: _Past, left: Unit, right: Unit) -> bool:
    now = right.first
    return (
        left.last == "GL"  # LB12
        or (now == "GL" and left.last not in _BREAKS_AFTER)  # LB12a
        or now in _NO_BREAK_BEFORE  # LB13
        or past.base == "OP"  # LB14
        or past.opens_quote  # LB15a
    )


def _quoted(past: _Past, left: Unit, right: Unit, after: Unit | None) -> bool:
    if right.first == "QU":
        if unicodedata.category(right.text[0]) != "Pi":  # LB19
            return True
        return not left.wide_last or after is None or not after.wide_first  # LB19a
    if left.last == "QU":
        if not _is_final(left):  # LB19
            return True
        return not right.wide_first or past.before is None or not past.before.wide_last  # LB19a
    return False


def _hyphenated(past: _Past, left: Unit, now: str) -> bool:
    before = past.before.last if past.before else None
    return (
        ((left.last == "HY" or left.text[0] == "\u2010") and before in _BEFORE_HYPHEN and now == "AL")  # LB20a
        or now in {"BA", "HY", "NS"}
        or left.last == "BB"  # LB21
        or (before == "HL" and left.last in {"HY", "BA"} and now != "HL")  # LB21a
        or (left.last == "SY" and now == "HL")  # LB21b
        or now == "IN"  # LB22
    )


def _numeric(past: _Past, left: Unit, now: str, ahead: deque[Unit]) -> bool:
    was = left.last
    if now in _AFFIXES:
        return (
            bool(past.number)  # LB25
            or was in _LETTERS  # LB24
            or (now == "PO" and (was in _IDEOGRAPHS or was in _HANGUL))  # LB23a, LB27
        )
    if now == "NU":  # LB23, LB25
        return was in _LETTERS or past.number == "NU" or was in {"PO", "PR", "HY", "IS"}
    if was in _AFFIXES:
        if now == "OP":  # LB25
            following = [unit.first for unit in ahead]
            return following[:1] == ["NU"] or following[:2] == ["IS", "NU"]
        return now in _LETTERS or (was == "PR" and (now in _IDEOGRAPHS or now in _HANGUL))  # LB24, LB23a, LB27
    return was == "NU" and now in _LETTERS  # LB23


def _word(left: Unit, right: Unit) -> bool:
    was, now = left.last, right.first
    if now in _LETTERS:  # LB28, LB29, LB30
        return was in _LETTERS or was == "IS" or (was == "CP" and not left.wide_last)
    if now == "NU":  # LB30
        return was == "CP" and not left.wide_last
    return now == "OP" and (was in _LETTERS or was == "NU") and not right.wide_first  # LB30


def _is_final(unit: Unit) -> bool:
    return unicodedata.category(unit.text[0]) == "Pf"


def _class(char: str) -> str:
    """Return the Line_Break class, resolved as LB1 says and with the Brahmic classes as letters and marks."""
    from glassd.presenter.tables import line_break  # noqa: PLC0415  after READY: see there

    kind: str = line_break(char).value
    if kind == "SA":
        return "CM" if unicodedata.category(char) in {"Mn", "Mc"} else "AL"
    return _RESOLVED.get(kind, kind)


_RESOLVED = {
    "AI": "AL", "SG": "AL", "XX": "AL", "CJ": "NS", "AK": "AL", "AP": "AL", "AS": "AL", "VF": "CM", "VI": "CM",
}  # fmt: skip
_MARKS = frozenset({"CM", "ZWJ"})
_SPACES = frozenset({"SP", "ZW"})
_LETTERS = frozenset({"AL", "HL"})
_AFFIXES = frozenset({"PR", "PO"})
_CLOSERS = frozenset({"CL", "CP"})
_NUMERIC_JOINTS = frozenset({"SY", "IS"})
_IDEOGRAPHS = frozenset({"ID", "EB", "EM"})
_HANGUL = frozenset({"JL", "JV", "JT", "H2", "H3"})
_BREAKS_AFTER = frozenset({"SP", "BA", "HY"})
_NO_BREAK_BEFORE = frozenset({"CL", "CP", "EX", "SY"})
_BEFORE_INITIAL_QUOTE = frozenset({"OP", "QU", "GL", "SP", "ZW"})
_AFTER_FINAL_QUOTE = frozenset({"SP", "GL", "WJ", "CL", "QU", "CP", "EX", "IS", "SY", "ZW"})
_BEFORE_HYPHEN = frozenset({None, "SP", "ZW", "CB", "GL"})
