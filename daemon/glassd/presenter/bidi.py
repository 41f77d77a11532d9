"""Right-to-left text for displays that draw only from left to right: a line's graphemes in the order they are seen in.

UAX #9 without explicit embeddings and isolates, whose controls never come this far, and without pairs of brackets (N0).
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def direction(grapheme: str) -> str:
    """Return "L" or "R" for one that tells a paragraph's direction (P2), else nothing."""
    kind = unicodedata.bidirectional(grapheme[0])
    return "R" if kind == "AL" else kind if kind in {"L", "R"} else ""


def visual(graphemes: Sequence[str], paragraph: str) -> Sequence[str]:
    """Return a line's graphemes from left to right, in a paragraph of this direction ("" is not known yet: "L")."""
    paragraph = paragraph or "L"
    kinds = [unicodedata.bidirectional(grapheme[0]) or "L" for grapheme in graphemes]
    if paragraph == "L" and not {"R", "AL", "AN"}.intersection(kinds):
        return graphemes
    levels = _levels(kinds, paragraph)
    order = list(range(len(graphemes)))
    for level in range(max(levels, default=0), 0, -1):  # L2
        start = 0
        while start < len(order):
            end = start
            while end < len(order) and levels[order[end]] >= level:
                end += 1
            order[start:end] = order[start:end][::-1]
            start = end + 1
    return [_mirrored(graphemes[at]) if levels[at] % 2 else graphemes[at] for at in order]


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
