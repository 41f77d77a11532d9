from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassd.config.schema import GestureTimes
from glassd.scheduler.gestures import Began, Dropped, GestureEvent, Gestures, Made, played
from glassd_drivers.contracts import Edge, EdgeKind

if TYPE_CHECKING:
    from glassd.config.triggers import Gesture

TIMES = GestureTimes()  # debounce 20 ms, double 300 ms, long 600 ms
DOWN, UP, LOST = EdgeKind.DOWN, EdgeKind.UP, EdgeKind.LOST


def play(
    mapped: set[Gesture], edges: list[tuple[float, EdgeKind]], until: float = 60.0
) -> list[tuple[float, GestureEvent]]:
    """Return what a button's edges give, each with the time at which it was known."""
    gestures = Gestures(TIMES, {"main": frozenset(mapped)})
    known: list[tuple[float, GestureEvent]] = []

    def advance(now: float) -> None:
        while (due := gestures.due) is not None and due <= now:
            known.extend((due, event) for event in gestures.advance(due))

    for instant, kind in edges:
        advance(instant)
        known.extend((instant, event) for event in gestures.edge(Edge("main", kind, instant)))
    advance(until)
    return known


def made(known: list[tuple[float, GestureEvent]]) -> list[tuple[float, Gesture]]:
    return [(at, event.gesture) for at, event in known if isinstance(event, Made)]


CLICK = [(1.0, DOWN), (1.1, UP)]
DOUBLE = [*CLICK, (1.25, DOWN), (1.35, UP)]
TRIPLE = [*DOUBLE, (1.5, DOWN), (1.6, UP)]
HOLD = [(1.0, DOWN), (2.0, UP)]


@pytest.mark.parametrize(
    ("mapped", "edges", "expected"),
    [
        ({"press"}, CLICK, [(1.0, "press")]),
        ({"press"}, HOLD, [(1.0, "press")]),
        ({"press"}, DOUBLE, [(1.0, "press"), (1.25, "press")]),
        ({"press", "long"}, CLICK, [(1.1, "press")]),
        ({"press", "long"}, HOLD, [(1.6, "long")]),
        ({"press", "double"}, CLICK, [(pytest.approx(1.4), "press")]),
        ({"press", "double"}, DOUBLE, [(1.25, "double")]),
        ({"press", "double"}, TRIPLE, [(1.25, "double"), (pytest.approx(1.9), "press")]),
        ({"press", "double", "long"}, HOLD, [(1.6, "long")]),
        ({"press", "double", "long"}, DOUBLE, [(1.25, "double")]),
        ({"press", "double", "triple"}, TRIPLE, [(1.5, "triple")]),
        ({"press", "double", "triple"}, DOUBLE, [(pytest.approx(1.65), "double")]),
        ({"press", "triple"}, DOUBLE, []),
        ({"long"}, CLICK, []),
        ({"long"}, HOLD, [(1.6, "long")]),
        ({"double"}, CLICK, []),
    ],
)
def test_a_gesture_is_known_as_early_as_the_mapping_allows(
    mapped: set[Gesture], edges: list[tuple[float, EdgeKind]], expected: list[tuple[float, Gesture]]
) -> None:
    assert made(play(mapped, edges)) == expected


def test_the_instant_of_a_gesture_is_its_first_down_edge() -> None:
    known = play({"press", "double"}, DOUBLE)
    assert known == [(1.0, Began("main", 1.0)), (1.25, Made("main", "double", 1.0))]


def test_what_began_and_means_nothing_is_dropped_so_that_its_frame_can_go() -> None:
    assert play({"double"}, CLICK) == [(1.0, Began("main", 1.0)), (pytest.approx(1.4), Dropped("main", 1.0))]


def test_a_button_that_is_lost_while_held_makes_no_gesture() -> None:
    known = play({"press", "long"}, [(1.0, DOWN), (1.3, LOST)])
    assert made(known) == []
    assert known[-1] == (1.3, Dropped("main", 1.0))


def test_after_a_loss_the_next_press_is_a_press() -> None:
    assert made(play({"press", "long"}, [(1.0, DOWN), (1.3, LOST), (5.0, DOWN), (5.1, UP)])) == [(5.1, "press")]


def test_contact_bounce_is_one_press() -> None:
    bounce = [(1.0 + i * 0.002, DOWN if i % 2 == 0 else UP) for i in range(7)]  # comes to rest down
    release = [(1.5 + i * 0.002, UP if i % 2 == 0 else DOWN) for i in range(7)]  # comes to rest up
    assert made(play({"press"}, [*bounce, *release])) == [(1.0, "press")]


def test_contacts_that_come_to_rest_up_within_the_bounce_have_been_released() -> None:
    # The release is seen once the bounce is over: were it lost, the press would turn into a long one.
    ((at, gesture),) = made(play({"press", "long"}, [(1.0, DOWN), (1.005, UP)]))
    assert (round(at, 6), gesture) == (1.02, "press")


def test_a_button_that_means_nothing_gives_nothing() -> None:
    assert Gestures(TIMES, {"main": frozenset({"press"})}).edge(Edge("up", DOWN, 1.0)) == []


edge_times = st.lists(st.tuples(st.floats(0.0, 2.0), st.sampled_from([DOWN, UP, LOST])), max_size=60)
mappings = st.sets(st.sampled_from(["press", "double", "triple", "long"]), min_size=1)


@given(mappings, edge_times)
def test_whatever_the_edges_each_beginning_has_one_end_and_only_mapped_gestures_are_made(
    mapped: set[Gesture], steps: list[tuple[float, EdgeKind]]
) -> None:
    now, edges = 1.0, []
    for step, kind in steps:
        now += step
        edges.append((now, kind))
    edges.append((now + 1.0, LOST))
    open_since: float | None = None
    for _, event in play(mapped, edges, until=now + 60):
        if isinstance(event, Began):
            assert open_since is None, "a gesture began before the one under way was ended"
            open_since = event.instant
        else:
            assert event.instant == open_since, "an end without its beginning"
            open_since = None
            assert not isinstance(event, Made) or event.gesture in mapped
    assert open_since is None, "a gesture that never ended"


@pytest.mark.parametrize("gesture", ["press", "double", "triple", "long"])
def test_a_played_gesture_is_understood_as_what_it_is_meant_to_be(gesture: Gesture) -> None:
    edges = [(1.0 + after, kind) for after, kind in played(gesture, TIMES)]
    assert [name for _, name in made(play({"press", "double", "triple", "long"}, edges))] == [gesture]
