"""What the wearer is shown for as long as it is so; of what nothing waits for, nothing is said."""

from __future__ import annotations

from typing import Any

from machines import Machine, config, only_start

from glassd.messages.codes import Code
from glassd.wall import Wall
from glassd_drivers.contracts import Sign

MAIN = {"when": "main press", "ask": "What is this?", "outbox": True}


def machine(*triggers: dict[str, Any], **sections: Any) -> Machine:
    return Machine(config(MAIN, *triggers, **sections))


def signs(machine: Machine) -> set[Sign]:
    return set(machine.scheduler.signs)


def test_where_all_is_well_there_is_none() -> None:
    assert signs(machine()) == set()


def test_a_pause_is_one_for_as_long_as_it_lasts() -> None:
    there = machine()
    there.commanded("pause", 1.0)
    assert signs(there) == {Sign.PAUSED}
    there.commanded("unpause", 2.0)
    assert signs(there) == set()


def test_a_question_that_waits_is_told_and_that_there_is_no_network_for_it() -> None:
    there = machine(outbox={})
    ask = only_start(there.press("main", 1.0))
    there.scheduler.may_queue(ask.id, Code.NO_NETWORK, 1000, 2.0)
    there.ended(ask.id, code=Code.NO_NETWORK, sent=False, queued=1, now=3.0)
    assert signs(there) == {Sign.NO_NETWORK, Sign.QUEUED}
    there.heard(there.scheduler.network_is(up=True, now=4.0))
    assert signs(there) == {Sign.QUEUED}  # it is on its way, and not answered yet


def test_a_network_that_nothing_waits_for_and_nobody_looks_for_is_not_told() -> None:
    there = machine()
    there.ended(only_start(there.press("main", 1.0)).id, code=Code.NO_NETWORK, sent=False, now=2.0)
    assert signs(there) == set()


def test_a_budget_is_low_until_another_hour_begins() -> None:
    there = machine(budgets={"hour": {"asks": 5}})
    there.heard(there.scheduler.clock_is(0.0, Wall(offset=0.0, known=True)))
    for instant in (1.0, 2.0, 3.0, 4.0):
        assert signs(there) == set()
        there.ended(only_start(there.press("main", instant)).id, "A door.", now=instant + 0.5)
    assert signs(there) == {Sign.BUDGET_LOW}
    there.until(3601.0)
    there.heard(there.scheduler.clock_is(3601.0, Wall(offset=0.0, known=True)))
    assert signs(there) == set()


def test_a_date_that_is_not_known_is_told_where_a_trigger_waits_for_it() -> None:
    times = ({"when": "at 08:00", "do": "clear"}, {"when": "up press", "do": "clear", "if": "between 08:00 and 20:00"})
    for trigger in times:
        there = machine(trigger)
        assert signs(there) == {Sign.CLOCK_NOT_SET}
        there.heard(there.scheduler.clock_is(1.0, Wall(offset=1e9, known=True)))
        assert signs(there) == set()
