"""A camera's controls: what there is to set, and setting it by the names that v4l2-ctl shows.

Four have a short name beside, that turns the camera's own automatic off when it is given a number, and on with `auto`:
exposure, focus, gain and white_balance.
Every function takes an open file descriptor and raises OSError.
Source: linux/v4l2-controls.h, and the kernel's V4L2 documentation, "User Controls" and "Camera Control Reference".
"""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct

from glassd_drivers import ioctls

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ENTRIES_LIMIT = 128
"""How many controls, and choices of one, are asked for, of a driver that never says that it has no more."""
AUTO = "auto"

_QUERY = struct.Struct("=2I32s4i3I")  # id, type, name, minimum, maximum, step, default, flags, reserved[2]
_MENU = struct.Struct("=2I32sI")  # id, index, name or a 64-bit value, reserved
_CONTROL = struct.Struct("=Ii")
_G_CTRL = ioctls.exchange_request("V", 27, _CONTROL.size)
_S_CTRL = ioctls.exchange_request("V", 28, _CONTROL.size)
_QUERYCTRL = ioctls.exchange_request("V", 36, _QUERY.size)
_QUERYMENU = ioctls.exchange_request("V", 37, _MENU.size)

_NEXT = 0x80000000
_BOOLEAN, _MENU_TYPE, _INTEGER_MENU = 2, 3, 9
_SETTABLE = {1, _BOOLEAN, _MENU_TYPE, 8, _INTEGER_MENU}  # and integers and bit masks
_DISABLED, _READ_ONLY = 0x1, 0x4


class _Short(NamedTuple):
    """What a short name stands for; the kernel has renamed some of them in 2022 (v5.17), the older name comes last."""

    value: tuple[str, ...]
    automatic: tuple[str, ...]
    on: tuple[int, ...] = (1,)
    off: int = 0


SHORT = {
    # V4L2_EXPOSURE_AUTO, _MANUAL, _SHUTTER_PRIORITY, _APERTURE_PRIORITY: a UVC camera has the last for its automatic.
    "exposure": _Short(
        ("exposure_time_absolute", "exposure_absolute"), ("auto_exposure", "exposure_auto"), on=(3, 0), off=1
    ),
    "focus": _Short(("focus_absolute",), ("focus_automatic_continuous", "focus_auto")),
    "gain": _Short(("gain",), ("gain_automatic", "autogain")),
    "white_balance": _Short(
        ("white_balance_temperature",), ("white_balance_automatic", "white_balance_temperature_auto")
    ),
}


class Refused(ValueError):
    """A control that the camera does not have, or a value that it does not take. The text says which ones there are."""


class Control(Struct, frozen=True):
    """One control: its bounds, and the names of its values where it is a choice."""

    id: int
    name: str
    minimum: int
    maximum: int
    step: int
    default: int
    choices: Mapping[int, str] = {}

    def value_of(self, wanted: int | str) -> int:
        """Return the number that stands for a wanted value; raise Refused for one that it does not take."""
        if isinstance(wanted, str):
            for number, name in self.choices.items():
                if _plain(name) == _plain(wanted):
                    return number
        elif self.minimum <= wanted <= self.maximum and (not self.choices or wanted in self.choices):
            return int(wanted)
        raise Refused(f"{self.name} takes {self}, not {wanted}")

    def __str__(self) -> str:
        if self.choices:
            return ", ".join(self.choices.values())
        return f"{self.minimum} to {self.maximum}"


def controls(fd: int) -> dict[str, Control]:
    """Return the controls that can be set, by name."""
    return {control.name: control for control in _controls(fd)}


def get(fd: int, control: Control) -> int:
    """Return what a control is set to."""
    return int(_CONTROL.unpack(ioctls.ask(fd, _G_CTRL, _CONTROL.pack(control.id, 0)))[1])


def put(fd: int, wanted: Mapping[str, int | str]) -> list[str]:
    """Set controls by their names or short names, an automatic before what it governs; raise Refused.

    Returns a line for each that became another value than the one that was set, as where a camera goes in steps.
    """
    if not wanted:
        return []
    there = controls(fd)
    wishes = [wish for name, value in wanted.items() for wish in settings(there, name, value)]
    others = []
    for control, value in wishes:
        try:
            ioctls.ask(fd, _S_CTRL, _CONTROL.pack(control.id, value))
        except OSError as error:
            raise Refused(f"{control.name} cannot be set to {value} ({error.strerror})") from error
        if (became := get(fd, control)) != value:
            others.append(f"{control.name} is {became} where {value} was set")
    return others


def settings(there: Mapping[str, Control], name: str, value: int | str) -> Iterator[tuple[Control, int]]:
    """Yield what has to be set, in order, for one entry of the config."""
    short = SHORT.get(name, _Short((name,), ()))
    automatic = next((there[one] for one in short.automatic if one in there), None)
    control = next((there[one] for one in short.value if one in there), None)
    if value == AUTO and short.automatic:
        if automatic is None:
            raise Refused(f"it has no automatic {name}")
        yield automatic, next((on for on in short.on if on in automatic.choices), short.on[0])
        return
    if control is None:
        raise Refused(f"it has no control {name}; it has {', '.join(there) or 'none'}")
    number = control.value_of(value)
    if automatic is not None:
        yield automatic, short.off
    yield control, number


def _controls(fd: int) -> Iterator[Control]:
    number = 0
    for _ in range(ENTRIES_LIMIT):
        try:
            answer = ioctls.ask(fd, _QUERYCTRL, struct.pack("=I", number | _NEXT).ljust(_QUERY.size, b"\0"))
        except OSError:  # EINVAL: that was the last one; ENOTTY: it has none
            return
        number, kind, name, minimum, maximum, step, default, flags, *_ = _QUERY.unpack(answer)
        if kind not in _SETTABLE or flags & (_DISABLED | _READ_ONLY):
            continue
        choices = {}
        if kind == _BOOLEAN:
            choices = {0: "off", 1: "on"}
        elif kind in (_MENU_TYPE, _INTEGER_MENU):
            choices = dict(_choices(fd, number, minimum, min(maximum, minimum + ENTRIES_LIMIT), kind))
        yield Control(number, _slug(ioctls.text(name)), minimum, maximum, step, default, choices)


def _choices(fd: int, number: int, minimum: int, maximum: int, kind: int) -> Iterator[tuple[int, str]]:
    for index in range(minimum, maximum + 1):
        try:
            answer = ioctls.ask(fd, _QUERYMENU, struct.pack("=2I", number, index).ljust(_MENU.size, b"\0"))
        except OSError:  # a menu has holes where the camera lacks a choice
            continue
        name = _MENU.unpack(answer)[2]
        yield index, ioctls.text(name) if kind == _MENU_TYPE else str(struct.unpack_from("=q", name)[0])


def _slug(name: str) -> str:
    """Return a control's name as v4l2-ctl writes it: `Exposure Time, Absolute` is exposure_time_absolute."""
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")


def _plain(text: str) -> str:
    return "".join(text.casefold().split())
