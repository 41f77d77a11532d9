"""The daemon and its command as processes, beside the usual script and beside the least that could be done."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
from measure import Ratio, by_turns, photograph
from processes import daemon

from glassd.cli.daemon_socket import request, request_json

if TYPE_CHECKING:
    from collections.abc import Iterator

ROUNDS = 7

USUAL_IMPORTS = "import aiohttp, cv2"
CONFIG = """
model:
  endpoints:
    - url: reader
camera:
  driver: clip
  path: {pictures}
displays:
  - driver: terminal
triggers:
  - when: main press
    ask: "这是什么?"
log: {{level: error}}
"""


def light_commands() -> Iterator[Ratio]:
    """What only reads or talks to the socket, beside the imports that it does without."""
    with _house() as house:
        for words, must in ((["--help"], 0.6), (["check", str(house.config)], None)):
            command = ["-m", "glassd", *words]
            ours, theirs = by_turns(ROUNDS, partial(_seconds, *command), partial(_seconds, "-c", USUAL_IMPORTS))
            yield Ratio(f"glassd {words[0]}, beside `{USUAL_IMPORTS}`", ours, theirs, "s", must)


def press_to_screen() -> Iterator[Ratio]:
    """From a press to the first words on the display, beside a script that is started for each press."""
    with _house() as house, daemon(house.config):
        house.wait_for_camera()
        ours, theirs = by_turns(ROUNDS, house.press_to_words, house.a_script_per_press)
        yield Ratio("press to first words (reader), beside one `ask --direct`", ours, theirs, "s")


class _House:
    """A config over one real photograph, and the daemon on it."""

    def __init__(self, folder: Path) -> None:
        self.pictures = folder / "pictures"
        self.pictures.mkdir()
        cv2.imwrite(str(self.pictures / "view.jpg"), photograph(1280, 720))
        self.config = folder / "glassd.yaml"
        self.config.write_text(CONFIG.format(pictures=self.pictures), encoding="utf-8")
        os.environ["GLASSD_SOCKET"] = str(folder / "glassd.sock")

    def wait_for_camera(self) -> None:
        """Return once the camera's first frame can be had."""
        for event in self._events():
            devices = event.get("devices", [event])
            if any((device.get("name"), device.get("state")) == ("camera", "ready") for device in devices):
                return

    def press_to_words(self) -> float:
        """Return the seconds from a press to the first screen with words of the answer."""
        events = self._events()
        next(events)
        before = time.monotonic()
        request_json("POST", "/api/press", {"button": "main", "gesture": "press"})
        for event in events:
            if event["event"] == "screen" and event["mark"] in ("writing", "done"):
                break
        seconds = time.monotonic() - before
        for event in events:
            if event["event"] == "ask":
                break
        return seconds

    def a_script_per_press(self) -> float:
        """Return the seconds that one process takes to the first words of an answer."""
        words = ["ask", "--direct", "--json", "-c", str(self.config), "--image", str(self.pictures / "view.jpg"), "?"]
        before = time.monotonic()
        with subprocess.Popen([sys.executable, "-m", "glassd", *words], stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            process.stdout.readline()
            seconds = time.monotonic() - before
            process.stdout.read()
        return seconds

    @staticmethod
    def _events() -> Iterator[dict[str, Any]]:
        with contextlib.closing(_lines()) as lines:
            yield from lines


def _lines() -> Any:
    with request("GET", "/api/events") as response:
        for line in response:
            yield json.loads(line)


@contextmanager
def _house() -> Iterator[_House]:
    with tempfile.TemporaryDirectory() as folder:
        yield _House(Path(folder))


def _seconds(*words: str) -> float:
    before = time.monotonic()
    subprocess.run([sys.executable, *words], capture_output=True, check=True)
    return time.monotonic() - before
