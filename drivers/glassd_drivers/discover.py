"""The devices that are there, under the names that stay: what `glassd devices` lists.

Each device is only asked what it is; nothing is grabbed, set or started. A device that cannot be asked is listed with
what stands in the way.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from glassd_drivers.buttons import gpio_chip, input_device
from glassd_drivers.buttons.keycodes import KEY_NAMES
from glassd_drivers.cameras import v4l2
from glassd_drivers.ioctls import text

if TYPE_CHECKING:
    from collections.abc import Iterable

DEV = Path("/dev")
GRAPHICS = Path("/sys/class/graphics")


@dataclass(frozen=True, slots=True)
class FoundCamera:
    """A node that captures video. `path` is the name that stays, `problem` says why the rest is unknown, if it is.

    `usb` is the USB id of the device behind it, empty where it has none.
    """

    path: Path
    node: Path
    name: str = ""
    formats: tuple[v4l2.Format, ...] = ()
    problem: str = ""
    usb: str = ""


@dataclass(frozen=True, slots=True)
class FoundSerialLine:
    """A serial line that a device is behind."""

    path: Path
    node: Path
    name: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class FoundInput:
    """An input device; `keys` are the Linux names of its keys, which a mouse or a touch pad may have none of."""

    path: Path
    node: Path
    name: str = ""
    keys: tuple[str, ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class FoundGpioChip:
    """A GPIO chip: its label, which stays where its number may change, and those of its lines that have a name."""

    path: Path
    node: Path
    name: str = ""
    lines: int = 0
    named: tuple[gpio_chip.LineFacts, ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class FoundFramebuffer:
    """A screen to draw on: its driver's name, and its size in pixels."""

    path: Path
    node: Path
    name: str = ""
    width: int = 0
    height: int = 0
    problem: str = ""


def cameras(dev: Path = DEV) -> list[FoundCamera]:
    """Return the cameras under `dev`, by number of their node."""
    found = []
    for node in _numbered(dev.glob("video[0-9]*")):
        path = stable_name(node, dev, "camera", "v4l")
        try:
            fd = os.open(node, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            found.append(FoundCamera(path, node, problem=_problem(error, "video")))
            continue
        try:
            facts = v4l2.node_facts(fd)
            if facts.captures:
                usb = v4l2.usb_id(node.name)
                found.append(FoundCamera(path, node, facts.name, v4l2.formats(fd, facts), usb=usb))
        except OSError as error:
            found.append(FoundCamera(path, node, problem=_problem(error, "video")))
        finally:
            os.close(fd)
    return found


def serial_lines(dev: Path = DEV) -> list[FoundSerialLine]:
    """Return the serial lines that the kernel says a device is behind."""
    from serial.tools import list_ports  # noqa: PLC0415 - pyserial is needed by this one alone

    found = []
    for port in sorted(list_ports.comports(), key=lambda port: str(port.device)):
        node = Path(port.device)
        path = stable_name(node, dev, "bridge", "serial")
        problem = "" if os.access(node, os.R_OK | os.W_OK) else _no_permission("dialout")
        name = "" if port.description == "n/a" else str(port.description)
        found.append(FoundSerialLine(path, node, name, problem))
    return found


def inputs(dev: Path = DEV) -> list[FoundInput]:
    """Return the input devices under `dev`, by number of their node."""
    found = []
    for node in _numbered(dev.glob("input/event[0-9]*")):
        path = stable_name(node, dev, "buttons", "input")
        try:
            fd = os.open(node, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            found.append(FoundInput(path, node, problem=_problem(error, "input")))
            continue
        try:
            keys = tuple(KEY_NAMES[code] for code in sorted(input_device.known_keys(fd)) if code in KEY_NAMES)
            found.append(FoundInput(path, node, input_device.device_name(fd), keys))
        except OSError as error:
            found.append(FoundInput(path, node, problem=_problem(error, "input")))
        finally:
            os.close(fd)
    return found


def gpio_chips(dev: Path = DEV) -> list[FoundGpioChip]:
    """Return the GPIO chips under `dev`, by number of their node."""
    found = []
    for node in gpio_chip.nodes(dev):
        try:
            fd = os.open(node, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            found.append(FoundGpioChip(node, node, problem=_problem(error, "gpio")))
            continue
        try:
            facts = gpio_chip.chip_facts(fd)
            every = (gpio_chip.line_facts(fd, offset) for offset in range(facts.lines))
            named = tuple(line for line in every if line.name)
            found.append(FoundGpioChip(node, node, facts.label, facts.lines, named))
        except OSError as error:
            found.append(FoundGpioChip(node, node, problem=_problem(error, "gpio")))
        finally:
            os.close(fd)
    return found


def framebuffers(dev: Path = DEV, graphics: Path = GRAPHICS) -> list[FoundFramebuffer]:
    """Return the framebuffers under `dev`, by number of their node; `graphics` is where the kernel tells of them."""
    found = []
    for node in _numbered(dev.glob("fb[0-9]*")):
        problem = "" if os.access(node, os.R_OK | os.W_OK) else _no_permission("video")
        try:
            name = (graphics / node.name / "name").read_text().strip()
            width, height = map(int, (graphics / node.name / "virtual_size").read_text().split(","))
        except (OSError, ValueError) as error:
            found.append(FoundFramebuffer(node, node, problem=problem or f"cannot be asked: {error}"))
            continue
        found.append(FoundFramebuffer(node, node, text(name.encode()), width, height, problem))
    return found


def stable_name(node: Path, dev: Path, role: str, subsystem: str) -> Path:
    """Return the link to `node` whose name outlives a replug; else `node` itself.

    /dev/glassd/ROLE is whichever device came first, so it means one device only while there is no other of its role.
    """
    first, ours = dev / "glassd" / role, sorted((dev / "glassd/by-id").glob(f"{role}-*"))
    alone = len({link.resolve() for link in ours}) < 2
    others = [link for by in ("by-id", "by-path") for link in sorted((dev / subsystem / by).glob("*"))]
    target = node.resolve()
    for link in [first, *ours, *others] if alone else [*ours, *others, first]:
        if link.is_symlink() and link.resolve() == target:
            return link
    return node


def _numbered(nodes: Iterable[Path]) -> list[Path]:
    return sorted(nodes, key=lambda node: int("".join(filter(str.isdigit, node.name))))


def _problem(error: OSError, group: str) -> str:
    if isinstance(error, PermissionError):
        return _no_permission(group)
    return f"cannot be asked: {error.strerror}"


def _no_permission(group: str) -> str:
    return f"no permission: add yourself to the group {group}"
