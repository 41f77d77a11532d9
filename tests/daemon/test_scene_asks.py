"""Scene change: a trigger that waits for it asks by itself, once the wearer looks at something else."""

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
camera: {{driver: clip, path: "{pictures}", fps: 5, hold: 4s}}
displays: [{{driver: terminal, plain: always, profile: glass3}}]
triggers:
  - {{when: main press, ask: "What is this?"}}
"""
TRIGGER = "  - {when: scene change, ask: 'Where am I?'}\n"


def test_a_trigger_for_scene_changes_asks_about_each_until_a_reload_takes_it_away(
    tmp_path: Path, start: Callable[..., Daemon], model: ModelServer
) -> None:
    pictures = photographs(tmp_path / "pictures", "rocket.jpg", "coffee.png")
    daemon = start(CONFIG.format(url=model.url, pictures=pictures))
    without = daemon.config.read_text(encoding="utf-8")
    with daemon.events() as events:
        daemon.config.write_text(without + TRIGGER, encoding="utf-8")
        daemon.glassd("reload")
        events.until(event="scene")
        _, body = model.request()
        picture, prompt = body["messages"][-1]["content"]
        assert picture["type"] == "image_url"
        assert prompt["text"] == "Where am I?"
        model.say("At a launch pad.")
        model.finish()
        events.screen("At a launch pad.", mark="done")
        ended = events.until(event="ask")
        assert ended["origin"] == "scene"
        assert abs(ended["frame_offset_s"]) < 0.25
        daemon.config.write_text(without, encoding="utf-8")
        assert "triggers" in daemon.glassd("reload").stdout
    assert daemon.stop() == 0
