"""Breaks: UAX #14 as uniseg has it, with the tailoring that `breaks` names, and kinsoku on top."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from uniseg.linebreak import (  # type: ignore[import-untyped]  # it has annotations, but no py.typed
    LineBreak,
    line_break,
    line_break_breakables,
)
from wcwidth import iter_graphemes

from glassd.presenter.breaks import NEVER_STARTS, Breaker, unit

# One or more of each Line_Break class that can stand at a grapheme's start; none of those that `breaks` tailors.
ALPHABET = (
    "a b1 2-–,.:;!?/%°$￥€(（[）)]}」「『“”‘’\"'«»你好名前、。，！ぁっー・…—‥　\u00a0\u200b"
    "é①×א\u05d0가각👍🎉☀️●¡´‐+±§¶@#&*=~\u0e01\u0e02\ufffc℃№"
)


def opportunities(text: str) -> list[int]:
    """Where `Breaker` lets a line break, as indices into `text`."""
    breaker = Breaker()
    graphemes = list(iter_graphemes(text))
    decided = [d for g in graphemes if (d := breaker.push(unit(g)))] + breaker.end()
    starts = [sum(map(len, graphemes[:i])) for i in range(len(graphemes))]
    return [start for start, (_, may) in zip(starts, decided, strict=True) if may]


def tailored(char: str) -> LineBreak:
    """The class with the Brahmic ones as letters and marks."""
    kind = line_break(char)
    return {"AK": LineBreak.AL, "AP": LineBreak.AL, "AS": LineBreak.AL, "VF": LineBreak.CM, "VI": LineBreak.CM}.get(
        kind.value, kind
    )


def judged(text: str) -> list[int]:
    """What uniseg says, without what the tailoring takes away: breaks inside graphemes and before NEVER_STARTS."""
    allowed = [i for i, may in enumerate(line_break_breakables(text, property=tailored)) if may]
    starts, at = set(), 0
    for grapheme in iter_graphemes(text):
        starts.add(at)
        at += len(grapheme)
    return [i for i in allowed if i in starts and text[i] not in NEVER_STARTS]


def judgeable(text: str) -> bool:
    """Leave out two cases: UAX #14 parts a space and its mark (LB10), and uniseg sees no end of text after a mark."""
    graphemes = list(iter_graphemes(text))
    return not (any(len(g) > 1 and g[0] == " " for g in graphemes) or (graphemes and len(graphemes[-1]) > 1))


@given(st.text(ALPHABET, max_size=24).filter(judgeable))
def test_breaks_are_those_of_uax_14(text: str) -> None:
    assert opportunities(text) == judged(text)


@given(st.text(st.characters(exclude_categories=["Cc", "Cf", "Cs", "Zl", "Zp"]), max_size=16).filter(judgeable))
def test_breaks_are_those_of_uax_14_in_any_script(text: str) -> None:
    assert opportunities(text) == judged(text)


@pytest.mark.parametrize(
    ("text", "units"),
    [
        ("他说“你好”，走了。", ["他", "说", "“你", "好”，", "走", "了。"]),
        ("「营业」（全天）", ["「营", "业」", "（全", "天）"]),
        ("约￥1,298.00起", ["约", "￥1,298.00", "起"]),
        ("重10.5kg、25℃、100%", ["重", "10.5kg、", "25℃、", "100%"]),
        ("卡尔·马克思", ["卡", "尔·", "马", "克", "思"]),
        ("9～21时", ["9～", "21", "时"]),
        ("等等……然后——走", ["等", "等……", "然", "后", "——", "走"]),
        ("コーヒーを", ["コー", "ヒー", "を"]),
        ("see https://a.example/b?c=1", ["see ", "https://", "a.example/", "b?", "c=1"]),
        ("It's 5 o'clock (now).", ["It's ", "5 ", "o'clock ", "(now)."]),
        ("好🇨🇳🇯🇵👨‍👩‍👧!", ["好", "🇨🇳", "🇯🇵", "👨‍👩‍👧!"]),
        ("pay $(.5) now", ["pay ", "$(.5) ", "now"]),
        ("a\u200bb", ["a\u200b", "b"]),
        ("สวัสดีครับ", ["สวัสดีครับ"]),
    ],
)
def test_words_numbers_and_marks_stay_together(text: str, units: list[str]) -> None:
    cuts = [0, *opportunities(text), len(text)]
    assert [text[a:b] for a, b in pairwise(cuts)] == units
