"""Right-to-left text on a line that is written from left to right: which graphemes stand where (UAX #9).

Without explicit embeddings and isolates, whose controls never come this far, and without pairs of brackets (N0). The
layout turns lines around for displays that draw from left to right whatever comes (`order="visual"` of a profile);
what draws letters that join needs the runs that they join in.
"""

from __future__ import annotations

import unicodedata
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_RIGHT_TO_LEFT = frozenset({"R", "AL", "AN"})


class Run(NamedTuple):
    """Graphemes of one direction, in reading order."""

    graphemes: tuple[str, ...]
    right_to_left: bool


def direction(grapheme: str) -> str:
    """Return "L" or "R" for one that tells a paragraph's direction (P2), else nothing."""
    kind = unicodedata.bidirectional(grapheme[0])
    return "R" if kind == "AL" else kind if kind in {"L", "R"} else ""


def paragraph_direction(graphemes: Iterable[str]) -> str:
    """Return "L" or "R", as the first that tells it says (P2, P3); nothing where none does."""
    return next((found for found in map(direction, graphemes) if found), "")


def visual(graphemes: Sequence[str], paragraph: str) -> Sequence[str]:
    """Return a line's graphemes from left to right, in a paragraph of this direction ("" is not known yet: "L")."""
    seen: list[str] = []
    for run in runs(graphemes, paragraph):
        seen += map(_mirrored, reversed(run.graphemes)) if run.right_to_left else run.graphemes
    return seen


def runs(graphemes: Sequence[str], paragraph: str) -> list[Run]:
    """Return a line's runs in the order in which they stand from left to right; as `visual`."""
    paragraph = paragraph or "L"
    kinds = [unicodedata.bidirectional(grapheme[0]) or "L" for grapheme in graphemes]
    if paragraph == "L" and not _RIGHT_TO_LEFT.intersection(kinds):
        return [Run(tuple(graphemes), right_to_left=False)]
    of_level = groupby(zip(_levels(kinds, paragraph), graphemes, strict=True), key=lambda each: each[0])
    found = [(level, tuple(grapheme for _, grapheme in each)) for level, each in of_level]
    for level in range(max((level for level, _ in found), default=0), 0, -1):  # L2
        start = 0
        while start < len(found):
            end = start
            while end < len(found) and found[end][0] >= level:
                end += 1
            found[start:end] = found[start:end][::-1]
            start = end + 1
    return [Run(each, right_to_left=level % 2 == 1) for level, each in found]


def _levels(kinds: list[str], paragraph: str) -> list[int]:
    kinds = _numbers(_weak(kinds, paragraph), paragraph)
    base = int(paragraph == "R")
    start = 0
    while start < len(kinds):  # N1, N2
        end = start
        while end < len(kinds) and kinds[end] not in {"L", "R", "EN", "AN"}:
            end += 1
        if end > start:
            before, after = kinds[start - 1 : start] or [paragraph], kinds[end : end + 1] or [paragraph]
            sides = {_side(before[0]), _side(after[0])}
            kinds[start:end] = [sides.pop() if len(sides) == 1 else paragraph] * (end - start)
        start = end + 1
    return [_LEVELS[base][kind] for kind in kinds]  # I1, I2


def _weak(kinds: list[str], paragraph: str) -> list[str]:
    """W1 to W3."""
    strong, before, out = paragraph, paragraph, []
    for kind in kinds:
        now = before if kind == "NSM" else kind
        if now in {"L", "R", "AL"}:
            strong = now
        elif now == "EN" and strong == "AL":
            now = "AN"
        before = now
        out.append(now)
    return ["R" if kind == "AL" else kind for kind in out]


def _numbers(kinds: list[str], paragraph: str) -> list[str]:
    """W4 to W7."""
    for at in range(1, len(kinds) - 1):
        left, right = kinds[at - 1], kinds[at + 1]
        if left == right and ((kinds[at] == "ES" and left == "EN") or (kinds[at] == "CS" and left in {"EN", "AN"})):
            kinds[at] = left
    start = 0
    while start < len(kinds):
        end = start
        while end < len(kinds) and kinds[end] == "ET":
            end += 1
        if end > start and "EN" in (kinds[start - 1] if start else "", kinds[end] if end < len(kinds) else ""):
            kinds[start:end] = ["EN"] * (end - start)
        start = end + 1
    strong = paragraph
    for at, kind in enumerate(kinds):
        if kind in {"L", "R"}:
            strong = kind
        elif kind == "EN" and strong == "L":
            kinds[at] = "L"
    return kinds


def _side(kind: str) -> str:
    return "R" if kind in {"EN", "AN"} else kind


def _mirrored(grapheme: str) -> str:
    return _MIRRORS.get(grapheme, grapheme)  # L4


_LEVELS = ({"L": 0, "R": 1, "AN": 2, "EN": 2}, {"L": 2, "R": 1, "AN": 2, "EN": 2})
_PAIRS = "()[]{}<>«»‹›≤≥≪≫（）［］｛｝＜＞《》〈〉「」『』【】〔〕"
_MIRRORS = dict(zip(_PAIRS, "".join(b + a for a, b in zip(_PAIRS[::2], _PAIRS[1::2], strict=True)), strict=True))
