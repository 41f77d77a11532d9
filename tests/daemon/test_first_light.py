"""A press, a frame, a streamed answer on a display: the daemon as a process, the model server in another."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest
from running import photographs

from glassd.scheduler.under_way import STATIONS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from running import Daemon, ModelServer

CONFIG = """
language: zh
model:
  endpoints:
    - {{url: "{url}", vision: qwen-vl-plus, text: qwen-plus, key: dashscope}}
camera: {{driver: clip, path: "{pictures}", fps: 10}}
buttons: [{{driver: keyboard}}]
displays: [{{driver: terminal, profile: glass3}}]
triggers:
  - {{when: main press, ask: "这是什么?"}}
  - {{when: main long, do: cancel}}
  - {{when: up press, ask: "读出图中的文字。"}}
  - {{when: down press, do: next page}}
"""
KEY = "sk-for-tests-only"


def first_light(start: Callable[..., Daemon], model: ModelServer, pictures: Path) -> Daemon:
    config = CONFIG.format(url=model.url, pictures=pictures)
    daemon = start(config, GLASSD_KEY_DASHSCOPE=KEY)
    daemon.camera_ready()
    return daemon


@pytest.mark.parametrize(
    ("name", "kind"),
    [("rocket.jpg", "image/jpeg"), ("hubble_deep_field.jpg", "image/jpeg"), ("coffee.png", "image/png")],
)
def test_a_press_sends_the_manuals_body_with_the_cameras_own_bytes_and_shows_the_answer_while_it_grows(
    name: str, kind: str, tmp_path: Path, start: Callable[..., Daemon], model: ModelServer
) -> None:
    pictures = photographs(tmp_path / "pictures", name)
    daemon = first_light(start, model, pictures)
    with daemon.events() as events:
        daemon.glassd("press", "main")
        headers, body = model.request()

        assert headers[""] == "POST /v1/chat/completions HTTP/1.1"
        assert headers["authorization"] == f"Bearer {KEY}"
        assert headers["content-type"] == "application/json"
        assert headers["accept-encoding"] == "identity"
        assert body["model"] == "qwen-vl-plus"
        assert body["stream"] is True
        (turn,) = body["messages"]
        picture, question = turn["content"]
        assert turn["role"] == "user"
        assert question == {"type": "text", "text": "这是什么?"}
        media_type, _, data = picture["image_url"]["url"].partition(";base64,")
        assert (picture["type"], media_type) == ("image_url", f"data:{kind}")
        assert base64.b64decode(data, validate=True) == (pictures / name).read_bytes()

        # Each piece is on the display before the server says the next.
        events.screen("", mark="thinking")
        model.say("一枚火箭")
        events.screen("一枚火箭", mark="writing")
        model.say("立在发射架上,")
        events.screen("一枚火箭立在发射架上", mark="writing")
        model.say("天色正亮。")
        last = events.screen("天色正亮。")
        assert last["mark"] == "writing"
        model.finish()
        done = events.until(event="ask")
        assert (done["outcome"], done["code"]) == ("finished", None)
        assert tuple(done["times_s"]) == STATIONS
        assert abs(done["frame_offset_s"]) <= 0.5
        final = [event for event in events.all if event["event"] == "screen"][-1]
        assert final["must_show"]
        assert "".join(final["lines"]) == "一枚火箭立在发射架上,天色正亮。"
    assert daemon.stop() == 0
    assert "".join(daemon.shown.all).endswith("一枚火箭立在发射架上,天色正亮。[done]")


def test_a_second_press_leaves_one_answer_the_seconds(
    tmp_path: Path, start: Callable[..., Daemon], model: ModelServer
) -> None:
    daemon = first_light(start, model, photographs(tmp_path / "pictures", "rocket.jpg"))
    with daemon.events() as events:
        daemon.glassd("press", "main")
        model.request()
        model.say("第一个回答")
        events.screen("第一个回答")
        daemon.glassd("press", "up")
        model.lines.until("closed")
        _, body = model.request()
        assert body["messages"][-1]["content"][-1]["text"] == "读出图中的文字。"
        model.say("第二个回答")
        model.finish()
        assert events.until(event="ask")["code"] == "cancelled"
        assert events.until(event="ask")["outcome"] == "finished"
        shown = [event for event in events.all if event["event"] == "screen"]
    assert shown[-1]["lines"] == ["第二个回答"]
    second = next(i for i, event in enumerate(shown) if event["mark"] == "looking" and i > 3)
    assert not any("第一个" in "".join(event["lines"]) for event in shown[second:])
    assert daemon.stop() == 0


def test_a_long_press_cancels(tmp_path: Path, start: Callable[..., Daemon], model: ModelServer) -> None:
    daemon = first_light(start, model, photographs(tmp_path / "pictures", "rocket.jpg"))
    with daemon.events() as events:
        daemon.glassd("press", "main")
        model.request()
        model.say("慢慢地")
        events.screen("慢慢地")
        daemon.glassd("press", "main", "long")
        model.lines.until("closed")
        assert events.until(event="ask")["code"] == "cancelled"
    assert daemon.stop() == 0


def test_an_ask_from_the_shell_gets_a_fresh_frame_and_the_same_json_lines(
    tmp_path: Path, start: Callable[..., Daemon], model: ModelServer
) -> None:
    pictures = photographs(tmp_path / "pictures", "rocket.jpg")
    daemon = first_light(start, model, pictures)
    model.answer_next("一枚火箭。")
    answer = daemon.glassd("ask", "--json", "What is this?")
    _, body = model.request()
    assert body["messages"][-1]["content"][0]["image_url"]["url"].endswith(
        base64.b64encode((pictures / "rocket.jpg").read_bytes()).decode()
    )
    delta, outcome = answer.stdout.splitlines()
    assert delta == '{"event":"delta","text":"一枚火箭。"}'
    assert outcome.startswith('{"event":"outcome","outcome":"finished","text":"一枚火箭。",')


def test_the_words_of_an_ask_and_the_key_reach_no_log_and_no_report(
    tmp_path: Path, start: Callable[..., Daemon], model: ModelServer
) -> None:
    daemon = first_light(start, model, photographs(tmp_path / "pictures", "rocket.jpg"))
    with daemon.events() as events:
        daemon.glassd("press", "main")
        model.request()
        model.say("秘密的回答")
        model.finish()
        events.until(event="ask")
    report = daemon.glassd("report").stdout
    assert '"outcome": "finished"' in report
    assert daemon.stop() == 0
    for secret in (KEY, "这是什么", "秘密的回答"):
        assert secret not in report
        assert secret not in "\n".join(daemon.log.all)


def test_the_picture_that_a_press_would_take_is_the_cameras_own(
    tmp_path: Path, start: Callable[..., Daemon], model: ModelServer
) -> None:
    pictures = photographs(tmp_path / "pictures", "rocket.jpg")
    daemon = first_light(start, model, pictures)
    daemon.glassd("snap", "-o", str(tmp_path / "snap.jpg"))
    assert (tmp_path / "snap.jpg").read_bytes() == (pictures / "rocket.jpg").read_bytes()
