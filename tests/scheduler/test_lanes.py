"""Who goes first, who makes room for whom, and how many wait."""

from __future__ import annotations

import pytest
from machines import Machine, config, only_start, refused, skipped, started, stopped

from glassd.ask import Ask, Origin
from glassd.config.triggers import ONE_FRAME, QUEUE_LIMIT_ASKS, Busy
from glassd.messages.codes import Code
from glassd.scheduler.actions import Pin, Refuse, Skip, Stop, Tell, Unpin

MAIN = {"when": "main press", "ask": "main"}
UP = {"when": "up press", "ask": "up"}
SCENE = {"when": "scene change", "ask": "scene"}
EVERY = {"when": "every 10s", "ask": "every"}


def api(name: str, origin: Origin = Origin.API, instant: float = 5.0) -> Ask:
    return Ask(name, name, origin, instant)


def order(machine: Machine, first: str, now: float = 50.0) -> list[str]:
    """End one ask after the other, and return the prompts of those that came after the first."""
    prompts = []
    asks = started(machine.ended(first, now=now))
    while asks:
        prompts += [ask.prompt for ask in asks]
        asks = started(machine.ended(asks[0].id, now=now))
    return prompts


# -- the order ---------------------------------------------------------------------------------------------------------


def test_presses_go_before_what_others_ask_and_that_before_what_comes_by_itself_and_the_gateway_is_last() -> None:
    machine = Machine(
        config(
            MAIN | {"busy": "queue"},
            SCENE | {"busy": "queue"},
            EVERY | {"busy": "queue"},
            gateway={"listen": "127.0.0.1:8734"},
        )
    )
    machine.scheduler.ready(0.0)
    first = only_start(machine.press("main", 1.0))
    machine.asked(api("gateway", Origin.GATEWAY))
    machine.scene_changed(2.0)
    machine.until(10.0)
    machine.asked(api("api"))
    machine.asked(api("cli", Origin.CLI))
    machine.press("main", 11.0)
    assert order(machine, first.id) == ["main", "api", "cli", "scene", "every", "gateway"]


# -- busy --------------------------------------------------------------------------------------------------------------


def test_a_press_replaces_whatever_of_the_wearers_is_under_way() -> None:
    machine = Machine(config(MAIN, SCENE))
    for ask_id, now in (("scene-1", 10.0), ("a", 20.0)):
        actions = machine.scene_changed(now) if ask_id == "scene-1" else machine.asked(api("a"))
        assert started(actions)[0].id == ask_id
        assert Stop(ask_id, unseen=True) in machine.press("main", now + 1)
        machine.ended(only_start(machine.ended(ask_id, now=now + 2)).id, now=now + 3)


def test_a_press_that_is_to_ignore_another_ask_asks_nothing_and_the_report_says_so() -> None:
    machine = Machine(config(MAIN, UP | {"busy": "ignore"}))
    machine.press("main", 1.0)
    assert machine.press("up", 2.0) == [Pin(2.0), Unpin(2.0), Skip("up press", "busy", 2.0)]


def test_of_a_trigger_that_queues_so_many_wait_and_one_more_is_told_that_it_is_busy() -> None:
    machine = Machine(config(MAIN, UP | {"busy": "queue 2"}))
    first = only_start(machine.press("main", 1.0))
    assert [refused(machine.press("up", 2.0 + number)) for number in range(2)] == [[], []]
    *_, refusal = machine.press("up", 4.0)
    assert isinstance(refusal, Refuse)
    assert (refusal.code, refusal.seen) == (Code.BUSY, True)
    assert order(machine, first.id) == ["up", "up"]


def test_a_press_that_replaces_drops_the_presses_that_wait_and_lets_their_frames_go() -> None:
    machine = Machine(config(MAIN, UP | {"busy": "queue"}))
    first = only_start(machine.press("main", 1.0))
    machine.press("up", 2.0)
    actions = machine.press("main", 3.0)
    assert actions[:2] == [Pin(3.0), Unpin(2.0)]
    assert refused(actions) == [("press-2", Code.CANCELLED)]
    assert stopped(actions) == [first.id]
    assert order(machine, first.id) == ["main"]


@pytest.mark.parametrize(("under_way", "replaced"), [("main", False), ("api", False), ("scene", True), ("every", True)])
def test_what_comes_by_itself_replaces_its_like_alone_and_waits_for_what_goes_before_it(
    under_way: str, replaced: bool
) -> None:
    machine = Machine(config(MAIN, SCENE, EVERY | {"busy": "replace"}))
    machine.scheduler.ready(0.0)
    match under_way:
        case "main":
            first = only_start(machine.press("main", 1.0))
        case "api":
            first = only_start(machine.asked(api("a")))
        case "scene":
            first = only_start(machine.scene_changed(1.0))
        case _:
            first = only_start(machine.until(10.0))
    assert stopped(machine.until(20.0)) == ([first.id] * (2 if under_way == "scene" else 1) if replaced else [])
    assert order(machine, first.id) == ["every"]  # the newest of them alone


def test_what_an_api_asks_may_replace_or_be_refused() -> None:
    machine = Machine(config(MAIN))
    machine.asked(api("a"))
    assert refused(machine.asked(api("b"), busy=Busy(how="ignore"))) == [("b", Code.BUSY)]
    assert stopped(machine.asked(api("c"), busy=Busy(how="replace"))) == ["a"]
    machine.asked(api("d"))
    assert order(machine, "a") == ["c", "d"]


