from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from glassd.ask import Ask, Origin
from glassd.config.schema import Config
from glassd.messages.codes import Code
from glassd.scheduler.machine import (
    GATEWAY_WAIT_LIMIT_S,
    QUEUE_LIMIT_ASKS,
    Action,
    Do,
    Pause,
    Pin,
    Refuse,
    Scheduler,
    Start,
    Stop,
    Unpin,
)
from glassd_drivers.contracts import Edge, EdgeKind

CONFIG = Config.model_validate(
    {
        "model": {"endpoints": [{"url": "reader"}], "instructions": "Be brief."},
        "gateway": {"listen": "127.0.0.1:8734", "at_once": 2},
        "triggers": [
            {"when": "main press", "ask": "What is this?"},
            {"when": "main long", "do": "cancel"},
            {"when": "up press", "ask": "Read the text.", "detail": "text"},
            {"when": "down press", "do": "next page"},
            {"when": "back press", "do": "clear"},
            {"when": "back long", "do": "toggle pause"},
            {"when": "again press", "do": "resume"},
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


def asked(name: str, **more: Any) -> Ask:
    return Ask(name, "And this?", Origin.API, 5.0, **more)


def from_app(scheduler: Scheduler, name: str, instant: float = 5.0) -> list[Action]:
    return scheduler.asked(Ask(name, "What now?", Origin.GATEWAY, instant), look=False)


def refused(actions: list[Action]) -> list[tuple[str, Code]]:
    """Return who is refused, and why; nothing else may happen."""
    assert all(isinstance(action, Refuse) for action in actions)
    return [(action.ask.id, action.code) for action in actions if isinstance(action, Refuse)]


def only_start(actions: list[Action]) -> Ask:
    (start,) = [action for action in actions if isinstance(action, Start)]
    return start.ask


def started(actions: list[Action]) -> list[str]:
    return [action.ask.id for action in actions if isinstance(action, Start)]


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
    assert press(scheduler, "up", 8.0) == [Pin(8.0), Stop(first.ask.id, unseen=True)]
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
    assert hold(scheduler, "main", 8.0) == [Pin(8.0), Unpin(8.0), Stop(first.ask.id)]


def test_a_cancel_with_nothing_under_way_does_nothing() -> None:
    assert hold(Scheduler(CONFIG), "main", 8.0) == [Pin(8.0), Unpin(8.0)]


def test_a_clear_breaks_off_and_clears() -> None:
    scheduler = Scheduler(CONFIG)
    first = press(scheduler, "main", 7.0)[-1]
    assert isinstance(first, Start)
    assert press(scheduler, "back", 8.0)[-2:] == [Stop(first.ask.id), Do("clear")]


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
    assert refused(scheduler.asked(asked("late"), look=True)) == [("late", Code.BUSY)]


@pytest.mark.parametrize("waiting", [True, False])
def test_an_ask_whose_asker_left_is_not_carried_out(waiting: bool) -> None:
    scheduler = Scheduler(CONFIG)
    if waiting:
        press(scheduler, "main", 7.0)
        scheduler.asked(asked("a"), look=True)
        assert refused(scheduler.cancelled("a")) == [("a", Code.CANCELLED)]
    else:
        scheduler.asked(asked("a"), look=True)
        assert scheduler.cancelled("a") == [Stop("a")]


# -- the gateway's lane ------------------------------------------------------------------------------------------------


def test_some_asks_of_the_gateway_are_under_way_at_once_and_the_others_follow_in_order() -> None:
    scheduler = Scheduler(CONFIG)
    assert [started(from_app(scheduler, name)) for name in "abcd"] == [["a"], ["b"], [], []]
    assert scheduler.gateway_asks == (2, 2)
    assert started(scheduler.ended("b")) == ["c"]
    assert started(scheduler.ended("a")) == ["d"]


def test_an_ask_of_the_gateway_never_gets_the_cameras_picture() -> None:
    (start,) = Scheduler(CONFIG).asked(Ask("a", "?", Origin.GATEWAY, 5.0), look=True)
    assert isinstance(start, Start)
    assert not start.look


def test_what_the_board_tells_every_model_comes_before_what_the_app_tells_it() -> None:
    ask = Ask("a", "?", Origin.GATEWAY, 5.0, instructions="You are a pirate.")
    assert only_start(Scheduler(CONFIG).asked(ask, look=False)).instructions == "Be brief.\n\nYou are a pirate."


def test_a_press_starts_at_once_beside_the_gateways_asks_and_those_go_on() -> None:
    scheduler = Scheduler(CONFIG)
    from_app(scheduler, "a")
    assert [type(action) for action in press(scheduler, "main", 7.0)] == [Pin, Start]


def test_the_gateway_waits_while_the_wearer_is_answered_or_waits() -> None:
    scheduler = Scheduler(CONFIG)
    first = only_start(press(scheduler, "main", 7.0))
    assert from_app(scheduler, "a") == []
    press(scheduler, "up", 8.0)
    second = only_start(scheduler.ended(first.id))
    assert second.prompt == "Read the text."
    assert started(scheduler.ended(second.id)) == ["a"]


def test_what_a_wearer_who_asks_on_and_on_keeps_waiting_is_refused_in_the_end() -> None:
    scheduler = Scheduler(CONFIG)
    press(scheduler, "main", 7.0)
    from_app(scheduler, "a", 8.0)
    from_app(scheduler, "b", 9.0)
    scheduler.tick(9.0)
    assert scheduler.due == 8.0 + GATEWAY_WAIT_LIMIT_S
    assert refused(scheduler.tick(8.0 + GATEWAY_WAIT_LIMIT_S)) == [("a", Code.BUSY)]
    assert scheduler.due == 9.0 + GATEWAY_WAIT_LIMIT_S


def test_more_asks_of_the_gateway_than_may_wait_are_refused_as_busy_and_the_wearers_are_not() -> None:
    scheduler = Scheduler(CONFIG)
    for number in range(2 + QUEUE_LIMIT_ASKS):
        from_app(scheduler, f"g{number}")
    assert refused(from_app(scheduler, "late")) == [("late", Code.BUSY)]
    assert len(started(press(scheduler, "main", 7.0))) == 1


def test_an_app_that_left_ends_its_own_ask_alone() -> None:
    scheduler = Scheduler(CONFIG)
    for name in "abc":
        from_app(scheduler, name)
    assert refused(scheduler.cancelled("c")) == [("c", Code.CANCELLED)]
    assert scheduler.cancelled("b") == [Stop("b")]
    assert scheduler.cancelled("nobody") == []


# -- resume ------------------------------------------------------------------------------------------------------------


def broken(scheduler: Scheduler, ask: Ask, given: str) -> list[Action]:
    return scheduler.ended(ask.id, replace(ask, given=given))


def test_resume_asks_for_the_rest_of_an_answer_that_broke_off() -> None:
    scheduler = Scheduler(CONFIG)
    first = only_start(press(scheduler, "main", 7.0))
    assert broken(scheduler, first, "A green") == []
    second = only_start(press(scheduler, "again", 9.0))
    assert second == replace(first, id=second.id, instant=9.0, given="A green", resumes=first.id)
    assert second.id != first.id


def test_the_rest_is_asked_for_without_another_look() -> None:
    scheduler = Scheduler(CONFIG)
    broken(scheduler, only_start(press(scheduler, "main", 7.0)), "A green")
    (start,) = [action for action in press(scheduler, "again", 9.0) if isinstance(action, Start)]
    assert not start.look


def test_after_two_resumes_the_question_is_asked_anew() -> None:
    scheduler = Scheduler(CONFIG)
    ask = only_start(press(scheduler, "main", 7.0))
    chain = [(ask.given, ask.resumes)]
    for number in range(4):
        broken(scheduler, ask, f"{number} words")
        before, ask = ask, only_start(press(scheduler, "again", 9.0 + number))
        chain.append((ask.given, "linked" if ask.resumes == before.id else ask.resumes))
    assert chain == [("", ""), ("0 words", "linked"), ("1 words", "linked"), ("", ""), ("3 words", "linked")]


@pytest.mark.parametrize("between", ["main", "back", "pause", "api"])
def test_another_ask_a_clear_and_a_pause_forget_what_broke_off(between: str) -> None:
    scheduler = Scheduler(CONFIG)
    broken(scheduler, only_start(press(scheduler, "main", 7.0)), "A green")
    match between:
        case "pause":
            scheduler.commanded("pause", 8.0)
            scheduler.commanded("unpause", 8.0)
        case "api":
            scheduler.asked(asked("a"), look=False)
            scheduler.ended("a")
        case "main":
            scheduler.ended(only_start(press(scheduler, "main", 8.0)).id)
        case button:
            press(scheduler, button, 8.0)
    assert started(press(scheduler, "again", 9.0)) == []


def test_an_answer_that_the_wearer_did_not_want_is_not_kept() -> None:
    scheduler = Scheduler(CONFIG)
    first = only_start(press(scheduler, "main", 7.0))
    hold(scheduler, "main", 8.0)
    broken(scheduler, first, "A green")
    assert started(press(scheduler, "again", 9.0)) == []


# -- pause -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("origin", [Origin.API, Origin.CLI, Origin.GATEWAY])
def test_while_paused_every_ask_is_refused(origin: Origin) -> None:
    scheduler = Scheduler(CONFIG)
    assert scheduler.commanded("pause", 6.0) == [Pause(on=True)]
    ask = Ask("a", "?", origin, 7.0)
    assert refused(scheduler.asked(ask, look=False)) == [("a", Code.PAUSED)]
    assert scheduler.commanded("unpause", 6.0) == [Pause(on=False)]
    assert started(scheduler.asked(ask, look=False)) == ["a"]


def test_while_paused_a_press_pins_nothing_and_its_wearer_is_told() -> None:
    scheduler = Scheduler(CONFIG)
    scheduler.commanded("pause", 6.0)
    (refusal,) = press(scheduler, "main", 7.0)
    assert isinstance(refusal, Refuse)
    assert (refusal.code, refusal.seen) == (Code.PAUSED, True)


def test_a_pause_ends_all_that_is_under_way_and_all_that_waits() -> None:
    scheduler = Scheduler(CONFIG)
    from_app(scheduler, "g1")
    first = only_start(press(scheduler, "main", 7.0))
    from_app(scheduler, "g2")
    scheduler.asked(asked("a"), look=True)
    actions = hold(scheduler, "back", 8.0)[2:]
    assert refused(actions[:2]) == [("a", Code.PAUSED), ("g2", Code.PAUSED)]
    assert actions[2:] == [
        Stop(first.id, Code.PAUSED, unseen=True),
        Stop("g1", Code.PAUSED),
        Pause(on=True),
    ]
    assert [scheduler.ended(name) for name in (first.id, "g1")] == [[], []]
    assert scheduler.idle


def test_while_paused_a_gesture_still_gives_a_command() -> None:
    scheduler = Scheduler(CONFIG)
    assert hold(scheduler, "back", 7.0)[-1] == Pause(on=True)
    assert press(scheduler, "down", 9.0)[-1] == Do("next page")
    assert hold(scheduler, "back", 11.0)[-1] == Pause(on=False)


def test_a_pause_within_a_pause_changes_nothing() -> None:
    scheduler = Scheduler(CONFIG)
    scheduler.commanded("pause", 6.0)
    assert scheduler.commanded("pause", 6.0) == []
    scheduler.configure(CONFIG)
    assert scheduler.paused


# -- scene change ------------------------------------------------------------------------------------------------------


def watching(**trigger: Any) -> Scheduler:
    triggers = [{"when": "main press", "ask": "?"}, {"when": "back long", "do": "toggle pause"}]
    data = CONFIG.model_dump(exclude_unset=True) | {"triggers": [*triggers, {"when": "scene change", **trigger}]}
    return Scheduler(Config.model_validate(data))


def test_a_scene_change_asks_about_the_frame_in_which_it_was_at_rest() -> None:
    scheduler = watching(ask="Where am I?", detail="scene")
    pin, start = scheduler.scene_changed(7.0)
    assert pin == Pin(7.0)
    assert isinstance(start, Start)
    assert start.look
    ask = start.ask
    assert (ask.prompt, ask.origin, ask.instant, ask.detail) == ("Where am I?", Origin.SCENE, 7.0, "scene")
    assert ask.instructions == "Be brief."


def test_a_scene_change_does_not_disturb_an_ask_that_is_under_way() -> None:
    scheduler = watching(ask="Where am I?")
    press(scheduler, "main", 1.0)
    assert scheduler.scene_changed(2.0) == []
    scheduler.ended("press-1")
    assert len(scheduler.scene_changed(20.0)) == 2


def test_a_press_replaces_what_a_scene_change_asked() -> None:
    scheduler = watching(ask="Where am I?")
    started = scheduler.scene_changed(1.0)[-1]
    assert isinstance(started, Start)
    assert Stop(started.ask.id, unseen=True) in press(scheduler, "main", 2.0)


def test_a_scene_change_can_do_a_command_whatever_is_under_way() -> None:
    scheduler = watching(do="cancel")
    press(scheduler, "main", 1.0)
    assert Stop("press-1") in scheduler.scene_changed(2.0)


def test_while_paused_nobody_watches_for_scene_changes() -> None:
    scheduler = watching(ask="Where am I?")
    watched = [scheduler.watches_scene]
    hold(scheduler, "back", 1.0)
    watched.append(scheduler.watches_scene)
    assert scheduler.scene_changed(3.0) == []
    scheduler.commanded("unpause", 4.0)
    assert [*watched, scheduler.watches_scene] == [True, False, True]


def test_where_no_trigger_waits_for_a_scene_change_nobody_watches_for_one() -> None:
    scheduler = Scheduler(CONFIG)
    assert not scheduler.watches_scene
    assert scheduler.scene_changed(1.0) == []
    assert "scene" not in scheduler.buttons
