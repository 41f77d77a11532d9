"""The sandbox of the service: what it holds back, what the daemon needs in it, and the drop-ins that open it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from rig.board import Board

PROBE = "/usr/local/lib/probe_sandbox.py"
DROP_INS = "/etc/systemd/system/glassd.service.d"
EXPOSURE_LIMIT = 2.0
LIMIT_S = 120.0
"""Seconds for a start or a probe: the guest's processor is an emulated one."""
DEVICES = ("/dev/glassd/camera", "/dev/glassd/bridge", "/dev/glassd/buttons", "/dev/gpiochip0", "/dev/ttyS0")


def probe(board: Board, *devices: str, more: str = "", while_it_starts: Callable[[], object] = bool) -> dict[str, Any]:
    """Return what a process can do in the daemon's place in the unit. `more`: further lines of its drop-in."""
    board.push(Path(__file__).parent / "on_board" / Path(PROBE).name, PROBE)
    board.write("/etc/glassd/glassd.yaml", "")
    board.write("/etc/credstore/glassd/some", "sk-some", 0o600)
    address = board.model.url.split("/")[2]
    board.write(
        f"{DROP_INS}/zz-probe.conf",
        "[Service]\nType=exec\nWatchdogSec=0\nRestart=no\nExecStart=\n"
        f"ExecStart=/usr/lib/glassd/bin/python3 {PROBE} {' '.join(devices)} {address}\n"
        f"StandardOutput=file:/run/probe\n{more}",
    )
    board.run("rm -f /run/probe; systemctl daemon-reload; systemctl --no-block restart glassd")
    while_it_starts()
    board.until("test -s /run/probe && systemctl is-active glassd || test $? = 3", limit_s=LIMIT_S)
    found: dict[str, Any] = json.loads(board.read("/run/probe"))
    return found


def exposure(board: Board, unit: str) -> float:
    said = board.run(f"systemd-analyze security --no-pager {unit}").out
    return float(re.findall(r"exposure level for \S+: ([0-9.]+)", said)[0])


def test_systemd_finds_little_exposed(board: Board) -> None:
    for unit in ("glassd", "glassd@left"):
        assert exposure(board, unit) <= EXPOSURE_LIMIT


def test_the_daemon_gets_what_it_needs_and_nothing_else(board: Board) -> None:
    board.camera.plug()
    board.bridge.plug()
    board.buttons.plug()
    board.gpio.plug()
    board.until(f"test -e {' -a -e '.join(DEVICES)}")
    board.run("modprobe uinput && chmod a+rw /dev/uinput /dev/vda /dev/kmsg")  # no permission bit is to help here
    found = probe(board, *DEVICES)
    assert found["opened"] == dict.fromkeys(DEVICES, "done")
    assert found["needed"] == dict.fromkeys(found["needed"], "done")
    assert "done" not in found["refused"].values(), found["refused"]


def test_a_kind_of_device_that_comes_after_the_start_is_let_in(board: Board) -> None:
    """What may be opened is settled at the start, by the numbers of the kinds that the kernel knows since boot."""
    board.run("modprobe -r uvcvideo ftdi_sio cdc_acm && modprobe -r videobuf2_memops videodev")
    board.run("! grep -E 'video4linux|ttyUSB|ttyACM' /proc/devices")
    board.run("systemctl restart systemd-modules-load")
    comers = ("/dev/glassd/camera", "/dev/glassd/bridge")

    def plug() -> None:
        board.until("systemctl show --property=SubState glassd", "=start-pre", LIMIT_S)
        board.camera.plug()
        board.bridge.plug()

    wait = f"ExecStartPre=/bin/sh -c 'until test -e {' -a -e '.join(comers)}; do sleep 0.1; done'\n"
    assert probe(board, *comers, more=wait, while_it_starts=plug)["opened"] == dict.fromkeys(comers, "done")


@pytest.mark.parametrize(("name", "device"), [("framebuffer.conf", "/dev/fb0"), ("drm.conf", "/dev/dri/card0")])
def test_a_screen_is_out_of_reach_without_its_drop_in(name: str, device: str, board: Board) -> None:
    assert probe(board, device)["opened"] == {device: "Operation not permitted"}
    board.run(f"cp /usr/share/glassd/drop-ins/{name} {DROP_INS}/")
    assert probe(board, device)["opened"] == {device: "done"}
    assert exposure(board, "glassd") <= EXPOSURE_LIMIT


def test_the_terminal_drop_in_puts_the_answers_on_the_boards_screen_and_nowhere_else(board: Board) -> None:
    board.write(
        "/etc/glassd/glassd.yaml",
        f"model: {{endpoints: [{{url: {board.model.url}, vision: some-model}}]}}\n"
        "displays: [{driver: terminal}]\nlanguage: en\n",
    )
    board.run(f"install -D -m 644 /usr/share/glassd/drop-ins/terminal.conf {DROP_INS}/terminal.conf")
    board.run("systemctl daemon-reload && systemctl start glassd", limit_s=LIMIT_S)
    board.model.answer_next("A green door.")
    board.run("glassd ask 'What is this?'")
    board.until("cat /dev/vcs1", "A green door.")
    board.run("systemctl reload glassd", limit_s=LIMIT_S)
    shown = board.run("cat /dev/vcs1").out
    assert "A green door." in shown
    assert "reloaded" not in shown
    assert "green" not in board.journal()
    assert exposure(board, "glassd") <= EXPOSURE_LIMIT
