"""The outbox at a running daemon: no network, a restart, and a death in the middle of sending."""

from __future__ import annotations

import base64
import json
import signal
import socket
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from running import ModelServer, photographs

from glassd.messages import Code, lines

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import ExitStack
    from pathlib import Path

    from running import Daemon

CONFIG = """
language: en
model:
  endpoints: [{{url: "http://127.0.0.1:{port}/v1", vision: some-model}}]
camera: {{driver: clip, path: "{pictures}", fps: 10}}
displays: [{{driver: terminal, plain: always, profile: glass3}}]
outbox: {{key: outbox}}
triggers:
  - {{when: main press, ask: "What is this?", outbox: true}}
  - {{when: up press, ask: "And this?"}}
  - {{when: main long, do: send again}}
  - {{when: down long, do: drop queued}}
"""
KEY = base64.b64encode(bytes(range(32))).decode()


class Far:
    """A model server that is not there yet, at an address that is known already."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder = folder
        self._stack = stack
        with socket.socket() as free:
            free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]

    def appears(self) -> ModelServer:
        return self._stack.enter_context(closing(ModelServer(self._folder, self.port)))


@pytest.fixture
def far(tmp_path: Path, stack: ExitStack) -> Far:
    return Far(tmp_path / "model", stack)


@pytest.fixture
def begin(tmp_path: Path, start: Callable[..., Daemon], far: Far) -> Callable[[], Daemon]:
    pictures = photographs(tmp_path / "pictures", "rocket.jpg")

    def begin() -> Daemon:
        daemon = start(CONFIG.format(port=far.port, pictures=pictures), GLASSD_KEY_OUTBOX=KEY)
        daemon.camera_ready()
        while not status(daemon)["outbox"]["open"]:
            """The journal is being opened."""
        return daemon

    return begin


def status(daemon: Daemon) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(daemon.get("/api/status")[1])
    return found


def told(code: Code) -> str:
    return lines(code, "en")[0]


def queue_one(daemon: Daemon) -> None:
    with daemon.events() as events:
        daemon.glassd("press", "main")
        assert events.screen(told(Code.QUEUED), mark="error")["must_show"]
        assert events.until(event="ask")["code"] == "queued"


def test_what_found_no_network_is_answered_once_there_is_one_and_the_rest_fails_with_its_two_lines(
    begin: Callable[[], Daemon], far: Far
) -> None:
    daemon = begin()
    with daemon.events() as events:
        queue_one(daemon)
        daemon.glassd("press", "up")
        screen = events.screen(told(Code.CONNECTION_REFUSED))
        assert screen["lines"][:2] == [*lines(Code.CONNECTION_REFUSED, "en")]
        assert "outbox: 1 waiting" in daemon.glassd("status").stdout
        model = far.appears()
        _, body = model.request()
        assert body["messages"][-1]["content"][0]["type"] == "image_url"
        model.say("A rocket.")
        model.finish()
        assert events.until(event="ask", outcome="finished")["trigger"] == "main press"
        late = events.screen(told(Code.ANSWER_CAME), mark="done")
        assert late["lines"] == [told(Code.ANSWER_CAME), "A rocket."]
        assert status(daemon)["outbox"]["waiting"] == 0
    assert len(list(model.folder.glob("*.body"))) == 1
    assert daemon.stop() == 0


def test_what_waits_is_on_the_disk_unreadable_and_goes_after_a_restart(
    begin: Callable[[], Daemon], far: Far, tmp_path: Path
) -> None:
    daemon = begin()
    queue_one(daemon)
    assert daemon.stop(signal.SIGKILL) == -signal.SIGKILL
    kept = b"".join(file.read_bytes() for file in (tmp_path / "state").rglob("*") if file.is_file())
    assert b"What is this?" not in kept
    assert b"\xff\xd8\xff" not in kept
    model = far.appears()
    again = begin()
    _, body = model.request()
    assert body["messages"][-1]["content"][1]["text"] == "What is this?"
    model.say("A rocket.")
    model.finish()
    with again.events():
        while status(again)["outbox"]["waiting"]:
            """Its answer is being taken in."""
    assert again.stop() == 0


def test_what_was_being_sent_when_glassd_died_is_told_and_goes_again_only_on_the_wearers_word(
    begin: Callable[[], Daemon], far: Far
) -> None:
    daemon = begin()
    queue_one(daemon)
    model = far.appears()
    model.request()  # and no answer
    assert daemon.stop(signal.SIGKILL) == -signal.SIGKILL

    again = begin()
    found = status(again)["outbox"]
    assert (found["waiting"], found["perhaps_sent"]) == (1, 1)
    with again.events() as events:
        # What the daemon does by itself once it has a way to the model, it has done before this is answered.
        again.glassd("press", "up")
        _, body = model.request()
        assert body["messages"][-1]["content"][1]["text"] == "And this?"
        model.say("A lamp.")
        model.finish()
        events.until(event="ask", outcome="finished")
        assert status(again)["outbox"]["perhaps_sent"] == 1
        again.glassd("press", "main", "long")
        _, body = model.request()
        assert body["messages"][-1]["content"][1]["text"] == "What is this?"
        model.say("A rocket.")
        model.finish()
        events.screen("A rocket.", mark="done")
        assert status(again)["outbox"]["waiting"] == 0
    assert again.stop() == 0


def test_what_waits_can_be_dropped(begin: Callable[[], Daemon], far: Far) -> None:
    daemon = begin()
    queue_one(daemon)
    with daemon.events() as events:
        daemon.glassd("press", "down", "long")
        while status(daemon)["outbox"]["waiting"]:
            """It is being dropped."""
        model = far.appears()
        daemon.glassd("press", "up")
        model.answer_next("A lamp.")
        events.until(event="ask", outcome="finished")
    assert daemon.stop() == 0
    assert len(list(model.folder.glob("*.body"))) == 1


def test_a_perhaps_sent_ask_is_told_at_the_start(begin: Callable[[], Daemon], far: Far) -> None:
    daemon = begin()
    queue_one(daemon)
    model = far.appears()
    model.request()
    assert daemon.stop(signal.SIGKILL) == -signal.SIGKILL
    again = begin()
    again.shown.until(told(Code.PERHAPS_SENT))
    assert again.stop() == 0
