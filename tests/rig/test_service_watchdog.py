"""systemd's watchdog on the board: a daemon that hangs is started anew, one whose devices hang is left alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from strangers import wheel_of

if TYPE_CHECKING:
    from rig.board import Board

WATCHDOG_S = 10.0
LIMIT_S = 120.0
"""Seconds for the first start: the guest's processor is an emulated one, and reads glassd from the disk."""
STOP = "/run/glassd/stop-the-loop"
CONFIG = """
model: {{endpoints: [{{url: "{url}", vision: some-model}}]}}
camera: {{driver: uvc, device: /dev/glassd/camera}}
buttons: {buttons}
language: en
"""
BLOCKER = f"[{{driver: loop-blocker, when: {STOP}}}]"


def show(board: Board, *properties: str) -> list[str]:
    return [board.shell(f"systemctl show --value --property={name} glassd") for name in properties]


def add_driver(board: Board, source: Path, folder: Path) -> None:
    """Install a package with drivers on the board, as its administrator would."""
    wheel = wheel_of(source, folder)
    board.push(wheel, f"/srv/{wheel.name}")
    board.run(f"glassd driver add /srv/{wheel.name}", limit_s=LIMIT_S)


def test_an_event_loop_that_stands_still_is_ended_and_the_daemon_is_ready_again(board: Board, tmp_path: Path) -> None:
    add_driver(board, Path(__file__).parent / "drivers", tmp_path)
    board.write("/etc/credstore/glassd/some", "sk-never-in-a-journal", 0o600)
    board.write("/etc/glassd/glassd.yaml", CONFIG.format(url=board.model.url, buttons=BLOCKER))
    board.run("systemctl start glassd", limit_s=LIMIT_S)
    board.until("glassd status", "loop-blocker ready")
    (first,) = show(board, "MainPID")
    board.run(f"touch {STOP}")
    gone, back = f"! kill -0 {first} 2>/dev/null", "systemctl is-active --quiet glassd"
    board.run(f"until {gone}; do sleep 0.5; done; until {back}; do sleep 0.5; done", limit_s=WATCHDOG_S + LIMIT_S)
    assert show(board, "NRestarts") == ["1"]
    board.until("glassd status", "loop-blocker ready")
    journal = board.journal()
    assert "Watchdog timeout" in journal
    assert 'loop_blocker/__init__.py", line' in journal, "the stacks tell where it hung"
    assert "sk-never" not in journal


def test_a_camera_that_is_away_or_frozen_does_not_trip_it(board: Board) -> None:
    board.write("/etc/glassd/glassd.yaml", CONFIG.format(url=board.model.url, buttons="[]"))
    board.run("systemctl start glassd", limit_s=LIMIT_S)
    board.until("glassd status", "waiting")
    pinged_for(board, 2 * WATCHDOG_S)
    board.camera.plug()
    board.until("glassd status", "camera       uvc        ready", LIMIT_S)
    board.camera.freeze()
    pinged_for(board, 2 * WATCHDOG_S)
    assert show(board, "NRestarts", "ActiveState") == ["0", "active"]


def pinged_for(board: Board, seconds: float) -> None:
    """Wait until systemd has heard from the daemon for so long."""
    since = int(show(board, "WatchdogTimestampMonotonic")[0])
    until = since + int(seconds * 1e6)
    heard = "systemctl show --value --property=WatchdogTimestampMonotonic glassd"
    board.until(f"test $({heard}) -ge {until}", limit_s=seconds + LIMIT_S)
