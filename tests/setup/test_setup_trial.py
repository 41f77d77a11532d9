"""The test picture and the test ask, through a daemon that really runs."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from running import photographs

from glassd import messages
from glassd.cli.setup_trial import Trial, grey_picture
from glassd.config.load import load
from glassd.setup.console import Console
from glassd.setup.languages import texts_in
from glassd_drivers.pictures import media_type_and_size

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from running import Daemon, ModelServer

    from glassd.messages import Language

CONFIG = """\
model:
  endpoints:
    - {{url: "{url}", vision: the-model}}
    - url: reader
camera: {{driver: clip, path: "{pictures}", hold: 1s}}
"""


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    return photographs(tmp_path / "pictures", "coffee.png")


def said(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], language: Language = "en"
) -> tuple[bool, list[str]]:
    """Return whether the trial came out well, and what it told."""
    monkeypatch.setenv("GLASSD_SOCKET", str(daemon.socket))
    trial = Trial(load(daemon.config).config, Console(), texts_in(language), language)
    return trial.run("What is this?"), capsys.readouterr().out.splitlines()


def test_a_picture_and_an_answer(
    start: Callable[..., Daemon],
    model: ModelServer,
    pictures: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    daemon = start(CONFIG.format(url=model.url, pictures=pictures))
    model.answer_next("A cup of coffee\non a wooden table, seen from above.")
    good, lines = said(daemon, monkeypatch, capsys)
    assert good
    picture, answer = lines
    size = round((pictures / "coffee.png").stat().st_size / 1024)
    assert picture.startswith(f"Test picture: 600x400 PNG, {size} KB, after 0.")
    assert answer.endswith(" s: A cup of coffee on a wooden table, seen…")
    body = model.request()[1]
    assert body["messages"][-1]["content"][-1]["text"] == "What is this?"


def test_that_the_reader_stepped_in_is_no_success(
    start: Callable[..., Daemon], pictures: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    daemon = start(CONFIG.format(url="http://127.0.0.1:9/v1", pictures=pictures))
    good, lines = said(daemon, monkeypatch, capsys)
    assert not good
    assert lines[1].startswith("Test question: answered after ")
    assert lines[2] == "But that was the reader: the model itself did not answer."
    assert "127.0.0.1:9" in lines[3]


@pytest.fixture
def refusing() -> Iterator[str]:
    """A server that takes no key."""

    class Refusing(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(401)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Refusing) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/v1"
        server.shutdown()
        thread.join()


def test_a_key_that_is_wrong_is_told_in_the_wearers_words(
    start: Callable[..., Daemon],
    refusing: str,
    pictures: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    daemon = start(CONFIG.format(url=refusing, pictures=pictures))
    good, lines = said(daemon, monkeypatch, capsys, "zh")
    assert not good
    what, then = messages.lines(messages.Code.KEY_WRONG, "zh")
    assert lines[2:5] == ["但这是板子上的模型代答的：选定的模型没有回答。", f"  {what}", f"  {then}"]
    assert "HTTP 401" in lines[5]


def test_without_a_camera_the_model_is_tried_all_the_same(
    start: Callable[..., Daemon],
    model: ModelServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("glassd.cli.setup_trial.CAMERA_LIMIT_S", 0.0)
    endpoint = f"{{url: '{model.url}', vision: the-model}}"
    text = f"model: {{endpoints: [{endpoint}]}}\ncamera: {{driver: uvc, device: {tmp_path}/video0}}\n"
    model.answer_next("Grey.")
    good, lines = said(start(text), monkeypatch, capsys)
    assert not good
    assert lines[0] == "Test picture: none"
    assert lines[3].startswith("  no_camera: ")
    assert lines[4].startswith(f"  {tmp_path}/video0 is not there: plug the camera in")
    assert lines[5].endswith("Grey.")


def test_the_grey_picture_is_a_picture() -> None:
    assert media_type_and_size(grey_picture()) == ("image/png", 64, 64)
    pixels = cv2.imdecode(np.frombuffer(grey_picture(), np.uint8), cv2.IMREAD_GRAYSCALE)
    assert pixels is not None
    assert set(pixels.flat) == {0x80}


def test_a_daemon_that_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "glassd.yaml"
    config.write_text("model: {endpoints: [{url: reader}]}\n")
    monkeypatch.setenv("GLASSD_SOCKET", str(tmp_path / "glassd.sock"))
    trial = Trial(load(config).config, Console(), texts_in("en"), "en")
    assert not trial.run("What is this?")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Test question: not answered"
    assert lines[-1].startswith("  daemon_down: no glassd is running")
