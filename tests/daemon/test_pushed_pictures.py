"""Pictures that an app or a script pushes through the API: they are the camera's, under the same promises."""

from __future__ import annotations

import asyncio
import base64
import http.client
import json
import os
import re
import socket
import subprocess
import threading
from contextlib import closing
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from aiohttp import WSMsgType
from http_cameras import picture
from running import LIMIT_S, Daemon

from glassd.api.server import MESSAGE_LIMIT_BYTES, NOBODY_WAITS
from paths import TREE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from running import ModelServer

CONFIG = """
model: {{endpoints: [{{url: "{url}", vision: some-model}}]}}
camera: {{driver: push, fresh: {fresh}}}
triggers: [{{when: main press, ask: "?"}}]
"""
DOCUMENTED = re.findall(r"^    (curl .*)$", (TREE / "docs" / "api.md").read_text("utf-8"), re.MULTILINE)


@pytest.fixture
def daemon(start: Callable[..., Daemon]) -> Daemon:
    daemon = start(CONFIG.format(url="http://127.0.0.1:9/v1", fresh="1min"))
    daemon.camera_ready()
    return daemon


def post(
    daemon: Daemon, data: bytes | None, query: str = "", content_type: str = "image/jpeg", **headers: str
) -> tuple[int, Any]:
    """Push one picture over the unix socket; return the status, and what was said."""
    connection = http.client.HTTPConnection("localhost")
    connection.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.sock.settimeout(LIMIT_S)
    with closing(connection):
        connection.sock.connect(str(daemon.socket))
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request("POST", f"/api/pictures{query}", data, {"Content-Type": content_type, **named})
        response = connection.getresponse()
        return response.status, json.loads(response.read())


def test_a_press_takes_the_pushed_picture_that_was_in_view_byte_for_byte(
    start: Callable[..., Daemon], model: ModelServer
) -> None:
    daemon = start(CONFIG.format(url=model.url, fresh="30s"))
    daemon.camera_ready()
    with daemon.events() as events:
        for number, age in ((1, 50_000), (2, 100), (3, 50_000)):
            assert post(daemon, picture(number), f"?age_ms={age}") == (200, {"width": 64, "height": 48})
        daemon.glassd("press", "main")
        _, body = model.request()
        data = body["messages"][-1]["content"][0]["image_url"]["url"].partition(",")[2]
        assert base64.b64decode(data) == picture(2)
        model.answer_next("yes")
        assert events.until(event="ask")["outcome"] == "finished"
    assert daemon.stop() == 0


def test_a_pushed_picture_that_is_old_is_no_picture_of_now(start: Callable[..., Daemon]) -> None:
    daemon = start(CONFIG.format(url="http://127.0.0.1:9/v1", fresh="10ms"))
    daemon.camera_ready()
    assert post(daemon, picture(1), "?age_ms=3000")[0] == 200
    status, body = daemon.get("/api/snapshot")
    assert (status, json.loads(body)["error"]["code"]) == (503, "no_picture")


@pytest.mark.parametrize("command", [line for line in DOCUMENTED if "/pictures" in line or "/snapshot" in line])
def test_the_documented_commands_push_a_picture_and_get_it_back(command: str, daemon: Daemon, tmp_path: Path) -> None:
    (tmp_path / "picture.jpg").write_bytes(picture(7))
    assert post(daemon, picture(7))[0] == 200
    said = curl(command, daemon, tmp_path)
    if "-o now.jpg" in command:
        assert (tmp_path / "now.jpg").read_bytes() == picture(7)
    else:
        assert json.loads(said) == {"width": 64, "height": 48}


def test_the_documented_events_begin_with_how_things_stand(daemon: Daemon, tmp_path: Path) -> None:
    (command,) = (line for line in DOCUMENTED if "/api/events" in line)
    os.mkfifo(tmp_path / "first")
    listening = threading.Thread(target=curl, args=(f"{command} | head -n 1 > first", daemon, tmp_path))
    listening.start()
    assert json.loads((tmp_path / "first").read_bytes())["event"] == "status"
    daemon.glassd("do", "pause")  # an event, by which curl finds that nobody reads any more
    listening.join()


