"""How the history is written on a terminal: under each other, and nothing in it that a terminal obeys."""

from __future__ import annotations

import json
import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from wcwidth import wcswidth

from glassd.cli.history_text import clipped, lines, markdown, table, whole
from glassd.cli.terminal import clean, json_line, one_line

said = st.text(
    st.sampled_from("a猫👨‍👩‍👧é\u0301 \t\n\r\x1b[31m\x07\x9b\u202e\u2066\u200f\u2028\u0085\x00`#*|<>\\\ud800")
    | st.characters(),
    max_size=80,
)
WIDTHS = st.integers(20, 120)


def an_ask(**facts: Any) -> dict[str, Any]:
    return {
        "number": 1,
        "id": "press-1",
        "utc": 1_790_000_000.0,
        "origin": "button",
        "trigger": "main press",
        "resumes": "",
        "outcome": "finished",
        "code": None,
        "endpoint": "https://a.example/v1",
        "model": "qwen",
        "frame_offset_s": -0.03,
        "times_s": {"frame": 0.04, "sent": 0.3, "done": 2.5},
        "tokens_in": 900,
        "tokens_out": 20,
        "money": 0.0023,
        "pictures": 0,
        "prompt": "这是什么?",
        "answer": "一只猫。",
        **facts,
    }


def assert_harmless(text: str, allowed: str = "\n") -> None:
    for char in text:
        kind = unicodedata.category(char)
        assert kind[0] != "C" or char in allowed or char in "\u200c\u200d", f"{char!r} in {text!r}"
        assert kind not in ("Zl", "Zp"), f"{char!r} in {text!r}"


@given(said)
def test_nothing_that_a_terminal_obeys_is_left(text: str) -> None:
    assert_harmless(clean(text))
    assert_harmless(one_line(text), allowed="")
    assert "\n" not in one_line(text)


@given(st.text(st.sampled_from("abc 猫犬ねこ한글éü。、👩‍👧\n"), max_size=60))
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert clean(text) == text


@given(said)
def test_json_lines_stay_json_and_one_line(text: str) -> None:
    line = json_line({"answer": text})
    assert json.loads(line) == {"answer": text}
    assert len(line.splitlines()) == 1
    assert not {code for code in map(ord, line) if code < 0x20 or 0x7F <= code < 0xA0}


@given(st.lists(st.tuples(said, said, st.integers(1, 10**9)), max_size=6), WIDTHS)
def test_a_list_stands_in_columns_and_fits_any_width(rows: list[tuple[str, str, int]], columns: int) -> None:
    asks = [an_ask(prompt=prompt, answer=answer, number=number) for prompt, answer, number in rows]
    told = lines(asks)
    assert len(told) == len(asks)
    starts = {wcswidth(line[: line.index("finished")]) for line in told}
    assert len(starts) <= 1
    for line in told:
        assert_harmless(line, allowed="")
        assert wcswidth(clipped(line, columns)) <= columns


@pytest.mark.parametrize(
    ("text", "cells", "shown"),
    [("猫が窓に", 8, "猫が窓に"), ("猫が窓に", 7, "猫が窓…"), ("猫が窓に", 6, "猫が…"), ("abc", 2, "a…"), ("", 0, "")],
)
def test_a_wide_character_is_never_cut_in_half(text: str, cells: int, shown: str) -> None:
    assert clipped(text, cells) == shown


def test_columns_hold_wide_characters() -> None:
    assert table([("猫", "a"), ("dogs", "b")]) == ["猫    a", "dogs  b"]


@given(said, said, said)
def test_the_whole_of_an_ask_is_harmless_too(prompt: str, answer: str, other: str) -> None:
    ask = an_ask(prompt=prompt, answer=answer, id=other, endpoint=other, model=other, trigger=other)
    for line in whole(ask):
        assert_harmless(line, allowed="")


@given(said, said, said)
def test_in_markdown_words_stay_words(prompt: str, answer: str, other: str) -> None:
    page = markdown(an_ask(prompt=prompt or "?", answer=answer or "!", endpoint=other, trigger=other))
    tokens = MarkdownIt().parse(page)
    assert [token.tag for token in tokens if token.type == "heading_open"] == ["h2"]
    fences = [token.content for token in tokens if token.type == "fence"]
    assert fences == [f"{clean(text)}\n" for text in (prompt or "?", answer or "!")]
    assert not [token for token in tokens if token.type in ("html_block", "hr", "blockquote_open", "code_block")]


def test_an_ask_under_way_of_an_unknown_time_is_told_as_such() -> None:
    [line] = lines([an_ask(utc=None, outcome=None, times_s={}, prompt=None, answer=None)])
    assert line == "1  time not known  under way  main press"
