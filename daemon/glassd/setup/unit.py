"""The service's unit: its start, the drop-in for a terminal display, and how it was before."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from glassd.setup.changes import Changes
    from glassd.setup.places import Places

START_LIMIT_S = 60.0
"""Longer than systemd itself waits for the word that the service is ready, were it to be restarted twice."""
LOG_LINES = 8


class UnitError(Exception):
    """systemd did not do what it was told. The text is what it says, and what the service's log says last."""


class Unit:
    """One instance's unit under systemd."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._is_touched = False

    def remember(self, changes: Changes) -> None:
        """Have the unit set back as it is now, after all else that is undone: so it reads the old files again."""
        was_enabled, was_active = self._is("is-enabled"), self._is("is-active")

        def set_back() -> None:
            if self._is_touched:
                _systemctl("restart" if was_active else "stop", self._name)
                if not was_enabled:
                    _systemctl("disable", self._name)

        changes.to_undo(set_back)

    def start_with_board(self) -> None:
        """Enable the unit and have it run with what was written; raise UnitError, with the service's own last words."""
        self._is_touched = True
        self._demand("enable")
        # A restart in place of a reload: only a start hands over a new key.
        self._demand("restart")

    def reload_units(self) -> None:
        """Have systemd read its units again, after a drop-in has changed."""
        _systemctl("daemon-reload")

    def _is(self, question: str) -> bool:
        return _systemctl(question, "--quiet", self._name).returncode == 0

    def _demand(self, verb: str) -> None:
        done = _systemctl(verb, self._name)
        if done.returncode != 0 or (verb == "restart" and not self._is("is-active")):
            raise UnitError("\n".join([*done.stderr.splitlines(), *self._last_words()]))

    def _last_words(self) -> list[str]:
        command = ["journalctl", "--no-pager", "-o", "cat", "-n", str(LOG_LINES), "-u", self._name]
        return _run(command).stdout.splitlines()


def terminal_drop_in(example: str, terminal: str, places: Places) -> str:
    """Return the drop-in that gives the service a terminal, made of the one that the package ships for tty1."""
    name = terminal.removeprefix("/dev/")
    is_console = re.fullmatch(r"tty[0-9]+", name) is not None
    login = f"getty@{name}.service" if is_console else f"serial-getty@{name}.service"
    lines = [line for line in example.splitlines() if not line.startswith("#")]
    text = "\n".join(lines).strip() + "\n"
    text = text.replace("getty@tty1.service", login).replace("/dev/tty1", terminal)
    if not is_console:  # a serial line has no size; TTYColumns= sets it for a terminal that is read, too, alone
        text = text.replace(f"TTYPath={terminal}\n", f"TTYPath={terminal}\nEnvironment=COLUMNS=80 LINES=24\n")
    return f"# Written by `{places.command} setup`: the answers stand on {terminal}, in place of a login.\n{text}"


def _systemctl(*arguments: str) -> subprocess.CompletedProcess[str]:
    return _run(["systemctl", *arguments])


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(  # noqa: S603  systemd's own commands, with the names of our units
            command, capture_output=True, text=True, check=False, timeout=START_LIMIT_S, stdin=subprocess.DEVNULL
        )
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, 1, "", f"{' '.join(command)}: no answer in {START_LIMIT_S:.0f} s")
    except OSError as error:
        return subprocess.CompletedProcess(command, 1, "", f"{command[0]}: {error.strerror}")