def test_the_documented_live_picture_ends_with_a_pause(daemon: Daemon, tmp_path: Path) -> None:
    (command,) = (line for line in DOCUMENTED if "/api/live" in line)
    os.mkfifo(tmp_path / "live.mjpeg")
    assert post(daemon, picture(7))[0] == 200
    watching = threading.Thread(target=curl, args=(command, daemon, tmp_path))
    watching.start()
    with (tmp_path / "live.mjpeg").open("rb") as seen:
        shown = seen.read(len(picture(7)))
        daemon.glassd("do", "pause")
        shown += seen.read()
    watching.join()
    assert picture(7) in shown


@pytest.mark.parametrize(
    ("sent", "status", "words"),
    [
        ({"data": b"hello"}, 400, "neither a JPEG nor a PNG picture"),
        ({"data": b""}, 400, "empty"),
        ({"data": picture(1)[:-9]}, 400, "cut off"),
        ({"data": picture(1), "query": "?age_ms=soon"}, 400, "age_ms"),
        ({"data": picture(1), "query": "?age_ms=-1"}, 400, "age_ms"),
        ({"data": picture(1), "query": "?age_ms=nan"}, 400, "age_ms"),
        ({"data": picture(1), "query": "?age_ms=inf"}, 400, "age_ms"),
        ({"data": picture(1), "query": "?age_ms=60001"}, 400, "N from 0 to 60000"),
        ({"data": picture(1), "content_type": "multipart/form-data"}, 415, "curl --data-binary @FILE"),
        ({"data": b"x" * (MESSAGE_LIMIT_BYTES + 1)}, 413, ""),
    ],
)
def test_what_cannot_be_taken_is_refused_in_one_line_that_says_why(
    sent: dict[str, Any], status: int, words: str, daemon: Daemon
) -> None:
    code, said = post(daemon, **sent)
    assert code == status
    assert words in said["error"]["message"]
    assert "\n" not in said["error"]["message"]
    assert post(daemon, picture(1)) == (200, {"width": 64, "height": 48})


def test_a_picture_that_nobody_takes_is_refused_with_the_reason(daemon: Daemon) -> None:
    daemon.glassd("do", "pause")
    code, said = post(daemon, picture(1))
    assert (code, said["error"]["code"]) == (503, "paused")
    daemon.config.write_text(
        daemon.config.read_text("utf-8").replace("camera: {driver: push, fresh: 1min}", ""), "utf-8"
    )
    daemon.glassd("do", "unpause")
    daemon.glassd("reload")
    code, said = post(daemon, picture(1))
    assert (code, said["error"]["code"]) == (503, "no_camera")
    assert "driver: push" in said["error"]["message"]


def test_a_stream_of_pictures_goes_through_a_socket_and_each_is_answered(daemon: Daemon) -> None:
    async def main() -> None:
        async with (
            aiohttp.ClientSession("http://localhost", connector=aiohttp.UnixConnector(str(daemon.socket))) as session,
            session.ws_connect("/api/sockets/camera") as sender,
        ):
            for number in range(3):
                await sender.send_str('{"age_ms": 5}')
                await sender.send_bytes(picture(number))
                assert await sender.receive_json(timeout=LIMIT_S) == {"width": 64, "height": 48}
            for wrong in ("age", '{"age_ms": -1}', '{"age_ms": true}', '{"age_ms": 1, "x": 2}', "[" * 199):
                await sender.send_str(wrong)
                assert "age_ms" in (await sender.receive_json(timeout=LIMIT_S))["error"]
            await sender.send_bytes(b"no picture")
            assert "neither" in (await sender.receive_json(timeout=LIMIT_S))["error"]
            async with session.get("/api/snapshot") as response:
                assert await response.read() == picture(2)
            await asyncio.to_thread(daemon.glassd, "do", "pause")
            assert (await sender.receive(timeout=LIMIT_S)).type is WSMsgType.CLOSE
            async with session.ws_connect("/api/sockets/camera") as late:
                assert (await late.receive(timeout=LIMIT_S)).data == NOBODY_WAITS

    asyncio.run(main())
    assert daemon.stop() == 0
    assert not [line for line in daemon.log.all if "Traceback" in line or "ERROR" in line]


def curl(command: str, daemon: Daemon, folder: Path) -> str:
    """Run a documented command as a shell does, on this daemon's socket."""
    command = command.replace("/run/glassd/glassd.sock", str(daemon.socket))
    quiet = command.replace("curl", "curl --silent --show-error --fail", 1)
    return subprocess.check_output(["sh", "-c", quiet], cwd=folder, text=True, timeout=LIMIT_S)
