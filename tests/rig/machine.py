"""QEMU as a companion board: a PC without a PC's toys, with USB sockets, two serial lines and a screen.

A machine is either booted from a kernel or restored: then a state, which `save` wrote, is its memory and devices as
they were, and its disk is what it was at that moment. What is plugged in is part of no state, and is plugged in later.
"""

from __future__ import annotations

import shlex
import socket
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from rig.agent import Agent
from rig.line import Line
from rig.qmp import Qmp, QmpError

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = "qemu-system-x86_64"
CAMERAS = ("camera0", "camera1")
LINES = ("qmp", "agent", "console", "display")
BRIDGE = "bridge"
# The processor is the least that NumPy's wheel runs on (x86-64-v2): a larger one is slower, for it is emulated.
HARDWARE = """
    -nodefaults -no-user-config -display none
    -machine q35,i8042=off -cpu qemu64,+ssse3,+sse4.1,+sse4.2,+popcnt -accel tcg,thread=multi,tb-size=256 -smp 2 -m 1024
    -device virtio-blk-pci,drive=disk
    -device virtio-rng-pci
    -device bochs-display
    -netdev user,id=network,ipv6=off -device virtio-net-pci,netdev=network
    -mon chardev=qmp,mode=control
    -serial chardev:console
    -serial chardev:display
    -device virtio-serial-pci -device virtserialport,chardev=agent,name=org.qemu.guest_agent.0
    -device qemu-xhci,id=usb,p2=8,p3=8
    -device usb-redir,chardev=camera0,id=camera0
    -device usb-redir,chardev=camera1,id=camera1
"""
KERNEL_WORDS = (
    "console=ttyS0 root=/dev/vda net.ifnames=0"
    # what an emulated processor does not need: seconds of each boot
    " mitigations=off nokaslr tsc=reliable no_timer_check"
)
STATE_LIMIT_S = 60.0
"""Seconds for a state to be written or read; it takes less than one."""
END_LIMIT_S = 10.0


@dataclass(frozen=True, slots=True)
class Image:
    """What a machine boots from."""

    kernel: Path
    initrd: Path
    disk: Path


@dataclass(frozen=True, slots=True)
class Disk:
    """A disk's file; what the machine writes stays in it, or is forgotten at the machine's end."""

    file: Path
    forgetful: bool = True


class Machine:
    """A QEMU that runs, its guest paused where it is restored; it dies with the thread that made it.

    The folder is for its sockets and for what it forgets.
    """

    def __init__(self, folder: Path, image: Image, disk: Disk, state: Path | None = None) -> None:
        self._folder = folder
        pairs = {name: socket.socketpair() for name in LINES}
        ours, theirs = ({name: pair[end] for name, pair in pairs.items()} for end in (0, 1))
        words = _words(image, disk) + ["-incoming", "defer"] * (state is not None)
        for name, end in theirs.items():
            words += ["-chardev", f"socket,id={name},fd={end.fileno()}"]
        for name in (*CAMERAS, BRIDGE):
            words += ["-chardev", f"socket,id={name},path={self.socket(name)},server=on,wait=off"]
        with (folder / "stderr").open("wb") as errors:
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", PROGRAM, *words],
                stdin=subprocess.DEVNULL,
                stdout=errors,
                stderr=errors,
                pass_fds=[end.fileno() for end in theirs.values()],
                env={"PATH": "/usr/bin:/bin", "TMPDIR": str(folder)},
            )
        for end in theirs.values():
            end.close()
        self.qmp = Qmp(ours["qmp"])
        self.agent = Agent(ours["agent"])
        self.console = Line(ours["console"])
        self.display = Line(ours["display"])
        try:
            self._start(state)
        except QmpError as error:
            self.close()
            raise RuntimeError(f"QEMU did not start: {error}\n{self.errors()}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def socket(self, name: str) -> Path:
        """Return where a program can be the camera of that name, in the usb-redir protocol, or the bridge's far end."""
        return self._folder / f"{name}.socket"

    def go_on(self) -> None:
        """Let the guest run."""
        self.qmp.call("cont")

    def save(self, state: Path) -> None:
        """Pause the guest, write its state to a file, and end; its disk's file is then what belongs to that state."""
        self.qmp.call("stop")
        self.qmp.call("migrate-set-parameters", max_bandwidth=1 << 40)
        self.qmp.call("migrate", uri=f"exec:cat >{shlex.quote(str(state))}")
        self._await_state()
        self.qmp.call("quit")
        self.process.wait(END_LIMIT_S)

    def plug(self, name: str, driver: str, **properties: str) -> None:
        """Plug in a USB device under a name; return once it is, though the guest has yet to notice."""
        self.qmp.call("device_add", driver=driver, id=name, bus="usb.0", **properties)

    def unplug(self, name: str) -> None:
        """Pull a USB device out."""
        self.qmp.call("device_del", id=name)
        self.qmp.event("DEVICE_DELETED", device=name)

    def errors(self) -> str:
        """Return what QEMU complained about."""
        return (self._folder / "stderr").read_text(errors="replace")

    def close(self) -> None:
        """End QEMU at once, as if its plug were pulled; what was to be forgotten is."""
        self.process.kill()
        self.process.wait(END_LIMIT_S)
        for line in (self.qmp, self.agent, self.console, self.display):
            line.close()

    def _start(self, state: Path | None) -> None:
        self.qmp.begin()
        self.qmp.call("migrate-set-capabilities", capabilities=[{"capability": "events", "state": True}])
        if state:
            self.qmp.call("migrate-incoming", uri=f"exec:cat {shlex.quote(str(state))}")
            self._await_state()

    def _await_state(self) -> None:
        while (status := self.qmp.event("MIGRATION", STATE_LIMIT_S)["status"]) != "completed":
            if status == "failed":
                raise QmpError(f"the guest's state could not be moved: {self.errors()}")


def _words(image: Image, disk: Disk) -> list[str]:
    forgetful = "on" if disk.forgetful else "off"
    return [
        *HARDWARE.split(),
        *("-drive", f"if=none,id=disk,file={disk.file},format=qcow2,cache=unsafe,snapshot={forgetful}"),
        *("-kernel", str(image.kernel), "-initrd", str(image.initrd), "-append", KERNEL_WORDS),
    ]
