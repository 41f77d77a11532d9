"""Follow-ups: which earlier questions, answers and pictures go along, and for how long."""

from __future__ import annotations

from typing import Any

import pytest
from machines import Machine, config, only_start, started, stopped

from glassd.ask import Ask, Origin, Turn
from glassd.messages.codes import Code
from glassd.scheduler.actions import Pause
from glassd.scheduler.standing import ANSWER_LIMIT_CHARS
from glassd_drivers.contracts import Frame

MAIN = {"when": "main press", "ask": "What is this?"}


def talker(*triggers: dict[str, Any], **rules: Any) -> Machine:
    file = config(
        MAIN,
        {"when": "up press", "ask": "How much is it?"},
        {"when": "alone press", "ask": "Read it.", "follow_up": False},
        {"when": "words press", "ask": "Say it again.", "model": "text"},
        {"when": "scene change", "ask": "Where?"},
        *triggers,
        follow_up={"within": "60s", **rules},
        gateway={"listen": "127.0.0.1:8734"},
    )
    return Machine(file)


def picture(number: int) -> Frame:
    return Frame(b"%d" % number, "image/jpeg", 640, 480, float(number), "camera")


def ask(machine: Machine, button: str, instant: float, answer: str = "", *frames: Frame, **end: Any) -> Ask:
    """Press, have it answered two seconds later, and return what was asked."""
    asked = only_start(machine.press(button, instant))
    sent = Ask(asked.id, asked.prompt, asked.origin, instant, frames, turns=asked.turns, resumes=asked.resumes)
    machine.ended(asked.id, answer or f"{button}.", ask=sent, now=instant + 2, **end)
    return asked


def words(asked: Ask) -> list[str]:
    return [turn.text for turn in asked.turns]


def test_within_the_time_a_press_goes_on_with_what_was_said() -> None:
    machine = talker()
    assert ask(machine, "main", 10.0, "A door.", picture(1)).turns == ()
    assert ask(machine, "up", 20.0, "Nothing.").turns == (
        Turn("user", "What is this?", (picture(1),)),
        Turn("assistant", "A door."),
    )
    assert words(ask(machine, "main", 30.0)) == ["What is this?", "A door.", "How much is it?", "Nothing."]


def test_the_time_runs_from_the_end_of_the_last_answer_to_the_press_itself() -> None:
    machine = talker()
    ask(machine, "main", 10.0)  # answered at 12
    assert ask(machine, "up", 71.9).turns
    machine = talker()
    ask(machine, "main", 10.0)
    assert ask(machine, "up", 72.0).turns == ()


def test_once_it_is_over_its_pictures_are_forgotten_without_another_press() -> None:
    machine = talker()
    ask(machine, "main", 10.0, "A door.", picture(1))
    machine.tick(13.0)
    assert machine.scheduler.due == 72.0
    machine.tick(72.0)
    assert machine.scheduler.due is None


def test_while_an_answer_that_goes_on_with_it_is_under_way_it_is_not_over() -> None:
    machine = talker()
    ask(machine, "main", 10.0, "A door.")
    second = only_start(machine.press("up", 70.0))
    machine.tick(80.0)
    machine.ended(second.id, "Nothing.", now=90.0)
    assert words(ask(machine, "main", 140.0)) == ["What is this?", "A door.", "How much is it?", "Nothing."]


def test_a_question_after_it_begins_another_one() -> None:
    machine = talker()
    ask(machine, "main", 10.0, "A door.")
    second = only_start(machine.press("up", 72.5))  # before any tick has told that it is over
    machine.ended(second.id, "Nothing.", now=74.0)
    assert words(ask(machine, "main", 80.0)) == ["How much is it?", "Nothing."]


def test_so_many_earlier_questions_go_along_the_newest() -> None:
    machine = talker(turns=2)
    for number in range(4):
        ask(machine, "main", 10.0 + 10 * number, str(number))
    assert words(ask(machine, "main", 60.0)) == ["What is this?", "2", "What is this?", "3"]


@pytest.mark.parametrize(("pictures", "kept"), [(0, [[], [], []]), (1, [[], [], [4]]), (3, [[], [2], [3, 4]])])
def test_so_many_of_their_pictures_go_along_the_newest(pictures: int, kept: list[list[int]]) -> None:
    machine = talker(pictures=pictures)
    ask(machine, "main", 10.0, "one", picture(1))
    ask(machine, "main", 20.0, "two", picture(2))
    ask(machine, "main", 30.0, "a burst", picture(3), picture(4))
    turns = ask(machine, "main", 40.0).turns[::2]
    assert [[int(each.data) for each in turn.pictures if isinstance(each, Frame)] for turn in turns] == kept


def test_of_an_answer_without_end_only_its_beginning_goes_along() -> None:
    machine = talker()
    ask(machine, "main", 10.0, "a" * (ANSWER_LIMIT_CHARS + 1))
    assert words(ask(machine, "up", 20.0))[1] == "a" * ANSWER_LIMIT_CHARS


def test_a_text_model_gets_no_earlier_pictures() -> None:
    machine = talker()
    ask(machine, "main", 10.0, "A door.", picture(1))
    assert [turn.pictures for turn in ask(machine, "words", 20.0).turns] == [(), ()]


