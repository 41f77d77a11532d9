"""The local API from outside: over its socket and over an address."""

from __future__ import annotations

import asyncio
import http.client
import json
import socket
from contextlib import closing
from typing import TYPE_CHECKING, Any, cast

import aiohttp
import pytest
from aiohttp.test_utils import TestServer
from running import LIMIT_S, Daemon, photographs

from glassd.api.requests import REQUEST_LIMIT_BYTES
from glassd.api.server import House, application

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TOKEN = "t0ken"
CONFIG = """
model: {{endpoints: [{{url: reader}}]}}
camera: {{driver: clip, path: "{pictures}", fps: 10}}
triggers: [{{when: main press, ask: "?"}}]
api: {{listen: "127.0.0.1:{port}", token: page}}
"""


@pytest.fixture(scope="module")
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory, port: int) -> Iterator[Daemon]:
    """Start one daemon for all these tests, for none of them changes it; nothing of theirs may end up in its log."""
    folder = tmp_path_factory.mktemp("api")
    config = folder / "glassd.yaml"
    config.write_text(CONFIG.format(pictures=photographs(folder / "pictures", "rocket.jpg"), port=port))
    with closing(Daemon(folder, config, environment={"GLASSD_KEY_PAGE": TOKEN})) as daemon:
        daemon.told("READY=1")
        daemon.camera_ready()
        yield daemon
        assert daemon.stop() == 0
        assert not any("Traceback" in line or TOKEN in line for line in daemon.log.all)


