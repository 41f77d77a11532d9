"""What the status tells of the date, of budgets, of what waits and of what asked nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from glassd.accounts import waits_for_date
from glassd.cli import main
from glassd.config.schema import Config

if TYPE_CHECKING:
    from collections.abc import Callable

STATUS: dict[str, Any] = {
    "version": "1.0",
    "uptime_s": 5.0,
    "state": "idle",
    "devices": [],
    "health": [],
    "gateway": None,
    "last_ask": None,
    "clock": {"known": True, "holds_up": []},
    "budgets": {
        "hour": {"asks": {"spent": 3, "limit": 10}, "money": {"spent": 0.123456, "limit": 1.0}},
        "day": {"asks": {"spent": 3, "limit": None}, "money": {"spent": 0.123456, "limit": None}},
    },
    "outbox": None,
    "journal": {"keep": "timings", "trouble": False},
    "skipped": [],
}


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., list[str]]:
    """Return the lines that `glassd status` prints for a daemon that stands so."""

    def told(**facts: Any) -> list[str]:
        monkeypatch.setattr("glassd.cli.status.request_json", lambda *_: STATUS | facts)
        assert main(["status"]) == 0
        return [line.strip() for line in capsys.readouterr().out.splitlines()[1:]]

    return told


def test_a_date_that_is_known_is_not_spoken_of_and_limits_stand_beside_what_is_spent(
    told: Callable[..., list[str]],
) -> None:
    assert told() == ["spent this hour: 3 of 10 asks, 0.1235 of 1"]


def test_a_date_that_is_not_known_is_told_with_what_waits_for_it(told: Callable[..., list[str]]) -> None:
    (line, _) = told(clock={"known": False, "holds_up": ["at 08:00", "budgets"]})
    assert line.startswith("clock: not known to be right")
    assert line.endswith("this waits: at 08:00, budgets")


def test_what_waits_in_the_outbox_is_told_and_whether_it_takes_more(told: Callable[..., list[str]]) -> None:
    assert told(outbox={"open": True, "waiting": 2, "perhaps_sent": 1})[-1] == (
        "outbox: 2 waiting, 1 of them perhaps sent"
    )
    assert told(outbox={"open": False, "waiting": 0, "perhaps_sent": 0})[-1].endswith(
        "it takes nothing now, see the log"
    )


def test_a_disk_that_takes_nothing_is_told(told: Callable[..., list[str]]) -> None:
    assert told(journal={"keep": "text", "trouble": True})[-1].startswith("journal: the disk takes nothing")


def test_what_asked_nothing_is_told_with_its_reason(told: Callable[..., list[str]]) -> None:
    skipped = [{"trigger": "every 30s", "why": "busy", "count": 4}]
    assert told(skipped=skipped)[-1] == "every 30s asked nothing 4×: busy"


def test_times_of_the_day_and_budgets_wait_for_the_date() -> None:
    config = Config.model_validate(
        {
            "model": {"endpoints": [{"url": "reader"}]},
            "triggers": [
                {"when": "at 08:00", "ask": "?"},
                {"when": "main press", "ask": "?", "if": "not between 22:00 and 07:00"},
                {"when": "every 30s", "ask": "?"},
            ],
            "budgets": {"day": {"asks": 100}},
        }
    )
    assert waits_for_date(config) == ["at 08:00", "not between 22:00 and 07:00", "budgets"]
    assert waits_for_date(config.model_copy(update={"triggers": [], "budgets": type(config.budgets)()})) == []
