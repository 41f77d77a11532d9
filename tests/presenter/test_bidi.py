"""Right-to-left text, in the order that a display shows it in which draws from left to right only."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wcwidth import iter_graphemes, wcswidth

from glassd.answer import Delta
from glassd.presenter.layout import Layout
from glassd.presenter.presenter import Presenter
from glassd_drivers.bidi import runs, visual
from glassd_drivers.contracts import Profile

TEXTS = st.text("abc 12.,%-+()[]אבגשלום مرحبا\u0664؟、你好\u05b8\n", max_size=60)


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("plain (text), 你好 12", "plain (text), 你好 12"),
        ("שלום", "םולש"),
        ("say שלום עולם now", "say םלוע םולש now"),
        ("שלום world 12 עולם", "םלוע world 12 םולש"),
        ("המחיר 12.50 ש", "ש 12.50 ריחמה"),
        ("מחיר: -12%", "12%- :ריחמ"),
        ("(שלום)", "(םולש)"),
        ("a (שלום) b", "a (םולש) b"),
        ("שָׁלוֹם", "םוֹלשָׁ"),
        ("- שלום", "םולש -"),
        ("رقم ٤٥.", ".٤٥ مقر"),
        ("كتب 3 مرات", "تارم 3 بتك"),
    ],
)
def test_a_line_is_in_the_order_it_is_seen_in(text: str, seen: str) -> None:
    layout = Layout(40, visual=True)
    layout.feed(text)
    layout.finish()
    assert list(layout.full) == [seen]


def test_a_paragraph_goes_on_in_its_direction_and_the_next_has_its_own() -> None:
    layout = Layout(8, visual=True)
    layout.feed("שלום abc עולם\nabc שלום")
    layout.finish()
    assert list(layout.full) == ["abc םולש", "םלוע", "abc םולש"]


@given(TEXTS, st.integers(2, 30))
def test_lines_are_the_logical_ones_turned_around_and_full_ones_never_move(text: str, columns: int) -> None:
    turned, logical = Layout(columns, visual=True), Layout(columns)
    seen = []
    for char in text:
        turned.feed(char)
        logical.feed(char)
        seen.append(list(turned.full))
    turned.finish()
    logical.finish()
    for ours, line in zip(turned.full, logical.full, strict=True):
        assert wcswidth(ours) == wcswidth(line)
        brackets = str.maketrans("([", ")]")
        assert Counter(iter_graphemes(ours.translate(brackets))) == Counter(iter_graphemes(line.translate(brackets)))
    assert all(later[: len(earlier)] == earlier for earlier, later in pairwise([*seen, list(turned.full)]))


@given(st.text("abc 12.,%-+()你好", max_size=40))
def test_text_from_left_to_right_stays_as_it_is(text: str) -> None:
    assert list(visual(list(text), "L")) == list(text)


@given(TEXTS.filter(bool), st.sampled_from(["", "L", "R"]))
def test_runs_hold_every_character_once_and_turned_around_they_are_the_line(text: str, paragraph: str) -> None:
    found = runs(list(text), paragraph)
    assert sorted("".join("".join(run.graphemes) for run in found)) == sorted(text)
    brackets = str.maketrans("([", ")]")
    ordered = "".join("".join(run.graphemes[::-1] if run.right_to_left else run.graphemes) for run in found)
    assert ordered.translate(brackets) == "".join(visual(list(text), paragraph)).translate(brackets)


def test_a_display_gets_the_order_that_its_profile_asks_for() -> None:
    for order, line in (("logical", "a שלום"), ("visual", "a םולש")):
        profile = Profile("plain", columns=20, rows=4, interval=0.1, order=order)  # type: ignore[arg-type]  # a str
        presenter = Presenter(profile, "en")
        presenter.asked()
        assert presenter.event(Delta("a שלום")).lines == (line,)
