"""What triggers, budgets, follow-ups and commands make of presses, by the daemon and a model server as processes."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest
from running import photographs

from glassd.messages import Code, lines
from glassd.scheduler.under_way import STATIONS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from running import Daemon, Events, ModelServer

CONFIG = """
language: en
model: {{endpoints: [{{url: "{url}", vision: some-model, text: some-model}}]}}
camera: {{driver: clip, path: "{pictures}", fps: 10}}
displays: [{{driver: terminal, plain: always, profile: glass3}}]
"""


@pytest.fixture
def begin(tmp_path: Path, start: Callable[..., Daemon], model: ModelServer) -> Callable[..., Daemon]:
    """Start a daemon with more sections than the camera, the display and the model have."""
    pictures = photographs(tmp_path / "pictures", "rocket.jpg", "coffee.png", "retina.jpg")

    def begin(more: str, **environment: str) -> Daemon:
        daemon = start(CONFIG.format(url=model.url, pictures=pictures) + more, **environment)
        daemon.camera_ready()
        return daemon

    return begin


def answered(daemon: Daemon, events: Events, model: ModelServer, text: str, *press: str) -> list[dict[str, Any]]:
    """Press, answer, and return the turns that the model was sent."""
    daemon.glassd("press", *(press or ("main",)))
    _, body = model.request()
    model.say(text)
    model.finish()
    events.until(event="ask", outcome="finished")
    turns: list[dict[str, Any]] = body["messages"]
    return turns


def words(turn: dict[str, Any]) -> str:
    content = turn["content"]
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)


def pictures(turn: dict[str, Any]) -> list[bytes]:
    parts = [] if isinstance(turn["content"], str) else turn["content"]
    urls = [part["image_url"]["url"] for part in parts if part["type"] == "image_url"]
    return [base64.b64decode(url.partition(",")[2]) for url in urls]


def told(code: Code) -> str:
    return lines(code, "en")[0]


def status(daemon: Daemon) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(daemon.get("/api/status")[1])
    return found


def test_an_interval_asks_by_itself_again_and_again_and_skips_while_it_is_answered(
    begin: Callable[[str], Daemon], model: ModelServer
) -> None:
    daemon = begin('triggers: [{when: every 1s, ask: "Any danger?"}]')
    with daemon.events() as events:
        for _ in range(2):
            _, body = model.request()
            assert words(body["messages"][-1]) == "Any danger?"
            assert len(pictures(body["messages"][-1])) == 1
            model.say("None.")
            model.finish()
            assert events.until(event="ask")["origin"] == "interval"
        model.request()
        while not status(daemon)["skipped"]:
            """A second and a half, while the third is not answered."""
        (skip,) = status(daemon)["skipped"]
        assert (skip["trigger"], skip["why"]) == ("every 1s", "busy")
    assert daemon.stop() == 0


def test_a_start_asks_once(begin: Callable[[str], Daemon], model: ModelServer) -> None:
    daemon = begin('triggers: [{when: start, ask: "Where am I?", frames: none}]')
    _, body = model.request()
    assert words(body["messages"][-1]) == "Where am I?"
    assert daemon.stop() == 0


def test_a_burst_sends_its_pictures_in_their_order(begin: Callable[[str], Daemon], model: ModelServer) -> None:
    daemon = begin('triggers: [{when: main press, ask: "What moves?", frames: 3 over 500ms}]')
    with daemon.events() as events:
        (turn,) = answered(daemon, events, model, "A rocket.")
        assert len(pictures(turn)) == 3
        assert words(turn) == "What moves?"
    assert daemon.stop() == 0


def test_a_press_goes_on_with_the_conversation_until_a_new_one_is_begun(
    begin: Callable[[str], Daemon], model: ModelServer
) -> None:
    daemon = begin(
        "follow_up: {within: 60s, pictures: 1}\n"
        'triggers: [{when: main press, ask: "What is it?"}, {when: up press, ask: "How old?", frames: none}]'
    )
    with daemon.events() as events:
        first = answered(daemon, events, model, "A rocket.")
        question, answer, follow_up = answered(daemon, events, model, "Sixty years.", "up")
        assert (words(question), words(answer), words(follow_up)) == ("What is it?", "A rocket.", "How old?")
        assert (question["role"], answer["role"], follow_up["role"]) == ("user", "assistant", "user")
        assert pictures(question) == pictures(first[0])
        assert not pictures(follow_up)
        daemon.glassd("do", "new conversation")
        (alone,) = answered(daemon, events, model, "I do not know.", "up")
        assert words(alone) == "How old?"
    assert daemon.stop() == 0


def test_a_spent_budget_refuses_a_press_and_a_long_press_asks_anyway(
    begin: Callable[[str], Daemon], model: ModelServer
) -> None:
    daemon = begin(
        "budgets: {hour: {asks: 1}}\n"
        'triggers: [{when: main press, ask: "What is it?"}, {when: main long, do: ask anyway, if: over budget}]'
    )
    with daemon.events() as events:
        answered(daemon, events, model, "A rocket.")
        daemon.glassd("press", "main")
        events.screen(told(Code.BUDGET_SPENT), mark="error")
        assert events.until(event="ask")["code"] == "budget_spent"
        spent = daemon.glassd("status").stdout
        assert "spent this hour: 1 of 1 asks" in spent
        turns = answered(daemon, events, model, "A rocket, still.", "main", "long")
        assert words(turns[-1]) == "What is it?"
    assert daemon.stop() == 0


def test_what_was_spent_is_remembered_over_a_restart(
    begin: Callable[[str], Daemon], model: ModelServer, start: Callable[..., Daemon]
) -> None:
    daemon = begin('budgets: {day: {asks: 1}}\ntriggers: [{when: main press, ask: "What is it?"}]')
    with daemon.events() as events:
        answered(daemon, events, model, "A rocket.")
    config = daemon.config.read_text(encoding="utf-8")
    assert daemon.stop() == 0
    again = start(config)
    again.camera_ready()
    while not status(again)["budgets"]["day"]["asks"]["spent"]:
        """The journal is being opened."""
    refused = again.glassd("ask", "What is it?", status=5)
    assert "budget_spent" in refused.stderr
    assert again.stop() == 0


def test_a_press_within_the_cool_down_leaves_the_answer_where_it_is(
    begin: Callable[[str], Daemon], model: ModelServer
) -> None:
    daemon = begin('triggers: [{when: main press, ask: "What is it?", cooldown: 1h}]')
    with daemon.events() as events:
        answered(daemon, events, model, "A rocket.")
        daemon.glassd("press", "main")
        screen = events.screen(told(Code.TOO_SOON))
        assert screen["lines"][0] == "A rocket."
        assert events.until(event="ask")["code"] == "too_soon"
    assert daemon.stop() == 0


def break_off(daemon: Daemon, events: Events, model: ModelServer) -> str:
    """Have an answer break off; return its ask's id."""
    daemon.glassd("press", "main")
    model.request()
    model.say("A rocket stands ")
    events.screen("A rocket stands", mark="writing")
    model.command("end")
    events.screen("A rocket stands", mark="cut_off")
    broken: str = events.until(event="ask", outcome="cut_off")["id"]
    return broken