def test_one_that_replaces_goes_before_its_like_but_not_before_a_press_that_waits() -> None:
    machine = Machine(config(MAIN | {"busy": "queue"}))
    machine.asked(api("a"))
    machine.asked(api("b"))
    machine.press("main", 6.0)
    machine.asked(api("c"), busy=Busy(how="replace"))
    assert order(machine, "a") == ["main", "c", "b"]


def test_the_line_is_bounded_and_a_press_that_replaces_still_gets_in() -> None:
    machine = Machine(config(MAIN))
    first = only_start(machine.press("main", 1.0))
    for number in range(QUEUE_LIMIT_ASKS):
        assert refused(machine.asked(api(f"a{number}"), ONE_FRAME)) == []
    assert refused(machine.asked(api("late"), ONE_FRAME)) == [("late", Code.BUSY)]
    assert refused(machine.asked(api("late"), ONE_FRAME, busy=Busy(how="replace"))) == [("late", Code.BUSY)]
    machine.press("main", 2.0)
    assert order(machine, first.id)[0] == "main"


def test_one_that_waits_and_is_not_wanted_any_more_lets_its_frames_go() -> None:
    machine = Machine(config(MAIN))
    machine.press("main", 1.0)
    assert machine.asked(api("a", instant=3.0), ONE_FRAME) == [Pin(3.0)]
    assert Unpin(3.0) in machine.cancelled("a")


def test_who_cancels_ends_what_comes_by_itself_and_waits_but_not_what_others_asked() -> None:
    machine = Machine(config(MAIN, SCENE | {"busy": "queue"}))
    first = only_start(machine.press("main", 1.0))
    machine.scene_changed(2.0)
    machine.asked(api("a"))
    assert refused(machine.commanded("cancel", 3.0)) == [("scene-2", Code.CANCELLED)]
    assert order(machine, first.id) == ["a"]


# -- cool-downs --------------------------------------------------------------------------------------------------------


def test_within_its_cool_down_a_button_is_told_that_it_is_too_soon() -> None:
    machine = Machine(config(MAIN | {"cooldown": "5s"}, UP))
    machine.ended(only_start(machine.press("main", 1.0)).id, now=2.0)
    actions = machine.press("main", 5.9)
    assert actions[:2] == [Pin(5.9), Unpin(5.9)]
    (refusal,) = actions[2:]
    assert isinstance(refusal, Refuse)
    assert (refusal.code, refusal.seen) == (Code.TOO_SOON, True)
    assert len(started(machine.press("up", 5.9))) == 1, "another trigger cools for itself"
    machine.ended("press-3", now=5.95)
    assert len(started(machine.press("main", 6.0))) == 1


def test_a_refused_press_does_not_begin_the_cool_down_anew() -> None:
    machine = Machine(config(MAIN | {"cooldown": "5s"}))
    machine.ended(only_start(machine.press("main", 1.0)).id, now=2.0)
    machine.press("main", 5.0)
    assert len(started(machine.press("main", 6.5))) == 1


def test_what_comes_by_itself_skips_within_its_cool_down() -> None:
    machine = Machine(config(SCENE | {"cooldown": "5s"}))
    machine.ended(only_start(machine.scene_changed(1.0)).id, now=2.0)
    assert machine.scene_changed(3.0) == [Skip("scene change", "cooldown", 3.0)]
    assert len(started(machine.scene_changed(7.0))) == 1


def test_a_command_cools_down_too() -> None:
    machine = Machine(config({"when": "main press", "do": "next page", "cooldown": "5s"}))
    machine.press("main", 1.0)
    assert machine.press("main", 2.0)[1:] == [
        Unpin(2.0),
        Skip("main press", "cooldown", 2.0),
        Tell(Code.TOO_SOON),
    ]


def test_a_cool_down_outlives_a_reload() -> None:
    file = config(MAIN | {"cooldown": "5s"})
    machine = Machine(file)
    machine.ended(only_start(machine.press("main", 1.0)).id, now=2.0)
    machine.scheduler.configure(config(UP, MAIN | {"cooldown": "5s"}), 2.5)
    assert refused(machine.press("main", 3.0)) == [("press-2", Code.TOO_SOON)]


# -- the report --------------------------------------------------------------------------------------------------------


def test_the_same_reason_of_a_trigger_is_told_once_a_minute() -> None:
    machine = Machine(config(MAIN, SCENE))
    machine.press("main", 0.0)
    told = [skipped(machine.scene_changed(float(second))) for second in range(1, 122)]
    assert [second for second, skips in enumerate(told, 1) if skips] == [1, 61, 121]


# -- what a trigger says of its ask ------------------------------------------------------------------------------------


def test_an_ask_is_as_its_trigger_says() -> None:
    machine = Machine(
        config(MAIN | {"frames": "3 over 2s", "detail": "text", "endpoint": "fast"}, UP | {"model": "text"})
    )
    pin, start = machine.press("main", 1.0)
    assert pin == Pin(1.0)
    assert str(start.frames) == "3 over 2s"  # type: ignore[union-attr]  # it is the Start
    ask = only_start([start])
    assert (ask.detail, ask.endpoint, ask.kind, ask.trigger) == ("text", "fast", None, "main press")
    machine.ended(ask.id, now=2.0)
    *_, unpin, start = machine.press("up", 3.0)
    assert unpin == Unpin(3.0), "a text model needs no frame"
    assert start.frames.count == 0  # type: ignore[union-attr]  # it is the Start
    assert only_start([start]).kind == "text"
