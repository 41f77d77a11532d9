"""A daemon and a model server as the processes they are, for tests that look at them from outside."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

LIMIT_S = 20.0
"""Real seconds that a test waits for what must come: generous, for it only matters when it does not come."""
PYTHON = [sys.executable, "-X", "dev", "-W", "error"]


def free_port() -> int:
    """Return a port of loopback that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Lines:
    """A process's output as lines, read by a thread so that a pipe never fills up."""

    def __init__(self, stream: Any) -> None:
        self.all: list[str] = []
        self._queue: queue.Queue[str | None] = queue.Queue()
        self._thread = threading.Thread(target=self._read, args=(stream,), daemon=True)
        self._thread.start()

    def until(self, text: str, limit_s: float = LIMIT_S) -> str:
        """Return the next line that holds a text; fail if the output ends or the time for a line runs out before."""
        while True:
            try:
                line = self._queue.get(timeout=limit_s)
            except queue.Empty:
                line = None
            assert line is not None, f"{text!r} never came; there was:\n" + "\n".join(self.all[-40:])
            if text in line:
                return line

    def rest(self) -> list[str]:
        """Return all lines, once the stream has ended."""
        self._thread.join(LIMIT_S)
        return self.all

    def _read(self, stream: Any) -> None:
        for line in stream:
            self.all.append(line.rstrip("\n"))
            self._queue.put(line.rstrip("\n"))
        self._queue.put(None)


