"""Boards to start from: `booted`, Debian alone; and `installed`, the same with glassd's .deb, not set up.

A snapshot is a folder with a state and a disk; the disk holds what differs from the one below it. Any number of machines
start from one at the same time: what they write is theirs.
"""

from __future__ import annotations

import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from rig import image as images
from rig import machine as machines
from rig.cache import key, made
from rig.image import image, tell
from rig.machine import PROGRAM, Disk, Machine
from rig.transfer import push

if TYPE_CHECKING:
    from collections.abc import Iterable

TREE = Path(__file__).parents[2]
BOOT_LIMIT_S = 300.0
"""Seconds for the guest to boot; it takes twelve on a machine that is not busy."""
INSTALL_LIMIT_S = 300.0
WARM_UP = (
    "systemctl is-system-running --wait",
    "modprobe -a uvcvideo usbhid hid_generic ftdi_sio evdev gpio_sim",
    "python3 -c 'import asyncio, ctypes, json, logging, sqlite3, ssl'",
    "bash -c true",
)
"""What makes a board's first minute like its later ones: its programs and drivers are in memory."""


def booted() -> Path:
    """Return the snapshot of the guest as Debian is after a boot, made where there is none yet."""
    system = image()
    version = subprocess.run([PROGRAM, "--version"], capture_output=True, text=True, check=True).stdout

    def make(folder: Path) -> None:
        tell("the snapshot `booted`")
        disk = _layer(folder, system.disk, "raw")
        with _machine(disk, None) as machine:
            machine.agent.hello(BOOT_LIMIT_S)
            _do(machine, WARM_UP)
            machine.save(folder / "state")

    here = Path(__file__)
    return made("booted", key(str(system.disk), version, Path(machines.__file__), here), make)


def installed() -> Path:
    """Return the snapshot of the guest with this tree's .deb, made where there is none yet."""
    package = deb()
    below = booted()

    def make(folder: Path) -> None:
        tell(f"the snapshot `installed`, with {package.name}")
        disk = _layer(folder, below / "disk.qcow2", "qcow2")
        with _machine(disk, below / "state") as machine:
            wake(machine)
            push(machine.agent, package, f"/root/{package.name}")
            _do(machine, (f"apt-get install -y /root/{package.name}", f"rm /root/{package.name}", "glassd --version"))
            machine.save(folder / "state")

    return made("installed", key(str(below), package, Path(__file__)), make)


def deb() -> Path:
    """Return the .deb that `make deb` left for the guest's release."""
    found = _debs()
    if not found:
        raise FileNotFoundError(
            "there is no build/deb/glassd_*deb12*_amd64.deb to install on the virtual board: run `make deb`"
        )
    return found[-1]


def has_deb() -> bool:
    """Return whether there is a .deb to install."""
    return bool(_debs())


def start(snapshot: Path, folder: Path) -> Machine:
    """Return a machine that runs on from a snapshot, with its sockets in a folder; what it writes is forgotten."""
    machine = Machine(folder, image(), Disk(snapshot / "disk.qcow2"), snapshot / "state")
    wake(machine)
    return machine


def wake(machine: Machine) -> None:
    """Let a restored guest run, and tell it what time it is."""
    machine.go_on()
    machine.agent.hello(BOOT_LIMIT_S)
    _do(machine, (f"date --set=@{time.time():.3f}",))


def _debs() -> list[Path]:
    return sorted((TREE / "build" / "deb").glob("glassd_*deb12*_amd64.deb"), key=lambda path: path.stat().st_mtime)


def _machine(disk: Path, state: Path | None) -> Machine:
    return Machine(Path(tempfile.mkdtemp(prefix="rig-")), image(), Disk(disk, forgetful=False), state)


def _layer(folder: Path, below: Path, form: str) -> Path:
    disk = folder / "disk.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-F", form, "-b", str(below), str(disk)], check=True)
    return disk


def _do(machine: Machine, commands: Iterable[str]) -> None:
    for command in commands:
        done = machine.agent.run("/bin/sh", "-c", command, limit_s=INSTALL_LIMIT_S)
        if done.status:
            raise RuntimeError(f"{command}: {done.status} in the guest\n{done.out.decode()}{done.err.decode()}")
