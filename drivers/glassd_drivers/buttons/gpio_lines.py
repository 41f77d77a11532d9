"""Which GPIO chip and which of its lines a config means, and what stands in the way where they cannot be had."""

from __future__ import annotations

import contextlib
import difflib
import errno
import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING

from glassd_drivers.buttons import gpio_chip
from glassd_drivers.contracts import PermanentFault, TransientFault

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

DEV = Path("/dev")
LISTED = 12
"""How many chips or lines an error lists at most."""
ENOTSUPP = 524
"""What the kernel's own drivers say for "not supported"; errno.h does not know it."""

_NO_PERMISSION = "no permission; the user that runs glassd needs the group `gpio`"
_log = logging.getLogger(__name__)


def open_chip(chip: str, dev: Path = DEV) -> tuple[int, gpio_chip.ChipFacts]:
    """Open the chip that has this node, name or label; raise DriverError where there is none, or more than one."""
    if "/" in chip:
        return _open_node(Path(chip), dev)
    found: dict[Path, gpio_chip.ChipFacts] = {}
    denied = False
    for node in gpio_chip.nodes(dev):
        try:
            found[node] = _facts(node)
        except PermissionError:
            denied = True
        except OSError as error:
            _log.debug("%s: cannot be asked: %s", node, error.strerror)
    fitting = [node for node, facts in found.items() if facts.name == chip] or [
        node for node, facts in found.items() if facts.label == chip
    ]
    if len(fitting) > 1:
        raise PermanentFault(f"{len(fitting)} GPIO chips are called {chip}: name one, {_listed(map(str, fitting))}")
    if fitting:
        return _open_node(fitting[0], dev)
    if denied:
        raise PermanentFault(f"GPIO chip {chip}: {_NO_PERMISSION}")
    raise TransientFault(f"no GPIO chip is called {chip}; {_what_is_there(found.values())}")


def lines_of(chip: int, facts: gpio_chip.ChipFacts, wanted: Mapping[str, str]) -> dict[int, str]:
    """Return the offset of each wanted line, with its button; raise PermanentFault for one that the chip has not."""
    _need_version_2(chip, facts)
    by_name: dict[str, list[int]] = {}
    if not all(map(_is_offset, wanted)):
        for offset in range(facts.lines):
            by_name.setdefault(gpio_chip.line_facts(chip, offset).name, []).append(offset)
        by_name.pop("", None)
    buttons: dict[int, str] = {}
    keys: dict[int, str] = {}
    for key, button in wanted.items():
        offset = _offset(key, facts, by_name)
        if offset in buttons:
            raise PermanentFault(f"{facts}: {keys[offset]} and {key} are the same line; name it once")
        buttons[offset], keys[offset] = button, key
    return buttons


def request_fault(
    chip: int, facts: gpio_chip.ChipFacts, offsets: tuple[int, ...], pull: str, error: OSError
) -> PermanentFault | TransientFault:
    """Say why lines could not be had; raise OSError where the chip is gone by now."""
    gpio_chip.chip_facts(chip)
    lines = [gpio_chip.line_facts(chip, offset) for offset in offsets]
    named = ", ".join(map(str, lines))
    if error.errno == errno.EBUSY and (used := [line for line in lines if line.used]):
        whose = ", ".join(f"{line} is in use by {line.consumer or 'the kernel'}" for line in used)
        return TransientFault(f"{facts}: line {whose}; end that program, or use `evdev` for a key of the device tree")
    if error.errno in (errno.ENXIO, errno.ENODEV):
        return PermanentFault(f"{facts} cannot tell edges of lines {named}; use gpio-keys-polled and `evdev`")
    if error.errno in (errno.EINVAL, errno.EOPNOTSUPP, ENOTSUPP) and pull != "as_is":
        return PermanentFault(f"{facts} refuses pull: {pull} for lines {named}; wire a resistor, and say pull: as_is")
    return TransientFault(f"{facts} refuses lines {named}: {error.strerror}")


def _need_version_2(chip: int, facts: gpio_chip.ChipFacts) -> None:
    try:
        gpio_chip.line_facts(chip, 0)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        old = f"{facts}: this kernel lacks version 2 of the GPIO interface; take Linux 5.10 or newer"
        raise PermanentFault(f"{old}, or gpio-keys and `evdev`") from error


def _is_offset(key: str) -> bool:
    return key.isascii() and key.isdecimal()


def _offset(key: str, facts: gpio_chip.ChipFacts, by_name: Mapping[str, list[int]]) -> int:
    if _is_offset(key):
        if int(key) < facts.lines:
            return int(key)
        raise PermanentFault(f"{facts} has no line {key}: its {facts.lines} lines are 0 to {facts.lines - 1}")
    match by_name.get(key, []):
        case [offset]:
            return offset
        case []:
            near = difflib.get_close_matches(key, by_name, n=3, cutoff=0.0)
            other = f"the nearest are {', '.join(near)}" if near else "none of its lines has a name, give its number"
            raise PermanentFault(f"{facts} has no line {key}; {other}")
        case several:
            raise PermanentFault(f"{facts} has {len(several)} lines called {key}: give the number, {_listed(several)}")


def _open_node(node: Path, dev: Path) -> tuple[int, gpio_chip.ChipFacts]:
    try:
        fd = os.open(node, os.O_RDONLY | os.O_CLOEXEC)
    except PermissionError as error:
        raise PermanentFault(f"{node}: {_NO_PERMISSION}") from error
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENODEV, errno.ENXIO):
            raise TransientFault(f"{node} is not there; {_what_is_there(_readable_chips(dev))}") from error
        raise TransientFault(f"{node} cannot be opened: {error.strerror}") from error
    try:
        return fd, gpio_chip.chip_facts(fd)
    except OSError as error:
        os.close(fd)
        if error.errno == errno.ENODEV:
            raise TransientFault(f"{node} was lost while it was opened") from error
        raise PermanentFault(f"{node} is no GPIO chip; `glassd devices` lists those that are there") from error


def _facts(node: Path) -> gpio_chip.ChipFacts:
    fd = os.open(node, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return gpio_chip.chip_facts(fd)
    finally:
        os.close(fd)


def _readable_chips(dev: Path) -> Iterator[gpio_chip.ChipFacts]:
    for node in gpio_chip.nodes(dev):
        with contextlib.suppress(OSError):
            yield _facts(node)


def _what_is_there(chips: Iterable[gpio_chip.ChipFacts]) -> str:
    there = _listed(map(str, chips))
    return f"there are {there}" if there else "there is none: plug it in, or load its driver or overlay"


def _listed(items: Iterable[object]) -> str:
    every = [str(item) for item in items]
    more = f" and {len(every) - LISTED} more" if len(every) > LISTED else ""
    return ", ".join(every[:LISTED]) + more
