from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest
from machines import Machine, only_start, refused, started
from msgspec.structs import replace

from glassd.ask import Ask, Origin
from glassd.config.schema import Config
from glassd.config.triggers import NO_FRAMES, ONE_FRAME, QUEUE_LIMIT_ASKS
from glassd.messages.codes import Code
from glassd.scheduler.actions import Action, Do, Pause, Pin, Refuse, Skip, Start, Stop, Unpin
from glassd.scheduler.lanes import GATEWAY_WAIT_LIMIT_S

if TYPE_CHECKING:
    from types import FrameType

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


def asked(name: str, **more: Any) -> Ask:
    return Ask(name, "And this?", Origin.API, 5.0, **more)


def ids(actions: list[Action]) -> list[str]:
    return [ask.id for ask in started(actions)]


def from_app(machine: Machine, name: str, instant: float = 5.0) -> list[Action]:
    return machine.asked(Ask(name, "What now?", Origin.GATEWAY, instant), NO_FRAMES)


def test_a_press_pins_its_frame_and_asks_with_the_instant_of_the_first_down_edge() -> None:
    pin, start = Machine(CONFIG).press("main", 7.0)
    assert pin == Pin(7.0)
    assert isinstance(start, Start)
    assert start.frames == ONE_FRAME
    assert (start.ask.prompt, start.ask.instructions, start.ask.instant) == ("What is this?", "Be brief.", 7.0)


def test_each_trigger_says_what_its_picture_is_for() -> None:
    _, start = Machine(CONFIG).press("up", 7.0)
    assert isinstance(start, Start)
    assert start.ask.detail == "text"


def test_a_second_press_breaks_off_the_answer_under_way_and_comes_after_its_end() -> None:
    machine = Machine(CONFIG)
    first = machine.press("main", 7.0)[-1]
    assert isinstance(first, Start)
    assert machine.press("up", 8.0) == [Pin(8.0), Stop(first.ask.id, unseen=True)]
    (second,) = machine.ended(first.ask.id)
    assert isinstance(second, Start)
    assert second.ask.prompt == "Read the text."


def test_of_many_presses_only_the_newest_is_asked() -> None:
    machine = Machine(CONFIG)
    first = machine.press("main", 7.0)[-1]
    assert isinstance(first, Start)
    for second in range(8, 20):
        machine.press("main", float(second))
    (start,) = machine.ended(first.ask.id)
    assert isinstance(start, Start)
    assert start.ask.instant == 19.0
    assert machine.ended(start.ask.id) == []
    assert machine.scheduler.idle


def test_a_long_press_cancels_and_lets_go_of_its_frame() -> None:
    machine = Machine(CONFIG)
    first = machine.press("main", 7.0)[-1]
    assert isinstance(first, Start)
    assert machine.hold("main", 8.0) == [Pin(8.0), Unpin(8.0), Stop(first.ask.id)]


def test_a_cancel_with_nothing_under_way_does_nothing() -> None:
    assert Machine(CONFIG).hold("main", 8.0) == [Pin(8.0), Unpin(8.0)]


def test_a_clear_breaks_off_and_clears() -> None:
    machine = Machine(CONFIG)
    first = machine.press("main", 7.0)[-1]
    assert isinstance(first, Start)
    assert machine.press("back", 8.0)[-2:] == [Stop(first.ask.id), Do("clear")]


def test_a_page_is_turned_without_touching_the_answer() -> None:
    machine = Machine(CONFIG)
    machine.press("main", 7.0)
    assert machine.press("down", 8.0) == [Pin(8.0), Unpin(8.0), Do("next page")]
    assert not machine.scheduler.idle


def test_an_ask_of_the_api_waits_its_turn_and_a_press_goes_before_it() -> None:
    machine = Machine(CONFIG)
    first = machine.press("main", 7.0)[-1]
    assert isinstance(first, Start)
    assert machine.asked(asked("a"), NO_FRAMES) == []
    machine.press("up", 8.0)
    (second,) = machine.ended(first.ask.id)
    assert isinstance(second, Start)
    assert second.ask.origin is Origin.BUTTON
    (third,) = machine.ended(second.ask.id)
    assert isinstance(third, Start)
    assert third.ask.id == "a"


def test_more_asks_than_may_wait_are_refused_as_busy() -> None:
    machine = Machine(CONFIG)
    machine.press("main", 7.0)
    for number in range(QUEUE_LIMIT_ASKS):
        assert machine.asked(asked(f"a{number}"), ONE_FRAME) == [Pin(5.0)]
    assert refused(machine.asked(asked("late"), ONE_FRAME)) == [("late", Code.BUSY)]


