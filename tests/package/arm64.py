"""The arm64 package starts: its command, and the daemon with the clip camera and the reader, up to an answer.

Run by `make arm64`, which lays the package over a clean arm64 root of its Debian release. QEMU's user emulation runs
it, called by name; a path is looked for in that root first, so nothing of this machine's Python is in it.
"""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import cv2
import pytest
import running

from paths import TREE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ROOT = TREE / "build/deb/arm64"
# The processor of the oldest boards that are supported, the Raspberry Pi 3 and Zero 2. The newest one would also be
# emulated five times as slowly: Debian 13's Python signs its pointers where the processor can.
PYTHON = ["qemu-aarch64", "-cpu", "cortex-a53", "-L", str(ROOT), str(ROOT / "usr/lib/glassd/bin/python3")]
pytestmark = pytest.mark.timeout(600)
LIMIT_S = 200.0
"""Emulation takes some twenty times as long as the machine itself, where other work goes on beside it."""
CONFIG = """
model: {{endpoints: [{{url: reader}}]}}
camera: {{driver: clip, path: "{pictures}", fps: 2}}
buttons: []
displays: [{{driver: terminal, profile: glass3}}]
triggers: [{{when: main press, ask: "?"}}]
"""


def glassd(*arguments: str) -> str:
    command = [*PYTHON, str(ROOT / "usr/lib/glassd/bin/glassd"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_it_is_arm64() -> None:
    script = "import platform, numpy, cv2, pydantic_core; print(platform.machine())"
    done = subprocess.run([*PYTHON, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "aarch64\n"


def test_says_its_version() -> None:
    assert glassd("--version").startswith("glassd ")


def test_checks_the_configs_that_come_with_it() -> None:
    configs = sorted((ROOT / "usr/share/glassd/examples").glob("*.yaml"))
    assert configs
    for config in configs:
        assert "no mistakes" in glassd("check", str(config))


def test_every_driver_of_its_own_can_be_loaded() -> None:
    assert "broken" not in glassd("drivers")


def test_runs_to_ready_and_answers(
    tmp_path: Path, start: Callable[..., running.Daemon], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "PYTHON", PYTHON)
    monkeypatch.setattr(running, "LIMIT_S", LIMIT_S)
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    code = cv2.QRCodeEncoder.create().encode("arm64 reads")
    code = cv2.resize(code, None, fx=8, fy=8, interpolation=cv2.INTER_NEAREST)
    framed = cv2.copyMakeBorder(code, 80, 80, 160, 160, cv2.BORDER_CONSTANT, value=255)
    assert cv2.imwrite(str(pictures / "code.png"), framed)
    daemon = start(CONFIG.format(pictures=pictures))
    daemon.camera_ready()
    with daemon.events() as events:
        daemon.glassd("press", "main")
        assert events.until(event="ask", outcome="finished")
    daemon.shown.until("arm64 reads", LIMIT_S)
    assert daemon.stop() == 0
