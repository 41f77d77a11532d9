"""Layout: lines fit, nothing is lost or split, full lines never move, however the text is cut into deltas."""

from __future__ import annotations

import sys
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from wcwidth import iter_graphemes, wcswidth

from glassd.presenter.breaks import NEVER_ENDS, NEVER_STARTS, unit
from glassd.presenter.graphemes import GRAPHEME_LIMIT, Cleaner
from glassd.presenter.layout import Layout

if TYPE_CHECKING:
    from types import FrameType

SNIPPETS = [
    "你好", "图中是一家书店", "，", "。", "！", "？", "、", "：", "……", "——",
    "（", "）", "「", "」", "“", "”", "《", "》",
    "ー", "ッ",
    "word", "don't", "Wi-Fi", "3.14", "10.5kg", "25℃", "￥1,298.00", "100%", "https://a.example/b-c?d=e&f=g#h",
    " ", "  ", "\n", "\n\n", "\r\n", "\t", "e\u0301", "\u0301", "👨‍👩‍👧‍👦", "👍🏽", "🇨🇳", "🇯🇵", "❤️", "1️⃣", "\u200d", "🇨",
    "สวัสดีครับ", "กำ", "क्षत्रिय", "한국어", "각", "العربية", "\u202e", "\u200b", "\u200f",
    "\x1b[31m", "\x00", "\ud83d", "\ude00",
    "supercalifragilisticexpialidocious", "a", "\u00a0", "　", "\u0600", "·", "$", "(", ")", "/", "-",
]  # fmt: skip
TEXTS = st.one_of(st.lists(st.sampled_from(SNIPPETS), max_size=40).map("".join), st.text(max_size=60))
COLUMNS = st.integers(2, 40)


def laid_out(text: str, columns: int) -> list[str]:
    layout = Layout(columns)
    layout.feed(text)
    layout.finish()
    return list(layout.full)


def harmless(text: str) -> str:
    cleaner = Cleaner()
    return cleaner.feed(text) + cleaner.finish()


def visible(text: str, columns: int) -> list[str]:
    """The graphemes that must reach the display, spaces and line ends apart."""
    shown = [g for g in iter_graphemes(harmless(text)) if g not in {"\n", " "} and wcswidth(g) > 0]
    return [g if wcswidth(g) <= columns else "\ufffd" for g in shown]


def cuts(text: str, data: st.DataObject) -> list[str]:
    places = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=len(text))))
    return [text[a:b] for a, b in pairwise([0, *places, len(text)])]


@given(TEXTS, COLUMNS)
def test_no_line_is_wider_than_the_columns(text: str, columns: int) -> None:
    layout = Layout(columns)
    for char in text:
        layout.feed(char)
        assert all(0 <= wcswidth(line) <= columns for line in layout.open)
    layout.finish()
    assert all(0 <= wcswidth(line) <= columns for line in layout.full)


@given(TEXTS, COLUMNS)
def test_no_grapheme_is_lost_split_or_moved(text: str, columns: int) -> None:
    expected = visible(text, columns)
    for line in laid_out(text, columns):
        rest = line
        while rest.strip(" "):
            if expected and rest.startswith(expected[0]):
                rest = rest.removeprefix(expected.pop(0))
            else:
                assert rest[0] == " "
                rest = rest[1:]
    assert expected == []


@given(TEXTS, COLUMNS, st.data())
@example("한\u1100\u1100", 3, None)
def test_full_lines_never_move_and_every_split_ends_the_same(
    text: str, columns: int, data: st.DataObject | None
) -> None:
    final = laid_out(text, columns)
    layout = Layout(columns)
    for delta in cuts(text, data) if data else text:
        before = list(layout.full)
        layout.feed(delta)
        assert list(layout.full[: len(before)]) == before
        assert list(layout.full) == final[: len(layout.full)]
    layout.finish()
    assert list(layout.full) == final
    assert layout.open == ()


@given(TEXTS, COLUMNS)
def test_what_is_open_is_the_layout_as_if_the_text_ended_here(text: str, columns: int) -> None:
    # But for half a surrogate pair, which is not shown before it is known to be alone.
    layout = Layout(columns)
    for char in text:
        layout.feed(char)
    whole = text[:-1] if text[-1:] and "\ud800" <= text[-1] <= "\udbff" else text
    assert list(layout.lines) == laid_out(whole, columns)


