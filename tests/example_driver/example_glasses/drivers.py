"""The three drivers of the example glasses, over one shared line."""

from __future__ import annotations

from contextlib import AsyncExitStack, suppress
from functools import partial
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import AfterValidator

from example_glasses.line import Line, open_line
from glassd_drivers.contracts import (
    Context,
    DriverConfig,
    DriverError,
    Edge,
    EdgeKind,
    Frame,
    Profile,
    Screen,
    TransientFault,
)
from glassd_drivers.pictures import PictureError, media_type_and_size

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

PROFILE = Profile(name="example", columns=24, rows=4, interval=0.1)


def _address(text: str) -> str:
    host, _, port = text.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
        raise ValueError("a host and a port, such as 127.0.0.1:7000")
    return text


class ExampleConfig(DriverConfig):
    """Where the glasses are."""

    line: Annotated[str, AfterValidator(_address)]
    """Host and port of the glasses' line."""


class _OverLine:
    """What the three have in common: the hold of the shared line."""

    contract: ClassVar[int] = 1
    Config: ClassVar[type[DriverConfig]] = ExampleConfig

    def __init__(self, config: ExampleConfig, context: Context) -> None:
        self._address = config.line
        self._context = context
        self._held = AsyncExitStack()
        self._open_line: Line | None = None
        self._fault: DriverError | None = None

    async def open(self) -> None:
        """Take hold of the line: the first of the three connects it."""
        shared = self._context.share(f"example {self._address}", partial(open_line, self._address))
        self._open_line = await self._held.enter_async_context(shared)

    async def close(self) -> None:
        """Let go of the line; leaving with the fault that ended it makes the next life connect anew."""
        fault, self._fault = self._fault, None
        if fault is None:
            await self._held.aclose()
            return
        with suppress(DriverError):  # the fault itself, handed back: it was raised where it happened
            await self._held.__aexit__(type(fault), fault, fault.__traceback__)

    @property
    def _line(self) -> Line:
        if self._open_line is None:
            raise TransientFault("not open")
        return self._open_line

    async def watch(self) -> None:
        """Wait until the line is lost, then raise TransientFault."""
        try:
            await self._line.wait_lost()
        except DriverError as fault:
            self._fault = fault
            raise


class ExampleCamera(_OverLine):
    """Camera of the example glasses, over their line."""

    kind: ClassVar[Literal["stream"]] = "stream"

    async def frames(self) -> AsyncGenerator[Frame]:
        """Yield each frame as it comes; raise TransientFault when the line is lost."""
        while True:
            try:
                data = await self._line.frames.get()
                arrived = self._context.clock()
                media_type, width, height = media_type_and_size(data)
            except PictureError:
                continue  # damaged on its way: the next one comes soon
            except DriverError as fault:
                self._fault = fault
                raise
            yield Frame(data, media_type, width, height, arrived, self._context.name)


class ExampleButtons(_OverLine):
    """Buttons of the example glasses, over their line."""

    async def edges(self) -> AsyncIterator[Edge]:
        """Yield each edge as it comes; LOST for those held, then TransientFault, when the line is lost."""
        held: dict[str, None] = {}
        try:
            while True:
                button, kind = await self._line.edges.get()
                if kind is EdgeKind.DOWN:
                    held[button] = None
                else:
                    held.pop(button, None)
                yield Edge(button, kind, self._context.clock())
        except DriverError as fault:
            self._fault = fault
            for button in held:
                yield Edge(button, EdgeKind.LOST, self._context.clock())
            raise


class ExampleDisplay(_OverLine):
    """Display of the example glasses, over their line."""

    profile: ClassVar[str] = "example"

    def fit(self, profile: Profile) -> None:
        """Nothing depends on it: the glasses show the lines as they are."""

    async def show(self, screen: Screen) -> None:
        """Send the screen; raise TransientFault when the line is lost."""
        await self._line.send({"screen": list(screen.lines), "mark": screen.mark})