@pytest.mark.parametrize("origin", [Origin.API, Origin.CLI])
def test_what_the_api_and_the_command_line_ask_belongs_to_it(origin: Origin) -> None:
    machine = talker()
    ask(machine, "main", 10.0, "A door.")
    asked = only_start(machine.asked(Ask("a", "And that?", origin, 20.0)))
    assert words(asked) == ["What is this?", "A door."]
    machine.ended("a", "A window.", now=21.0)
    assert words(ask(machine, "main", 30.0)) == ["What is this?", "A door.", "And that?", "A window."]
    assert only_start(machine.asked(Ask("b", "?", origin, 40.0), follow_up=False)).turns == ()


def test_what_comes_by_itself_and_apps_on_the_glasses_do_not() -> None:
    machine = talker()
    ask(machine, "main", 10.0, "A door.")
    scene = only_start(machine.scene_changed(20.0))
    assert scene.turns == ()
    machine.ended(scene.id, "A room.", now=21.0)
    app = only_start(machine.asked(Ask("app", "?", Origin.GATEWAY, 22.0)))
    assert app.turns == ()
    machine.ended("app", "Hello.", now=23.0)
    assert words(ask(machine, "main", 30.0)) == ["What is this?", "A door."]


def test_a_trigger_may_stand_apart_from_it() -> None:
    machine = talker()
    ask(machine, "main", 10.0, "A door.")
    assert ask(machine, "alone", 20.0, "Exit.").turns == ()
    assert words(ask(machine, "main", 30.0)) == ["What is this?", "A door."]


def test_without_the_section_each_press_is_a_question_of_its_own() -> None:
    machine = Machine(config(MAIN))
    ask(machine, "main", 10.0, "A door.")
    assert ask(machine, "main", 20.0).turns == ()


def test_what_failed_was_cancelled_or_replaced_is_not_part_of_it() -> None:
    machine = talker()
    first = only_start(machine.press("main", 10.0))
    machine.ended(first.id, code=Code.SERVER_ERROR, now=11.0)
    second = only_start(machine.press("main", 12.0))
    machine.press("up", 13.0)
    third = only_start(machine.ended(second.id, "A d", broke=True, code=Code.CANCELLED, now=13.1))
    assert third.turns == ()
    machine.commanded("cancel", 14.0)
    machine.ended(third.id, "No", broke=True, code=Code.CANCELLED, now=14.1)
    assert ask(machine, "main", 15.0).turns == ()


def test_an_answer_that_broke_off_is_part_of_it_and_its_rest_takes_its_place() -> None:
    machine = talker({"when": "again press", "do": "resume"})
    ask(machine, "main", 10.0, "A gre", broke=True)
    assert words(ask(machine, "up", 14.0, "Nothing.")) == ["What is this?", "A gre"]
    ask(machine, "main", 20.0, "A red", broke=True)
    assert words(ask(machine, "again", 24.0, "A red door.")) == [
        *["What is this?", "A gre", "How much is it?", "Nothing."]
    ]
    assert words(ask(machine, "up", 30.0))[-2:] == ["What is this?", "A red door."]
    assert "A red" not in words(ask(machine, "up", 40.0))


@pytest.mark.parametrize("command", ["new conversation", "clear", "new wearer", "pause"])
def test_it_ends_with_each_of_these(command: Any) -> None:
    machine = talker()
    ask(machine, "main", 10.0, "A door.")
    actions = machine.commanded(command, 20.0)
    if Pause(on=True) in actions:
        machine.commanded("unpause", 20.5)
    assert ask(machine, "main", 21.0).turns == ()


def test_a_clear_may_leave_it() -> None:
    machine = talker(ends_with_clear=False)
    ask(machine, "main", 10.0, "A door.")
    machine.commanded("clear", 20.0)
    assert ask(machine, "main", 21.0).turns


def test_an_answer_under_way_when_a_new_conversation_begins_belongs_to_the_old_one() -> None:
    machine = talker()
    first = only_start(machine.press("main", 10.0))
    machine.commanded("new conversation", 11.0)
    machine.ended(first.id, "A door.", now=12.0)
    assert ask(machine, "main", 20.0).turns == ()


def test_a_reload_that_shortens_it_is_obeyed_at_once() -> None:
    machine = talker()
    for number in range(4):
        ask(machine, "main", 10.0 + 10 * number, str(number))
    machine.scheduler.configure(config(MAIN, follow_up={"turns": 1}), 50.0)
    assert words(ask(machine, "main", 51.0)) == ["What is this?", "3"]
    machine.scheduler.configure(config(MAIN), 55.0)
    assert ask(machine, "main", 56.0).turns == ()


def test_a_press_under_way_is_replaced_and_the_next_goes_on_with_what_came_before_both() -> None:
    machine = talker()
    ask(machine, "main", 10.0, "A door.")
    second = only_start(machine.press("up", 20.0))
    actions = machine.press("main", 21.0)
    assert stopped(actions) == [second.id]
    (third,) = started(machine.ended(second.id, "Not", broke=True, code=Code.CANCELLED, now=21.1))
    assert words(third) == ["What is this?", "A door."]
