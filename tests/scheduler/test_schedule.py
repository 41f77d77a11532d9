"""What comes by itself: intervals, times of the day, the start."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from machines import Machine, config, only_start, skipped, started

from glassd.scheduler.actions import Pin
from glassd.scheduler.schedule import Came, Schedule
from glassd.wall import Wall

DAY_S = 86400.0
MIDNIGHT_S = 20_000 * DAY_S
EIGHT = {"at 08:00": 480}


def hours(hour: float, zone: float = 0.0) -> Wall:
    """Return a clock that showed this hour of the day at the monotonic instant 0."""
    return Wall(MIDNIGHT_S + hour * 3600 - zone, zone, known=True)


def timed(times: dict[str, int], wall: Wall, now: float = 0.0) -> Schedule:
    schedule = Schedule()
    schedule.configure({}, times, now)
    schedule.clock_is(now, wall)
    schedule.begin(now)
    return schedule


def came(schedule: Schedule, until: float) -> list[float]:
    """Let time pass as the runner does, and return when something came that was not missed."""
    instants = []
    while (due := schedule.due) is not None and due <= until:
        instants += [each.instant for each in schedule.advance(due) if not each.missed]
    return instants


# -- intervals ---------------------------------------------------------------------------------------------------------


def every(seconds: float) -> Schedule:
    schedule = Schedule()
    schedule.configure({"every": seconds}, {}, 0.0)
    return schedule


def test_an_interval_comes_at_whole_multiples_after_the_start_and_not_before_it() -> None:
    schedule = every(30.0)
    assert schedule.due is None
    schedule.begin(100.0)
    assert came(schedule, 200.0) == [130.0, 160.0, 190.0]


def test_however_many_were_missed_it_comes_once_and_stays_in_step() -> None:
    schedule = every(30.0)
    schedule.begin(100.0)
    assert schedule.advance(1000.0) == [Came("every", 1000.0)]
    assert schedule.due == 1000.0 + (30.0 - 0.0)
    schedule.advance(1035.0)
    assert schedule.due == 1060.0


def test_a_reload_leaves_an_interval_in_step() -> None:
    schedule = every(30.0)
    schedule.begin(100.0)
    schedule.configure({"every": 30.0, "other": 7.0}, {}, 120.0)
    assert schedule.due == 121.0
    schedule.configure({"every": 30.0}, {}, 120.0)
    assert schedule.due == 130.0


@given(st.floats(0.0, 1e7), st.floats(1.0, 604800.0), st.lists(st.floats(0.0, 1e5), max_size=20))
def test_an_interval_is_never_due_twice_for_one_multiple(start: float, seconds: float, steps: list[float]) -> None:
    schedule = every(seconds)
    schedule.begin(start)
    now, before = start, start
    for step in steps:
        now += step
        if schedule.advance(now):
            assert now - start >= seconds * (1 - 1e-9)
        due = schedule.due
        assert due is not None
        assert now < due <= now + 2 * seconds
        assert due >= before
        before = due


# -- times of the day --------------------------------------------------------------------------------------------------


def test_a_time_of_the_day_comes_once_a_day() -> None:
    assert came(timed(EIGHT, hours(7)), 3 * DAY_S) == [3600.0, 3600.0 + DAY_S, 3600.0 + 2 * DAY_S]


def test_it_comes_in_the_boards_own_time() -> None:
    assert came(timed(EIGHT, hours(7, zone=8 * 3600.0)), DAY_S) == [3600.0]


def test_while_the_clock_is_not_known_it_does_not_come() -> None:
    assert timed(EIGHT, Wall(MIDNIGHT_S)).due is None


def test_a_clock_that_is_known_only_after_it_has_missed_it() -> None:
    schedule = timed(EIGHT, Wall(hours(7.99).offset))
    schedule.clock_is(40.0, hours(7.99))
    assert schedule.advance(40.0) == [Came("at 08:00", 40.0, missed=True)]
    assert schedule.due == pytest.approx(36.0 + DAY_S)


def test_a_clock_that_is_not_known_for_a_while_may_miss_it() -> None:
    schedule = timed(EIGHT, hours(7.99))
    schedule.clock_is(10.0, Wall(hours(7.99).offset))
    schedule.clock_is(60.0, hours(7.99))
    assert schedule.advance(60.0) == [Came("at 08:00", 60.0, missed=True)]


def test_what_had_passed_before_the_start_is_not_said_to_be_missed() -> None:
    schedule = timed(EIGHT, hours(12))
    assert schedule.advance(1.0) == []
    assert schedule.due == 20 * 3600.0


@pytest.mark.parametrize(("asleep", "missed"), [(59.0, False), (61.0, True)])
def test_who_slept_over_it_for_a_minute_has_missed_it(asleep: float, missed: bool) -> None:
    # Monotonic time stands still in a suspend: what is seen is a wall clock that has moved.
    schedule = timed(EIGHT, hours(7.5))
    schedule.advance(100.0)
    schedule.clock_is(100.0, hours(8 + (asleep - 100.0) / 3600))
    assert schedule.advance(100.0) == [Came("at 08:00", 100.0, missed=missed)]


@pytest.mark.parametrize("back_s", [1.0, 3600.0, 7200.0])
def test_a_clock_that_goes_back_does_not_bring_it_twice_on_one_day(back_s: float) -> None:
    schedule = timed(EIGHT, hours(7))
    assert came(schedule, 3600.5) == [3600.0]
    schedule.clock_is(3601.0, hours(7 - back_s / 3600))
    assert came(schedule, DAY_S) == []
    assert came(schedule, 2 * DAY_S) == [3600.0 + back_s + DAY_S]


def test_an_hour_that_comes_twice_brings_it_once() -> None:
    times = {"at 02:30": 150}
    schedule = timed(times, hours(2, zone=7200.0))
    assert came(schedule, 3000.0) == [1800.0]
    schedule.clock_is(3600.0, hours(1, zone=3600.0))
    assert came(schedule, 7200.0) == []


def test_an_hour_that_is_left_out_leaves_it_out() -> None:
    schedule = timed({"at 02:30": 150}, hours(1, zone=3600.0))
    schedule.clock_is(3600.0, hours(2, zone=7200.0))
    assert schedule.advance(3600.0) == [Came("at 02:30", 3600.0, missed=True)]


def test_a_day_far_ahead_of_a_clock_that_was_wrong_does_not_silence_it_for_years() -> None:
    schedule = timed(EIGHT, hours(7 + 24 * 5000))
    came(schedule, 4000.0)
    schedule.clock_is(4000.0, hours(7 - 4000.0 / 3600))
    assert came(schedule, 4000.0 + DAY_S) == [3600.0 + 4000.0]


def test_a_time_that_a_reload_brings_begins_with_the_reload() -> None:
    schedule = timed({}, hours(7))
    schedule.configure({}, EIGHT, 3630.0)
    assert schedule.advance(3630.0) == []
    assert came(schedule, 2 * DAY_S) == [3600.0 + DAY_S]


zones = st.sampled_from([0.0, 3600.0, 7200.0, -18000.0])


@given(st.lists(st.tuples(st.floats(1.0, 40000.0), st.floats(-5000.0, 5000.0), zones, st.booleans()), max_size=30))
def test_whatever_the_clock_does_it_comes_once_a_day_and_near_its_time(
    steps: list[tuple[float, float, float, bool]],
) -> None:
    wall = hours(3)
    schedule = timed(EIGHT, wall)
    now, days = 0.0, []
    for step, shift, zone, known in steps:
        until = now + step
        while (due := schedule.due) is not None and due <= until:
            now = max(now, due)
            for each in schedule.advance(now):
                if not each.missed:
                    days.append(wall.local(now) // DAY_S)
                    assert wall.known
                    assert 0 <= wall.local(now) % DAY_S - 8 * 3600 < 61
        now = until
        wall = Wall(wall.offset + shift, zone, known)
        schedule.clock_is(now, wall)
    assert len(days) == len(set(days))


# -- through the scheduler ---------------------------------------------------------------------------------------------


def test_each_asks_about_what_is_in_view_when_it_comes() -> None:
    machine = Machine(config({"when": "every 30s", "ask": "New?"}, {"when": "start", "ask": "Where am I?"}))
    pin, _ = started_at = machine.heard(machine.scheduler.ready(100.0))
    assert pin == Pin(100.0)
    ask = only_start(started_at)
    assert (ask.prompt, ask.origin, ask.trigger, ask.instant) == ("Where am I?", "start", "start", 100.0)
    machine.ended(ask.id, now=101.0)
    ask = only_start(machine.until(130.0))
    assert (ask.prompt, ask.origin, ask.trigger, ask.instant) == ("New?", "interval", "every 30s", 130.0)


def test_the_start_comes_once_in_the_daemons_life() -> None:
    machine = Machine(config({"when": "start", "ask": "Where am I?"}))
    machine.ended(only_start(machine.heard(machine.scheduler.ready(100.0))).id, now=101.0)
    assert machine.heard(machine.scheduler.ready(102.0)) == []


def test_an_interval_that_finds_the_line_slow_skips_and_never_piles_up() -> None:
    machine = Machine(config({"when": "every 30s", "ask": "New?"}))
    machine.scheduler.ready(0.0)
    (first,) = started(machine.until(30.0))
    assert skipped(machine.until(3600.0)) == [("every 30s", "busy")] * 60
    assert machine.ended(first.id, now=3601.0) == []
    assert len(started(machine.until(3630.0))) == 1


def test_a_time_of_the_day_asks_once_the_clock_is_known() -> None:
    machine = Machine(config({"when": "at 08:00", "ask": "Good morning?"}))
    machine.scheduler.ready(0.0)
    assert machine.until(DAY_S) == []
    machine.scheduler.clock_is(DAY_S, hours(7))
    ask = only_start(machine.until(DAY_S + 3600.0))
    assert (ask.origin, ask.trigger) == ("time", "at 08:00")


def test_what_was_missed_is_in_the_report() -> None:
    machine = Machine(config({"when": "at 08:00", "ask": "Good morning?"}))
    machine.scheduler.ready(0.0)
    machine.scheduler.clock_is(10.0, hours(7.5))
    assert skipped(machine.heard(machine.scheduler.clock_is(20.0, hours(9)))) == [("at 08:00", "missed")]


@pytest.mark.parametrize("why", ["paused", "busy", "condition", "cooldown", "budget"])
def test_a_skip_says_why(why: str) -> None:
    trigger = {"when": "every 30s", "ask": "New?"}
    more = {"condition": {"if": "queued"}, "cooldown": {"cooldown": "70s"}}.get(why, {})
    budgets = {"hour": {"asks": 1}} if why == "budget" else {}
    machine = Machine(config({"when": "main press", "ask": "?"}, trigger | more, budgets=budgets))
    machine.scheduler.ready(0.0)
    match why:
        case "paused":
            machine.commanded("pause", 1.0)
        case "busy":
            machine.press("main", 1.0)
        case "cooldown" | "budget":
            machine.ended(only_start(machine.until(30.0)).id, now=31.0)
    assert skipped(machine.until(60.0)) == [("every 30s", why)]
