"""Every press, ask and interval of a wearer's day is accounted for, whatever became of it."""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import TYPE_CHECKING

import pytest
from day import BEGINS, CONFIG, CUTS, ENDS, HOUR_S, PAUSE, PRESSES, Day, lived, report

from glassd.ask import Origin
from glassd.messages.codes import Code
from virtual import START

if TYPE_CHECKING:
    from glassd.record import AskRecord

SEEDS = range(4)


@cache
def day_of(seed: int) -> Day:
    return lived(seed)


@pytest.fixture(params=SEEDS)
def day(request: pytest.FixtureRequest) -> Day:
    return day_of(request.param)


def code(record: AskRecord) -> Code | None:
    return record.problem.code if record.problem else None


def hour(instant: float) -> float:
    return BEGINS + (instant - START) / HOUR_S


def test_each_ask_has_one_end_and_each_that_left_was_kept_before_it_did(day: Day) -> None:
    ended = [record.id for record, _ in day.kept.ended_asks]
    assert len(ended) == len(set(ended))
    begun = [ask_id for ask_id, _ in day.kept.begun_asks]
    assert len(begun) == len(set(begun))
    assert {ask_id for _, ask_id in day.left} <= set(begun) <= set(ended)


def test_each_press_is_an_ask_with_an_end_or_a_command(day: Day) -> None:
    assert sum(day.pressed.values()) == PRESSES
    commands = day.pressed["main long"] + day.pressed["main double"]
    buttons = {"main press", "up press", "down press"}
    skipped = sum(count for (trigger, _), count in day.runner.skips.items() if trigger in buttons)
    asked = [record for record in day.records if record.origin is Origin.BUTTON and not record.id.startswith("outbox")]
    assert len(asked) + skipped + commands == PRESSES


def test_each_interval_and_time_has_asked_or_says_why_not(day: Day) -> None:
    every = sum(record.origin is Origin.INTERVAL for record in day.records)
    skipped = sum(count for (trigger, _), count in day.runner.skips.items() if trigger == "every 10min")
    assert every + skipped == (ENDS - BEGINS) * 6
    assert [record.trigger for record in day.records if record.origin is Origin.TIME] == ["at 08:00"]
    assert [record.trigger for record in day.records if record.origin is Origin.START] == ["start"]


def test_what_was_queued_was_answered_once_and_shown(day: Day) -> None:
    queued = sum(code(record) is Code.QUEUED for record in day.records)
    late = [record for record in day.records if record.id.startswith("outbox")]
    assert queued == len(late)
    assert day.runner.scheduler.queued == 0
    assert sum(seen.startswith("late") for seen in day.seen) == len(late)


def test_nothing_leaves_without_a_network_or_under_a_pause(day: Day) -> None:
    for since, until in [*CUTS, PAUSE]:
        assert not [ask_id for at, ask_id in day.left if since < hour(at) < until]


def test_no_budget_is_ever_exceeded(day: Day) -> None:
    spent = day.runner.scheduler.spent.day
    budget = CONFIG.budgets.day
    assert budget.asks is not None
    assert budget.frames is not None
    assert len(day.left) <= spent.asks <= budget.asks
    assert spent.frames <= budget.frames
    by_hour = Counter(int(hour(at)) for at, _ in day.left)
    assert CONFIG.budgets.hour.asks is not None
    assert max(by_hour.values()) <= CONFIG.budgets.hour.asks


def test_a_day_has_all_that_can_happen_and_its_report_tells_it() -> None:
    told = "\n".join(report(day_of(seed)) for seed in SEEDS)
    for word in ("budget_spent", "no_network", "queued", "too_soon", "paused", "condition", "busy", "shown late"):
        assert word in told
