"""Characters that a font lacks: a near one stands there, or a box, and never nothing."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wcwidth import iter_graphemes, wcswidth

from glassd.answer import Delta
from glassd.presenter.characters import Font
from glassd.presenter.layout import Layout
from glassd.presenter.presenter import Presenter
from glassd_drivers.contracts import Characters, Profile

CJK = ((0x20, 0x7E), (0x4E00, 0x9FFF))
FONTS = st.sampled_from(["ascii", "latin-1", "gb2312", "big5", "shift_jis", CJK, ()])
TEXTS = st.lists(
    st.one_of(
        st.characters(exclude_categories=["Cc", "Cs"]),
        st.sampled_from(["你好", "“书店”", "㎡", "½", "e\u0301", "👨‍👩‍👧", "🇨🇳", "❤️", "1️⃣", " ", "word ", "\n", "。"]),
    )
).map("".join)


def drawn(text: str, characters: Characters) -> str:
    font = Font(characters)
    return "".join(each for grapheme in iter_graphemes(text) for each in font.fitted(grapheme))


@pytest.mark.parametrize(
    ("text", "characters", "near"),
    [
        ("plain text, 100%", "ascii", "plain text, 100%"),
        ("“你好”…——25℃，6㎡，½杯", "gb2312", "“你好”…――25℃，6m^2，1/2杯"),
        ("“it’s” – 25 °C, ½ m², x₂ → ≤ π", "ascii", '"it\'s" - 25 oC, 1/2 m^2, x_2 -> <= pi'),
        ("café, cafe\u0301, señor", "latin-1", "café, café, señor"),
        ("café, cafe\u0301, señor", "ascii", "cafe, cafe, senor"),
        ("ＡＢ：１（ｘ）", CJK, "AB:1(x)"),
        ("①②⑩ Ⅳ № ﬁ", "ascii", "(1)(2)(10) IV No fi"),
        ("a\u00a0b\u3000c", "ascii", "a b c"),
        ("1️⃣ ✅", "gb2312", "1 √"),
        ("👨‍👩‍👧🇨🇳❤️軆", "gb2312", "□□□□"),
        ("你👍", "ascii", "??"),
    ],
)
def test_a_near_one_stands_for_what_the_font_lacks(text: str, characters: Characters, near: str) -> None:
    assert drawn(text, characters) == near


@given(TEXTS, FONTS)
def test_every_grapheme_is_there_and_all_that_is_shown_can_be_drawn(text: str, characters: Characters) -> None:
    font = Font(characters)
    for grapheme in iter_graphemes(text):
        near = font.fitted(grapheme)
        assert near
        assert all(near)
        assert all(font.has(char) or char == "\n" for each in near for char in each) or not font.has("?")


@given(TEXTS, FONTS, st.integers(2, 20))
def test_lines_fit_after_the_replacement_and_full_ones_never_move(
    text: str, characters: Characters, columns: int
) -> None:
    font = Font(characters)
    layout = Layout(columns, font=font)
    seen: list[list[str]] = []
    for char in text:
        layout.feed(char)
        seen.append(list(layout.full))
        assert all(wcswidth(line) <= columns for line in layout.open)
    layout.finish()
    assert all(wcswidth(line) <= columns for line in layout.full)
    assert all(later[: len(earlier)] == earlier for earlier, later in pairwise([*seen, list(layout.full)]))


def test_a_display_gets_what_its_profile_can_draw() -> None:
    presenter = Presenter(Profile("plain", columns=20, rows=4, interval=0.1, characters="ascii"), "en")
    presenter.asked()
    assert presenter.event(Delta("“25 °C” – ½ **m²**")).lines == ('"25 oC" - 1/2 m^2',)


def test_an_unknown_character_set_is_refused() -> None:
    with pytest.raises(LookupError, match="gb-2313"):
        Font("gb-2313")
