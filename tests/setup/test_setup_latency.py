"""`camera.latency` in setup: flashed and measured through a daemon that really runs, answered, kept and written."""

from __future__ import annotations

import http.server
import json
import os
import socketserver
import threading
from typing import TYPE_CHECKING

import facing_glasses
import pytest

from glassd.cli.setup_latency import LatencyStep
from glassd.config.load import load
from glassd.setup.changes import Changes
from glassd.setup.console import Console
from glassd.setup.languages import texts_in
from glassd.setup.latency import with_latency, with_latency_of
from glassd.setup.places import Places

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from running import Daemon

LATE_S, FPS = 0.14, 20
CONFIG = """\
model: {{endpoints: [{{url: reader}}]}}
language: en

# The camera on the bench.
camera:
  driver: facing{camera}
displays: [{{driver: facing}}]
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Where the camera and the display that face each other are installed."""
    site = facing_glasses.install(tmp_path / "site")
    monkeypatch.syspath_prepend(site)
    return site


class Bench:
    """A daemon, and the step of setup that measures through it."""

    def __init__(self, daemon: Daemon, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        monkeypatch.setenv("GLASSD_SOCKET", str(daemon.socket))
        self.daemon = daemon
        self.config = daemon.config
        self.before = daemon.config.read_text()
        folder = daemon.folder
        self._places = Places(folder, self.config, folder, "", folder, folder, "glassd")
        self._capsys = capsys

    @property
    def latency(self) -> float:
        camera = load(self.config).config.camera
        assert camera is not None
        return camera.latency

    def measure(self) -> list[str]:
        """Measure it, and return what is said."""
        return self._run(lambda step, changes: step.take(changes))

    def offer(self, typed: str) -> list[str]:
        """Offer it to somebody who types a line, and return what is said."""
        read, write = os.pipe()
        os.write(write, f"{typed}\n".encode())
        os.close(write)
        try:
            return self._run(lambda step, changes: step.offer(changes), Console(read))
        finally:
            os.close(read)

    def _run(self, do: Callable[[LatencyStep, Changes], None], console: Console | None = None) -> list[str]:
        step = LatencyStep(load(self.config).config, console or Console(), texts_in("en"), self._places)
        with Changes() as changes:
            do(step, changes)
        return self._capsys.readouterr().out.splitlines()


@pytest.fixture
def bench(
    start: Callable[..., Daemon], site: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Bench]:
    def bench(camera: str = "", config: str = CONFIG) -> Bench:
        daemon = start(config.format(camera=camera), PYTHONPATH=site)
        daemon.camera_ready()
        return Bench(daemon, monkeypatch, capsys)

    return bench


@pytest.mark.soak  # eight flashes take their time: 9 s
def test_flashes_tell_the_latency_and_it_is_written_and_in_force(bench: Callable[..., Bench]) -> None:
    """It is written in whole milliseconds, with how it was measured behind it; all else stays as it was."""
    there = bench(f"\n  fps: {FPS}\n  delay: {LATE_S * 1000:.0f}ms\n  latency: 5ms  # a guess")
    measuring, measured, wrote = there.measure()
    assert measuring == "Measuring …"
    assert abs(there.latency - LATE_S) <= 0.5 / FPS
    milliseconds = f"{there.latency * 1000:.0f}ms"
    assert measured.startswith(f"Pictures are stamped {milliseconds} after they were in view (± 25ms, told by ")
    assert wrote == f"Written: {there.config}"
    written = there.config.read_text()
    assert f"  latency: {milliseconds}  # measured by setup with 8 flashes of the display, ± 25ms\n" in written
    kept = [line for line in there.before.splitlines() if "latency:" not in line]
    assert [line for line in written.splitlines() if "latency:" not in line] == kept


class Measured(http.server.BaseHTTPRequestHandler):
    """Tells any request that flashes told a latency of just between two milliseconds."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        body = json.dumps({"latency_s": 0.3025, "uncertainty_s": 0.0333, "flashes": 8}).encode()
        self.wfile.write(b"HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.mark.usefixtures("site")
def test_a_latency_between_two_milliseconds_is_written_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    config, socket = tmp_path / "glassd.yaml", tmp_path / "s"
    config.write_text(CONFIG.format(camera=""))
    monkeypatch.setenv("GLASSD_SOCKET", str(socket))
    places = Places(tmp_path, config, tmp_path, "", tmp_path, tmp_path, "glassd")
    with socketserver.UnixStreamServer(str(socket), Measured) as server, Changes() as changes:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            LatencyStep(load(config).config, Console(), texts_in("en"), places).take(changes)
        finally:
            server.shutdown()
            thread.join()
    assert "latency: 302ms" in config.read_text()
    assert f"Written: {config}" in capsys.readouterr().out


@pytest.mark.soak  # eight flashes take their time: 9 s
def test_a_camera_that_looks_elsewhere_changes_nothing(bench: Callable[..., Bench]) -> None:
    there = bench("\n  away: true")
    assert there.measure()[-1] == "Not measured: the camera did not see the display flash; go closer"
    assert there.config.read_text() == there.before


def test_who_leaves_it_out_is_asked_nothing_more(bench: Callable[..., Bench]) -> None:
    there = bench()
    told = there.offer("n")
    assert told[1].startswith("How late does the camera stamp its pictures?")
    assert len(told) == 4
    assert there.config.read_text() == there.before


def test_a_daemon_that_is_paused_says_why_nothing_is_measured(bench: Callable[..., Bench]) -> None:
    there = bench()
    there.daemon.get("/api/do", body={"command": "pause"})
    assert there.offer("")[-1].startswith("Not measured: ")
    assert there.config.read_text() == there.before


@pytest.mark.soak  # eight flashes take their time: 9 s
def test_what_a_file_in_conf_d_says_stays_and_the_person_is_told(bench: Callable[..., Bench]) -> None:
    there = bench()
    parts = there.config.parent / "conf.d"
    parts.mkdir()
    (parts / "camera.yaml").write_text("camera: {latency: 1s}\n")
    told = there.measure()[-1]
    assert told.startswith("Write `latency: ")
    assert told.endswith(f"ms` under camera: yourself; setup cannot, in {there.config}")
    assert there.config.read_text() == there.before


def test_without_a_display_or_a_stream_it_is_not_offered(
    start: Callable[..., Daemon], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    there = Bench(start("model: {endpoints: [{url: reader}]}\n"), monkeypatch, capsys)
    assert there.offer("") == []
    assert there.measure() == [
        "Not measured: it takes a display, and a camera that streams with capture: ring",
    ]


# -- its place in the config ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("camera:\n  driver: uvc", "camera:\n  driver: uvc\n  latency: 83ms  # so"),
        ("# Ours.\ncamera:  # on top\n\n    # the best\n    driver: uvc\n    latency: 1s   # old\n    fps: 15", ""),
        ("camera: {driver: uvc}", "# latency: so\ncamera: {driver: uvc, latency: 83ms}"),
        ("camera: {latency: 0ms, driver: uvc}  # x", "# latency: so\ncamera: {driver: uvc, latency: 83ms}  # x"),
        ("camera: {driver: uvc, latency: 0ms, fps: 5}", "# latency: so\ncamera: {driver: uvc, fps: 5, latency: 83ms}"),
    ],
)
def test_of_a_section_the_latency_alone_changes(before: str, after: str) -> None:
    after = (
        after or "# Ours.\ncamera:  # on top\n\n    # the best\n    driver: uvc\n    fps: 15\n    latency: 83ms  # so"
    )
    assert with_latency(before, 0.083, "so") == after
    assert with_latency(after, 0.083, "so").replace("# latency: so\n" * 2, "# latency: so\n") == after  # type: ignore[union-attr]


@pytest.mark.parametrize("section", ["", "# No camera.", "camera: {driver: uvc,\n  fps: 5}", "camera:"])
def test_a_section_that_is_written_in_another_way_is_left_alone(section: str) -> None:
    assert with_latency(section, 0.083) is None


def test_the_latency_stays_with_the_camera_that_it_was_measured_of() -> None:
    section = "# The camera: C920.\ncamera:\n  driver: uvc\n  fps: 15"
    measured = f"{section}\n  latency: 83ms  # measured"
    assert with_latency_of(section, measured) == measured
    assert with_latency_of(measured, measured) == measured
    assert with_latency_of(section.replace("# The camera: C920.", "# 摄像头：C920。"), measured).endswith("# measured")
    for other in (section.replace("15", "30"), f"{section}\n  latency: 5ms"):
        assert with_latency_of(other, measured) == other
