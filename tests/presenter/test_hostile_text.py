"""Text that means harm: what it costs is bounded, and what comes out can do nothing."""

from __future__ import annotations

import sys
import unicodedata
from typing import TYPE_CHECKING

import pytest
from wcwidth import wcswidth

from glassd.presenter.graphemes import GRAPHEME_LIMIT
from glassd.presenter.layout import Layout
from glassd.presenter.markup import HEADS_LIMIT, Markup
from glassd.presenter.reach import REACH_LIMIT

if TYPE_CHECKING:
    from types import FrameType

COLUMNS = 30
HEAD = f"|{'head|' * 50}\n|{'---|' * 50}\n"
FLOODS = {
    "no space": "x",
    "line ends": "\n",
    "escape sequences": "\x1b[31m\x9b2J\x1b]0;x\x07",
    "overrides": "\u202ea\u2066b\u200f*",
    "zero-width": "**e\u0301\u200d\u200b\ufeff",
    "half surrogates": "\ud800*\udc00",
    "stars": "*a ",
    "nested stars": "*_",
    "a run of stars": "*",
    "brackets": "[",
    "openers of links": "[a](http://",
    "ticks": "`a",
    "dollars": "$a",
    "backslashes": "\\",
    "open groups": "\\frac{",
    "powers": "^{",
    "tags": "<b ",
    "entities": "&a",
    "pipes": "|",
    "rows": "|a\n",
    "quotes": "> ",
    "headings": "# ",
    "fences": "```\n",
    "thought": "<think>",
    "addresses": "://",
    "all marks": "*[`$<&_~\\|!^{(",
}
TEXTS = {name: flood * (20_000 // len(flood)) for name, flood in FLOODS.items()} | {
    "a table of 50 columns": HEAD + f"|{'cell|' * 50}\n" * 80,
    "a link's address": "[a](http://" + "(" * 20_000,
    "nested groups": "$$" + "{" * 20_000,
    "many marks for a letter": "*" + ("a" + "\u0301" * 40) * 500,
}


@pytest.mark.parametrize("name", TEXTS)
def test_nothing_harmful_comes_out_and_no_more_than_a_line_for_each_character(name: str) -> None:
    layout = Layout(COLUMNS, Markup())
    for at in range(0, len(TEXTS[name]), 997):
        layout.feed(TEXTS[name][at : at + 997])
    layout.finish()
    assert len(layout.full) <= len(TEXTS[name])
    for line in layout.full:
        assert 0 <= wcswidth(line) <= COLUMNS
        assert len(line) <= COLUMNS * GRAPHEME_LIMIT
        assert not any(unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"} for char in line)
        assert not any(
            unicodedata.bidirectional(char) in {"RLO", "LRO", "RLE", "LRE", "RLI", "LRI", "FSI", "PDF", "PDI"}
            for char in line
        )


STEPS_LIMIT = 40 * HEADS_LIMIT
"""Calls for one character, which at the worst lets go of all that was held back for the head of a table."""


@pytest.mark.parametrize("name", TEXTS)
def test_each_character_takes_a_bounded_number_of_steps_and_little_is_held(name: str) -> None:
    text = TEXTS[name]
    layout, calls, worst = Layout(COLUMNS, Markup()), 0, 0

    def count(_frame: FrameType, event: str, _arg: object) -> None:
        nonlocal calls
        calls += event in {"call", "c_call"}

    for char in text[:3000]:
        calls = 0
        sys.setprofile(count)
        try:
            layout.feed(char)
        finally:
            sys.setprofile(None)
        worst = max(worst, calls)
        assert layout._markup is not None
        assert len(layout._markup._held) <= max(REACH_LIMIT, HEADS_LIMIT) + GRAPHEME_LIMIT
    assert worst <= STEPS_LIMIT


def steps(text: str) -> int:
    layout, calls = Layout(COLUMNS, Markup()), 0

    def count(_frame: FrameType, event: str, _arg: object) -> None:
        nonlocal calls
        calls += event in {"call", "c_call"}

    sys.setprofile(count)
    try:
        layout.feed(text)
    finally:
        sys.setprofile(None)
    return calls


@pytest.mark.parametrize("name", FLOODS)
def test_twice_the_text_takes_no_more_than_twice_the_steps(name: str) -> None:
    half = FLOODS[name] * (2_000 // len(FLOODS[name]))
    steps(half)  # fills the caches
    assert steps(half + half) <= 2.2 * steps(half)


def test_a_megabyte_without_a_space_and_a_hundred_thousand_line_ends() -> None:
    layout = Layout(COLUMNS, Markup())
    for _ in range(1000):
        layout.feed("x" * 1000)
    layout.feed("\n" * 100_000)
    layout.feed("end")
    layout.finish()
    assert len(layout.full) == -(-1_000_000 // COLUMNS) + 2
    assert list(layout.full[-2:]) == ["", "end"]