def goes_on(body: dict[str, Any]) -> bool:
    return any(turn["role"] == "assistant" for turn in body["messages"])


def test_a_press_goes_on_with_an_answer_that_broke_off(begin: Callable[[str], Daemon], model: ModelServer) -> None:
    daemon = begin('triggers: [{when: main press, ask: "What is it?"}]')
    with daemon.events() as events:
        broken = break_off(daemon, events, model)
        daemon.glassd("press", "main")
        assert goes_on(model.request()[1])
        model.say("on its pad.")
        model.finish()
        assert events.screen("on its pad.")["lines"] == ["A rocket stands on its pad."]
        assert events.until(event="ask", outcome="finished")["resumes"] == broken
    assert daemon.stop() == 0


def test_a_double_press_asks_anew_what_broke_off(begin: Callable[[str], Daemon], model: ModelServer) -> None:
    daemon = begin('triggers: [{when: main press, ask: "What is it?"}]')
    with daemon.events() as events:
        break_off(daemon, events, model)
        for _ in range(2):
            daemon.get("/api/press", body={"button": "main"})
        while goes_on(model.request()[1]):
            """The first press went on with it, before the second one took its place."""
        model.say("Another rocket.")
        model.finish()
        assert events.screen("Another rocket.", mark="done")["lines"] == ["Another rocket."]
        assert not events.until(event="ask", outcome="finished")["resumes"]
    assert daemon.stop() == 0


