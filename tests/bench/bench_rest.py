"""The daemon while nobody asks, beside the script that people write first: its start, its memory, its CPU."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

import pan
from measure import Ratio
from processes import daemon

if TYPE_CHECKING:
    from collections.abc import Iterator

ROUNDS = 3
SETTLE_S = 4.0
"""Until the ring is full."""
REST_S = 3.0
"""How long the CPU's time is counted."""

USUAL_SCRIPT = """
import sys, time, cv2, openai
client = openai.OpenAI(api_key="none", base_url="http://127.0.0.1:9/v1")
capture = cv2.VideoCapture(sys.argv[1])
due = time.monotonic()
first = True
while True:
    there, picture = capture.read()
    if not there:
        capture.set(cv2.CAP_PROP_POS_FRAMES, 0)
        continue
    if first:
        print("first picture", flush=True)
        first = False
    due += 1 / 30
    time.sleep(max(0.0, due - time.monotonic()))
"""
"""What people write first: the newest picture in hand, decoded, for the SDK to send when somebody asks."""

CONFIG = """
model:
  endpoints:
    - {endpoint}
camera:
  driver: clip
  path: {recording}
  fps: 30
  choice: {{window: {window}}}
displays:
  - driver: terminal
triggers:
  - when: main press
    ask: "这是什么?"
log: {{level: error}}
"""
READER = "url: reader"
NETWORK = "{url: http://127.0.0.1:9/v1, vision: none}"


class _Rest(NamedTuple):
    """What one process took: seconds to its start, MiB resident, the part of a core that it used."""

    start_s: float
    resident_mib: float
    core: float


def at_rest() -> Iterator[Ratio]:
    """A camera of 720p at 30 fps that nobody asks about; a model on the board and OpenCV loaded, then neither.

    Without the reader and with `window: 0ms` nothing looks at a picture, and OpenCV is not needed.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        video, pictures = folder / "view.avi", folder / "pictures"
        pan.as_video(video)
        pan.as_folder(pictures)
        os.environ["GLASSD_SOCKET"] = str(folder / "glassd.sock")
        loaded, light = folder / "loaded.yaml", folder / "light.yaml"
        loaded.write_text(CONFIG.format(endpoint=READER, recording=video, window="150ms"), encoding="utf-8")
        light.write_text(CONFIG.format(endpoint=NETWORK, recording=pictures, window="0ms"), encoding="utf-8")
        rounds = [(_daemon(loaded), _daemon(light), _script(video)) for _ in range(ROUNDS + 1)][1:]
    ours, before_opencv, theirs = (_Rest(*map(median, zip(*each, strict=True))) for each in zip(*rounds, strict=True))
    yield Ratio("start to READY, beside the usual script's first picture", ours.start_s, theirs.start_s, "s", goal=1)
    yield Ratio("memory at rest, OpenCV loaded", ours.resident_mib, theirs.resident_mib, "MiB", goal=90)
    light_mib = before_opencv.resident_mib
    yield Ratio("memory at rest, before OpenCV is needed", light_mib, theirs.resident_mib, "MiB", goal=55)
    yield Ratio("CPU at rest, 720p at 30 fps", ours.core * 100, theirs.core * 100, "%", goal=3)


def _daemon(config: Path) -> _Rest:
    with daemon(config) as (process, seconds):
        return _Rest(seconds, *_rest(process.pid))


def _script(video: Path) -> _Rest:
    before = time.monotonic()
    with _running(USUAL_SCRIPT, video) as process:
        assert process.stdout is not None
        process.stdout.readline()
        seconds = time.monotonic() - before
        return _Rest(seconds, *_rest(process.pid))


@contextmanager
def _running(script: str, *words: str | Path) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen([sys.executable, "-c", script, *words], stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def _rest(pid: int) -> tuple[float, float]:
    """Return what a process has resident, in MiB, and the part of a core that it uses."""
    time.sleep(SETTLE_S)
    before = _cpu_s(pid)
    time.sleep(REST_S)
    used = (_cpu_s(pid) - before) / REST_S
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(status.split("VmRSS:")[1].split()[0]) / 1024, used


def _cpu_s(pid: int) -> float:
    """Return the seconds of CPU that a process has used, in all its threads (proc(5), stat: utime and stime)."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
