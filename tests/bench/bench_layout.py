"""A delta's layout, at any length of the answer, beside wrapping the whole text again at each delta."""

from __future__ import annotations

import textwrap
import time
from typing import TYPE_CHECKING

import wcwidth
from measure import Ratio, by_turns

from glassd.presenter.layout import Layout
from glassd.presenter.markup import Markup

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

COLUMNS = 30
LENGTHS = (100, 1_000, 10_000, 100_000)
"""Characters of an answer before the deltas that are measured."""
ROUNDS = 9
DELTAS = 200
DELTA = 4
"""Characters of a delta, about what a token is."""
OTHERS_DELTAS = 3
"""So many are measured where the whole text is wrapped each time, which takes its time."""
COMPARED_AT = 10_000
TEXT = (
    "图中是**春风书店**，open daily from 9:00 to 21:00，价格￥1,298.00。\n"
    "- **Address**: 12 Lake Street, 电话010-6666，👨‍👩‍👧都去。\n"
)
GOAL_US = 50.0


def layout_of_a_delta() -> Iterator[Ratio]:
    """CPU for one delta and a look at the open lines, at each length beside the shortest, then beside wrapping all."""
    figures = by_turns(ROUNDS, *(_ours(length) for length in LENGTHS))
    shortest = figures[0]
    for length, figure in list(zip(LENGTHS, figures, strict=True))[1:]:
        name = f"layout of a delta after {length:,} characters, beside {LENGTHS[0]}"
        yield Ratio(name, 1e6 * figure, 1e6 * shortest, "us", must=1.5, goal=GOAL_US)
    ours, stdlib, wide = by_turns(3, _ours(COMPARED_AT), _whole(textwrap.wrap), _whole(wcwidth.wrap))
    for name, theirs in (("textwrap", stdlib), ("wcwidth.wrap", wide)):
        yield Ratio(f"likewise after {COMPARED_AT:,}, beside {name}", 1e6 * ours, 1e6 * theirs, "us", must=1 / 20)


def _ours(length: int) -> Callable[[], float]:
    """Return what measures the seconds of a delta on a layout of its own, which goes on growing meanwhile."""
    deltas = [(TEXT * DELTAS)[at : at + DELTA] for at in range(0, DELTAS * DELTA, DELTA)]

    def measure() -> float:
        layout = Layout(COLUMNS, Markup())
        layout.feed(TEXT * (length // len(TEXT)))
        before = time.process_time()
        for delta in deltas:
            layout.feed(delta)
            _ = layout.open
        return (time.process_time() - before) / DELTAS

    return measure


def _whole(wrap: Callable[[str, int], list[str]]) -> Callable[[], float]:
    """Return what measures the seconds of wrapping all paragraphs anew."""
    text = TEXT * (COMPARED_AT // len(TEXT) + 1)

    def measure() -> float:
        answer = text[:COMPARED_AT]
        before = time.process_time()
        for number in range(OTHERS_DELTAS):
            answer += text[number * DELTA : (number + 1) * DELTA]
            _ = [line for paragraph in answer.split("\n") for line in wrap(paragraph, COLUMNS)]
        return (time.process_time() - before) / OTHERS_DELTAS

    return measure
