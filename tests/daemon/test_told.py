"""What a running daemon tells those who listen: an ask from its beginning to its end, in words as they come."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from running import photographs

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import ExitStack
    from pathlib import Path

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


UPGRADE = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n"
STALLED = (
    ("/api/events", "Accept: text/event-stream\r\n"),
    ("/api/events", ""),
    ("/api/events", UPGRADE.format(key="AAAAAAAAAAAAAAAAAAAAAA==")),
    ("/api/live?fps=30", ""),
)
ALL_WATCH = {'glassd_watchers{stream="events"} 4.0', 'glassd_watchers{stream="live"} 1.0'}
"""What the metrics say once they do, and the one who listens well."""


def stalled(port: int, path: str, more: str) -> socket.socket:
    """Return a page that has asked for a stream, and reads none of it."""
    page = socket.socket()
    page.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 * 1024)
    page.connect(("127.0.0.1", port))
    page.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{more}\r\n".encode())
    return page


def test_pages_that_are_stalled_hold_up_neither_an_answer_nor_who_watches_it_nor_the_stop(
    tmp_path: Path, start: Callable[..., Daemon], model: ModelServer, stack: ExitStack
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    pictures = photographs(tmp_path / "pictures", "rocket.jpg")
    config = CONFIG.format(url=model.url) + f'camera: {{driver: clip, path: "{pictures}", fps: 30}}\n'
    daemon = start(config + f'api: {{listen: "127.0.0.1:{port}", open: true}}\n')
    daemon.camera_ready()
    for path, more in STALLED:
        stack.enter_context(stalled(port, path, more))
    pieces = [f"{number} " + "字" * 200 for number in range(150)]
    with daemon.events() as events:
        while not {*daemon.get("/metrics")[1].decode().splitlines()} >= ALL_WATCH:
            pass  # not all have been let in yet
        daemon.glassd("press", "main")
        model.request()
        for piece in pieces:
            model.say(piece)
        model.finish()
        assert events.until(event="ask")["outcome"] == "finished"
        assert "".join(event["text"] for event in events.all if event["event"] == "delta") == "".join(pieces)
        assert not any(event["event"] == "dropped" for event in events.all)
    assert daemon.stop() == 0
    assert not any("stuck" in line for line in daemon.log.all)