@pytest.mark.parametrize("waiting", [True, False])
def test_an_ask_whose_asker_left_is_not_carried_out(waiting: bool) -> None:
    machine = Machine(CONFIG)
    if waiting:
        machine.press("main", 7.0)
        machine.asked(asked("a"), ONE_FRAME)
        assert refused(machine.cancelled("a")) == [("a", Code.CANCELLED)]
    else:
        machine.asked(asked("a"), ONE_FRAME)
        assert machine.cancelled("a") == [Stop("a")]


# -- the gateway's lane ------------------------------------------------------------------------------------------------


def test_some_asks_of_the_gateway_are_under_way_at_once_and_the_others_follow_in_order() -> None:
    machine = Machine(CONFIG)
    assert [ids(from_app(machine, name)) for name in "abcd"] == [["a"], ["b"], [], []]
    assert machine.scheduler.gateway_asks == (2, 2)
    assert ids(machine.ended("b")) == ["c"]
    assert ids(machine.ended("a")) == ["d"]


def test_an_ask_of_the_gateway_never_gets_the_cameras_picture() -> None:
    (start,) = Machine(CONFIG).asked(Ask("a", "?", Origin.GATEWAY, 5.0), ONE_FRAME)
    assert isinstance(start, Start)
    assert start.frames == NO_FRAMES


def test_what_the_board_tells_every_model_comes_before_what_the_app_tells_it() -> None:
    ask = Ask("a", "?", Origin.GATEWAY, 5.0, instructions="You are a pirate.")
    assert only_start(Machine(CONFIG).asked(ask, NO_FRAMES)).instructions == "Be brief.\n\nYou are a pirate."


def test_a_press_starts_at_once_beside_the_gateways_asks_and_those_go_on() -> None:
    machine = Machine(CONFIG)
    from_app(machine, "a")
    assert [type(action) for action in machine.press("main", 7.0)] == [Pin, Start]


def test_the_gateway_waits_while_the_wearer_is_answered_or_waits() -> None:
    machine = Machine(CONFIG)
    first = only_start(machine.press("main", 7.0))
    assert from_app(machine, "a") == []
    machine.press("up", 8.0)
    second = only_start(machine.ended(first.id))
    assert second.prompt == "Read the text."
    assert ids(machine.ended(second.id)) == ["a"]


def test_what_a_wearer_who_asks_on_and_on_keeps_waiting_is_refused_in_the_end() -> None:
    machine = Machine(CONFIG)
    machine.press("main", 7.0)
    from_app(machine, "a", 8.0)
    from_app(machine, "b", 9.0)
    machine.tick(9.0)
    assert machine.scheduler.due == 8.0 + GATEWAY_WAIT_LIMIT_S
    assert refused(machine.tick(8.0 + GATEWAY_WAIT_LIMIT_S)) == [("a", Code.BUSY)]
    assert machine.scheduler.due == 9.0 + GATEWAY_WAIT_LIMIT_S


def test_more_asks_of_the_gateway_than_may_wait_are_refused_as_busy_and_the_wearers_are_not() -> None:
    machine = Machine(CONFIG)
    for number in range(2 + QUEUE_LIMIT_ASKS):
        from_app(machine, f"g{number}")
    assert refused(from_app(machine, "late")) == [("late", Code.BUSY)]
    assert len(started(machine.press("main", 7.0))) == 1


def test_an_app_that_left_ends_its_own_ask_alone() -> None:
    machine = Machine(CONFIG)
    for name in "abc":
        from_app(machine, name)
    assert refused(machine.cancelled("c")) == [("c", Code.CANCELLED)]
    assert machine.cancelled("b") == [Stop("b")]
    assert machine.cancelled("nobody") == []


# -- resume ------------------------------------------------------------------------------------------------------------


def broken(machine: Machine, ask: Ask, given: str) -> list[Action]:
    return machine.ended(ask.id, given, broke=True, now=ask.instant)


def test_resume_asks_for_the_rest_of_an_answer_that_broke_off() -> None:
    machine = Machine(CONFIG)
    first = only_start(machine.press("main", 7.0))
    assert broken(machine, first, "A green") == []
    second = only_start(machine.press("again", 9.0))
    assert second == replace(first, id=second.id, instant=9.0, given="A green", resumes=first.id)
    assert second.id != first.id


def test_the_rest_is_asked_for_without_another_look() -> None:
    machine = Machine(CONFIG)
    broken(machine, only_start(machine.press("main", 7.0)), "A green")
    (start,) = [action for action in machine.press("again", 9.0) if isinstance(action, Start)]
    assert start.frames == NO_FRAMES


