"""The wearer's commands: going on with an answer, asking again, pausing, and handing the glasses on."""

from __future__ import annotations

from typing import Any

import pytest
from machines import Machine, config, only_start, refused, skipped, started, stopped

from glassd.ask import Ask, Origin
from glassd.config.triggers import NO_FRAMES, ONE_FRAME
from glassd.messages.codes import Code
from glassd.scheduler.actions import Do, Drop, NewWearer, Pause, Pin, Start, Stop, Unpin
from glassd.scheduler.asking import RESUMES_LIMIT
from glassd.spending import Spent
from glassd.waiting import Waiting
from glassd_drivers.contracts import Frame

MAIN = {"when": "main press", "ask": "What is this?"}
UP = {"when": "up press", "ask": "Read it."}
REPEAT = {"when": "again press", "do": "repeat"}
FACTS = [
    {"when": f"{fact} press", "do": "next page", "if": fact.replace("_", " ")} for fact in ("answer_shown", "cut_off")
]
FRAME = Frame(b"jpeg", "image/jpeg", 640, 480, 1.0, "upload")
DOUBLE_S = 0.32
"""`gestures.double` and the debounce."""


def broken(machine: Machine, button: str, instant: float, text: str = "A green") -> Ask:
    """Press, and have the answer break off a second later."""
    ask = only_start(machine.press(button, instant))
    machine.ended(ask.id, text, broke=True, code=Code.GAP_TIMEOUT, now=instant + 1)
    return ask


def holds(machine: Machine, fact: str, instant: float) -> bool:
    return Do("next page") in machine.press(fact, instant)


# -- a press that goes on with an answer -------------------------------------------------------------------------------


def test_a_press_of_the_button_that_asked_goes_on_with_what_broke_off_and_lets_its_own_frame_go() -> None:
    machine = Machine(config(MAIN, UP))
    first = broken(machine, "up", 1.0)
    pin, unpin, start = machine.press("up", 5.0)
    assert (pin, unpin) == (Pin(5.0), Unpin(5.0))
    assert isinstance(start, Start)
    assert start.frames == NO_FRAMES
    assert (start.ask.prompt, start.ask.given, start.ask.resumes) == ("Read it.", "A green", first.id)


def test_a_press_of_another_button_asks_its_own_question() -> None:
    machine = Machine(config(MAIN, UP))
    broken(machine, "up", 1.0)
    assert only_start(machine.press("main", 5.0)).given == ""


def test_a_second_press_while_the_rest_is_under_way_asks_anew() -> None:
    machine = Machine(config(MAIN))
    broken(machine, "main", 1.0)
    rest = only_start(machine.press("main", 5.0))
    assert stopped(machine.press("main", 7.0)) == [rest.id]
    anew = only_start(machine.ended(rest.id, "A green do", broke=True, code=Code.CANCELLED, now=7.1))
    assert (anew.given, anew.resumes, anew.instant) == ("", "", 7.0)


@pytest.mark.parametrize(("gap", "anew"), [(0.1 + 0.1, True), (DOUBLE_S - 1e-6, True), (DOUBLE_S + 1e-6, False)])
def test_a_double_asks_anew_even_where_the_rest_broke_off_in_between(gap: float, anew: bool) -> None:
    machine = Machine(config(MAIN))
    broken(machine, "main", 1.0)
    rest = only_start(machine.press("main", 5.0))
    machine.ended(rest.id, "A green d", broke=True, code=Code.NO_NETWORK, now=5.11)
    ask = only_start(machine.press("main", 5.0 + gap))
    assert (ask.given == "") is anew


def test_where_no_button_asked_the_first_button_that_asks_goes_on() -> None:
    machine = Machine(
        config({"when": "back press", "do": "clear"}, MAIN, UP, {"when": "scene change", "ask": "Where?"})
    )
    scene = only_start(machine.scene_changed(1.0))
    machine.ended(scene.id, "A ro", broke=True, now=2.0)
    assert only_start(machine.press("main", 5.0)).resumes == scene.id


def test_what_the_api_asked_is_gone_on_with_by_the_main_press() -> None:
    machine = Machine(config(MAIN, UP))
    machine.asked(Ask("a", "And this?", Origin.API, 1.0))
    machine.ended("a", "A ro", broke=True, now=2.0)
    ask = only_start(machine.press("main", 5.0))
    assert (ask.prompt, ask.given, ask.resumes, ask.origin) == ("And this?", "A ro", "a", Origin.BUTTON)


def test_a_trigger_may_ask_anew_instead() -> None:
    machine = Machine(config(MAIN | {"cut_off": "anew"}))
    broken(machine, "main", 1.0)
    assert only_start(machine.press("main", 5.0)).given == ""


def test_after_a_reload_that_takes_the_button_away_the_main_press_goes_on() -> None:
    machine = Machine(config(UP))
    first = broken(machine, "up", 1.0)
    machine.scheduler.configure(config(MAIN, {"when": "up press", "do": "clear"}), 2.0)
    assert only_start(machine.press("main", 5.0)).resumes == first.id


