"""What a running daemon tells those who listen: an ask from its beginning to its end, in words as they come."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from running import Daemon, ModelServer

CONFIG = """
model: {{endpoints: [{{url: "{url}", text: qwen-plus}}]}}
buttons: [{{driver: keyboard}}]
displays: [{{driver: terminal, profile: glass3}}, {{driver: json}}]
triggers: [{{when: main press, ask: "Which day?", frames: none}}]
"""


def test_an_ask_is_told_from_its_beginning_in_words_as_they_come_also_to_one_who_comes_in_the_middle(
    start: Callable[..., Daemon], model: ModelServer
) -> None:
    daemon = start(CONFIG.format(url=model.url))
    with daemon.events() as events:
        daemon.glassd("press", "main")
        model.request()
        model.say("It is ")
        asked = events.until(event="asked")
        facts = {"origin": "button", "trigger": "main press", "prompt": "Which day?"}
        assert asked == {"event": "asked", "ask": asked["ask"], **facts}
        events.screen("It is", mark="writing")
        assert events.until(event="delta") == {"event": "delta", "ask": asked["ask"], "text": "It is "}
        with daemon.events() as later:
            assert later.all[0]["state"] == "answering"
            assert later.screen("It is")["display"] == "displays.0"
            assert later.screen("It is")["display"] == "displays.1"
            assert later.until(event="asked") == asked
            assert later.until(event="delta")["text"] == "It is "
            model.say("Monday.")
            model.finish()
            assert later.until(event="delta")["text"] == "Monday."
            assert later.until(event="ask", id=asked["ask"])["outcome"] == "finished"
        events.until(event="ask")
        told = [event["text"] for event in events.all if event["event"] == "delta"]
        assert "".join(told) == "It is Monday."
    assert daemon.stop() == 0
    assert not any("Monday" in line or "Which day" in line for line in daemon.log.all)


def test_the_status_has_all_that_drawing_the_screens_takes(start: Callable[..., Daemon], model: ModelServer) -> None:
    daemon = start(CONFIG.format(url=model.url))
    with daemon.events() as events:
        glass3, plain = events.all[0]["displays"]
        assert [event["display"] for event in (events.until(event="screen"), events.until(event="screen"))] == [
            "displays.0",
            "displays.1",
        ]
    safe = {"left": 0, "top": 80, "width": 480, "height": 480}
    facts = {"name": "glass3", "columns": 30, "rows": 10, "width": 480, "height": 640, "safe": safe, "order": "logical"}
    assert glass3["name"] == "displays.0"
    assert glass3["profile"].items() >= facts.items()
    assert plain["profile"]["columns"] == 80
