from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassd.ask import Ask, Origin
from glassd.config.schema import Config
from glassd.messages.codes import Code
from glassd.scheduler.machine import QUEUE_LIMIT_ASKS, Action, Do, Pin, Refuse, Scheduler, Start, Stop, Unpin
from glassd_drivers.contracts import Edge, EdgeKind

CONFIG = Config.model_validate(
    {
        "model": {"endpoints": [{"url": "reader"}], "instructions": "Be brief."},
        "triggers": [
            {"when": "main press", "ask": "What is this?"},
            {"when": "main long", "do": "cancel"},
            {"when": "up press", "ask": "Read the text.", "detail": "text"},
            {"when": "down press", "do": "next page"},
            {"when": "back press", "do": "clear"},
        ],
    }
)


def press(scheduler: Scheduler, button: str, instant: float) -> list[Action]:
    down = scheduler.edge(Edge(button, EdgeKind.DOWN, instant))
    return down + scheduler.edge(Edge(button, EdgeKind.UP, instant + 0.1))


def hold(scheduler: Scheduler, button: str, instant: float) -> list[Action]:
    actions = scheduler.edge(Edge(button, EdgeKind.DOWN, instant))
    assert scheduler.due is not None
    actions += scheduler.tick(scheduler.due)
    return actions + scheduler.edge(Edge(button, EdgeKind.UP, instant + 1.0))


def asked(name: str) -> Ask:
    return Ask(name, "And this?", Origin.API, 5.0)


def test_a_press_pins_its_frame_and_asks_with_the_instant_of_the_first_down_edge() -> None:
    pin, start = press(Scheduler(CONFIG), "main", 7.0)
    assert pin == Pin(7.0)
    assert isinstance(start, Start)
    assert start.look
    assert (start.ask.prompt, start.ask.instructions, start.ask.instant) == ("What is this?", "Be brief.", 7.0)


def test_each_trigger_says_what_its_picture_is_for() -> None:
    _, start = press(Scheduler(CONFIG), "up", 7.0)
    assert isinstance(start, Start)
    assert start.ask.detail == "text"


def test_a_second_press_breaks_off_the_answer_under_way_and_comes_after_its_end() -> None:
    scheduler = Scheduler(CONFIG)
    first = press(scheduler, "main", 7.0)[-1]
    assert isinstance(first, Start)
    assert press(scheduler, "up", 8.0) == [Pin(8.0), Stop(first.ask.id, replaced=True)]
    (second,) = scheduler.ended(first.ask.id)
    assert isinstance(second, Start)
    assert second.ask.prompt == "Read the text."


def test_of_many_presses_only_the_newest_is_asked() -> None:
    scheduler = Scheduler(CONFIG)
    first = press(scheduler, "main", 7.0)[-1]
    assert isinstance(first, Start)
    for second in range(8, 20):
        press(scheduler, "main", float(second))
    (start,) = scheduler.ended(first.ask.id)
    assert isinstance(start, Start)
    assert start.ask.instant == 19.0
    assert scheduler.ended(start.ask.id) == []
    assert scheduler.idle


def test_a_long_press_cancels_and_lets_go_of_its_frame() -> None:
    scheduler = Scheduler(CONFIG)
    first = press(scheduler, "main", 7.0)[-1]
    assert isinstance(first, Start)
    assert hold(scheduler, "main", 8.0) == [Pin(8.0), Unpin(8.0), Stop(first.ask.id, replaced=False)]


def test_a_cancel_with_nothing_under_way_does_nothing() -> None:
    assert hold(Scheduler(CONFIG), "main", 8.0) == [Pin(8.0), Unpin(8.0)]


def test_a_clear_breaks_off_and_clears() -> None:
    scheduler = Scheduler(CONFIG)
    first = press(scheduler, "main", 7.0)[-1]
    assert isinstance(first, Start)
    assert press(scheduler, "back", 8.0)[-2:] == [Stop(first.ask.id, replaced=False), Do("clear")]


