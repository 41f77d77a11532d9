"""Pause: the camera is closed, what it saw is forgotten, and no ask leaves until it is undone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from running import photographs

from glassd.messages import Code, lines

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from running import Daemon, Events, ModelServer

CONFIG = """
language: en
model: {{endpoints: [{{url: "{url}", vision: some-model, text: some-model}}]}}
camera: {{driver: clip, path: "{pictures}", fps: 10, capture: {capture}}}
displays: [{{driver: terminal, plain: always, profile: glass3}}]
triggers:
  - {{when: main press, ask: "What is this?"}}
  - {{when: lid press, do: toggle pause}}
"""
PAUSED = list(lines(Code.PAUSED, "en"))


@pytest.fixture
def begun(tmp_path: Path, start: Callable[..., Daemon], model: ModelServer) -> Daemon:
    pictures = photographs(tmp_path / "pictures", "rocket.jpg")
    daemon = start(CONFIG.format(url=model.url, pictures=pictures, capture="ring"))
    daemon.camera_ready()
    return daemon


def status(daemon: Daemon) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(daemon.get("/api/status")[1])
    return found


def answer_a_press(daemon: Daemon, events: Events, model: ModelServer) -> None:
    daemon.glassd("press", "main")
    _, body = model.request()
    assert body["messages"][-1]["content"][0]["type"] == "image_url"
    model.say("A rocket.")
    model.finish()
    assert events.until(event="ask")["outcome"] == "finished"


def test_a_pause_by_button_closes_the_camera_and_ends_the_answer_and_its_undoing_opens_it(
    begun: Daemon, model: ModelServer
) -> None:
    with begun.events() as events:
        begun.glassd("press", "main")
        model.request()
        model.say("A rock")
        events.screen("A rock")
        begun.glassd("press", "lid")
        paused = events.screen(PAUSED[0])
        assert (paused["lines"], paused["must_show"]) == (PAUSED, True)
        assert events.until(event="ask")["code"] == "paused"
        model.lines.until("closed")
        while events.until(event="device", name="camera")["state"] != "closed":
            """It closes."""
        assert not events.until(event="screen")["camera"], "the display says that frames are taken"
        assert begun.glassd("status").stdout.splitlines()[0].endswith(", paused")

        begun.glassd("press", "main")
        assert events.screen(PAUSED[0])["lines"] == PAUSED
        begun.glassd("press", "lid")
        assert events.screen("")["lines"] == []
        events.until(event="device", name="camera", state="ready")
        assert status(begun)["state"] == "idle"
        answer_a_press(begun, events, model)
    assert (model.folder / "2.body").exists()
    assert not (model.folder / "3.body").exists(), "a request left while paused"
    assert begun.stop() == 0


def test_while_paused_by_the_api_every_ask_and_every_picture_is_refused(begun: Daemon, tmp_path: Path) -> None:
    assert begun.get("/api/do", body={"command": "pause"}) == (200, b"{}")
    refused = begun.glassd("ask", "What is this?", status=5)
    assert refused.stderr == f"glassd ask: paused: {PAUSED[0]}; {PAUSED[1]}\n"
    outcome = json.loads(begun.glassd("ask", "--json", "What is this?", status=5).stdout)
    assert (outcome["event"], outcome["error"]["code"]) == ("outcome", "paused")
    code, body = begun.get("/api/snapshot")
    assert (code, json.loads(body)["error"]["code"]) == (503, "paused")
    assert PAUSED[0] in begun.glassd("snap", "-o", str(tmp_path / "x.jpg"), status=5).stderr
    begun.glassd("do", "unpause")
    begun.camera_ready()
    begun.glassd("snap", "-o", str(tmp_path / "x.jpg"))
    assert begun.stop() == 0


@pytest.mark.parametrize("change", [("some-model", "another"), ("fps: 10", "fps: 12")])
def test_a_reload_while_paused_leaves_it_paused(begun: Daemon, change: tuple[str, str], model: ModelServer) -> None:
    with begun.events() as events:
        begun.glassd("do", "pause")
        begun.config.write_text(begun.config.read_text(encoding="utf-8").replace(*change), encoding="utf-8")
        begun.glassd("reload")
        found = status(begun)
        assert found["state"] == "paused"
        assert {device["name"]: device["state"] for device in found["devices"]}["camera"] == "closed"
        begun.glassd("do", "toggle", "pause")
        events.until(event="device", name="camera", state="ready")
        answer_a_press(begun, events, model)
    assert begun.stop() == 0


def test_pausing_on_and_off_quickly_leaves_the_camera_as_it_was_left(begun: Daemon, model: ModelServer) -> None:
    for command in ["pause", "unpause"] * 5:
        assert begun.get("/api/do", body={"command": command})[0] == 200
    begun.camera_ready()
    with begun.events() as events:
        answer_a_press(begun, events, model)
    assert begun.stop() == 0
    assert not [line for line in begun.log.all if "Traceback" in line or "ERROR" in line]


def test_a_camera_that_is_open_for_one_picture_is_closed_by_a_pause(
    tmp_path: Path, start: Callable[..., Daemon], model: ModelServer
) -> None:
    pictures = tmp_path / "pictures"
    pictures.mkdir()  # no picture in it: the camera is opened, and tried again and again
    daemon = start(CONFIG.format(url=model.url, pictures=pictures, capture="after_sign"))
    with daemon.events() as events:
        daemon.glassd("press", "main")
        events.until(event="device", name="camera", state="opening")
        daemon.glassd("do", "pause")
        assert events.until(event="ask")["code"] == "paused"
    assert {device["name"]: device["state"] for device in status(daemon)["devices"]}["camera"] == "closed"
    assert daemon.stop() == 0


def test_a_command_that_there_is_not_names_the_nearest(begun: Daemon) -> None:
    assert begun.glassd("do", "unpuase", status=2).stderr == "glassd do: no command unpuase; did you mean unpause?\n"
    assert "toggle pause" in " ".join(begun.glassd("do", "--help").stdout.split())
