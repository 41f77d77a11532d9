"""What can be plugged into the board, apart from cameras: a keyboard, a serial bridge, and GPIO lines."""

from __future__ import annotations

import contextlib
import socket
import time
from functools import cached_property
from typing import TYPE_CHECKING

from emulator import Emulator

from rig.line import Line
from rig.machine import BRIDGE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rig.machine import Machine

PRESS_S = 0.06
"""How long a press holds what it presses: as long as a finger's short one."""
GPIO_LINES = ("SHUTTER", "BACK")
_QEMU_NAMES = {"enter": "ret", "space": "spc", "escape": "esc", "volumeup": "volumeup", "volumedown": "volumedown"}
"""Keys that QEMU calls otherwise than the kernel does; it has the others by the same name, in small letters."""


class Buttons:
    """A USB keyboard: the kernel makes input events of its keys. Keys are called as in `KEY_ENTER`: "enter"."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    def plug(self) -> None:
        self._machine.plug("buttons", "usb-kbd", serial="BUTTONS-1")

    def unplug(self) -> None:
        """Pull it out, whatever is held down."""
        self._machine.unplug("buttons")

    def press(self, key: str) -> None:
        self.down(key)
        time.sleep(PRESS_S)
        self.up(key)

    def down(self, key: str) -> None:
        self._send(key, down=True)

    def up(self, key: str) -> None:
        self._send(key, down=False)

    def _send(self, key: str, *, down: bool) -> None:
        name = _QEMU_NAMES.get(key.lower(), key.lower())
        event = {"type": "key", "data": {"down": down, "key": {"type": "qcode", "data": name}}}
        self._machine.qmp.call("input-send-event", events=[event])


class Bridge:
    """What the glasses hang on, as a USB serial line (an FTDI chip); its far end is `line`, or an emulated bridge."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._parts = contextlib.ExitStack()
        self._is_emulated = False

    @cached_property
    def line(self) -> Line:
        """The far end as bytes that are recorded."""
        assert not self._is_emulated, "the line's far end is the emulated bridge"
        end = socket.socket(socket.AF_UNIX)
        end.connect(str(self._machine.socket(BRIDGE)))
        return self._parts.enter_context(contextlib.closing(Line(end)))

    def emulate(self, *options: str) -> Emulator:
        """Put an emulated bridge at the far end; where that is plugged in, its `unplug` pulls the USB plug."""
        self._is_emulated = True
        return self._parts.enter_context(Emulator(self._machine.socket(BRIDGE), *options, place="connect"))

    def plug(self) -> None:
        if not self._is_emulated:
            _ = self.line  # QEMU shows the guest a line once its far end is there
        self._machine.plug("bridge", "usb-serial", chardev=BRIDGE, serial="BRIDGE-1")

    def unplug(self) -> None:
        self._machine.unplug("bridge")

    def send(self, data: bytes) -> None:
        """Send bytes to the board."""
        self.line.send(data)

    def received(self) -> bytes:
        """Return all that the board has sent until now."""
        return self.line.received()

    def close(self) -> None:
        """End the far end."""
        self._parts.close()


class Gpio:
    """A GPIO chip (the kernel's gpio-sim) with named lines; a line that is pressed is high."""

    def __init__(self, shell: Callable[[str], str]) -> None:
        self._shell = shell
        self._lines: tuple[str, ...] = ()
        self._sysfs = ""
        self.chip = ""
        """The chip's device, as /dev/gpiochip0."""

    def plug(self, lines: Sequence[str] = GPIO_LINES) -> None:
        """Make the chip, its lines low."""
        named = "".join(
            f"mkdir lines/line{number}; echo {name} >lines/line{number}/name\n" for number, name in enumerate(lines)
        )
        answer = self._shell(
            f"""set -e
            modprobe gpio_sim
            mkdir -p /sys/kernel/config/gpio-sim/board/lines
            cd /sys/kernel/config/gpio-sim/board
            echo {len(lines)} >lines/num_lines
            {named}
            echo 1 >live
            udevadm settle
            cat lines/chip_name dev_name"""
        )
        chip, device = answer.split()
        self._lines = tuple(lines)
        self._sysfs = f"/sys/devices/platform/{device}/{chip}"
        self.chip = f"/dev/{chip}"

    def unplug(self) -> None:
        """Take the chip away, as when its driver goes."""
        self._shell("cd /sys/kernel/config/gpio-sim && echo 0 >board/live && rmdir board/lines/line* board/lines board")
        self._lines = ()

    def press(self, line: str) -> None:
        self._shell(f"echo pull-up >{self._pull(line)}; sleep {PRESS_S}; echo pull-down >{self._pull(line)}")

    def down(self, line: str) -> None:
        """Press a line, and hold it."""
        self._shell(f"echo pull-up >{self._pull(line)}")

    def up(self, line: str) -> None:
        """Let a line go."""
        self._shell(f"echo pull-down >{self._pull(line)}")

    def _pull(self, line: str) -> str:
        assert line in self._lines, f"the board's GPIO chip has no line {line}: plug it in with that line first"
        return f"{self._sysfs}/sim_gpio{self._lines.index(line)}/pull"
