"""Keys of a Linux input device as buttons: a keyboard, a remote control, a touch pad that sends keys, gpio-keys.

The kernel stamps every event on CLOCK_MONOTONIC (EVIOCSCLOCKID), so an edge's instant is when the key moved, not when
glassd came to read it. The events are read without blocking in the event loop; only opening and closing, which can
wait for the bus, are done on a thread.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import AfterValidator, Field

from glassd_drivers.buttons import input_device
from glassd_drivers.buttons.held import ButtonName, HeldButtons
from glassd_drivers.buttons.input_events import EVENT, EventDecoder, EventsLost, KeyChange
from glassd_drivers.buttons.keycodes import KEY_CODES
from glassd_drivers.contracts import (
    CONTRACT,
    Context,
    DriverConfig,
    Edge,
    PermanentFault,
    TransientFault,
)
from glassd_drivers.readiness import Readiness
from glassd_drivers.settable import SETTABLE
from glassd_drivers.threads import DeviceThread

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterator, Mapping

READ_EVENTS = 64
"""How many events one read takes at most; the kernel keeps the rest (its own buffer holds at least as many)."""

_log = logging.getLogger(__name__)


def _key_name(name: str) -> str:
    if name in KEY_CODES:
        return name
    import difflib  # noqa: PLC0415  only for a mistake

    near = difflib.get_close_matches(name.upper(), KEY_CODES, n=1, cutoff=0.0)
    raise ValueError(f"the name of a Linux key, such as KEY_ENTER; {name!r} is none, the nearest is {near[0]}")


KeyName = Annotated[str, AfterValidator(_key_name)]


class EvdevConfig(DriverConfig):
    """Which device, and which of its keys are buttons."""

    device: Path
    """The device's node, best under a name that stays: /dev/glassd/buttons or one of /dev/input/by-id/."""
    map: Annotated[dict[KeyName, ButtonName], SETTABLE] = Field(min_length=1, max_length=256)
    """Key of the device → button of yours, such as KEY_ENTER: main. Other keys are passed over."""
    grab: Annotated[bool, SETTABLE] = False
    """Keep the device's keys from everyone else, a console for one."""


class EvdevButtons:
    """Keys of a Linux input device (evdev), with the kernel's own stamps."""

    contract: ClassVar[int] = CONTRACT
    Config = EvdevConfig

    def __init__(self, config: EvdevConfig, context: Context) -> None:
        self._config = config
        self._context = context
        self._thread = DeviceThread(f"{context.name} evdev")
        self._fd: int | None = None
        self._edges: EdgeReader | None = None

    async def open(self) -> None:
        """Take hold of the device and start its clock and, where asked for, its grab."""
        fd, name = await self._thread.call(self._open_device)
        buttons = {KEY_CODES[key]: button for key, button in self._config.map.items()}
        where = str(self._config.device)
        self._edges = EdgeReader(fd, buttons, lambda: input_device.held_keys(fd), self._context.clock, where)
        _log.info("%s: %s opened at %s", self._context.name, name, self._config.device)

    async def edges(self) -> AsyncGenerator[Edge]:
        """Yield each edge; once the device is gone, LOST for each button held and then TransientFault."""
        if self._edges is None:
            raise TransientFault(f"{self._config.device}: not open")
        async with contextlib.aclosing(self._edges.edges()) as edges:
            async for edge in edges:
                yield edge

    async def close(self) -> None:
        """Let go of the device."""
        if self._edges is not None:
            self._edges.close()
        await self._thread.close(self._release)

    def _open_device(self) -> tuple[int, str]:
        """Open and prepare the device, on the thread; what is opened is kept in `_fd` for `_release`."""
        path = self._config.device
        try:
            self._fd = fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            raise self._open_fault(error) from error
        try:
            input_device.protocol_version(fd)
        except OSError as error:
            raise PermanentFault(f"{path} is no input device; `glassd devices` lists those that are there") from error
        try:
            input_device.stamp_by_monotonic_clock(fd)
            if self._config.grab:
                input_device.grab(fd)
            return fd, input_device.device_name(fd)
        except OSError as error:
            if error.errno == errno.EBUSY:
                message = f"{path} is grabbed by another program; end that one, or do without its keys"
            else:
                message = f"{path} was lost while it was opened ({error.strerror})"
            raise TransientFault(message) from error

    def _open_fault(self, error: OSError) -> PermanentFault | TransientFault:
        where = self._config.device
        if isinstance(error, PermissionError):
            return PermanentFault(f"{where}: no permission; the user that runs glassd needs the group `input`")
        if isinstance(error, FileNotFoundError) or error.errno in (errno.ENODEV, errno.ENXIO):
            return TransientFault(f"{where} is not there: plug it in; `glassd devices` lists the input devices")
        return TransientFault(f"{where} cannot be opened: {error.strerror}")

    def _release(self) -> None:
        fd, self._fd = self._fd, None
        if fd is not None:
            os.close(fd)


class EdgeReader:
    """Edges from an open device's bytes: what a button is, what is held, and what is made up when events are lost.

    `buttons` maps a key's code to a button; several keys may be one button.
    """

    def __init__(
        self,
        fd: int,
        buttons: Mapping[int, str],
        held_keys: Callable[[], frozenset[int]],
        clock: Callable[[], float],
        where: str,
    ) -> None:
        self._fd = fd
        self._held_keys = held_keys
        self._clock = clock
        self._where = where
        self._readiness = Readiness(fd, where)
        self._decoder = EventDecoder()
        self._held = HeldButtons(buttons)

    async def edges(self) -> AsyncGenerator[Edge]:
        """Yield each edge; once the device is gone, LOST for each button held and then TransientFault."""
        while True:
            await self._readiness.wait()
            edges, fault = self._read()
            for edge in edges:
                yield edge
            if fault is not None:
                raise fault

    def close(self) -> None:
        """Wake whoever iterates; call it before the device is closed."""
        self._readiness.close()

    def _read(self) -> tuple[list[Edge], TransientFault | None]:
        edges: list[Edge] = []
        cause: OSError | None = None
        try:
            data = os.read(self._fd, EVENT.size * READ_EVENTS)
            edges.extend(self._edges_of(data))  # keeps what came before an error
        except BlockingIOError:
            return edges, None
        except OSError as error:
            cause = error
        else:
            if data:
                return edges, None
        edges.extend(self._held.lose(self._held.codes, self._clock()))
        fault = TransientFault(f"{self._where} was lost: plug it in again")
        fault.__cause__ = cause
        return edges, fault

    def _edges_of(self, data: bytes) -> Iterator[Edge]:
        down_now: frozenset[int] | None = None
        for event in self._decoder.feed(data):
            match event:
                case KeyChange(code, made_up=True, instant=instant):
                    yield from self._held.lose({code}, instant)
                case KeyChange(code, down, instant):
                    yield from self._held.change(code, down, instant)
                case EventsLost(instant):
                    down_now = self._held_keys()
                    yield from self._held.lose(self._held.codes - down_now, instant)
        if down_now is not None:
            # What these bytes said went down may be up again: asking has voided the releases that waited to be read.
            yield from self._held.lose(self._held.codes - down_now, self._clock())
