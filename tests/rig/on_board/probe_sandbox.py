"""What a process can do in the sandbox of glassd.service: writes JSON, each attempt with what came of it.

It takes the daemon's place in the unit, by a drop-in. Its words are the devices to open, and last the address to call.
"""

from __future__ import annotations

import ctypes
import json
import mmap
import os
import socket
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

CLONE_NEWUSER = 0x10000000
NETLINK_KOBJECT_UEVENT = 15


def outcome(attempt: Callable[[], object]) -> str:
    """Return "done", or what the system said."""
    try:
        attempt()
    except OSError as error:
        return os.strerror(error.errno or 0)
    return "done"


def call(name: str, *arguments: int) -> None:
    """Make a system call by its C function."""
    if getattr(ctypes.CDLL(None, use_errno=True), name)(*arguments) < 0:
        raise OSError(ctypes.get_errno(), name)


def be_called_back() -> None:
    """Have C call Python, for which libffi makes code."""
    values = (ctypes.c_int * 3)(3, 1, 2)
    compare = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_int), ctypes.POINTER(ctypes.c_int))
    ctypes.CDLL(None).qsort(values, 3, ctypes.sizeof(ctypes.c_int), compare(lambda a, b: a[0] - b[0]))
    assert list(values) == [1, 2, 3]


def code_a_picture() -> None:
    """Use OpenCV and numpy both ways."""
    import cv2
    import numpy as np

    _, data = cv2.imencode(".jpg", np.zeros((64, 64, 3), np.uint8))
    picture = cv2.imdecode(data, cv2.IMREAD_COLOR)
    assert picture is not None
    assert picture.shape == (64, 64, 3)


def connect(address: str) -> None:
    host, _, port = address.partition(":")
    socket.create_connection((host, int(port)), timeout=10).close()


def write(path: str) -> None:
    Path(path).write_text("x")


def read(path: str) -> None:
    with Path(path).open("rb") as file:
        file.read(1)


def main(devices: list[str], address: str) -> None:
    state, runtime = os.environ["STATE_DIRECTORY"], os.environ["RUNTIME_DIRECTORY"]
    needed: dict[str, Callable[[], object]] = {
        "write its state": lambda: write(f"{state}/file"),
        "write beside its socket": lambda: write(f"{runtime}/file"),
        "write a temporary file": lambda: write("/tmp/file"),
        "read its config": lambda: read("/etc/glassd/glassd.yaml"),
        "read a key": lambda: read(f"{os.environ['CREDENTIALS_DIRECTORY']}/key_some"),
        "see its routes": lambda: read("/proc/self/net/route"),
        "call a model": lambda: connect(address),
        "resolve a name": lambda: socket.getaddrinfo("localhost", 80, flags=socket.AI_ADDRCONFIG),
        "hear of devices": lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, NETLINK_KOBJECT_UEVENT).bind(
            (0, 2)
        ),
        "be called back by C": be_called_back,
        "code a picture": code_a_picture,
    }
    refused: dict[str, Callable[[], object]] = {
        "write its config": lambda: write("/etc/glassd/file"),
        "write programs": lambda: write("/usr/lib/glassd/file"),
        "write another's state": lambda: write("/var/lib/file"),
        "read the folder of keys": lambda: list(Path("/etc/credstore/glassd").iterdir()),
        "read homes": lambda: list(Path("/root").iterdir()),
        "read the kernel's log": lambda: read("/dev/kmsg"),
        "read the disk": lambda: read("/dev/vda"),
        "make an input device": lambda: os.open("/dev/uinput", os.O_RDWR),
        "see other processes": lambda: read("/proc/1/cmdline"),
        "see the kernel's settings": lambda: read("/proc/sys/kernel/hostname"),
        "change a setting": lambda: write("/sys/kernel/mm/ksm/run"),
        "capture the network": lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW),
        "make a namespace": lambda: call("unshare", CLONE_NEWUSER),
        "mount": lambda: call("mount", 0, 0, 0, 0, 0),
        "become root": lambda: os.setuid(0),
        "set the clock": lambda: time.clock_settime(time.CLOCK_REALTIME, time.time()),
        "rename the board": lambda: socket.sethostname("another"),
        "reboot": lambda: call("reboot", 0),
        "take a processor": lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1)),
        "run what it wrote": lambda: mmap.mmap(-1, 4096, prot=mmap.PROT_WRITE | mmap.PROT_EXEC),
        "give its rights away": lambda: Path(state, "file").chmod(0o4755),
    }
    opened = {device: outcome(partial(os.open, device, os.O_RDWR | os.O_NONBLOCK)) for device in devices}
    found = [{name: outcome(attempt) for name, attempt in kind.items()} for kind in (needed, refused)]
    json.dump({"opened": opened, "needed": found[0], "refused": found[1]}, sys.stdout)


main(sys.argv[1:-1], sys.argv[-1])
