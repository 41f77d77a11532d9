"""A touch pad sees one swipe as two presses: the one that was not meant means nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from glassd.config.schema import Config, Echo, GestureTimes
from glassd.scheduler.actions import Action, Start, Unpin
from glassd.scheduler.echoes import PRESSES_KEPT, Echoes
from glassd.scheduler.machine import Scheduler
from glassd_drivers.contracts import Edge, EdgeKind

DOWN, UP, LOST = EdgeKind.DOWN, EdgeKind.UP, EdgeKind.LOST
SWIPE = Echo(of="right", seen_as="down", within=0.5)
REPEAT = Echo(of="right", seen_as="right", within=0.5)


def click(button: str, instant: float, held: float = 0.05) -> list[Edge]:
    return [Edge(button, DOWN, instant), Edge(button, UP, instant + held)]


def counted(rules: list[Echo], edges: list[Edge], debounce: float = 0.02) -> list[Edge]:
    echoes = Echoes(GestureTimes(debounce=debounce, echoes=rules))
    return [each for edge in edges for each in echoes.edge(edge)]


def presses(edges: list[Edge]) -> list[tuple[str, float]]:
    return [(edge.button, edge.instant) for edge in edges if edge.kind is DOWN]


LEFT = Echo(of="down", seen_as="left")
CHAIN = [*click("right", 1.0), *click("down", 1.1), *click("left", 1.2)]
FOR_EVER = [edge for i in range(5) for edge in click("right", 1.0 + i * 0.3)]


@pytest.mark.parametrize(
    ("rules", "edges", "expected"),
    [
        ([], [*click("right", 1.0), *click("down", 1.1)], [("right", 1.0), ("down", 1.1)]),
        ([SWIPE], [*click("right", 1.0), *click("down", 1.1)], [("right", 1.0)]),
        ([SWIPE], [*click("right", 1.0), *click("down", 1.5)], [("right", 1.0)]),
        ([SWIPE], [*click("right", 1.0), *click("down", 1.51)], [("right", 1.0), ("down", 1.51)]),
        ([SWIPE], [*click("down", 1.0), *click("right", 1.1)], [("down", 1.0), ("right", 1.1)]),
        ([SWIPE], [*click("right", 1.0), *click("right", 1.1)], [("right", 1.0), ("right", 1.1)]),
        ([SWIPE], [*click("right", 1.0), *click("down", 1.1), *click("down", 1.3)], [("right", 1.0)]),
        ([SWIPE], [*click("right", 1.0), *click("down", 1.0)], [("right", 1.0)]),
        # Of one instant: the press that arrived first counts, and is not taken back.
        ([SWIPE], [*click("down", 1.0), *click("right", 1.0)], [("down", 1.0), ("right", 1.0)]),
        ([REPEAT], [*click("right", 1.0), *click("right", 1.3)], [("right", 1.0)]),
        # An echo has no echoes: a pad that repeats for ever is heard once each time.
        ([REPEAT], FOR_EVER, [("right", 1.0), ("right", 1.6), ("right", 2.2)]),
        ([SWIPE, LEFT], CHAIN, [("right", 1.0), ("left", 1.2)]),
        # A swipe either way, each the other's echo.
        ([SWIPE, Echo(of="down", seen_as="right")], [*click("down", 1.0), *click("right", 1.1)], [("down", 1.0)]),
        ([SWIPE], [Edge("right", DOWN, 1.0), *click("down", 1.1), Edge("right", UP, 1.2)], [("right", 1.0)]),
    ],
)  # fmt: skip
def test_a_press_that_begins_within_the_time_of_another_one_means_nothing(
    rules: list[Echo], edges: list[Edge], expected: list[tuple[str, float]]
) -> None:
    assert presses(counted(rules, edges)) == expected


def test_the_release_of_an_echo_means_nothing_either() -> None:
    swipe = click("right", 1.0)
    assert counted([SWIPE], [*swipe, *click("down", 1.1, held=3.0)]) == swipe


def test_contact_bounce_is_no_repeat() -> None:
    bounce = [Edge("right", DOWN if i % 2 == 0 else UP, 1.0 + i * 0.002) for i in range(7)]  # comes to rest down
    edges = [*bounce, Edge("right", UP, 3.0)]
    assert counted([REPEAT], edges) == edges


# -- through the scheduler ---------------------------------------------------------------------------------------------


def scheduler(*gestures_of_down: str) -> Scheduler:
    triggers = [{"when": f"down {gesture}", "ask": "The way down?"} for gesture in gestures_of_down]
    return Scheduler(
        Config.model_validate(
            {
                "model": {"endpoints": [{"url": "reader"}]},
                "gestures": {"echoes": [{"of": "right", "seen_as": "down", "within": "500ms"}]},
                "triggers": [{"when": "right press", "ask": "What is this?"}, *triggers],
            }
        )
    )


def played(machine: Scheduler, edges: list[Edge]) -> list[Action]:
    return [*(action for edge in edges for action in machine.edge(edge)), *machine.tick(60.0)]


def asked(actions: list[Action]) -> list[str]:
    return [action.ask.prompt for action in actions if isinstance(action, Start)]


def test_one_swipe_that_is_seen_as_two_asks_once() -> None:
    machine = scheduler("press", "long")
    assert asked(played(machine, [*click("right", 1.0), *click("down", 1.1, held=2.0)])) == ["What is this?"]


def test_an_echo_that_arrives_before_its_press_is_taken_back() -> None:
    machine = scheduler("press", "long")
    down, up = click("down", 1.1, held=2.0)
    actions = played(machine, [down, *click("right", 1.0), up])
    assert asked(actions) == ["What is this?"]
    assert Unpin(1.1) in actions, "the frame of the echo is held for nothing"


def test_an_echo_that_has_asked_before_its_press_arrives_stands() -> None:
    machine = scheduler("press")
    assert asked(machine.edge(Edge("down", DOWN, 1.1))) == ["The way down?"]


def test_what_is_taken_back_leaves_later_presses_alone() -> None:
    late = [*click("down", 1.1), *click("right", 1.0), *click("down", 1.7)]
    assert counted([SWIPE], late) == [*late[:2], Edge("down", LOST, 1.1), *late[2:]]


def test_of_what_is_taken_back_neither_bounce_nor_release_counts() -> None:
    down, up = click("down", 1.1, held=2.0)
    bounce = [Edge("down", UP, 1.105), Edge("down", DOWN, 1.11)]
    swipe = click("right", 1.0)
    assert counted([SWIPE], [down, *swipe, *bounce, up]) == [down, Edge("down", LOST, 1.1), *swipe]


def test_what_is_taken_back_has_no_echoes() -> None:
    edges = [*click("down", 1.1), *click("right", 1.0), *click("left", 1.2)]
    assert presses(counted([SWIPE, LEFT], edges)) == [("down", 1.1), ("right", 1.0), ("left", 1.2)]


def test_after_the_loss_of_an_echo_the_next_press_is_one() -> None:
    swipe, loss, again = click("right", 1.0), Edge("down", LOST, 1.5), click("down", 1.51)
    assert counted([SWIPE], [*swipe, Edge("down", DOWN, 1.495), loss, *again]) == [*swipe, loss, *again]


def test_rules_without_a_bound_are_refused() -> None:
    for wrong in ({"within": 11.0}, {"within": 0.0}, {"of": "two words"}, {"of": ""}):
        with pytest.raises(ValidationError):
            Echo.model_validate({"of": "a", "seen_as": "b"} | wrong)
    with pytest.raises(ValidationError):
        GestureTimes.model_validate({"echoes": [{"of": "a", "seen_as": "b"}] * 33})


# -- whatever comes ----------------------------------------------------------------------------------------------------

PAD = ["up", "down", "left", "right"]
names = st.sampled_from(PAD)
rule_sets = st.lists(
    st.builds(Echo, of=names, seen_as=names, within=st.sampled_from([0.1, 0.5, 2.0])), min_size=1, max_size=6
)
waits = st.sampled_from([0.0, 0.005, 0.05, 0.2, 0.5, 1.0])
steps = st.lists(st.tuples(waits, st.sampled_from([*PAD, "main"]), st.sampled_from(EdgeKind)), max_size=60)
lateness = st.lists(st.floats(0.0, 1.0), min_size=61, max_size=61)


def in_order(moves: list[tuple[float, str, EdgeKind]]) -> list[Edge]:
    now, edges = 1.0, []
    for step, button, kind in moves:
        now += step
        edges.append(Edge(button, kind, now))
    return edges


def late(edges: list[Edge], delays: list[float]) -> list[Edge]:
    """Return the edges as they arrive, each button with a lateness of its own: its edges stay in their order."""
    of_button = dict(zip([*PAD, "main"], delays, strict=False))
    return sorted(edges, key=lambda edge: edge.instant + of_button[edge.button])


@given(rule_sets, steps, lateness)
def test_whatever_comes_only_echoes_are_touched_and_no_button_is_left_held(
    rules: list[Echo], moves: list[tuple[float, str, EdgeKind]], delays: list[float]
) -> None:
    echoes = Echoes(GestureTimes(echoes=rules))
    may_be_echoes = {rule.seen_as for rule in rules}
    held, counts_as_held = dict.fromkeys([*PAD, "main"], False), dict.fromkeys([*PAD, "main"], False)
    for edge in late(in_order(moves), delays):
        held[edge.button] = edge.kind is DOWN
        out = echoes.edge(edge)
        for each in out:
            counts_as_held[each.button] = each.kind is DOWN
            assert each is edge or (each.kind is LOST and each.button in may_be_echoes), "an edge that nobody made"
        assert edge.button in may_be_echoes or out[-1:] == [edge], "an edge of another button is touched"
        assert edge.kind is not LOST or out == [edge], "a loss is kept back"
        assert all(held[name] for name, down in counts_as_held.items() if down), "a button is left held"


@given(rule_sets, steps)
def test_in_order_those_presses_count_that_begin_within_no_time_of_one_that_counts(
    rules: list[Echo], moves: list[tuple[float, str, EdgeKind]]
) -> None:
    edges, held = [], dict.fromkeys([*PAD, "main"], False)
    expected: list[tuple[str, float]] = []
    for edge in in_order(moves):
        if edge.kind is LOST or held[edge.button] == (edge.kind is DOWN):
            continue  # down goes up, and up goes down
        edges.append(edge)
        held[edge.button] = edge.kind is DOWN
        before = [(rule, edge.instant - at) for name, at in expected for rule in rules if rule.of == name]
        if edge.kind is DOWN and not any(
            rule.seen_as == edge.button and since <= rule.within for rule, since in before
        ):
            expected.append((edge.button, edge.instant))
    assert presses(counted(rules, edges, debounce=0.0)) == expected


@given(rule_sets, steps, lateness)
def test_a_press_long_after_any_other_counts_however_late_the_others_arrive(
    rules: list[Echo], moves: list[tuple[float, str, EdgeKind]], delays: list[float]
) -> None:
    edges = in_order(moves)
    edges += [Edge(name, UP, edges[-1].instant + 1.0 if edges else 1.0) for name in PAD]
    after = edges[-1].instant + max(rule.within for rule in rules) + 0.1
    *_, release = out = counted(rules, [*late(edges, delays), *click("right", after)])
    assert presses(out)[-1] == ("right", after)
    assert release == Edge("right", UP, after + 0.05)


def test_what_is_kept_of_a_button_is_bounded() -> None:
    # The press that a late edge is an echo of is one of the last that were kept; an older one is forgotten.
    many = [edge for i in range(PRESSES_KEPT + 1) for edge in click("right", 1.0 + i)]
    narrow = Echo(of="right", seen_as="down", within=0.1)
    assert ("down", 2.05) not in presses(counted([narrow], [*many, *click("down", 2.05)]))
    assert ("down", 1.05) in presses(counted([narrow], [*many, *click("down", 1.05)]))