def test_a_page_is_turned_without_touching_the_answer() -> None:
    scheduler = Scheduler(CONFIG)
    press(scheduler, "main", 7.0)
    assert press(scheduler, "down", 8.0) == [Pin(8.0), Unpin(8.0), Do("next page")]
    assert not scheduler.idle


def test_an_ask_of_the_api_waits_its_turn_and_a_press_goes_before_it() -> None:
    scheduler = Scheduler(CONFIG)
    first = press(scheduler, "main", 7.0)[-1]
    assert isinstance(first, Start)
    assert scheduler.asked(asked("a"), look=False) == []
    press(scheduler, "up", 8.0)
    (second,) = scheduler.ended(first.ask.id)
    assert isinstance(second, Start)
    assert second.ask.origin is Origin.BUTTON
    (third,) = scheduler.ended(second.ask.id)
    assert isinstance(third, Start)
    assert third.ask.id == "a"


def test_more_asks_than_may_wait_are_refused_as_busy() -> None:
    scheduler = Scheduler(CONFIG)
    press(scheduler, "main", 7.0)
    for number in range(QUEUE_LIMIT_ASKS):
        assert scheduler.asked(asked(f"a{number}"), look=True) == []
    assert scheduler.asked(asked("late"), look=True) == [Refuse("late", Code.BUSY)]


@pytest.mark.parametrize("waiting", [True, False])
def test_an_ask_whose_asker_left_is_not_carried_out(waiting: bool) -> None:
    scheduler = Scheduler(CONFIG)
    if waiting:
        press(scheduler, "main", 7.0)
        scheduler.asked(asked("a"), look=True)
        assert scheduler.cancelled("a") == [Refuse("a", Code.CANCELLED)]
    else:
        scheduler.asked(asked("a"), look=True)
        assert scheduler.cancelled("a") == [Stop("a", replaced=False)]


class History:
    """Plays events against the scheduler as the runner would, and checks what must hold after each."""

    def __init__(self) -> None:
        self.scheduler = Scheduler(CONFIG)
        self.now, self.numbers = 10.0, 0
        self.running: list[str] = []
        self.submitted: set[str] = set()
        self.settled: set[str] = set()

    def carry_out(self, actions: list[Action]) -> None:
        for action in actions:
            match action:
                case Start(ask):
                    self.running.append(ask.id)
                    self.submitted.add(ask.id)
                    assert len(self.running) == 1, "two answers at a time"
                case Stop(ask_id):
                    assert ask_id in self.running
                case Refuse(ask_id):
                    self.settled.add(ask_id)

    def end(self) -> None:
        if self.running:
            self.settled.add(self.running[0])
            self.carry_out(self.scheduler.ended(self.running.pop()))

    def api(self) -> None:
        self.numbers += 1
        self.submitted.add(f"a{self.numbers}")
        self.carry_out(self.scheduler.asked(asked(f"a{self.numbers}"), look=True))

    def leave(self) -> None:
        self.carry_out(self.scheduler.cancelled(f"a{self.numbers}"))

    def reload(self) -> None:
        self.scheduler.configure(CONFIG)

    def step(self, event: str) -> None:
        self.now += 2.0
        if event == "hold":
            self.carry_out(hold(self.scheduler, "main", self.now))
        elif event in ("main", "up", "down", "back"):
            self.carry_out(press(self.scheduler, event, self.now))
        else:
            getattr(self, event)()


@given(st.lists(st.sampled_from(["main", "up", "down", "back", "hold", "api", "leave", "end", "end", "reload"])))
def test_never_two_answers_at_a_time_and_no_ask_without_its_end(events: list[str]) -> None:
    history = History()
    for event in events:
        history.step(event)
    while history.running:
        history.end()
    assert history.scheduler.idle
    assert history.settled >= history.submitted, "an ask got no outcome"
