"""What only prints, checks or talks to the socket starts light, and so does the daemon."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

HEAVY = ("aiohttp", "cv2", "numpy", "serial", "asyncio")
SCRIPT = """
import sys
from glassd.cli import main
try:
    main(sys.argv[1:])
except SystemExit:
    pass
print("loaded:", *sorted({heavy} & set(sys.modules)), file=sys.stderr)
"""


@pytest.mark.parametrize(
    ("arguments", "allowed"),
    [
        (["--help"], set()),
        (["--version"], set()),
        (["check", "configs/demo.yaml"], {"asyncio"}),
        (["check", "configs/uvc-dashscope.yaml"], {"asyncio"}),
        (["check", "configs/bridge.yaml"], {"asyncio"}),
        (["check", "configs/browser-glasses.yaml"], {"asyncio"}),
        (["schema"], {"asyncio"}),
        (["drivers"], {"asyncio"}),
        (["status"], set()),
        (["press", "main"], set()),
        (["do", "pause"], set()),
        (["do", "paus"], set()),
        (["reload"], set()),
        (["snap", "-o", "x"], set()),
        (["watch"], set()),
        (["history"], set()),
        (["ask", "?"], set()),
    ],
)
def test_a_light_command_loads_nothing_heavy(
    arguments: list[str], allowed: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GLASSD_SOCKET", "/nowhere/glassd.sock")
    script = SCRIPT.format(heavy=set(HEAVY))
    done = subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=True)
    loaded = done.stderr.splitlines()[-1].removeprefix("loaded:").split()
    assert set(loaded) <= allowed, done.stderr


CAN_WAIT = (
    "aiohttp",  # half of the start: the model and the API wait for it in the background, asks and callers with them
    "cv2",
    "numpy",
    "serial",
    "difflib",  # which name was meant, where one is wrong
    "email.parser",  # the name and version of a driver's package, which only an error tells
    "uniseg",  # no text is laid out before
    "wcwidth",
    "http.client",  # the way of the other commands to the daemon
    "glassd.cli.ask",
    "glassd.config.descriptions",
    "glassd.config.json_schema",
    "glassd.frames.develop",
    "glassd_drivers.link.host",  # there is no bridge in the config
    "glassd.frames.flashes",
    "glassd.presenter.tables",
    "glassd.gateway.server",  # there is none in the config
    "glassd.reader.server",
    "prometheus_client",  # for the first who reads the metrics
    "sqlite3",  # the journal is opened once the daemon is ready
    "cryptography",
    "glassd.journal.history",
)
CONFIG = """
model: {endpoints: [{url: reader}]}
camera: {driver: uvc, device: /nowhere/camera}
buttons: [{driver: evdev, device: /nowhere/buttons, map: {KEY_ENTER: main}}]
displays: [{driver: terminal}]
triggers: [{when: main press, ask: "?"}]
"""
AT_READY = """
import logging, os, signal, sys
from glassd.cli import main

class AtReady(logging.Handler):
    def emit(self, record):
        if record.getMessage() == "ready":
            print("loaded:", *sorted(sys.modules), file=sys.stderr)
            os.kill(os.getpid(), signal.SIGTERM)

logging.getLogger("glassd.service.process").addHandler(AtReady())
sys.exit(main(["run", "-c", sys.argv[1]]))
"""


def test_the_daemon_is_ready_before_what_can_wait_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GLASSD_SOCKET", str(tmp_path / "glassd.sock"))
    config = tmp_path / "glassd.yaml"
    config.write_text(CONFIG, encoding="utf-8")
    script = [sys.executable, "-c", AT_READY, str(config)]
    done = subprocess.run(script, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True)
    [line] = [line for line in done.stderr.splitlines() if line.startswith("loaded:")]
    loaded = line.split()[1:]
    assert "glassd.scheduler.runner" in loaded
    assert set(CAN_WAIT).isdisjoint(loaded), sorted(set(CAN_WAIT).intersection(loaded))