def could_part(before: str, after: str) -> bool:
    """Whether last resort may break between these two graphemes, in kinsoku's own words."""
    return not (after[0] in NEVER_STARTS or after[0] in "”’»›\"'" or before[0] in NEVER_ENDS or before[-1] == "\u200d")


# Without line ends and zero-width spaces: those ask for a break themselves.
@given(TEXTS.map(lambda text: harmless(text).translate({0x0A: None, 0x200B: None})), COLUMNS)
def test_no_line_begins_or_ends_with_what_kinsoku_forbids(text: str, columns: int) -> None:
    for line, following in pairwise(laid_out(text, columns)):
        graphemes = [g for g in (*iter_graphemes(line), next(iter_graphemes(following))) if g != " "]
        if graphemes[-1][0] in NEVER_STARTS or graphemes[-2][0] in "「『（［｛〈《【([{":
            # Allowed only where the line is one run that has no better place.
            assert not any(could_part(a, b) for a, b in pairwise(graphemes))


@given(st.lists(st.one_of(st.text("abcdefgh0123456789", min_size=1, max_size=12), st.text("你好吗图书"))), COLUMNS)
def test_latin_words_and_numbers_stay_whole_where_a_line_can_hold_them(words: list[str], columns: int) -> None:
    words = [word for word in words if word and len(word) <= columns]
    shown = " ".join(laid_out(" ".join(words), columns)).split()
    latin = [word for word in words if word.isascii()]
    assert [word for word in shown if word.isascii()] == latin


@given(st.lists(st.sampled_from(["你好", "，", "word ", "「图书」", "3.14 ", "。", "🇨🇳"]), max_size=60), COLUMNS)
def test_a_line_is_full_at_most_sixteen_graphemes_later(snippets: list[str], columns: int) -> None:
    layout = Layout(columns)
    for char in "".join(snippets):
        layout.feed(char)
        assert sum(len(list(iter_graphemes(line))) for line in layout.open[1:]) <= 16


PHRASE = "图中是“春风书店”，open daily from 9:00 to 21:00，价格￥1,298.00，👨‍👩‍👧都去。\n"


