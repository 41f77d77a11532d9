"""The variables of a prompt."""

from __future__ import annotations

from machines import Machine, config, only_start

from glassd.scheduler.prompts import filled
from glassd.wall import Wall

WALL = Wall(offset=1_795_850_000.0, zone=3600.0, known=True)  # 2026-11-28 07:13:20 UTC, an hour east of it


def test_time_and_date_are_the_boards_own_of_the_instant() -> None:
    assert filled("{date}, {time}", 100.0, WALL, "") == "2026-11-28, 08:15"


def test_while_the_clock_is_not_known_nothing_is_said_of_it() -> None:
    assert filled("{date}, {time}", 100.0, Wall(offset=WALL.offset), "") == "?, ?"


def test_what_is_no_variable_stays_and_so_do_the_braces_of_an_answer() -> None:
    assert filled('{"a": {time} {answer}} {nothing}', 0.0, Wall(), "{date}") == '{"a": ? {date}} {nothing}'


def test_the_last_answer_is_the_one_before_whoever_asked_for_it() -> None:
    machine = Machine(
        config({"when": "main press", "ask": "What is this?"}, {"when": "up press", "ask": "In English: {answer}"})
    )
    assert only_start(machine.press("up", 1.0)).prompt == "In English: "
    machine.ended("press-1", now=2.0)
    machine.ended(only_start(machine.press("main", 3.0)).id, "一扇门。", now=4.0)
    assert only_start(machine.press("up", 5.0)).prompt == "In English: 一扇门。"


def test_after_a_pause_there_is_no_last_answer() -> None:
    machine = Machine(config({"when": "main press", "ask": "{answer}?"}))
    machine.ended(only_start(machine.press("main", 3.0)).id, "A door.", now=4.0)
    machine.commanded("pause", 5.0)
    machine.commanded("unpause", 6.0)
    assert only_start(machine.press("main", 7.0)).prompt == "?"
