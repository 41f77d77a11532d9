"""Waits until somebody presses a key of one of the input devices, so that it need not be named.

The keyboard that is pressed may be the one that the terminal hears, too. So a press counts when the key comes up again:
Ctrl-C has ended the program by then. Enter in the terminal counts only while no key of a device is down.
"""

from __future__ import annotations

import contextlib
import os
import select
import time
from typing import TYPE_CHECKING, NamedTuple

from glassd_drivers.buttons.input_events import EVENT, EventDecoder, KeyChange
from glassd_drivers.buttons.keycodes import KEY_CODES, KEY_NAMES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from glassd.setup.console import Console
    from glassd_drivers.discover import FoundInput

PRESS_LIMIT_S = 15.0
GRACE_S = 0.05
"""How much later than the terminal a device may tell of the same key."""
_MODIFIERS = {KEY_CODES[f"KEY_{side}{name}"] for side in ("LEFT", "RIGHT") for name in ("CTRL", "ALT", "SHIFT", "META")}


class Pressed(NamedTuple):
    """A key by its Linux name, and the device that has it."""

    device: FoundInput
    key: str


class _Ear:
    """Listens to one device."""

    def __init__(self, device: FoundInput) -> None:
        self.device = device
        self.held: set[int] = set()
        self._decoder = EventDecoder()

    def hear(self, data: bytes) -> Pressed | None:
        """Return the key that came up, if it went down while we listened and with no Ctrl or the like."""
        for change in self._decoder.feed(data):
            if not isinstance(change, KeyChange):
                continue
            if change.down:
                self.held.add(change.code)
            elif change.code in self.held:
                self.held.discard(change.code)
                name = KEY_NAMES.get(change.code)
                if name and not ({change.code, *self.held} & _MODIFIERS) and not change.made_up:
                    return Pressed(self.device, name)
        return None


def wait_for_press(devices: Sequence[FoundInput], console: Console, limit_s: float = PRESS_LIMIT_S) -> Pressed | None:
    """Return the key that is pressed first; None after Enter in the terminal, or where nobody presses in time."""
    with console.quiet(), contextlib.ExitStack() as stack:
        ears: dict[int, _Ear] = {}
        for device in devices:
            with contextlib.suppress(OSError):  # gone since it was found
                fd = os.open(device.node, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
                stack.callback(os.close, fd)
                ears[fd] = _Ear(device)
        deadline = time.monotonic() + limit_s
        entered = False
        while (left := deadline - time.monotonic()) > 0:
            ready, _, _ = select.select([*ears, console.fd], [], [], left)
            if console.fd in ready:
                ready.remove(console.fd)
                os.read(console.fd, 4096)
                entered = not any(ear.held for ear in ears.values())
            if (pressed := _hear(ears, ready)) is not None:
                return pressed
            if entered:
                # Unless it was a key of a device after all, which then is down now.
                ready, _, _ = select.select(list(ears), [], [], GRACE_S)
                if (pressed := _hear(ears, ready)) is not None:
                    return pressed
                if not any(ear.held for ear in ears.values()):
                    return None
                entered = False
    return None


def _hear(ears: dict[int, _Ear], ready: Sequence[int]) -> Pressed | None:
    for fd in ready:
        try:
            data = os.read(fd, EVENT.size * 64)
        except BlockingIOError:
            continue
        except OSError:
            data = b""
        if not data:
            del ears[fd]  # unplugged; its descriptor is closed with the others
            continue
        if (pressed := ears[fd].hear(data)) is not None:
            return pressed
    return None
