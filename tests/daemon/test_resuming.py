"""An answer that breaks off, and the press that goes on with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from running import photographs

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from running import Daemon, ModelServer

CONFIG = """
language: en
model: {{endpoints: [{{url: "{url}", vision: some-model}}]}}
camera: {{driver: clip, path: "{pictures}", fps: 10}}
displays: [{{driver: terminal, plain: always, profile: glass3}}]
triggers:
  - {{when: main press, ask: "What is this?"}}
  - {{when: main double, do: resume}}
"""


def test_the_rest_is_asked_for_about_the_same_picture_and_shown_below_what_stands(
    tmp_path: Path, start: Callable[..., Daemon], model: ModelServer
) -> None:
    pictures = photographs(tmp_path / "pictures", "rocket.jpg", "retina.jpg")
    daemon = start(CONFIG.format(url=model.url, pictures=pictures))
    daemon.camera_ready()
    with daemon.events() as events:
        daemon.glassd("press", "main")
        _, first = model.request()
        model.say("A rocket stands ")
        events.screen("A rocket stands", mark="writing")
        model.command("end")
        assert events.screen("A rocket stands")["mark"] == "cut_off"
        broken = events.until(event="ask")
        assert broken["outcome"] == "cut_off"

        daemon.glassd("press", "main", "double")
        events.screen("A rocket stands", mark="writing")
        _, second = model.request()
        model.say("on its pad.")
        model.finish()
        assert events.screen("on its pad.")["lines"] == ["A rocket stands on its pad."]
        rest = events.until(event="ask")
        assert (rest["outcome"], rest["resumes"]) == ("finished", broken["id"])
    picture, again = (
        next(turn for turn in body["messages"] if turn["role"] == "user")["content"][0] for body in (first, second)
    )
    assert picture["type"] == "image_url"
    assert picture == again
    assert daemon.stop() == 0