def test_after_two_resumes_the_question_is_asked_anew() -> None:
    machine = Machine(CONFIG)
    ask = only_start(machine.press("main", 7.0))
    chain = [(ask.given, ask.resumes)]
    for number in range(4):
        broken(machine, ask, f"{number} words")
        before, ask = ask, only_start(machine.press("again", 9.0 + number))
        chain.append((ask.given, "linked" if ask.resumes == before.id else ask.resumes))
    assert chain == [("", ""), ("0 words", "linked"), ("1 words", "linked"), ("", ""), ("3 words", "linked")]


@pytest.mark.parametrize("between", ["main", "back", "pause", "api"])
def test_another_ask_a_clear_and_a_pause_forget_what_broke_off(between: str) -> None:
    machine = Machine(CONFIG)
    broken(machine, only_start(machine.press("main", 7.0)), "A green")
    match between:
        case "pause":
            machine.commanded("pause", 8.0)
            machine.commanded("unpause", 8.0)
        case "api":
            machine.asked(asked("a"), NO_FRAMES)
            machine.ended("a")
        case "main":
            machine.ended(only_start(machine.press("main", 8.0)).id)
        case button:
            machine.press(button, 8.0)
    assert ids(machine.press("again", 9.0)) == []


def test_an_answer_that_the_wearer_did_not_want_is_not_kept() -> None:
    machine = Machine(CONFIG)
    first = only_start(machine.press("main", 7.0))
    machine.hold("main", 8.0)
    broken(machine, first, "A green")
    assert ids(machine.press("again", 9.0)) == []


# -- pause -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("origin", [Origin.API, Origin.CLI, Origin.GATEWAY])
def test_while_paused_every_ask_is_refused(origin: Origin) -> None:
    machine = Machine(CONFIG)
    assert machine.commanded("pause", 6.0) == [Pause(on=True)]
    ask = Ask("a", "?", origin, 7.0)
    assert refused(machine.asked(ask, NO_FRAMES)) == [("a", Code.PAUSED)]
    assert machine.commanded("unpause", 6.0) == [Pause(on=False)]
    assert ids(machine.asked(ask, NO_FRAMES)) == ["a"]


def test_while_paused_a_press_pins_nothing_and_its_wearer_is_told() -> None:
    machine = Machine(CONFIG)
    machine.commanded("pause", 6.0)
    (unpin, refusal) = machine.press("main", 7.0)
    assert unpin == Unpin(7.0)
    assert isinstance(refusal, Refuse)
    assert (refusal.code, refusal.seen) == (Code.PAUSED, True)


def test_a_pause_ends_all_that_is_under_way_and_all_that_waits() -> None:
    machine = Machine(CONFIG)
    from_app(machine, "g1")
    first = only_start(machine.press("main", 7.0))
    from_app(machine, "g2")
    machine.asked(asked("a"), ONE_FRAME)
    actions = machine.hold("back", 8.0)[2:]
    assert refused(actions) == [("a", Code.PAUSED), ("g2", Code.PAUSED)]
    assert actions[-3:] == [
        Stop(first.id, Code.PAUSED, unseen=True),
        Stop("g1", Code.PAUSED),
        Pause(on=True),
    ]
    assert [machine.ended(name) for name in (first.id, "g1")] == [[], []]
    assert machine.scheduler.idle


def test_while_paused_a_gesture_still_gives_a_command() -> None:
    machine = Machine(CONFIG)
    assert machine.hold("back", 7.0)[-1] == Pause(on=True)
    assert machine.press("down", 9.0)[-1] == Do("next page")
    assert machine.hold("back", 11.0)[-1] == Pause(on=False)


def test_a_pause_within_a_pause_changes_nothing() -> None:
    machine = Machine(CONFIG)
    machine.commanded("pause", 6.0)
    assert machine.commanded("pause", 6.0) == []
    machine.scheduler.configure(CONFIG, 7.0)
    assert machine.scheduler.paused


# -- scene change ------------------------------------------------------------------------------------------------------


def watching(**trigger: Any) -> Machine:
    triggers = [{"when": "main press", "ask": "?"}, {"when": "back long", "do": "toggle pause"}]
    data = CONFIG.model_dump(exclude_unset=True) | {"triggers": [*triggers, {"when": "scene change", **trigger}]}
    return Machine(Config.model_validate(data))