def steps_of_a_delta(length: int) -> int:
    """How many calls a delta and a look at the open lines take, once `length` characters are laid out."""
    layout = Layout(30)
    layout.feed(PHRASE * (length // len(PHRASE)))
    calls = 0

    def count(_frame: FrameType, event: str, _arg: object) -> None:
        nonlocal calls
        calls += event in {"call", "c_call"}

    sys.setprofile(count)
    try:
        layout.feed(PHRASE[:20])
        _ = layout.open
    finally:
        sys.setprofile(None)
    return calls


def test_a_delta_takes_as_many_steps_after_100_000_characters_as_after_100() -> None:
    steps_of_a_delta(100)  # fills the cache of units
    assert steps_of_a_delta(100) == steps_of_a_delta(1_000) == steps_of_a_delta(100_000)


FLOODS = {
    "no space": "x",
    "spaces": " ",
    "combining marks": "\u0301",
    "zero-width spaces": "\u200b",
    "joined emoji": "👨\u200d",
    "hangul that joins": "\u1100",
    "prepended marks": "\u0600",
    "openers": "（",
    "closers": "。",
    "flags": "🇨",
    "no-break spaces": "\u00a0",
    "overrides": "\u202e",
    "half surrogates": "\ud800",
}


@pytest.mark.parametrize("flood", FLOODS)
def test_what_is_open_stays_small_under_a_flood(flood: str) -> None:
    layout = Layout(30)
    text = "a" + FLOODS[flood] * 20_000
    for start in range(0, len(text), 777):
        layout.feed(text[start : start + 777])
        tail = layout._lines
        assert len(tail._line) <= 30 + 1
        assert len(tail._breaker._ahead) <= 2
        assert len(layout._graphemes.held) <= GRAPHEME_LIMIT
    layout.finish()
    assert all(len(line) <= 30 * GRAPHEME_LIMIT and 0 <= wcswidth(line) <= 30 for line in layout.full)


@pytest.mark.parametrize("flood", FLOODS)
def test_a_flood_ends_the_same_in_one_piece_and_in_single_characters(flood: str) -> None:
    text = "你" + FLOODS[flood] * 700 + "b" + "\u0301\u200d👩" * 40
    layout = Layout(30)
    for char in text:
        layout.feed(char)
    layout.finish()
    assert list(layout.full) == laid_out(text, 30)


def test_a_megabyte_without_a_space_is_lines_of_full_width() -> None:
    layout = Layout(30)
    for _ in range(1000):
        layout.feed("x" * 1000)
    layout.finish()
    assert len(layout.full) == -(-1_000_000 // 30)
    assert set(layout.full[:-1]) == {"x" * 30}


def test_a_hundred_thousand_line_ends_are_one_empty_line() -> None:
    assert laid_out("a" + "\n" * 100_000 + "b", 30) == ["a", "", "b"]


@pytest.mark.parametrize(
    ("text", "columns", "lines"),
    [
        ("今天的天气很好，适合出门。", 14, ["今天的天气很", "好，适合出门。"]),
        ("他问「你好吗」吗", 6, ["他问", "「你好", "吗」吗"]),
        ("营业时间9:00到21:00。", 12, ["营业时间9:00", "到21:00。"]),
        ("see the streetlamp", 12, ["see the", "streetlamp"]),
        ("Pneumonoultramicroscopic", 10, ["Pneumonoul", "tramicrosc", "opic"]),
        ("https://example.com/a/long-path?query=1", 16, ["https://", "example.com/a/", "long-path?", "query=1"]),
        ("abcdef ，", 6, ["abcde", "f ，"]),
        ("abcdefghij。", 10, ["abcdefghi", "j。"]),
        ("一二三四五六", 5, ["一二", "三四", "五六"]),
        ("👨‍👩‍👧👨‍👩‍👧🇨🇳🇨🇳", 4, ["👨‍👩‍👧👨‍👩‍👧", "🇨🇳🇨🇳"]),
        ("e\u0301e\u0301e\u0301", 2, ["e\u0301e\u0301", "e\u0301"]),
        ("สวัสดีครับ", 4, ["สวัสดี", "ครับ"]),
        ("\n\n 一\r\n\r\n\r\n二\n三\n", 30, [" 一", "", "二", "三"]),
        ("a\tb\x1b[31mc\x07", 30, ["a b[31mc"]),
        ("\u202eevil\u202c \u2066x\u2069", 30, ["evil x"]),
        ("a\ud83d!", 30, ["a\ufffd!"]),
        ("a\ud83d\ude00!", 30, ["a😀!"]),
        ("a\ud83d", 30, ["a\ufffd"]),
        ("", 30, []),
        (" \n \n", 30, []),
        ("word  \nnext", 30, ["word", "next"]),
        ("            deep", 20, ["     deep"]),
    ],
)
def test_examples(text: str, columns: int, lines: list[str]) -> None:
    assert laid_out(text, columns) == lines


@pytest.mark.parametrize(
    ("first", "then", "line"),
    [
        ("caf", "e\u0301", "cafe\u0301"),
        ("e", "\u0301", "e\u0301"),
        ("👨\u200d", "👩", "👨\u200d👩"),
        ("🇨", "🇳", "🇨🇳"),
        ("\ud83d", "\ude00", "😀"),
        ("a\r", "\nb", "a"),
    ],
)
def test_a_grapheme_that_comes_in_two_deltas_is_one(first: str, then: str, line: str) -> None:
    layout = Layout(30)
    layout.feed(first)
    layout.feed(then)
    assert layout.lines[0] == line


def test_a_growing_word_moves_to_the_next_line_whole() -> None:
    layout = Layout(10)
    layout.feed("see the la")
    assert (list(layout.full), layout.open) == ([], ("see the la",))
    layout.feed("mp")
    assert layout.lines == ("see the", "lamp")
    layout.feed("s a")
    assert list(layout.full) == ["see the"]


def test_a_layout_too_narrow_for_a_han_character_is_refused() -> None:
    with pytest.raises(ValueError, match="1 columns"):
        Layout(1)


@given(st.text(min_size=1, max_size=4))
def test_a_unit_keeps_its_text_and_width(grapheme: str) -> None:
    found = unit(grapheme)
    assert found.width == max(wcswidth(grapheme), 0)
    assert found.text in {grapheme, ""}