def test_so_often_in_a_row_and_then_the_whole_question() -> None:
    machine = Machine(config(MAIN))
    broken(machine, "main", 1.0)
    given = [broken(machine, "main", 10.0 * (number + 1)).given for number in range(RESUMES_LIMIT + 1)]
    assert given == ["A green"] * RESUMES_LIMIT + [""]


def test_going_on_needs_no_cool_down() -> None:
    machine = Machine(config(MAIN | {"cooldown": "60s"}))
    broken(machine, "main", 1.0)
    assert only_start(machine.press("main", 5.0)).given == "A green"


def test_a_double_mapped_beside_it_still_asks_its_own() -> None:
    machine = Machine(config(MAIN, {"when": "main double", "ask": "Read it."}))
    machine.press("main", 1.0)
    first = only_start(machine.until(2.0))
    machine.ended(first.id, "A green", broke=True, now=3.0)
    machine.press("main", 5.0)
    ask = only_start(machine.down("main", 5.2))
    assert (ask.prompt, ask.given) == ("Read it.", "")


@pytest.mark.parametrize("code", [Code.ANSWER_TOO_LONG])
def test_an_answer_that_was_too_long_is_not_gone_on_with(code: Code) -> None:
    machine = Machine(config(MAIN))
    machine.ended(only_start(machine.press("main", 1.0)).id, "A g", broke=True, code=code, now=2.0)
    assert only_start(machine.press("main", 5.0)).given == ""


# -- what stands on the display ----------------------------------------------------------------------------------------


def test_an_answer_stands_from_its_end_to_the_next_ask_or_clear() -> None:
    machine = Machine(config(MAIN, *FACTS))
    shown = [holds(machine, "answer_shown", 0.5)]
    first = only_start(machine.press("main", 1.0))
    shown.append(holds(machine, "answer_shown", 1.5))
    machine.ended(first.id, "A door.", now=2.0)
    shown.append(holds(machine, "answer_shown", 2.5))
    second = only_start(machine.press("main", 3.0))
    shown.append(holds(machine, "answer_shown", 3.5))
    machine.ended(second.id, code=Code.DNS, now=4.0)
    shown.append(holds(machine, "answer_shown", 4.5))
    assert shown == [False, False, True, False, False]


@pytest.mark.parametrize("command", ["clear", "pause", "new wearer"])
def test_what_stands_is_gone_with_each_of_these(command: Any) -> None:
    machine = Machine(config(MAIN, *FACTS))
    broken(machine, "main", 1.0)
    assert [holds(machine, fact, 3.0) for fact in ("answer_shown", "cut_off")] == [True, True]
    machine.commanded(command, 4.0)
    assert [holds(machine, fact, 5.0) for fact in ("answer_shown", "cut_off")] == [False, False]


def test_a_cancelled_answer_does_not_stand() -> None:
    machine = Machine(config(MAIN, *FACTS))
    first = only_start(machine.press("main", 1.0))
    machine.commanded("cancel", 2.0)
    machine.ended(first.id, "A gr", broke=True, code=Code.CANCELLED, now=2.1)
    assert [holds(machine, fact, 3.0) for fact in ("answer_shown", "cut_off")] == [False, False]


# -- repeat ------------------------------------------------------------------------------------------------------------


def test_repeat_asks_the_last_question_about_what_is_in_view_now() -> None:
    machine = Machine(config(MAIN | {"frames": "2 over 1s", "detail": "text"}, REPEAT))
    machine.ended(only_start(machine.press("main", 1.0)).id, "A door.", now=2.0)
    pin, start = machine.press("again", 5.0)
    assert pin == Pin(5.0)
    assert isinstance(start, Start)
    assert str(start.frames) == "2 over 1s"
    ask = start.ask
    assert (ask.prompt, ask.instant, ask.detail, ask.trigger) == ("What is this?", 5.0, "text", "main press")
    machine.ended(ask.id, "A door.", now=6.0)
    assert only_start(machine.press("again", 8.0)).prompt == "What is this?", "and again"


def test_without_a_question_repeat_asks_nothing_and_lets_its_frame_go() -> None:
    assert Machine(config(MAIN, REPEAT)).press("again", 5.0) == [Pin(5.0), Unpin(5.0)]


def test_what_the_api_asked_about_a_picture_is_repeated_about_the_view() -> None:
    machine = Machine(config(MAIN, REPEAT))
    link = Ask("a", "And this?", Origin.API, 1.0, pictures=(FRAME,))
    machine.ended(only_start(machine.asked(link)).id, "A door.", now=2.0)
    *_, start = machine.press("again", 5.0)
    assert isinstance(start, Start)
    assert (start.ask.prompt, start.ask.pictures, start.frames) == ("And this?", (), ONE_FRAME)


