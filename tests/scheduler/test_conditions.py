"""What a trigger's `if` asks for."""

from __future__ import annotations

import pytest
from machines import Machine, config, skipped, started
from msgspec.structs import replace

from glassd.config.triggers import FACTS, Condition, read_condition
from glassd.scheduler.actions import Do
from glassd.scheduler.conditions import Facts, hold
from glassd.wall import Wall

NONE = Facts(online=False, scene_changed=False)
MIDNIGHT_S = 20_000 * 86400.0


def read(*texts: str) -> list[Condition]:
    conditions = [read_condition(text) for text in texts]
    return [condition for condition in conditions if condition is not None]


@pytest.mark.parametrize("fact", FACTS)
def test_a_fact_holds_or_does_not(fact: str) -> None:
    so = replace(NONE, **{fact.replace(" ", "_"): True})
    assert [hold(read(fact), facts) for facts in (so, NONE)] == [True, False]
    assert [hold(read(f"not {fact}"), facts) for facts in (so, NONE)] == [False, True]


def test_of_several_all_must_hold() -> None:
    both = read("cut off", "not queued")
    assert hold(both, Facts(cut_off=True))
    assert not hold(both, Facts(cut_off=True, queued=True))
    assert hold([], Facts())


@pytest.mark.parametrize(
    ("words", "minutes", "holds"),
    [
        ("between 08:00 and 20:00", [479, 480, 1199, 1200], [False, True, True, False]),
        ("between 22:00 and 06:00", [0, 359, 360, 1319, 1320], [True, True, False, False, True]),
        ("not between 08:00 and 20:00", [479, 480], [True, False]),
    ],
)
def test_a_time_of_the_day_holds_from_its_first_minute_to_before_its_last(
    words: str, minutes: list[int], holds: list[bool]
) -> None:
    assert [hold(read(words), Facts(minute=minute)) for minute in minutes] == holds


def test_while_the_clock_is_not_known_no_time_of_the_day_holds_nor_does_any_not_hold() -> None:
    assert not hold(read("between 08:00 and 20:00"), Facts(minute=None))
    assert not hold(read("not between 08:00 and 20:00"), Facts(minute=None))


def test_of_several_triggers_for_one_event_the_first_whose_condition_holds_counts() -> None:
    machine = Machine(
        config(
            {"when": "main press", "do": "clear", "if": "answer shown"},
            {"when": "main press", "ask": "What is this?"},
            {"when": "main press", "ask": "never reached"},
        )
    )
    (ask,) = started(machine.press("main", 1.0))
    assert ask.prompt == "What is this?"
    machine.ended(ask.id, "A door.", now=2.0)
    assert machine.press("main", 3.0)[-1] == Do("clear")
    assert started(machine.press("main", 4.0))[0].prompt == "What is this?"


def test_where_no_condition_holds_nothing_is_asked_and_the_report_says_why() -> None:
    machine = Machine(config({"when": "main press", "ask": "Go on?", "if": "cut off"}))
    assert skipped(machine.press("main", 1.0)) == [("main press", "condition")]


def test_a_scene_changed_since_this_trigger_last_asked() -> None:
    machine = Machine(config({"when": "main press", "ask": "New?", "if": "scene changed"}))
    assert machine.scheduler.watches_scene
    asked = []
    for instant, changes in [(1.0, False), (2.0, False), (3.0, True), (4.0, False)]:
        if changes:
            machine.scene_changed(instant - 0.5)
        asked.append([machine.ended(ask.id, now=instant) for ask in started(machine.press("main", instant))] != [])
    assert asked == [True, False, True, False]


def test_between_is_told_by_the_boards_own_time_of_the_day() -> None:
    machine = Machine(config({"when": "main press", "do": "next page", "if": "between 08:00 and 09:00"}))
    done: list[bool] = []
    for hour, zone in [(8, 0.0), (8, 3600.0), (7, 3600.0)]:
        machine.scheduler.clock_is(100.0, Wall(MIDNIGHT_S + hour * 3600, zone, known=True))
        done.append(Do("next page") in machine.press("main", 100.0 + 10 * len(done)))
    assert done == [True, False, True]
