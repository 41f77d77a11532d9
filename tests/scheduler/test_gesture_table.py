"""What a wearer does with one button, against every mapping of it, on the whole scheduler: what is asked, and when."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import pytest
from machines import Machine, config, started

from glassd.scheduler.actions import Pin, Start, Unpin
from glassd_drivers.contracts import EdgeKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from glassd.config.triggers import Gesture

DOWN, UP = EdgeKind.DOWN, EdgeKind.UP
GESTURES: tuple[Gesture, ...] = ("press", "double", "triple", "long")
MAPPINGS = [frozenset(chosen) for count in range(1, 5) for chosen in combinations(GESTURES, count)]
NAMES = ["+".join(sorted(mapped)) for mapped in MAPPINGS]
BOUNCE, DOUBLE, LONG = 0.02, 0.3, 0.6
A_BIT = 0.001
T = 100.0

Move = tuple[float, EdgeKind]


def clicks(*moves: tuple[float, float]) -> list[Move]:
    """Return the edges of clicks: each held so long, and so long after the release of the one before."""
    edges, now = [], T
    for gap, held in moves:
        edges += [(now + gap, DOWN), (now + gap + held, UP)]
        now += gap + held
    return edges


SINGLE = clicks((0, 0.1))
TWO_SHORT = clicks((0, 0.1), (0.1, 0.1))
TWO_AT_THE_LIMIT = clicks((0, 0.1), (DOUBLE - A_BIT, 0.1))
TWO_PAST_THE_LIMIT = clicks((0, 0.1), (DOUBLE + A_BIT, 0.1))
THREE_SHORT = clicks((0, 0.1), (0.1, 0.1), (0.1, 0.1))
THREE_AT_THE_LIMIT = clicks((0, 0.1), (DOUBLE - A_BIT, 0.1), (DOUBLE - A_BIT, 0.1))
ALMOST_LONG = clicks((0, LONG - A_BIT))
JUST_LONG = clicks((0, LONG + A_BIT))
CLICK_AND_LONG = clicks((0, 0.1), (0.1, 1.0))


def play(mapped: frozenset[Gesture], edges: Sequence[Move], until: float = T + 60) -> list[tuple[str, float, float]]:
    """Return what is asked for: which gesture, seconds from the first down edge to its instant, and to the ask."""
    machine = Machine(config(*({"when": f"main {gesture}", "ask": gesture} for gesture in mapped)))
    asked: list[tuple[str, float, float]] = []

    def hear(actions: list[object], now: float) -> None:
        for ask in [action.ask for action in actions if isinstance(action, Start)]:
            asked.append((ask.prompt, round(ask.instant - T, 6), round(now - T, 6)))
            hear([*machine.ended(ask.id, now=now)], now)

    def pass_until(now: float) -> None:
        while (due := machine.scheduler.due) is not None and due <= now:
            hear([*machine.tick(due)], due)

    for instant, kind in edges:
        pass_until(instant)
        hear([*(machine.down if kind is DOWN else machine.up)("main", instant)], instant)
    pass_until(until)
    return asked


def expected(mapped: frozenset[Gesture], edges: Sequence[Move]) -> list[tuple[str, float, float]]:
    """Return the same from the words of the design, of a whole run of edges that is looked at afterwards."""
    most = max((count for count, name in ((1, "press"), (2, "double"), (3, "triple")) if name in mapped), default=0)
    held = [(down, up) for (down, _), (up, _) in zip(edges[::2], edges[1::2], strict=True)]
    asked: list[tuple[str, float, float]] = []
    while held:
        first, up = held[0]
        if "long" in mapped and up - first >= LONG:
            asked.append(("long", first - T, first - T + LONG))
            held = held[1:]
            continue
        run = 1
        while run < max(1, most) and run < len(held) and held[run][0] - held[run - 1][1] <= DOUBLE:
            run += 1
        name = {1: "press", 2: "double", 3: "triple"}[run]
        down, up = held[run - 1]
        at = up + DOUBLE if run < most else up if run == 1 and "long" in mapped else down
        if name in mapped:
            asked.append((name, first - T, at - T))
        held = held[run:]
    return [(name, round(instant, 6), round(at, 6)) for name, instant, at in asked]


PLAYS = {
    "single": SINGLE,
    "tapped": clicks((0, BOUNCE + A_BIT)),
    "two short": TWO_SHORT,
    "two at the limit": TWO_AT_THE_LIMIT,
    "two past the limit": TWO_PAST_THE_LIMIT,
    "three short": THREE_SHORT,
    "three at the limit": THREE_AT_THE_LIMIT,
    "two and one": clicks((0, 0.1), (0.1, 0.1), (DOUBLE + A_BIT, 0.1)),
    "four short": clicks((0, 0.1), (0.1, 0.1), (0.1, 0.1), (0.1, 0.1)),
    "almost long": ALMOST_LONG,
    "just long": JUST_LONG,
    "long held": clicks((0, 5.0)),
    "click and long": CLICK_AND_LONG,
    "long and click": clicks((0, 1.0), (0.1, 0.1)),
}


@pytest.mark.parametrize("mapped", MAPPINGS, ids=NAMES)
@pytest.mark.parametrize("edges", PLAYS.values(), ids=PLAYS)
def test_each_mapping_makes_of_each_run_of_clicks_what_it_says(mapped: frozenset[Gesture], edges: list[Move]) -> None:
    assert play(mapped, edges) == expected(mapped, edges)


@pytest.mark.parametrize(
    ("mapped", "edges", "asked"),
    [
        ({"press"}, SINGLE, [("press", 0.0, 0.0)]),
        ({"press"}, THREE_SHORT, [("press", 0.0, 0.0), ("press", 0.2, 0.2), ("press", 0.4, 0.4)]),
        ({"press", "long"}, ALMOST_LONG, [("press", 0.0, 0.599)]),
        ({"press", "long"}, JUST_LONG, [("long", 0.0, 0.6)]),
        ({"press", "double"}, TWO_AT_THE_LIMIT, [("double", 0.0, 0.399)]),
        ({"press", "double"}, TWO_PAST_THE_LIMIT, [("press", 0.0, 0.4), ("press", 0.401, 0.801)]),
        ({"press", "triple"}, TWO_SHORT, []),
        ({"press", "double", "triple", "long"}, THREE_AT_THE_LIMIT, [("triple", 0.0, 0.798)]),
        ({"press", "double", "long"}, CLICK_AND_LONG, [("double", 0.0, 0.2)]),
        ({"long"}, ALMOST_LONG, []),
    ],
)
def test_as_the_table_in_words(mapped: set[Gesture], edges: list[Move], asked: list[tuple[str, float, float]]) -> None:
    assert play(frozenset(mapped), edges) == asked


@pytest.mark.parametrize("exactly", [DOUBLE, DOUBLE - 1e-9, DOUBLE + 1e-9])
def test_at_exactly_the_limit_a_second_click_makes_one_double_or_two_presses_and_never_both(exactly: float) -> None:
    asked = [name for name, _, _ in play(frozenset({"press", "double"}), clicks((0, 0.1), (exactly, 0.1)))]
    assert asked in (["double"], ["press", "press"])


@pytest.mark.parametrize("exactly", [LONG, LONG - 1e-9, LONG + 1e-9])
def test_at_exactly_the_limit_a_held_button_is_one_gesture(exactly: float) -> None:
    asked = [name for name, _, _ in play(frozenset({"press", "long"}), clicks((0, exactly)))]
    assert asked in (["press"], ["long"])


def test_a_press_with_nothing_else_mapped_asks_within_the_call_of_its_own_down_edge() -> None:
    machine = Machine(config({"when": "main press", "ask": "What is this?"}))
    pin, start = machine.down("main", T)
    assert pin == Pin(T)
    assert isinstance(start, Start)
    assert start.ask.instant == T


def test_while_a_double_is_possible_the_frame_is_pinned_at_the_first_edge_and_asked_about_later() -> None:
    machine = Machine(config({"when": "main press", "ask": "one"}, {"when": "main double", "ask": "two"}))
    assert machine.down("main", T) == [Pin(T)]
    assert machine.up("main", T + 0.1) == []
    (ask,) = started(machine.until(T + 0.4))
    assert (ask.prompt, ask.instant) == ("one", T)


def test_what_turns_out_to_ask_nothing_lets_its_frame_go() -> None:
    machine = Machine(config({"when": "main double", "ask": "two"}))
    machine.press("main", T)
    assert machine.until(T + 1.0) == [Unpin(T)]


# -- contact bounce ----------------------------------------------------------------------------------------------------


def bouncing(edges: Sequence[Move], seconds: float = 0.015, per_second: float = 1000.0) -> list[Move]:
    """Return the edges of contacts that bounce for a while after each, and come to rest as they were meant."""
    bounced: list[Move] = []
    for instant, kind in edges:
        other = UP if kind is DOWN else DOWN
        count = int(seconds * per_second) // 2 * 2 + 1
        bounced += [(instant + number / per_second, other if number % 2 else kind) for number in range(count)]
    return bounced


@pytest.mark.parametrize("mapped", MAPPINGS, ids=NAMES)
@pytest.mark.parametrize("edges", PLAYS.values(), ids=PLAYS)
def test_contacts_that_bounce_make_the_same_gestures(mapped: frozenset[Gesture], edges: list[Move]) -> None:
    assert [asked[:2] for asked in play(mapped, bouncing(edges))] == [asked[:2] for asked in play(mapped, edges)]


@pytest.mark.parametrize("presses", [1, 7, 50])
def test_with_50_edges_a_second_of_contact_bounce_each_press_counts_once(presses: int) -> None:
    # A press a second, and in each 50 edges: 25 within the debounce of going down, 25 of coming up.
    edges = [move for number in range(presses) for move in [(T + number, DOWN), (T + number + 0.5, UP)]]
    bounced = bouncing(edges, seconds=0.019, per_second=25 / 0.019)
    assert len(bounced) == 50 * presses
    assert [name for name, _, _ in play(frozenset({"press"}), bounced, until=T + presses + 1)] == ["press"] * presses


def test_50_edges_a_second_that_are_no_bounce_are_25_presses() -> None:
    # The contacts stay for 20 ms each, which is the debounce: a key that repeats, or somebody very quick.
    step = BOUNCE + A_BIT
    edges = [(T + number * step, UP if number % 2 else DOWN) for number in range(50)]
    assert len(play(frozenset({"press"}), edges)) == 25
