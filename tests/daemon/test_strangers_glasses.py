"""A stranger's glasses from outside the tree: camera, buttons and display over one line, in a whole daemon."""

from __future__ import annotations

import base64
import json
import os
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator, ValidationError
from running import LIMIT_S, PYTHON, photographs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from running import Daemon, ModelServer

PACKAGE = Path(__file__).parents[1] / "example_driver"
CONFIG = """
model: {{endpoints: [{{url: "{url}", vision: some-model}}]}}
camera: {{driver: example, line: "{line}"}}
buttons: [{{driver: example, line: "{line}"}}]
displays: [{{driver: example, line: "{line}"}}]
triggers: [{{when: tap press, ask: "What is this?"}}]
"""


class FarEnd:
    """The glasses: their end of the line, as their firmware would speak."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(LIMIT_S)
        self.line = f"127.0.0.1:{self._listener.getsockname()[1]}"

    def connected(self) -> None:
        """Wait until the board has connected."""
        self._connection, _ = self._listener.accept()
        self._connection.settimeout(LIMIT_S)
        self._heard = self._connection.makefile("r", encoding="utf-8")

    def say(self, message: dict[str, Any]) -> None:
        self._connection.sendall(json.dumps(message).encode() + b"\n")

    def screen(self, text: str) -> dict[str, Any]:
        """Return the next screen that holds a text."""
        for line in self._heard:
            screen: dict[str, Any] = json.loads(line)
            if text in "".join(screen["screen"]):
                return screen
        raise AssertionError(f"no screen with {text!r} came")

    def nobody_else_connects(self) -> None:
        self._listener.settimeout(0)
        with pytest.raises(BlockingIOError):
            self._listener.accept()

    def close(self) -> None:
        self._heard.close()
        self._connection.close()
        self._listener.close()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The folder that the package is installed into, without a network."""
    site = tmp_path_factory.mktemp("site")
    source = tmp_path_factory.mktemp("source") / "example"
    subprocess.run(["cp", "-r", str(PACKAGE), str(source)], check=True)
    pip = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "-q",
        "--no-index",
        "--no-deps",
        "--no-build-isolation",
        "--no-compile",
    ]
    subprocess.run([*pip, "--disable-pip-version-check", "--target", str(site), str(source)], check=True)
    return str(site)


@pytest.fixture
def glasses() -> Iterator[FarEnd]:
    with closing(FarEnd()) as far:
        yield far


def glassd(site: str, *arguments: str) -> str:
    done = subprocess.run(
        [*PYTHON, "-m", "glassd", *arguments],
        env=os.environ | {"PYTHONPATH": site},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_its_drivers_are_listed_with_their_package(site: str) -> None:
    rows = [line for line in glassd(site, "drivers").splitlines() if "example-glasses 0.3" in line]
    assert [row.split()[0] for row in rows] == ["cameras", "buttons", "displays"]


def test_the_schema_and_the_check_know_its_options(site: str, tmp_path: Path) -> None:
    validator = Draft202012Validator(json.loads(glassd(site, "schema")))
    good: dict[str, Any] = {
        "model": {"endpoints": [{"url": "reader"}]},
        "camera": {"driver": "example", "line": "127.0.0.1:7000"},
    }
    validator.validate(good)
    with pytest.raises(ValidationError):
        validator.validate(good | {"camera": {"driver": "example", "lien": "127.0.0.1:7000"}})
    config = tmp_path / "glassd.yaml"
    config.write_text(CONFIG.format(url="https://model.example/v1", line="nowhere"))
    done = subprocess.run(
        [*PYTHON, "-m", "glassd", "check", str(config)],
        env=os.environ | {"PYTHONPATH": site},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert all("a host and a port, such as 127.0.0.1:7000" in line for line in done.stderr.splitlines())
    assert len(done.stderr.splitlines()) == 3


def test_a_tap_on_it_is_answered_on_it_over_its_one_line(
    site: str, glasses: FarEnd, tmp_path: Path, start: Callable[..., Daemon], model: ModelServer
) -> None:
    picture = (photographs(tmp_path / "pictures", "rocket.jpg") / "rocket.jpg").read_bytes()
    daemon = start(CONFIG.format(url=model.url, line=glasses.line), PYTHONPATH=site)
    glasses.connected()
    with daemon.events() as events:
        glasses.say({"frame": base64.b64encode(picture).decode()})
        glasses.say({"edge": "down", "button": "tap"})
        _, body = model.request()
        sent = body["messages"][-1]["content"][0]["image_url"]["url"]
        assert base64.b64decode(sent.partition("base64,")[2]) == picture
        model.say("A rocket ")
        glasses.screen("A rocket")
        model.say("on its pad.")
        model.finish()
        assert events.until(event="ask")["outcome"] == "finished"
    assert glasses.screen("on its pad.")["mark"] in ("writing", "done")
    glasses.nobody_else_connects()
    assert daemon.stop() == 0