def call(port: int, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, str]:
    """Return status and body of one request over the address."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=LIMIT_S)) as connection:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, None if body is None else json.dumps(body), named)
        response = connection.getresponse()
        return response.status, response.read().decode("latin-1")


GOOD = {"Authorization": f"Bearer {TOKEN}"}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (GOOD, 200),
        ({}, 401),
        ({"Authorization": "Bearer wrong"}, 401),
        ({"Authorization": TOKEN}, 401),
        ({"Authorization": "Bearer \xff\xfe"}, 401),
        ({**GOOD, "Host": "localhost"}, 200),
        ({**GOOD, "Host": "glasses.attacker.example"}, 403),
        ({**GOOD, "Host": "[::1"}, 403),
        ({**GOOD, "Origin": "http://["}, 403),
        ({**GOOD, "Origin": "https://attacker.example"}, 403),
        ({**GOOD, "Origin": "null"}, 403),
        ({**GOOD, "Sec_Fetch_Site": "cross-site"}, 403),
        ({**GOOD, "Sec_Fetch_Site": "same-origin"}, 200),
    ],
)
def test_an_address_asks_for_the_token_its_own_name_and_its_own_pages(
    daemon: Daemon, port: int, headers: dict[str, str], status: int
) -> None:
    for path in ("/api/status", "/api/snapshot"):
        assert call(port, "GET", path, **headers)[0] == status
    assert daemon.get("/api/status")[0] == 200


def test_a_page_of_the_address_itself_may_call(daemon: Daemon, port: int) -> None:
    assert call(port, "GET", "/api/status", Origin=f"http://127.0.0.1:{port}", **GOOD)[0] == 200
    assert daemon.get("/api/status")[0] == 200


@pytest.mark.parametrize("kind", ["", "text/plain", "application/x-www-form-urlencoded"])
def test_a_post_that_a_form_elsewhere_could_send_is_refused(daemon: Daemon, port: int, kind: str) -> None:
    headers = GOOD | ({"Content_Type": kind} if kind else {})
    assert call(port, "POST", "/api/press", {"button": "main"}, **headers)[0] == 415
    assert json.loads(daemon.get("/api/status")[1])["last_ask"] is None


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (GOOD, 503),  # let in: this daemon's camera takes no pictures
        (GOOD | {"Content_Type": "application/x-www-form-urlencoded"}, 503),
        (GOOD | {"Content_Type": "multipart/form-data; boundary=x"}, 415),
        ({"Content_Type": "image/jpeg"}, 401),
        (GOOD | {"Content_Type": "image/jpeg", "Origin": "https://attacker.example"}, 403),
    ],
)
def test_a_picture_is_let_in_as_anything_else_is(
    daemon: Daemon, port: int, headers: dict[str, str], status: int
) -> None:
    assert call(port, "POST", "/api/pictures", {}, **headers)[0] == status
    assert daemon.get("/api/status")[0] == 200


class Nobody:
    """A house where no camera takes pictures."""

    def offer_picture(self, _channel: object) -> bool:
        return False

    def status(self) -> dict[str, str]:
        return {"state": "idle"}


def test_an_address_without_a_token_takes_no_picture_that_a_form_elsewhere_could_send() -> None:
    async def statuses() -> list[int]:
        async with TestServer(application(cast("House", Nobody()), None)) as server, aiohttp.ClientSession() as session:
            found = []
            for kind in ("application/x-www-form-urlencoded", "text/plain", "image/jpeg", "image/png"):
                url = server.make_url("/api/pictures")
                async with session.post(url, data=b"x", headers={"Content-Type": kind}) as response:
                    found.append(response.status)
            return found

    assert asyncio.run(statuses()) == [415, 415, 503, 503]


class Flashing:
    """A house whose display flashes until it is told to end."""

    def __init__(self) -> None:
        self.begun, self.end = asyncio.Event(), asyncio.Event()

    async def latency(self) -> dict[str, Any]:
        self.begun.set()
        await self.end.wait()
        return {"latency_s": None, "reason": "display_not_in_view"}


def test_the_display_flashes_for_one_caller_at_a_time() -> None:
    async def both() -> tuple[int, str, Any]:
        house = Flashing()
        api = application(cast("House", house), None)
        async with TestServer(api) as server, aiohttp.ClientSession(server.make_url("/")) as session:
            first = asyncio.create_task(session.post("/api/latency", json={}))
            await house.begun.wait()
            async with session.post("/api/latency", json={}) as second:
                refused = second.status, (await second.json())["error"]["code"]
            house.end.set()
            async with await first as response:
                return *refused, await response.json()

    assert asyncio.run(both()) == (503, "busy", {"latency_s": None, "reason": "display_not_in_view"})


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        ("/api/press", {"button": "mian"}, "mian press starts nothing; these do: main press"),
        ("/api/press", {"button": "main", "gesture": "long"}, "main long starts nothing"),
        ("/api/press", {"button": "main", "gesture": "shake"}, "gesture"),
        ("/api/press", {}, "button"),
        ("/api/do", {"command": "paus"}, "no command paus; did you mean pause?"),
        ("/api/do", {"command": "next\npage"}, "did you mean next page?"),
        ("/api/do", {}, "command"),
        ("/api/ask", {"prompt": ""}, "prompt"),
        ("/api/ask", {"prompt": " \n"}, "prompt"),
        ("/api/ask", {"prompt": 3}, "prompt"),
        ("/api/ask", {"prompt": "?", "pictures": [{"data": "é"}]}, "picture 1"),
        ("/api/press", {"button": "m" * 101}, "button"),
        ("/api/ask", {"prompt": "?", "picture": []}, "picture"),
        ("/api/ask", {"prompt": "?", "pictures": [{}]}, "picture 1: exactly one of data and url"),
        ("/api/ask", {"prompt": "?", "pictures": [{"data": "!!"}]}, "picture 1"),
        ("/api/ask", {"prompt": "?", "pictures": [{"data": "aGVsbG8="}]}, "picture 1: neither a JPEG nor a PNG"),
        ("/api/ask", {"prompt": "?", "pictures": [{"url": "file:///etc/passwd"}]}, "picture 1: an http"),
        ("/api/ask", {"prompt": "?", "frames": "3"}, "frames: expected none, one, or a burst such as 3 over 2s"),
        ("/api/ask", {"prompt": "?", "busy": "queue\n99"}, r"got 'queue\\n99'"),
        ("/api/ask", {"prompt": "?", "endpoint": "cloud"}, "endpoint: expected the name of an endpoint, got 'cloud'"),
        (
            "/api/ask",
            {"prompt": "?", "outbox": True},
            "outbox: the config has no section outbox: in which it could wait",
        ),
        ("/api/ask", {"prompt": "?", "model": "text", "frames": "one"}, "model: vision, for a text model sees no"),
        ("/api/ask", {"prompt": "?", "model": "audio"}, "model"),
        ("/api/ask", {"prompt": "?", "origin": "button"}, "origin"),
        ("/api/ask", {"prompt": "?", "frames": "x" * 101}, "frames"),
    ],
)
def test_a_request_that_cannot_be_is_refused_in_one_line_that_says_why(
    daemon: Daemon, path: str, body: Any, words: str
) -> None:
    status, answer = daemon.get(path, body=body)
    assert status == 400
    error = json.loads(answer)["error"]
    assert error["code"] == "request_invalid"
    message = error["message"]
    assert words in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (("POST", "/api/ask", b'{"prompt": "\xe9"}', {}), 400),
        (("POST", "/api/press", b"{", {}), 400),
        (("POST", "/api/press", b"no gzip", {"Content-Encoding": "gzip"}), 400),
        (("POST", "/api/press", b" " * (REQUEST_LIMIT_BYTES + 1), {}), 413),
        (("PUT", "/api/press", b"{}", {}), 405),
        (("GET", "/api/nothing", b"", {}), 404),
    ],
)
def test_every_refusal_has_the_one_shape(
    daemon: Daemon, port: int, sent: tuple[str, str, bytes, dict[str, str]], status: int
) -> None:
    method, path, body, headers = sent
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=LIMIT_S)) as connection:
        connection.request(method, path, body, GOOD | {"Content-Type": "application/json"} | headers)
        response = connection.getresponse()
        assert response.status == status
        error = json.loads(response.read())["error"]
        assert error["message"]
        assert error["code"] == ("request_too_big" if status == 413 else "request_invalid")
    with closing(socket.create_connection(("127.0.0.1", port), LIMIT_S)) as no_http:
        no_http.sendall(b"Authorization t0ken\r\n\r\n")
        assert b"400" in no_http.recv(1000)
    assert daemon.get("/api/status")[0] == 200


def test_the_snapshot_is_a_picture_that_nobody_keeps(daemon: Daemon, port: int) -> None:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=LIMIT_S)) as connection:
        connection.request("GET", "/api/snapshot", headers=GOOD)
        response = connection.getresponse()
        assert response.read(2) == b"\xff\xd8"
        assert response.headers["Content-Type"] == "image/jpeg"
        assert response.headers["Cache-Control"] == "no-store"
        response.read()
    assert daemon.get("/api/status")[0] == 200


def test_a_socket_that_no_driver_waits_for_is_closed_with_a_reason(daemon: Daemon) -> None:
    status, _ = daemon.get("/api/sockets/nobody")
    assert status == 426


def test_the_frames_of_a_moment_are_shown_with_the_reason_why_one_won(daemon: Daemon, tmp_path: Path) -> None:
    folder = tmp_path / "window"
    done = daemon.glassd("snap", "--window", str(folder))
    lines = done.stdout.splitlines()
    files = sorted(folder.iterdir())
    assert [line.partition(": ")[0] for line in lines] == list(map(str, files))
    assert sum("chosen: " in line for line in lines) == 1
    assert all(file.read_bytes().startswith(b"\xff\xd8") for file in files)
