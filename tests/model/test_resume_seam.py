"""The seam of a resumed answer: nothing is lost where the model goes on, nothing said twice where it repeats."""

from __future__ import annotations

import re
from copy import copy
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassd.model.resume import (
    OVERLAP_LIMIT_CHARS,
    SPACE_LIMIT_CHARS,
    SURE_DIGITS,
    WHOLE_LIMIT_CHARS,
    Seam,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

TEXTS = {
    "english": (
        "The picture shows a brown dog that sits beside a red balloon; it looks at the theater, and the thermometer on"
        " the wall reads 21.5 degrees. Behind the dog there are bananas, an anchor and 1,204,000 raindrops, isn't it?"
    ),
    "chinese": (
        "这是一只棕色的小狗,坐在草地上,旁边有一个红色的气球。它看起来很开心,正在看远处的山。"
        "天气很好,气温大约在20度左右……"
    ),
    "mixed": (
        "图中是一台 ThinkPad X1 笔记本电脑,屏幕上写着“Hello, world!”,右下角的时间是 2020 年 10 月 10 日,"
        "价格 ¥8,888.00 元。键盘上方有一行小字:Designed by Lenovo in Yamato。"
    ),
    "markdown": (
        "**看到的东西**\n\n1. 红色的气球 🎈🎈\n2. `print('hi')` 这行代码\n\n| 名称 | 数量 | 颜色 |\n"
        "| --- | --- | --- |\n| 苹果 | 10 | 红 |\n"
        "| 香蕉 | 10 | 黄 |\n\n# Notes\n- first item, of wood\n- second one, made of glass 👨‍👩‍👧\n"
    ),
    "laughter": "他说 ha ha ha ha, 然后又 1212 次看看,试试看。100 100 100 000,no no no!……——……",
}
CUTS = [(name, at) for name, text in TEXTS.items() for at in range(1, len(text))]
NATURAL = [name for name in TEXTS if name != "laughter"]
"""Texts that nowhere say the same twice in a row, so that a repetition is one of the model's."""

DOUBLED = re.compile(r"\b(\w+) \1$")
"""On the way to "the theater" there is "the the"."""

SAID_TWICE = re.compile(r"\W*(that|no|ha|很好)\W*")
"""Words that natural text has twice in a row."""


def joined(told: str, pieces: Iterable[str], *, broken: bool = False) -> str:
    seam = Seam(told)
    return told + "".join(seam.feed(piece) for piece in pieces) + seam.end(broken=broken)


def letters(text: str) -> str:
    return re.sub(r"[\W_]", "", text)


def counts(told: str, start: int) -> bool:
    """Tell whether what stands from `start` is enough of a repetition that one may expect it to be cut."""
    end = told[start:]
    if end[0].isspace() or ("|" in end and sum(bool(letters(cell)) for cell in end.split("|")) < 2):
        return False
    if SAID_TWICE.fullmatch(end):
        return False
    within_word = re.search(r"\w[.,'’]?$", told[:start], re.ASCII) and re.match(r"[\w.,'’]", end, re.ASCII)
    numbers_alone = not re.search(r"[^\W\d_]", end)
    return len(letters(end)) >= (SURE_DIGITS if within_word or numbers_alone else 2)


@pytest.mark.parametrize("name", TEXTS)
def test_a_model_that_goes_on_exactly_loses_nothing_at_any_cut(name: str) -> None:
    text = TEXTS[name]
    for at in range(1, len(text)):
        assert joined(text[:at], [text[at:]]) == text, text[:at]


@pytest.mark.parametrize("name", NATURAL)
def test_a_model_that_repeats_its_last_words_says_none_of_them_twice(name: str) -> None:
    text = TEXTS[name]
    tried = 0
    for at in range(1, len(text)):
        seam = Seam(text[:at])
        for start in range(max(0, at - 40), at):
            if counts(text[:at], start) and not DOUBLED.search(text[:at]):
                tried += 1
                fresh = copy(seam)
                rest = fresh.feed(text[start:]) + fresh.end()
                assert text[:at] + rest == text, (text[:at], text[start:at])
    assert tried > len(text)


@pytest.mark.parametrize("name", NATURAL)
def test_a_model_that_begins_anew_says_nothing_twice(name: str) -> None:
    text = TEXTS[name]
    first = re.search(r"[^\W\d_]", text)
    assert first is not None
    for at in range(first.end(), len(text)):
        assert joined(text[:at], [text]) == text, text[:at]


@given(st.sampled_from(CUTS), st.integers(0, 70), st.data())
def test_in_whatever_pieces_the_new_text_comes_the_answer_is_the_same(
    cut: tuple[str, int], back: int, data: st.DataObject
) -> None:
    name, at = cut
    told, new = TEXTS[name][:at], TEXTS[name][max(0, at - back) :]
    marks = sorted(data.draw(st.sets(st.integers(0, len(new)), max_size=12)))
    pieces = [new[start:end] for start, end in zip([0, *marks], [*marks, len(new)], strict=True)]
    assert joined(told, pieces) == joined(told, [new]) == joined(told, list(new))


@given(st.text(alphabet="aab 看1|*\n", max_size=80), st.text(alphabet="aab 看1|*\n", max_size=160))
def test_only_a_repetition_is_ever_cut_and_pieces_change_nothing(told: str, new: str) -> None:
    whole = joined(told, [new])
    rest = whole[len(told) :]
    assert whole.startswith(told)
    assert new.endswith(rest)
    cut = new[: len(new) - len(rest)].lstrip()
    assert told.endswith(cut)
    assert joined(told, list(new)) == whole


@given(st.text(max_size=300), st.lists(st.text(max_size=10), max_size=30))
def test_any_text_at_all_is_joined(told: str, pieces: list[str]) -> None:
    new = "".join(pieces)
    assert joined(told, pieces).startswith(told)
    assert new.endswith(joined(told, pieces)[len(told) :])


@pytest.mark.parametrize(
    ("told", "new", "whole"),
    [
        ("I see the", " the dog", "I see the dog"),
        ("I see the", " theater", "I see the theater"),
        ("I saw a", " a dog", "I saw a dog"),
        ("I saw a ", "a dog", "I saw a dog"),
        ("I saw a", " anchor", "I saw a anchor"),
        ("a red ball", "balloon", "a red balloon"),
        ("a red bal", "loon", "a red balloon"),
        ("some bana", "nas", "some bananas"),
        ("the quick brown fox", "own fox jumps", "the quick brown fox jumps"),
        ("in 20", "20 it was", "in 2020 it was"),
        ("about 1,000", ",000", "about 1,000,000"),
        ("call 13800138000", "13800138000 now", "call 13800138000 now"),
        ("他说 ha ha ", "ha", "他说 ha ha ha"),
        ("我们看", "看这个", "我们看看这个"),
        ("我看", " 看到了", "我看到了"),
        ("我看到红色", "\n\n看到红色的气球", "我看到红色的气球"),
        ("| a | yes |", " yes | no |", "| a | yes | yes | no |"),
        ("| a | yes |", "| a | yes | no |", "| a | yes | no |"),
        ("well……", "……then", "well…………then"),
        ("one two", "\n\nOne more", "one two\n\nOne more"),
        # what language itself doubles
        ("a man who had", " had enough", "a man who had had enough"),
        ("I think that", " that bag", "I think that that bag"),
        ("I think that", "that bag", "I think that bag"),
        ("I think that t", "hat the", "I think that that the"),
        ("on a very", " very hot day", "on a very very hot day"),
        ("(null,", " null, 1)", "(null, null, 1)"),
        ("a song that br", "bring it", "a song that bring it"),
        ("she is bring", "ing it", "she is bringing it"),
        ("boxes contain", "ing it", "boxes containing it"),
        ("灯笼一个", "一个地挂着", "灯笼一个一个地挂着"),
        ("图中是一个", "一个红灯笼", "图中是一个红灯笼"),
        ("图中是一个", "一个", "图中是一个一个"),
        ("很久", "很久以前", "很久以前"),
        ("过了很久", "很久,", "过了很久很久,"),
        ("我看到很开", "很开心", "我看到很开心"),
        ("他讲得非常", "非常好", "他讲得非常非常好"),
        ("红色的球,", "球,旁边", "红色的球,旁边"),
        ("他说不,", "不,不行", "他说不,不,不行"),
        # within a word, and a word that was cut itself
        ("the connec", "nec tor", "the connec tor"),
        ("the connec", " connector", "the connector"),
        ("in the strai", "raight line", "in the straight line"),
        ("the streets were wet", "ts were wet, too", "the streets were wet, too"),
        # the cells of a table
        ("| a | yes |", "| yes | no |", "| a | yes | no |"),
        ("| a |\n| Adapter", "\n| Adapter | 1 |", "| a |\n| Adapter | 1 |"),
        ("| a | Adapter ", "| Adapter | 1 |", "| a | Adapter | Adapter | 1 |"),
    ],
)
def test_what_is_a_repetition_and_what_a_coincidence(told: str, new: str, whole: str) -> None:
    assert joined(told, list(new)) == whole


@pytest.mark.parametrize(
    ("told", "new", "pieces"),
    [
        ("The picture shows a dog", " jumps", ["", " j", "u", "m", "p", "s"]),
        ("这是一只棕色的小狗", "坐在", ["坐", "在"]),
        ("the ball and the bat", "bangs", ["", "", "ban", "g", "s"]),
        ("I see the", " theater", ["", "", "", "", " thea", "t", "e", "r"]),
        ("see the ball", "balloon", ["", "", "", "", "o", "o", "n"]),
    ],
)
def test_text_is_held_back_only_while_it_is_undecided(told: str, new: str, pieces: list[str]) -> None:
    seam = Seam(told)
    assert [seam.feed(char) for char in new] == pieces


def test_a_long_answer_told_anew_is_cut_up_to_a_bound() -> None:
    told = " ".join(map(str, range(1000, 4000)))[: WHOLE_LIMIT_CHARS - 10] + " and so"
    assert joined(told, [told[:7000], told[7000:], " on"]) == told + " on"
    longer = "the words: " + told * 2
    assert joined(longer, [longer]) == longer + longer


def test_white_space_without_end_is_not_held_back() -> None:
    seam = Seam("a dog")
    assert seam.feed(" " * (SPACE_LIMIT_CHARS + 1)) == " " * (SPACE_LIMIT_CHARS + 1)


def test_the_overlap_is_bounded() -> None:
    told = " ".join(f"word{n}" for n in range(140))
    fits, longer = (told[-OVERLAP_LIMIT_CHARS - more :] for more in (0, 1))
    assert joined(told, [fits, " next"]) == told + " next"
    assert joined(told, [longer, " next"]) == told + longer + " next"


@pytest.mark.parametrize("start", ["and so ", "- ", "这里"])
def test_a_sentence_that_is_said_again_is_cut_however_long(start: str) -> None:
    sentence = start + " ".join(f"word{n}" for n in range(120))
    assert len(sentence) > OVERLAP_LIMIT_CHARS
    for told in ("One. ", "One\n", "一。"):
        assert joined(told + sentence, [sentence[:9], sentence[9:], " next"]) == told + sentence + " next"


def test_a_seam_at_the_end_of_a_long_text_looks_at_its_end_alone() -> None:
    """The cost is that of a bounded end: no more places to begin at, of ten thousand sentences than of a hundred."""
    few, many = (Seam("看, it is. " * count)._ends.starts() for count in (1_000, 100_000))
    assert len(many) == len(few) - 1  # all of it


def test_a_new_text_that_breaks_off_while_it_repeats_adds_nothing() -> None:
    assert joined("The picture shows a dog", ["The pict"], broken=True) == "The picture shows a dog"
    assert joined("The picture shows a dog", ["The pict"]) == "The picture shows a dogThe pict"
