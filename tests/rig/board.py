"""The virtual board as a test holds it: what is plugged in, what runs there, and what it says."""

from __future__ import annotations

import contextlib
import shlex
import tempfile
import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Self

from running import ModelServer

from rig.agent import AgentError
from rig.camera import VirtualCamera
from rig.devices import Bridge, Buttons, Gpio
from rig.screen import Display
from rig.snapshots import BOOT_LIMIT_S, start
from rig.transfer import HOST, pull, push

if TYPE_CHECKING:
    from collections.abc import Iterator

RUN_LIMIT_S = 60.0
"""Seconds that a command in the guest may take where the test does not say more."""
UNTIL_LIMIT_S = 20.0
"""Seconds within which the guest gets where a test waits for it."""
POLL_S = (0.05, 0.5)
"""Seconds between two looks at the guest, at first and at most."""
JOURNAL_LINES = 200
"""How much of a journal and of the console a failed test shows."""


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended, and what it wrote."""

    status: int
    out: str
    err: str


class Board:
    """A board that runs, with nothing plugged in: every board of a snapshot begins the same."""

    def __init__(self, snapshot: Path) -> None:
        with contextlib.ExitStack() as parts:
            self.folder = Path(parts.enter_context(tempfile.TemporaryDirectory(prefix="board-")))
            self.machine = parts.enter_context(start(snapshot, self.folder))
            self._parts = parts.pop_all()
        self.buttons = Buttons(self.machine)
        self.bridge = self._parts.enter_context(contextlib.closing(Bridge(self.machine)))
        self.gpio = Gpio(self.shell)
        self.display = Display(self.machine.display)
        self.console = self.machine.console

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- what is plugged in, beside buttons, bridge and gpio -----------------------------------------------------------

    @cached_property
    def camera(self) -> VirtualCamera:
        """A USB camera."""
        return self._parts.enter_context(VirtualCamera(self.machine.socket("camera0"), serial="CAMERA-1"))

    @cached_property
    def second_camera(self) -> VirtualCamera:
        """Another one."""
        return self._parts.enter_context(VirtualCamera(self.machine.socket("camera1"), serial="CAMERA-2"))

    @cached_property
    def model(self) -> ModelServer:
        """A model server on this machine; its url is how the guest reaches it."""
        server = self._parts.enter_context(contextlib.closing(ModelServer(self.folder / "model")))
        server.url = server.url.replace("127.0.0.1", HOST)
        return server

    # -- what runs there -----------------------------------------------------------------------------------------------

    def run(self, command: str, status: int | None = 0, limit_s: float = RUN_LIMIT_S) -> Done:
        """Run a command as root, by /bin/sh; fail where it ends with another status (None: any) or not in time."""
        try:
            done = self.machine.agent.run("/bin/sh", "-c", command, limit_s=limit_s)
        except AgentError as error:
            raise AssertionError(f"`{command}` on the board: {error}") from error
        out, err = done.out.decode(errors="replace"), done.err.decode(errors="replace")
        assert status in (None, done.status), f"`{command}` on the board gave {done.status}:\n{out}{err}"
        return Done(done.status, out, err)

    def shell(self, command: str) -> str:
        """Run a command that ends well, and return what it wrote, without the last line's end."""
        return self.run(command).out.rstrip("\n")

    def until(self, command: str, text: str = "", limit_s: float = UNTIL_LIMIT_S) -> Done:
        """Repeat a command until it ends well and its output holds a text; fail with what was last seen."""
        end = time.monotonic() + limit_s
        for pause in _pauses():
            done = self.run(command, status=None)
            if done.status == 0 and text in done.out:
                return done
            if time.monotonic() > end:
                break
            time.sleep(pause)
        raise AssertionError(
            f"`{command}` on the board never gave {text!r}; at last {done.status}:\n{done.out}{done.err}"
        )

    def reboot(self) -> None:
        """Boot the board again, in an orderly way; return as soon as it can be used. Devices stay plugged in."""
        self.machine.qmp.forget_events()
        self.machine.agent.tell("guest-shutdown", mode="reboot")
        self.machine.qmp.event("RESET", BOOT_LIMIT_S)
        self.machine.agent.hello(BOOT_LIMIT_S)
        self.until("systemctl is-active rig-network", limit_s=BOOT_LIMIT_S)

    # -- its files -----------------------------------------------------------------------------------------------------

    def read(self, path: str) -> bytes:
        """Return a file's bytes."""
        return pull(self.machine.agent, path)

    def write(self, path: str, content: str | bytes, mode: int = 0o644) -> None:
        """Write a file, with the folders above it."""
        data = content.encode() if isinstance(content, str) else content
        words = ("install", "-D", "-m", f"{mode:o}", "/dev/stdin", path)
        done = self.machine.agent.run("/usr/bin/env", *words, data=data, limit_s=RUN_LIMIT_S)
        assert done.status == 0, f"{path} could not be written on the board: {done.err.decode()}"

    def push(self, here: Path, there: str, mode: int = 0o644) -> None:
        """Copy a file of any size there, with the folders above it."""
        push(self.machine.agent, here, there, mode)

    # -- what it says --------------------------------------------------------------------------------------------------

    def journal(self, unit: str = "glassd") -> str:
        """Return all that systemd's journal has of a unit, with systemd's own lines about it."""
        return self.run(f"journalctl --no-pager --output=short-precise --unit={shlex.quote(unit)}").out

    def last_words(self) -> Iterator[tuple[str, str]]:
        """Yield what helps to understand a failure: a name and a text each."""
        yield "the board's journal", self._tell("journalctl --no-pager --output=short-precise --unit='glassd*'")
        yield "the board's console", "\n".join(self.console.text().splitlines()[-JOURNAL_LINES:])
        yield "QEMU", self.machine.errors()

    def close(self) -> None:
        """End all that belongs to the board."""
        self._parts.close()

    def _tell(self, command: str) -> str:
        try:
            return self.run(f"{command} | tail -n {JOURNAL_LINES}", status=None).out
        except AssertionError as error:
            return str(error)


def _pauses() -> Iterator[float]:
    pause, most = POLL_S
    while True:
        yield pause
        pause = min(2 * pause, most)
