"""The daemon's own life: start, reload, trouble, stop."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import stuck_camera
from running import LIMIT_S, photographs

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from running import Daemon, ModelServer

CONFIG = """
language: en
model:
  endpoints: [{{url: "{url}", vision: some-model}}]
camera: {{driver: clip, path: "{pictures}", fps: 10}}
displays: [{{driver: terminal}}]
triggers: [{{when: main press, ask: "{prompt}"}}]
"""


def leaks(daemon: Daemon) -> list[str]:
    """Return the log lines with which Python in development mode tells of something left open."""
    return [line for line in daemon.log.all if "Warning" in line or "never" in line or "destroyed" in line]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_in_the_middle_of_an_answer_leaves_nothing(
    number: signal.Signals, tmp_path: Path, start: Callable[..., Daemon], model: ModelServer
) -> None:
    pictures = photographs(tmp_path / "pictures", "rocket.jpg")
    daemon = start(CONFIG.format(url=model.url, pictures=pictures, prompt="?"))
    daemon.camera_ready()
    with daemon.events() as events:
        daemon.glassd("press", "main")
        model.request()
        model.say("half of ")
        events.screen("half of")
        assert daemon.stop(number) == 0
    daemon.told("STOPPING=1")
    model.lines.until("closed")
    assert not daemon.socket.exists()
    assert leaks(daemon) == []


def test_a_stop_does_not_wait_for_a_camera_whose_read_is_stuck(tmp_path: Path, start: Callable[..., Daemon]) -> None:
    stuck_camera.install(tmp_path)
    config = "model: {endpoints: [{url: reader}]}\ncamera: {driver: stuck}\n"
    daemon = start(config, PYTHONPATH=str(tmp_path))
    daemon.camera_ready()
    assert daemon.stop() == 0
    assert not daemon.socket.exists()


def test_ready_waits_for_no_device_and_no_network(tmp_path: Path, start: Callable[..., Daemon]) -> None:
    daemon = start(CONFIG.format(url="http://127.0.0.1:9/v1", pictures=tmp_path / "missing", prompt="?"))
    with daemon.events() as events:
        daemon.glassd("press", "main")
        assert events.until(event="ask")["code"] == "no_camera"
        error = next(event for event in reversed(events.all) if event["event"] == "screen")
    assert error["mark"] == "error"
    daemon.told("STATUS=camera waiting, displays.0 ready")
    assert len(error["lines"]) >= 2
    assert str(tmp_path / "missing") in daemon.glassd("status").stdout
    assert daemon.stop() == 0


def test_an_endpoint_that_is_not_there_is_told_and_the_daemon_goes_on(
    tmp_path: Path, start: Callable[..., Daemon]
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, and nobody listens
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
        pictures = photographs(tmp_path / "pictures", "rocket.jpg")
        daemon = start(CONFIG.format(url=url, pictures=pictures, prompt="?"))
        daemon.camera_ready()
        with daemon.events() as events:
            for _ in range(2):
                daemon.glassd("press", "main")
                assert events.until(event="ask")["code"] == "connection_refused"
    assert daemon.stop() == 0
    told = [line for line in daemon.log.all if "connection_refused" in line]
    assert len(told) == 2, "one line an ask"
    assert all(url in line for line in told)


def test_a_reload_applies_what_changed_and_leaves_the_other_devices_alone(
    tmp_path: Path, start: Callable[..., Daemon], model: ModelServer
) -> None:
    pictures = photographs(tmp_path / "pictures", "rocket.jpg")
    daemon = start(CONFIG.format(url=model.url, pictures=pictures, prompt="the old question"))
    daemon.camera_ready()
    daemon.config.write_text(CONFIG.format(url=model.url, pictures=pictures, prompt="the new question"))
    with daemon.events() as events:
        assert daemon.glassd("reload").stdout == "reloaded: triggers\n"
        assert daemon.glassd("reload", "--quiet").stdout == ""
        daemon.told("RELOADING=1")
        daemon.told("READY=1")
        daemon.glassd("press", "main")
        _, body = model.request()
        model.say("Yes.")
        model.finish()
        events.until(event="ask")
        assert not any(event["event"] == "device" for event in events.all), "a driver was touched"
    assert body["messages"][-1]["content"][-1]["text"] == "the new question"
    assert daemon.stop() == 0


def test_a_reload_reopens_a_driver_whose_section_changed(tmp_path: Path, start: Callable[..., Daemon]) -> None:
    before, after = photographs(tmp_path / "a", "rocket.jpg"), photographs(tmp_path / "b", "retina.jpg")
    text = CONFIG.format(url="reader", pictures=before, prompt="?").replace(", vision: some-model", "")
    daemon = start(text)
    daemon.camera_ready()
    daemon.config.write_text(text.replace(str(before), str(after)))
    assert daemon.glassd("reload").stdout == "reloaded: camera\n"
    daemon.camera_ready()
    daemon.glassd("snap", "-o", str(tmp_path / "snap.jpg"))
    assert (tmp_path / "snap.jpg").read_bytes() == (after / "retina.jpg").read_bytes()
    assert daemon.stop() == 0


def test_a_reload_takes_devices_in_and_lets_them_go(tmp_path: Path, start: Callable[..., Daemon]) -> None:
    pictures = photographs(tmp_path / "a", "rocket.jpg")
    text = CONFIG.format(url="reader", pictures=pictures, prompt="?").replace(", vision: some-model", "")
    daemon = start(text)
    daemon.config.write_text(text.replace("camera:", "buttons: [{driver: keyboard}]  #"))
    assert daemon.glassd("reload").stdout == "reloaded: camera, buttons.0\n"
    names = [device["name"] for device in json.loads(daemon.get("/api/status")[1])["devices"]]
    assert names == ["displays.0", "buttons.0"]
    daemon.config.write_text(text)
    assert daemon.glassd("reload").stdout == "reloaded: buttons.0, camera\n"
    daemon.camera_ready()
    assert daemon.stop() == 0


@pytest.mark.parametrize("how", ["command", "signal"])
def test_a_broken_config_leaves_all_in_force_and_says_so(
    how: str, tmp_path: Path, start: Callable[..., Daemon], model: ModelServer
) -> None:
    pictures = photographs(tmp_path / "pictures", "rocket.jpg")
    text = CONFIG.format(url=model.url, pictures=pictures, prompt="the old question")
    daemon = start(text)
    daemon.camera_ready()
    daemon.config.write_text(text.replace("fps: 10", "fps: fast").replace("displays:", "display:"))
    if how == "command":
        said = daemon.glassd("reload", status=2).stderr
        assert f"{daemon.config}:5:" in said
        assert f"{daemon.config}:6:" in said
        daemon.log.until("the old one stays in force")
    else:
        daemon.process.send_signal(signal.SIGHUP)
        daemon.log.until("the old one stays in force")
        daemon.log.until(f"{daemon.config}:5:")
        daemon.log.until(f"{daemon.config}:6:")
    daemon.told(f"the old one stays in force: {daemon.config}:5:")
    daemon.glassd("press", "main")
    _, body = model.request()
    assert body["messages"][-1]["content"][-1]["text"] == "the old question"
    model.say("Yes.")
    model.finish()
    assert daemon.stop() == 0


def test_a_config_with_mistakes_does_not_start_and_names_each(tmp_path: Path, start: Callable[..., Daemon]) -> None:
    text = CONFIG.format(url="reader", pictures=tmp_path, prompt="?").replace(", vision: some-model", "")
    daemon = start(text.replace("fps: 10", "fps: fast").replace("displays:", "display:"), ready=False)
    assert daemon.wait() == 2
    assert len(daemon.log.all) == 2
    assert all(str(daemon.config) in line for line in daemon.log.all)


def test_the_socket_is_open_to_its_group_alone(tmp_path: Path, start: Callable[..., Daemon]) -> None:
    daemon = start(CONFIG.format(url="reader", pictures=tmp_path, prompt="?").replace(", vision: some-model", ""))
    assert stat.S_IMODE(daemon.socket.stat().st_mode) == 0o660


def test_a_second_daemon_on_the_same_socket_says_so_and_leaves_the_first_alone(
    tmp_path: Path, start: Callable[..., Daemon]
) -> None:
    text = CONFIG.format(url="reader", pictures=tmp_path, prompt="?").replace(", vision: some-model", "")
    first = start(text)
    second = start(text, ready=False)
    assert second.wait() == 1
    assert any("another glassd is running" in line for line in second.log.all)
    assert first.get("/api/status")[0] == 200


def test_a_killed_daemon_leaves_nothing_among_the_temporary_files(tmp_path: Path, start: Callable[..., Daemon]) -> None:
    text = CONFIG.format(url="reader", pictures=tmp_path, prompt="?").replace(", vision: some-model", "")
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    daemon = start(text, TMPDIR=str(temporary))
    daemon.process.kill()
    daemon.wait()
    assert not list(temporary.iterdir())


def test_the_leftover_socket_of_a_dead_daemon_gives_way(tmp_path: Path, start: Callable[..., Daemon]) -> None:
    text = CONFIG.format(url="reader", pictures=tmp_path, prompt="?").replace(", vision: some-model", "")
    first = start(text)
    first.process.kill()
    first.wait()
    assert first.socket.exists()
    second = start(text)
    assert json.loads(second.get("/api/status")[1])["state"] == "idle"


def test_a_port_in_use_is_told_and_the_wearers_path_goes_on(tmp_path: Path, start: Callable[..., Daemon]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        text = CONFIG.format(url="reader", pictures=tmp_path, prompt="?").replace(", vision: some-model", "")
        daemon = start(f'{text}api: {{listen: "127.0.0.1:{port}", token: page}}\n', GLASSD_KEY_PAGE="a-token")
        daemon.log.until(f"127.0.0.1:{port}")
        assert daemon.get("/api/status")[0] == 200


def test_commands_say_that_no_daemon_runs(tmp_path: Path, start: Callable[..., Daemon]) -> None:
    daemon = start(CONFIG.format(url="reader", pictures=tmp_path, prompt="?").replace(", vision: some-model", ""))
    daemon.stop()
    for arguments in (["status"], ["press", "main"], ["snap", "-o", str(tmp_path / "x")], ["reload"], ["watch"]):
        said = daemon.glassd(*arguments, status=5).stderr
        assert said.count("\n") == 1
        assert "no glassd is running" in said


def by_signal(daemon: Daemon) -> None:
    daemon.process.send_signal(signal.SIGHUP)
    daemon.told("RELOADING=1")


def by_a_caller_that_hangs_up(daemon: Daemon) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
        caller.connect(str(daemon.socket))
        head = b"POST /api/reload HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        caller.sendall(head + b"Content-Length: 2\r\n\r\n{}")
        daemon.told("RELOADING=1")


@pytest.mark.parametrize("begin", [by_signal, by_a_caller_that_hangs_up])
def test_a_reload_waits_for_the_answer_under_way_whoever_began_it(
    begin: Callable[[Daemon], None], tmp_path: Path, start: Callable[..., Daemon], model: ModelServer
) -> None:
    pictures = photographs(tmp_path / "pictures", "rocket.jpg")
    text = CONFIG.format(url=model.url, pictures=pictures, prompt="?")
    daemon = start(text)
    daemon.camera_ready()
    with daemon.events() as events:
        daemon.glassd("press", "main")
        model.request()
        model.say("One half ")
        events.screen("One half")
        daemon.config.write_text(text.replace("some-model", "another-model"))
        begin(daemon)
        daemon.told_nothing_yet()
        model.say("and the other.")
        model.finish()
        assert events.until(event="ask")["outcome"] == "finished"
        daemon.told("READY=1")
        daemon.glassd("press", "main")
        _, body = model.request()
    assert body["model"] == "another-model"
    assert daemon.stop() == 0


def test_presses_from_the_shell_follow_one_another(tmp_path: Path, start: Callable[..., Daemon]) -> None:
    text = CONFIG.format(url="reader", pictures=tmp_path, prompt="?").replace(", vision: some-model", "")
    daemon = start(text.replace("triggers: [", "triggers: [{when: main long, do: cancel}, "))
    with daemon.events() as events:
        for _ in range(3):
            assert daemon.get("/api/press", body={"button": "main"})[0] == 200
        kinds = [events.until(event="edge")["kind"] for _ in range(6)]
    assert kinds == ["down", "up"] * 3


STUCK = """
import asyncio, contextlib, ctypes, logging, os, threading
from pathlib import Path
from glassd.config.load import load
from glassd.service.process import run_daemon

async def thread(app):
    print("stuck", flush=True)
    await asyncio.to_thread(threading.Event().wait)

async def loop(app):
    print("stuck", flush=True)
    while True:
        pass

async def log(app):
    os.set_blocking(2, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(2, b".")
    os.set_blocking(2, True)
    print("stuck", flush=True)
    logging.warning("nobody reads this")

async def call(app):  # into a library, which no signal cuts short
    library, mutex = ctypes.CDLL(None), ctypes.create_string_buffer(64)
    library.pthread_mutex_lock(mutex)
    print("stuck", flush=True)
    library.pthread_mutex_lock(mutex)

run_daemon(load({config!r}).config, None, guest={guest})
"""


@pytest.mark.parametrize("guest", ["thread", "loop", "log", "call"])
def test_a_stop_leaves_what_is_stuck_behind(guest: str, tmp_path: Path) -> None:
    config = tmp_path / "glassd.yaml"
    config.write_text("model: {endpoints: [{url: reader}]}\n")
    environment = os.environ | {"GLASSD_SOCKET": str(tmp_path / "glassd.sock")}
    command = [sys.executable, "-c", STUCK.format(config=str(config), guest=guest)]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"stuck\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(LIMIT_S) == 0