def test_what_came_by_itself_and_what_apps_asked_is_not_the_wearers_question() -> None:
    machine = Machine(config(MAIN, REPEAT, {"when": "scene change", "ask": "Where?"}))
    machine.ended(only_start(machine.press("main", 1.0)).id, now=2.0)
    machine.ended(only_start(machine.scene_changed(3.0)).id, now=4.0)
    assert only_start(machine.press("again", 5.0)).prompt == "What is this?"


def test_a_repeated_prompt_has_its_variables_filled_anew() -> None:
    machine = Machine(config({"when": "main press", "ask": "Not {answer}?"}, REPEAT))
    machine.ended(only_start(machine.press("main", 1.0)).id, "a door", now=2.0)
    assert only_start(machine.press("again", 5.0)).prompt == "Not a door?"


def test_a_question_that_failed_can_be_repeated() -> None:
    machine = Machine(config(MAIN, REPEAT))
    machine.ended(only_start(machine.press("main", 1.0)).id, code=Code.DNS, now=2.0)
    assert len(started(machine.commanded("repeat", 5.0))) == 1


# -- pause -------------------------------------------------------------------------------------------------------------


def test_a_daemon_that_was_paused_when_it_ended_begins_paused() -> None:
    machine = Machine(config(MAIN), paused=True)
    assert machine.scheduler.paused
    assert refused(machine.press("main", 1.0)) == [("press-1", Code.PAUSED)]
    assert machine.commanded("unpause", 2.0) == [Pause(on=False)]


@pytest.mark.parametrize("command", ["repeat", "resume", "ask anyway"])
def test_while_paused_no_command_asks(command: Any) -> None:
    machine = Machine(config(MAIN))
    machine.ended(only_start(machine.press("main", 1.0)).id, "A door.", now=2.0)
    machine.commanded("pause", 3.0)
    assert started(machine.commanded(command, 4.0)) == []


# -- another wearer ----------------------------------------------------------------------------------------------------


def test_for_a_new_wearer_nothing_of_the_last_one_is_left() -> None:
    machine = Machine(config(MAIN, REPEAT, UP | {"busy": "queue"}, follow_up={}, outbox={}))
    machine.scheduler.network_is(False, 0.5)
    machine.scheduler.restored(Spent(), [Waiting(7, None, 100), Waiting(8, None, 100, perhaps_sent=True)], 0.5)
    first = only_start(machine.press("main", 1.0))
    machine.press("up", 2.0)
    actions = machine.commanded("new wearer", 3.0)
    assert refused(actions) == [("press-2", Code.CANCELLED)]
    assert actions[-4:] == [Stop(first.id, unseen=True), Drop((7, 8)), Do("clear"), NewWearer()]
    machine.ended(first.id, "A secr", broke=True, code=Code.CANCELLED, now=3.1)
    assert machine.scheduler.queued == 0
    assert started(machine.press("again", 4.0)) == []
    asked = only_start(machine.press("main", 5.0))
    assert (asked.turns, asked.given) == ((), "")


def test_for_a_new_wearer_apps_and_those_who_wait_at_the_api_go_on() -> None:
    machine = Machine(config(MAIN, gateway={"listen": "127.0.0.1:8734"}))
    machine.asked(Ask("app", "?", Origin.GATEWAY, 0.5))
    first = only_start(machine.press("main", 1.0))
    machine.asked(Ask("a", "?", Origin.API, 2.0))
    assert stopped(machine.commanded("new wearer", 3.0)) == [first.id]
    assert [ask.id for ask in started(machine.ended(first.id, now=4.0))] == ["a"]


def test_commands_of_triggers_and_others_do_the_same() -> None:
    machine = Machine(config(MAIN, {"when": "every 10s", "do": "clear", "if": "answer shown"}))
    machine.scheduler.ready(0.0)
    assert skipped(machine.until(10.0)) == [("every 10s", "condition")]
    machine.ended(only_start(machine.press("main", 11.0)).id, "A door.", now=12.0)
    assert machine.until(20.0) == [Do("clear")]


def test_an_answer_that_has_faded_is_not_shown_any_more_and_the_conversation_goes_on() -> None:
    reads = {"when": "main press", "do": "next page", "if": "answer shown"}
    machine = Machine(config(reads, MAIN, follow_up={}))
    machine.ended(only_start(machine.press("main", 1.0)).id, "A door.", now=2.0)
    assert machine.press("main", 3.0)[-1] == Do("next page")
    assert machine.scheduler.faded(4.0) == [Do("clear")]
    asked = only_start(machine.press("main", 5.0))
    assert asked.turns[-1].text == "A door."
    assert machine.scheduler.faded(6.0) == []  # by now another ask has the display
    machine.ended(asked.id, "A tree.", now=7.0)
    machine.commanded("pause", 8.0)
    assert machine.scheduler.faded(9.0) == []
