"""The whole way over an emulated bridge: press, still, model, partial answers on its display; and what goes wrong."""

from __future__ import annotations

import base64
import contextlib
import fcntl
import json
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

from bridges import emulated
from lines import Pty

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import ExitStack

    from running import Daemon, Events, ModelServer

CONFIG = """
model: {{endpoints: [{{url: "{url}", vision: some-model}}]}}
camera: {{driver: bridge, device: {path}, late: 4s}}
buttons: [{{driver: bridge, device: {path}}}]
displays: [{{driver: bridge, device: {path}}}]
triggers: [{{when: main press, ask: "?"}}]
gestures: {{debounce: 1ms, double: 30ms, long: 600ms}}
language: en
"""


def until_all(events: Events, daemon: Daemon, state: str) -> None:
    """Wait until all three devices are in a state."""

    def are_in_it() -> bool:
        devices = json.loads(daemon.get("/api/status")[1])["devices"]
        return {device["state"] for device in devices} == {state}

    while not are_in_it():
        events.until(event="device", state=state)


def sent(body: dict[str, object]) -> bytes:
    """Return the picture of a request."""
    content = body["messages"][-1]["content"]  # type: ignore[index]  # of JSON
    return base64.b64decode(content[0]["image_url"]["url"].partition(",")[2])


def test_a_press_is_answered_on_the_bridges_display_while_the_answer_comes(
    tmp_path: Path, start: Callable[..., Daemon], model: ModelServer, stack: ExitStack
) -> None:
    bridge = stack.enter_context(emulated(tmp_path))
    daemon = start(CONFIG.format(url=model.url, path=bridge.path))
    with daemon.events() as events:
        until_all(events, daemon, "ready")
    bridge.order("press main")
    _, body = model.request()
    assert sent(body) == (tmp_path / "pictures" / "rocket.jpg").read_bytes()
    shown = []
    for word in ("A rocket ", "on its ", "pad."):
        model.say(word)
        shown.append(word)
        bridge.until("screen", rows=["".join(shown).rstrip(), *[""] * 9], mark="writing")
    model.finish()
    bridge.until("screen", rows=["A rocket on its pad.", *[""] * 9], mark="done")
    assert len(bridge.all("session")) == len(bridge.all("opened")) == 1
    assert daemon.stop() == 0
    bridge.until("over")
    assert not any("Traceback" in line for line in daemon.log.all)


LOSSES = 3
"""How often the bridge is pulled out and plugged in again."""


def held(daemon: Daemon) -> tuple[int, int]:
    """Return how many descriptors that are no socket, and how many threads a daemon has."""
    process = Path(f"/proc/{daemon.process.pid}")
    links = []
    for entry in (process / "fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed meanwhile
            links.append(os.readlink(entry))  # noqa: PTH115 - "pipe:[1]" is no path
    return len([link for link in links if not link.startswith("socket:")]), len(list((process / "task").iterdir()))


def test_unplugged_and_plugged_in_again_it_goes_on_with_what_was_shown_and_nothing_left_behind(
    tmp_path: Path, start: Callable[..., Daemon], model: ModelServer, stack: ExitStack
) -> None:
    bridge = stack.enter_context(emulated(tmp_path))
    daemon = start(CONFIG.format(url=model.url, path=bridge.path))
    with daemon.events() as events:
        until_all(events, daemon, "ready")
        bridge.order("press main")
        model.request()
        model.answer_next("still here")
        bridge.until("screen", mark="done")
        descriptors, threads = held(daemon)
        for _ in range(LOSSES):
            bridge.order("unplug")
            until_all(events, daemon, "waiting")
            bridge.order("replug")
            until_all(events, daemon, "ready")
            assert bridge.until("screen")["rows"][0] == "still here"
        after = held(daemon)
        assert after[0] == descriptors
        # What is left behind is so each time; asyncio's own pool may have grown by a thread meanwhile, and keeps it.
        assert after[1] < threads + LOSSES
    told = [line for line in daemon.log.all if "was lost: plug the bridge in again" in line]
    assert len(told) == 3 * LOSSES  # each of the three once for each loss


def test_a_reset_in_mid_picture_is_an_error_on_the_display_and_the_next_press_works(
    tmp_path: Path, start: Callable[..., Daemon], model: ModelServer, stack: ExitStack
) -> None:
    bridge = stack.enter_context(emulated(tmp_path, "--rates", "460800"))
    daemon = start(CONFIG.format(url=model.url, path=bridge.path))
    with daemon.events() as events:
        until_all(events, daemon, "ready")
        bridge.order("press main")
        bridge.until("picture")
        bridge.order("reset")
        bridge.until("screen", mark="error")
        until_all(events, daemon, "ready")
    bridge.order("press main")
    model.request()
    model.answer_next("good")
    bridge.until("screen", mark="done")
    assert daemon.stop() == 0


def test_a_firmware_of_the_future_is_one_line_a_device_and_the_daemon_goes_on(
    tmp_path: Path, start: Callable[..., Daemon], model: ModelServer, stack: ExitStack
) -> None:
    bridge = stack.enter_context(emulated(tmp_path, "--versions", "2-3"))
    daemon = start(CONFIG.format(url=model.url, path=bridge.path))
    with daemon.events() as events:
        until_all(events, daemon, "failed")
    devices = json.loads(daemon.get("/api/status")[1])["devices"]
    assert {device["error"].partition(": ")[2] for device in devices} == {
        "the bridge speaks the versions 2 to 3 of the link, this glassd version 1: update glassd"
    }
    assert daemon.stop() == 0
    assert len([line for line in daemon.log.all if "update glassd" in line]) == 3


def test_a_port_that_another_program_has_is_one_line_a_device_and_the_daemon_goes_on(
    start: Callable[..., Daemon], model: ModelServer
) -> None:
    with Pty() as pty:
        other = os.open(pty.path, os.O_RDWR | os.O_NOCTTY)
        fcntl.flock(other, fcntl.LOCK_EX)
        daemon = start(CONFIG.format(url=model.url, path=pty.path))
        with daemon.events() as events:
            until_all(events, daemon, "waiting")
        daemon.glassd("press", "main")
        with daemon.events() as events:
            assert events.until(event="ask")["code"] == "no_camera"
        assert daemon.stop(signal.SIGTERM) == 0
        os.close(other)
    told = [line for line in daemon.log.all if "is in use by another program: end that one" in line]
    assert len(told) == 3