class ModelServer:
    """The far end: what it was sent, and what it says."""

    def __init__(self, folder: Path, port: int = 0, within: Sequence[str] = ()) -> None:
        """`port`: 0 for a free one. `within`: the command that runs it elsewhere, as in a network namespace."""
        folder.mkdir()
        self.folder = folder
        script = Path(__file__).with_name("model_server.py")
        command = [*within, sys.executable, str(script), str(folder), str(port)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.lines = Lines(self.process.stdout)
        self.url = f"http://127.0.0.1:{self.lines.until('port').split()[1]}/v1"

    def request(self, limit_s: float = LIMIT_S) -> tuple[dict[str, str], dict[str, Any]]:
        """Wait for the next request; return its headers (lower case) and its body."""
        number = self.lines.until("request", limit_s).split()[1]
        head = (self.folder / f"{number}.head").read_bytes().decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
        return headers | {"": head[0]}, json.loads((self.folder / f"{number}.body").read_bytes())

    def say(self, text: str) -> None:
        """Stream one delta."""
        self.event({"choices": [{"delta": {"content": text}, "index": 0, "finish_reason": None}]})

    def answer_next(self, text: str) -> None:
        """Answer the next request as soon as it comes."""
        self.say(text)
        self.finish()

    def finish(self) -> None:
        """End the answer well."""
        self.event({"choices": [{"delta": {"content": ""}, "index": 0, "finish_reason": "stop"}]})
        self.send(b"data: [DONE]\n\n")
        self.command("end")

    def event(self, chunk: dict[str, Any]) -> None:
        self.send(b"data: " + json.dumps(chunk).encode() + b"\n\n")

    def send(self, data: bytes) -> None:
        self.command("send " + data.decode("latin-1").encode("unicode_escape").decode())

    def command(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def close(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(LIMIT_S)
        self.lines.rest()
        self.process.stdout.close()


@dataclass
class Daemon:
    """A running `glassd run`, and how to talk to it."""

    folder: Path
    config: Path
    arguments: list[str] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)
    within: Sequence[str] = ()
    """The command that runs it elsewhere, as in a network namespace."""

    def __post_init__(self) -> None:
        self.socket = self.folder / "run" / "glassd.sock"
        notify = self.folder / "notify"
        notify.unlink(missing_ok=True)
        self._notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._notify.bind(str(notify))
        self._told: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()
        inherited = {key: value for key, value in os.environ.items() if key != "JOURNAL_STREAM"}
        self.environment = inherited | {
            "GLASSD_SOCKET": str(self.socket),
            "STATE_DIRECTORY": str(self.folder / "state"),
            "NOTIFY_SOCKET": str(notify),
            "PYTHONIOENCODING": "utf-8",
            **self.environment,
        }
        command = [*self.within, *PYTHON, "-m", "glassd", "run", "-c", str(self.config), *self.arguments]
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self.environment,
        )
        self.shown = Lines(self.process.stdout)
        self.log = Lines(self.process.stderr)

    def told(self, word: str) -> str:
        """Wait until systemd is told something."""
        while True:
            try:
                datagram = self._told.get(timeout=LIMIT_S)
            except queue.Empty:
                raise AssertionError(f"systemd was never told {word}; log:\n" + "\n".join(self.log.all)) from None
            if word in datagram:
                return datagram

    def told_nothing_yet(self) -> None:
        """Make sure that systemd was not told anything more."""
        self.get("/api/status")  # so that what the daemon does at once is done
        assert self._told.empty(), f"systemd was told {self._told.get()!r}"

    def _listen(self) -> None:
        with contextlib.suppress(OSError):  # closed: the test is over
            while datagram := self._notify.recv(4096):
                self._told.put(datagram.decode())

    def glassd(self, *arguments: str, status: int = 0) -> subprocess.CompletedProcess[str]:
        """Run a command of glassd beside it, and return what it gave."""
        command = [*PYTHON, "-m", "glassd", *arguments]
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            env=self.environment,
            timeout=60,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        assert done.returncode == status, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def get(self, path: str, headers: dict[str, str] | None = None, body: Any = None) -> tuple[int, bytes]:
        """Return the status and body of one API request over the unix socket."""
        connection = http.client.HTTPConnection("localhost")
        connection.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.sock.settimeout(LIMIT_S)
        with contextlib.closing(connection):
            connection.sock.connect(str(self.socket))
            method = "GET" if body is None else "POST"
            sent = None if body is None else json.dumps(body)
            json_type = {} if body is None else {"Content-Type": "application/json"}
            connection.request(method, path, sent, json_type | (headers or {}))
            response = connection.getresponse()
            return response.status, response.read()

    @contextmanager
    def events(self) -> Iterator[Events]:
        """Listen to the daemon's events while this is entered."""
        with self.stream("/api/events") as response:
            events = Events(response)
            events.until(event="status")
            yield events

    @contextmanager
    def stream(self, path: str) -> Iterator[http.client.HTTPResponse]:
        """Lend the response of a request whose body has no end, over the unix socket."""
        connection = http.client.HTTPConnection("localhost")
        connection.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.sock.settimeout(LIMIT_S)
        with contextlib.closing(connection):
            connection.sock.connect(str(self.socket))
            connection.request("GET", path)
            with connection.getresponse() as response:
                yield response

    def camera_ready(self) -> None:
        """Wait until the camera gives frames."""
        with self.events() as events:
            status = json.loads(self.get("/api/status")[1])
            if not any(device["name"] == "camera" and device["state"] == "ready" for device in status["devices"]):
                events.until(event="device", name="camera", state="ready")

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and return the exit status."""
        self.process.send_signal(number)
        return self.wait()

    def wait(self) -> int:
        status = self.process.wait(LIMIT_S)
        self.shown.rest()
        self.log.rest()
        return status

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.wait()
        self._notify.shutdown(socket.SHUT_RDWR)
        self._notify.close()
        for stream in (self.process.stdout, self.process.stderr):
            assert stream is not None
            stream.close()


class Events:
    """The daemon's events, one after the other."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self._response = response
        self.all: list[dict[str, Any]] = []

    def until(self, **facts: Any) -> dict[str, Any]:
        """Return the next event with these facts."""
        while line := self._response.readline():
            if not line.strip():
                continue  # a sign of life
            event: dict[str, Any] = json.loads(line)
            self.all.append(event)
            if all(event.get(key) == value for key, value in facts.items()):
                return event
        raise AssertionError(f"no event {facts} came; there were {self.all}")

    def screen(self, text: str, mark: str | None = None) -> dict[str, Any]:
        """Return the next screen that holds a text."""
        while True:
            event = self.until(event="screen")
            if text in "".join(event["lines"]) and mark in (None, event["mark"]):
                return event


def photographs(folder: Path, *names: str) -> Path:
    """Return a folder with photographs that scikit-image carries, as a camera would send them: pictures alone."""
    import cv2
    import skimage

    folder.mkdir()
    for name in names:
        picture = cv2.imread(str(Path(skimage.__file__).parent / "data" / name))
        assert picture is not None
        cv2.imwrite(str(folder / name), picture, [cv2.IMWRITE_JPEG_QUALITY, 85])
    return folder