def test_a_scene_change_asks_about_the_frame_in_which_it_was_at_rest() -> None:
    machine = watching(ask="Where am I?", detail="scene")
    pin, start = machine.scene_changed(7.0)
    assert pin == Pin(7.0)
    assert isinstance(start, Start)
    assert start.frames == ONE_FRAME
    ask = start.ask
    assert (ask.prompt, ask.origin, ask.instant, ask.detail) == ("Where am I?", Origin.SCENE, 7.0, "scene")
    assert ask.instructions == "Be brief."


def test_a_scene_change_does_not_disturb_an_ask_that_is_under_way() -> None:
    machine = watching(ask="Where am I?")
    machine.press("main", 1.0)
    assert machine.scene_changed(2.0) == [Skip("scene change", "busy", 2.0)]
    machine.ended("press-1")
    assert len(machine.scene_changed(20.0)) == 2


def test_a_press_replaces_what_a_scene_change_asked() -> None:
    machine = watching(ask="Where am I?")
    started = machine.scene_changed(1.0)[-1]
    assert isinstance(started, Start)
    assert Stop(started.ask.id, unseen=True) in machine.press("main", 2.0)


def test_a_scene_change_can_do_a_command_whatever_is_under_way() -> None:
    machine = watching(do="cancel")
    machine.press("main", 1.0)
    assert Stop("press-1") in machine.scene_changed(2.0)


def test_while_paused_nobody_watches_for_scene_changes() -> None:
    machine = watching(ask="Where am I?")
    watched = [machine.scheduler.watches_scene]
    machine.hold("back", 1.0)
    watched.append(machine.scheduler.watches_scene)
    assert machine.scene_changed(3.0) == [Skip("scene change", "paused", 3.0)]
    machine.commanded("unpause", 4.0)
    assert [*watched, machine.scheduler.watches_scene] == [True, False, True]


def test_where_no_trigger_waits_for_a_scene_change_nobody_watches_for_one() -> None:
    machine = Machine(CONFIG)
    assert not machine.scheduler.watches_scene
    assert machine.scene_changed(1.0) == []
    assert "scene" not in machine.scheduler.buttons


# -- reload ------------------------------------------------------------------------------------------------------------


def test_a_reload_in_the_middle_of_a_gesture_lets_its_frame_go_where_the_buttons_mean_something_else() -> None:
    machine = Machine(CONFIG)
    assert machine.down("main", 7.0) == [Pin(7.0)]
    data = CONFIG.model_dump(exclude_unset=True) | {"triggers": [{"when": "main press", "ask": "New?"}]}
    assert machine.scheduler.configure(Config.model_validate(data), 7.1) == [Unpin(7.0)]
    assert machine.up("main", 7.2) == []
    assert only_start(machine.press("main", 8.0)).prompt == "New?"


def test_a_reload_that_leaves_the_buttons_alone_does_not_disturb_a_gesture() -> None:
    machine = Machine(CONFIG)
    machine.down("main", 7.0)
    data = CONFIG.model_dump(exclude_unset=True) | {"model": {"endpoints": [{"url": "reader"}], "instructions": "Now?"}}
    machine.scheduler.configure(Config.model_validate(data), 7.1)
    ask = only_start(machine.up("main", 7.2))
    assert (ask.instant, ask.instructions) == (7.0, "Now?")


# -- the cost of an event ----------------------------------------------------------------------------------------------


def calls_of_a_press(triggers: int) -> int:
    """Return how many calls a press, its ticks and its answer's end take, with so many buttons and intervals."""
    buttons = [{"when": f"b{number} press", "ask": "?"} for number in range(triggers)]
    intervals = [{"when": f"every {100 + number}s", "ask": "?"} for number in range(triggers)]
    data = CONFIG.model_dump(exclude_unset=True) | {"triggers": [*buttons, *intervals]}
    machine = Machine(Config.model_validate(data))
    machine.scheduler.ready(0.0)
    calls = 0

    def count(frame: FrameType, event: str, _of: Any) -> None:
        nonlocal calls  # of the product alone: others hook into the collector of garbage
        calls += event == "call" and frame.f_globals["__name__"].startswith("glassd")

    sys.setprofile(count)
    try:
        asks = [ask for action in machine.press("b0", 7.0) if isinstance(action, Start) for ask in [action.ask]]
        machine.until(8.0)
        machine.ended(asks[0].id, "A door.", now=9.0)
        machine.until(9.5)
    finally:
        sys.setprofile(None)
    return calls


def test_what_a_press_costs_does_not_depend_on_how_many_triggers_there_are() -> None:
    assert calls_of_a_press(500) == calls_of_a_press(1)
