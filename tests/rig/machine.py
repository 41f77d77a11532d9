"""QEMU as a companion board: a PC without a BIOS's toys, with USB sockets, two serial lines and a screen.

A machine is either booted from a kernel, or restored: then a state, which `save` wrote, is its memory and devices as they
were, and its disk is what it was at that moment. What is plugged in is no part of a state, and is plugged in afterwards.
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
MEMORY_MIB = 1024
CAMERAS = 2
STATE_LIMIT_S = 60.0
"""Seconds for a state to be written or read; it takes about one."""
END_LIMIT_S = 10.0

_KERNEL_WORDS = (
    "console=ttyS0 root=/dev/vda net.ifnames=0"
    # what an emulated processor does not need: seconds of each boot
    " mitigations=off nokaslr tsc=reliable no_timer_check"
)


@dataclass(frozen=True, slots=True)
class Image:
    """What a machine boots from."""

    kernel: Path
    initrd: Path
    disk: Path


@dataclass(frozen=True, slots=True)
class Disk:
    """A disk's file; what the machine writes stays in it, or is forgotten at its end."""

    file: Path
    forgetful: bool = True


class Machine:
    """A QEMU that runs, its guest paused where it is restored. Its folder is its own, for sockets and what is forgotten."""

    def __init__(self, folder: Path, image: Image, disk: Disk, state: Path | None = None) -> None:
        self._errors = folder / "qemu.stderr"
        self._camera_paths = [folder / f"camera{number}.socket" for number in range(CAMERAS)]
        ours, theirs = {}, {}
        for name in ("qmp", "agent", "console", "display", "bridge"):
            ours[name], theirs[name] = socket.socketpair()
        command = _command(image, disk, {name: end.fileno() for name, end in theirs.items()}, self._camera_paths)
        with self._errors.open("wb") as errors:
            self.process = subprocess.Popen(
                [*command, *(["-incoming", "defer"] if state else [])],
                stdin=subprocess.DEVNULL,
                stdout=errors,
                stderr=errors,
                pass_fds=[end.fileno() for end in theirs.values()],
                env={"TMPDIR": str(folder), "PATH": "/usr/bin:/bin"},
            )
        for end in theirs.values():
            end.close()
        self.agent = Agent(ours["agent"])
        self.console = Line(ours["console"])
        self.display = Line(ours["display"])
        self.bridge = Line(ours["bridge"])
        try:
            self.qmp = Qmp(ours["qmp"])
            self.qmp.call("migrate-set-capabilities", capabilities=[{"capability": "events", "state": True}])
            if state:
                self.qmp.call("migrate-incoming", uri=f"exec:cat {shlex.quote(str(state))}")
                self._await_state()
        except (QmpError, OSError) as error:
            self.process.kill()
            self.process.wait()
            raise RuntimeError(f"QEMU did not start: {error}\n{self.errors()}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def camera_socket(self, number: int) -> Path:
        """Return where a program can be a USB device, in the usb-redir protocol."""
        return self._camera_paths[number]

    def go_on(self) -> None:
        """Let the guest run."""
        self.qmp.call("cont")

    def save(self, state: Path) -> None:
        """Pause the guest, write its state to a file, and end; its disk's file is then what belongs to that state."""
        self.qmp.call("stop")
        self.qmp.call("migrate-set-parameters", max_bandwidth=1 << 40)
        self.qmp.call("migrate", uri=f"exec:cat > {shlex.quote(str(state))}")
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
        return self._errors.read_text(errors="replace")

    def close(self) -> None:
        """End QEMU at once, as if its plug were pulled; what was to be forgotten is."""
        self.process.kill()
        self.process.wait(END_LIMIT_S)
        self.qmp.close()
        self.agent.close()
        for line in (self.console, self.display, self.bridge):
            line.close()

    def _await_state(self) -> None:
        while True:
            status = self.qmp.event("MIGRATION", STATE_LIMIT_S)["status"]
            if status == "completed":
                return
            if status == "failed":
                raise QmpError(f"the guest's state could not be moved: {self.errors()}")


def _command(image: Image, disk: Disk, sockets: dict[str, int], cameras: list[Path]) -> list[str]:
    words = f"""
        {PROGRAM} -nodefaults -no-user-config -display none
        -machine q35,i8042=off -cpu qemu64 -accel tcg,thread=multi,tb-size=256 -smp 2 -m {MEMORY_MIB}
        -device virtio-blk-pci,drive=disk
        -device virtio-rng-pci
        -device bochs-display
        -netdev user,id=network,ipv6=off -device virtio-net-pci,netdev=network
        -chardev socket,id=qmp,fd={sockets["qmp"]} -mon chardev=qmp,mode=control
        -chardev socket,id=console,fd={sockets["console"]} -serial chardev:console
        -chardev socket,id=display,fd={sockets["display"]} -serial chardev:display
        -chardev socket,id=bridge,fd={sockets["bridge"]}
        -chardev socket,id=agent,fd={sockets["agent"]}
        -device virtio-serial-pci -device virtserialport,chardev=agent,name=org.qemu.guest_agent.0
        -device qemu-xhci,id=usb,p2=8,p3=8
    """.split()
    for number, path in enumerate(cameras):
        words += ["-chardev", f"socket,id=camera{number},path={path},server=on,wait=off"]
        words += ["-device", f"usb-redir,chardev=camera{number},id=camera{number}"]
    kept = "on" if disk.forgetful else "off"
    words += ["-drive", f"if=none,id=disk,file={disk.file},format=qcow2,cache=unsafe,snapshot={kept}"]
    return [*words, "-kernel", str(image.kernel), "-initrd", str(image.initrd), "-append", _KERNEL_WORDS]
