"""`glassd -i NAME`: which of several daemons on one board a command is about."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from glassd.service import paths


def glassd(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command as somebody who has none of its variables set but these."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("GLASSD_", "XDG_"))}
    command = [sys.executable, "-m", "glassd", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=own | environment, check=False, timeout=60)


@pytest.fixture(autouse=True)
def _nobodys_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GLASSD_SOCKET", "GLASSD_CONFIG", "GLASSD_INSTANCE", "RUNTIME_DIRECTORY", "STATE_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)


def test_the_boards_one_daemon_has_no_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert paths.default_config() == Path("/etc/glassd/glassd.yaml")
    assert paths.socket_to_call() == paths.socket_to_serve() == Path("/run/glassd/glassd.sock")
    assert paths.state_folder() == Path("/var/lib/glassd")
    assert (paths.unit(), paths.command()) == ("glassd", "glassd")


def test_an_instance_has_its_own_of_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setenv("GLASSD_INSTANCE", "left")
    assert paths.default_config() == Path("/etc/glassd/left/glassd.yaml")
    assert paths.socket_to_call() == paths.socket_to_serve() == Path("/run/glassd-left/glassd.sock")
    assert paths.state_folder() == Path("/var/lib/glassd-left")
    assert (paths.unit(), paths.command()) == ("glassd@left", "glassd -i left")


def test_a_users_own_instances_do_not_meet(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    sockets = set()
    for name in ("", "left", "right"):
        monkeypatch.setenv("GLASSD_INSTANCE", name)
        sockets.add(paths.socket_to_serve())
    assert len(sockets) == 3


def test_what_a_users_own_daemon_keeps_is_the_users(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    assert paths.state_to_read() == Path("/var/lib/glassd"), "there is none of the user's own"
    own = tmp_path / ".local/state/glassd"
    assert paths.state_folder() == own
    own.mkdir(parents=True)
    assert paths.state_to_read() == own
    monkeypatch.setenv("XDG_STATE_HOME", "/elsewhere")
    assert paths.state_folder() == Path("/elsewhere/glassd")


def test_in_its_unit_a_daemon_takes_the_folders_that_systemd_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GLASSD_INSTANCE", "left")
    monkeypatch.setenv("RUNTIME_DIRECTORY", "/run/glassd-left")
    monkeypatch.setenv("STATE_DIRECTORY", "/var/lib/glassd-left:/var/lib/another")
    assert paths.socket_to_serve() == Path("/run/glassd-left/glassd.sock")
    assert paths.state_folder() == Path("/var/lib/glassd-left")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["status"],
            "at /run/glassd-left/glassd.sock: start it with `systemctl start glassd@left`",
        ),
        (["run"], "there is no /etc/glassd/left/glassd.yaml yet: run `glassd -i left setup`"),
        (["check"], "/etc/glassd/left/glassd.yaml: there is no such file"),
        (["ask", "--direct", "What is this?"], "/etc/glassd/left/glassd.yaml: there is no such file"),
    ],
)
def test_the_command_line_wins_over_the_environment(arguments: list[str], said: str) -> None:
    others = {"GLASSD_SOCKET": "/somewhere/glassd.sock", "GLASSD_CONFIG": "/somewhere.yaml", "GLASSD_INSTANCE": "right"}
    assert said in glassd("-i", "left", *arguments, **others).stderr


def test_without_a_config_run_says_what_to_do() -> None:
    done = glassd("run", GLASSD_CONFIG="/nowhere/glassd.yaml")
    assert (done.returncode, done.stderr) == (2, "there is no /nowhere/glassd.yaml yet: run `glassd setup`\n")


@pytest.mark.parametrize("name", ["", "Left", "left eye", "left/right", "..", "a" * 33, "links\n", "左", "keys"])
def test_what_names_no_instance_is_refused_before_anything_else(name: str) -> None:
    done = glassd("-i", name, "status")
    assert done.returncode == 2
    assert "names no instance" in done.stderr


def test_what_names_no_instance_is_refused_from_the_environment_too() -> None:
    done = glassd("status", GLASSD_INSTANCE="../etc")
    assert done.returncode == 2
    assert "'../etc' names no instance" in done.stderr
