"""Push buttons on the GPIO lines of a board, or of a USB expander, through the kernel's character device (version 2).

The kernel stamps every edge on CLOCK_MONOTONIC, in the interrupt, so an edge's instant is when the contact moved, not
when glassd came to read it. The events are read without blocking in the event loop; only opening and closing, which
can wait for a bus, are done on a thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from glassd_drivers.buttons import gpio_chip, gpio_lines
from glassd_drivers.buttons.gpio_events import EVENT, line_changes
from glassd_drivers.buttons.held import ButtonName, HeldButtons
from glassd_drivers.contracts import CONTRACT, Context, DriverConfig, Edge, TransientFault
from glassd_drivers.readiness import Readiness
from glassd_drivers.settable import SETTABLE
from glassd_drivers.threads import DeviceThread
from glassd_drivers.units import Duration

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterator, Mapping

READ_BYTES = EVENT.size * gpio_chip.BUFFER_EVENTS
"""How much one read takes: all that the kernel keeps, so that only after a read of so much may some be missing."""
LOOK_S = 1.0
"""How often a silent chip is looked at: kernels before 6.6 tell nobody who waits that it is gone."""

Pull = Literal["up", "down", "none", "as_is"]
_PULLS: dict[Pull, int] = {
    "up": gpio_chip.PULL_UP,
    "down": gpio_chip.PULL_DOWN,
    "none": gpio_chip.PULL_NONE,
    "as_is": 0,
}
_log = logging.getLogger(__name__)


Line = Annotated[str, Field(min_length=1, max_length=31)]


class GpioConfig(DriverConfig):
    """Which chip, which of its lines are buttons, and how they are wired."""

    chip: Annotated[str, Field(min_length=1, max_length=255)]
    """The chip: its label, such as pinctrl-rp1, which stays; or its node or name, /dev/gpiochip0 or gpiochip0."""
    map: Annotated[dict[Line, ButtonName], SETTABLE] = Field(min_length=1, max_length=gpio_chip.LINES_MAX)
    """Line of the chip, its number there or its name → button of yours, such as GPIO17: main."""
    active: Annotated[Literal["low", "high"], SETTABLE] = "low"
    """The level of a line while its button is pressed: low for a button to ground."""
    pull: Annotated[Pull | None, SETTABLE] = None
    """What pulls the line the other way: up, down, none, or as_is; up where active is low, down where it is high."""
    debounce: Annotated[Duration | None, SETTABLE] = Field(None, gt=0, le=1)
    """How long a level must stay for the kernel to believe it; edges are then stamped that much later. None without."""


class GpioButtons:
    """Push buttons on GPIO lines, with the kernel's own stamps."""

    contract: ClassVar[int] = CONTRACT
    Config = GpioConfig

    def __init__(self, config: GpioConfig, context: Context) -> None:
        self._config = config
        self._context = context
        self._thread = DeviceThread(f"{context.name} gpio")
        self._fd: int | None = None
        self._edges: EdgeReader | None = None

    async def open(self) -> None:
        """Take hold of the lines, which nobody else can then use."""
        fd, buttons, where = await self._thread.call(self._open_lines)
        offsets = tuple(buttons)
        self._edges = EdgeReader(
            fd, buttons, lambda: gpio_chip.active_lines(fd, offsets), self._context.clock, self._config.chip
        )
        _log.info("%s: %s opened, lines %s", self._context.name, where, ", ".join(map(str, offsets)))

    async def edges(self) -> AsyncGenerator[Edge]:
        """Yield each edge; once the chip is gone, LOST for each button held and then TransientFault."""
        if self._edges is None:
            raise TransientFault(f"{self._config.chip}: not open")
        async with contextlib.aclosing(self._edges.edges()) as edges:
            async for edge in edges:
                yield edge

    async def close(self) -> None:
        """Let go of the lines."""
        if self._edges is not None:
            self._edges.close()
        await self._thread.close(self._release)

    def _open_lines(self) -> tuple[int, dict[int, str], str]:
        """Find the chip and request its lines, on the thread; what is requested is kept in `_fd` for `_release`."""
        config = self._config
        chip, facts = gpio_lines.open_chip(config.chip)
        pull = config.pull or ("up" if config.active == "low" else "down")
        flags = _PULLS[pull] | (gpio_chip.ACTIVE_LOW if config.active == "low" else 0)
        try:
            buttons = gpio_lines.lines_of(chip, facts, config.map)
            try:
                self._fd = fd = gpio_chip.request_lines(
                    chip, tuple(buttons), flags, config.debounce or 0.0, f"glassd {self._context.name}"
                )
            except OSError as error:
                raise gpio_lines.request_fault(chip, facts, tuple(buttons), pull, error) from error
        except OSError as error:
            raise TransientFault(f"{facts} was lost while it was opened ({error.strerror})") from error
        finally:
            os.close(chip)
        return fd, buttons, str(facts)

    def _release(self) -> None:
        fd, self._fd = self._fd, None
        if fd is not None:
            os.close(fd)


class EdgeReader:
    """Edges from the bytes of requested lines: what is held, and what is made up when events are lost.

    `buttons` maps a line's offset to a button; several lines may be one button. `active_now` asks the chip which
    lines are active.
    """

    def __init__(
        self,
        fd: int,
        buttons: Mapping[int, str],
        active_now: Callable[[], frozenset[int]],
        clock: Callable[[], float],
        where: str,
    ) -> None:
        self._fd = fd
        self._active_now = active_now
        self._clock = clock
        self._where = where
        self._readiness = Readiness(fd, where)
        self._overran = False
        self._held = HeldButtons(buttons)

    async def edges(self) -> AsyncGenerator[Edge]:
        """Yield each edge; once the chip is gone, LOST for each button held and then TransientFault."""
        while True:
            await self._wait()
            edges, fault = self._read()
            for edge in edges:
                yield edge
            if fault is not None:
                raise fault

    def close(self) -> None:
        """Wake whoever iterates; call it before the lines are let go of."""
        self._readiness.close()

    async def _wait(self) -> None:
        if self._overran:
            await asyncio.sleep(0)  # there may be more; it is read without waiting, but after a turn for the others
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LOOK_S):
                await self._readiness.wait()

    def _read(self) -> tuple[list[Edge], TransientFault | None]:
        edges: list[Edge] = []
        cause: OSError | None = None
        try:
            data = self._bytes()
            edges.extend(self._edges_of(data or b""))  # keeps what came before an error
        except OSError as error:
            cause = error
        else:
            if data != b"":
                return edges, None
        edges.extend(self._held.lose(self._held.codes, self._clock()))
        fault = TransientFault(f"{self._where} was lost: plug it in again, or load its driver")
        fault.__cause__ = cause
        return edges, fault

    def _bytes(self) -> bytes | None:
        """Return what waits to be read, None where nothing does."""
        try:
            return os.read(self._fd, READ_BYTES)
        except BlockingIOError:
            return None

    def _edges_of(self, data: bytes) -> Iterator[Edge]:
        for change in line_changes(data):
            yield from self._held.change(change.offset, change.active, change.instant)
        overran, self._overran = self._overran, len(data) == READ_BYTES
        if overran and not self._overran:
            # A release may have been among what the kernel dropped, and no other will come. The events' numbers would
            # not tell: they also jump where interrupts of a bouncing contact come faster than the kernel handles them.
            yield from self._held.lose(self._held.codes - self._active_now(), self._clock())
