"""Boards to start from: `booted`, Debian alone; and `installed`, the same with glassd's .deb, not set up.

A snapshot is a folder with a state and a disk; the disk holds what differs from the one below. Any number of machines
start from it at the same time: what they write is theirs.
"""

from __future__ import annotations

import functools
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from glassd import __version__
from rig.cache import key, made
from rig.image import image, tell
from rig.machine import HARDWARE, KERNEL_WORDS, PROGRAM, Disk, Machine
from rig.transfer import push

if TYPE_CHECKING:
    from collections.abc import Iterator

DEB = Path(__file__).parents[2] / "build" / "deb" / f"glassd_{__version__}+deb12_amd64.deb"
"""What `make deb` leaves of this tree for the guest's release."""
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
PLACE = f"/dev/shm/{DEB.name}"
"""Where the .deb is while it is installed: not on the disk, where it would leave its size behind."""
INSTALL = (
    f"apt-get install -y {PLACE}",
    f"rm {PLACE}",
    # What is in memory by chance would be read at each start of a board: it is dropped, and what is free becomes zeros.
    "sync; echo 3 >/proc/sys/vm/drop_caches",
    "python3 -c 'bytearray(640 << 20)'",
    "glassd --version && /usr/lib/glassd/bin/python3 -c 'import cv2, glassd.app'",
    *WARM_UP,
)


@functools.cache
def booted() -> Path:
    """Return the snapshot of the guest as Debian is after a boot, made where there is none yet."""
    system = image()
    qemu = subprocess.run([PROGRAM, "--version"], capture_output=True, text=True, check=True).stdout

    def make(folder: Path) -> None:
        tell("the snapshot `booted`, half a minute")
        with _layer(folder, system.disk, "raw", None) as machine:
            machine.agent.hello(BOOT_LIMIT_S)
            for command in WARM_UP:
                _do(machine, command)

    return made("booted", key(qemu, HARDWARE, KERNEL_WORDS, *WARM_UP), make, within=system.disk.parent)


@functools.cache
def installed() -> Path:
    """Return the snapshot of the guest with this tree's .deb, made where there is none yet."""
    if not DEB.exists():
        raise FileNotFoundError(f"there is no {DEB} to install on the virtual board: run `make deb`")
    below = booted()

    def make(folder: Path) -> None:
        tell(f"the snapshot `installed`, of {DEB.name}, half a minute")
        with _layer(folder, below / "disk.qcow2", "qcow2", below / "state") as machine:
            _wake(machine)
            push(machine.agent, DEB, PLACE)
            for command in INSTALL:
                _do(machine, command)

    return made("installed", key(DEB, *INSTALL), make, within=below)


def start(snapshot: Path, folder: Path) -> Machine:
    """Return a machine that runs on from a snapshot, with its sockets in a folder; what it writes is forgotten."""
    machine = Machine(folder, image(), Disk(snapshot / "disk.qcow2"), snapshot / "state")
    try:
        _wake(machine)
    except BaseException:
        machine.close()
        raise
    return machine


def _wake(machine: Machine) -> None:
    """Let a restored guest run, and tell it what time it is."""
    machine.go_on()
    machine.agent.hello(BOOT_LIMIT_S)
    _do(machine, f"date --set=@{time.time():.3f}")


@contextmanager
def _layer(folder: Path, below: Path, form: str, state: Path | None) -> Iterator[Machine]:
    """Run a machine whose writes make a disk on top of another; its state is saved where nothing went wrong."""
    disk = folder / "disk.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-F", form, "-b", str(below), str(disk)], check=True)
    with (
        tempfile.TemporaryDirectory(prefix="board-") as sockets,
        Machine(Path(sockets), image(), Disk(disk, forgetful=False), state) as machine,
    ):
        yield machine
        machine.save(folder / "state")


def _do(machine: Machine, command: str) -> None:
    done = machine.agent.run("/bin/sh", "-c", command, limit_s=INSTALL_LIMIT_S)
    if done.status:
        raise RuntimeError(f"{command}: {done.status} in the guest\n{done.out.decode()}{done.err.decode()}")