def test_a_new_wearer_finds_nothing_of_the_one_before(begin: Callable[[str], Daemon], model: ModelServer) -> None:
    daemon = begin(
        "follow_up: {within: 60s}\njournal: {keep: text}\n"
        'triggers: [{when: main press, ask: "What is it?"}, {when: lid press, do: new wearer}]'
    )
    with daemon.events() as events:
        answered(daemon, events, model, "A rocket.")
        assert "A rocket." in daemon.glassd("history", "show", "1").stdout
        daemon.glassd("press", "lid")
        assert events.screen("")["lines"] == []
        assert "A rocket." not in daemon.glassd("history").stdout
        (alone,) = answered(daemon, events, model, "Another rocket.")
        assert words(alone) == "What is it?"
        assert "Another rocket." in daemon.glassd("history", "show", "2").stdout
    assert daemon.stop() == 0


def test_a_pause_is_there_after_a_restart_before_the_camera_opens(
    begin: Callable[[str], Daemon], start: Callable[..., Daemon], model: ModelServer
) -> None:
    daemon = begin('triggers: [{when: main press, ask: "What is it?"}, {when: lid press, do: toggle pause}]')
    daemon.glassd("do", "pause")
    config = daemon.config.read_text(encoding="utf-8")
    assert daemon.stop() == 0
    again = start(config)
    found = status(again)
    assert found["state"] == "paused"
    assert {device["name"]: device["state"] for device in found["devices"]}["camera"] == "closed"
    with again.events() as events:
        again.glassd("press", "main")
        assert events.screen(told(Code.PAUSED))["lines"] == [*lines(Code.PAUSED, "en")]
        again.glassd("press", "lid")
        events.until(event="device", name="camera", state="ready")
        answered(again, events, model, "A rocket.")
    assert again.stop() == 0
    assert status(start(config))["state"] == "idle"


def test_the_history_has_the_whole_time_line_of_an_ask(begin: Callable[[str], Daemon], model: ModelServer) -> None:
    daemon = begin('triggers: [{when: main press, ask: "What is it?"}]')
    with daemon.events() as events:
        answered(daemon, events, model, "A rocket.")
    shown = json.loads(daemon.glassd("history", "show", "1", "--json").stdout)
    assert set(STATIONS) <= set(shown["times_s"])
    in_order = [shown["times_s"][station] for station in STATIONS if station not in ("first_screen", "done")]
    assert in_order == sorted(in_order)
    text = daemon.glassd("history", "show", "1").stdout
    assert all(word in text for word in ("body built", "connected", "request sent", "on display"))
    assert daemon.stop() == 0


def test_an_answer_that_has_stood_long_enough_goes_and_is_not_shown_any_more(
    begin: Callable[..., Daemon], model: ModelServer
) -> None:
    daemon = begin(
        "reading: {hold: 1s}\n"
        "triggers:\n"
        "  - {when: main press, if: answer shown, do: next page}\n"
        '  - {when: main press, ask: "What is it?"}\n'
    )
    with daemon.events() as events:
        for answer in ("A rocket.", "A cup."):  # the second press asks too, for nothing is shown any more
            answered(daemon, events, model, answer)
            assert events.until(event="screen", mark="idle", must_show=True)["lines"] == []
    assert daemon.stop() == 0


def test_with_a_disk_that_takes_nothing_answers_flow_under_a_warning_and_a_pause_holds_and_is_told_to_the_operator(
    begin: Callable[..., Daemon], model: ModelServer, tmp_path: Path
) -> None:
    blocked = tmp_path / "no-folder"
    blocked.write_text("a file where the state folder should be")
    daemon = begin('triggers: [{when: main press, ask: "What is it?"}]', STATE_DIRECTORY=str(blocked))
    with daemon.events() as events:
        assert events.until(event="screen", warning=True)
        answered(daemon, events, model, "A rocket.")
        assert json.loads(daemon.get("/api/status")[1])["journal"]["trouble"]
        daemon.glassd("do", "pause")
        assert events.screen(told(Code.PAUSED))["warning"]
        daemon.log.until("the pause is not kept over a restart")
        assert daemon.glassd("ask", "?", status=5).stderr.startswith("glassd ask: paused")
    assert daemon.stop() == 0
