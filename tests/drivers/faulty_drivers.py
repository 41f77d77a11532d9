"""Three good drivers over a device in memory, and for each promise of the contract a driver that breaks just that."""

from __future__ import annotations

import asyncio
import os
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import ConfigDict

from glassd_drivers.contracts import (
    CONTRACT,
    DriverConfig,
    Edge,
    EdgeKind,
    Frame,
    Profile,
    Screen,
    TransientFault,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from glassd_drivers.contracts import Context

PROFILE = Profile("memory", 20, 3, 0.1)
PICTURE = bytes.fromhex(  # a PNG of one grey pixel
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b55"
    "0000000a49444154789c636800000082008177cd72b60000000049454e44ae426082"
)


class Device:
    """What a test pretends to hold in its hand."""

    def __init__(self) -> None:
        self.said: asyncio.Queue[Any] = asyncio.Queue(100)
        self.screens: asyncio.Queue[Screen] = asyncio.Queue(100)
        self.lost = asyncio.Event()


PLUGGED: dict[str, Device] = {}


class MemoryConfig(DriverConfig):
    port: str = "here"


class Good:
    contract: ClassVar[int] = CONTRACT
    Config: ClassVar[type[DriverConfig]] = MemoryConfig

    def __init__(self, config: MemoryConfig, context: Context) -> None:
        self.port = config.port
        self.context = context

    async def open(self) -> None:
        await asyncio.sleep(0)
        if self.port not in PLUGGED:
            raise TransientFault(f"nothing at {self.port}; plug it in")
        self.device = PLUGGED[self.port]

    async def close(self) -> None:
        pass

    async def said(self) -> Any:
        word = await self.device.said.get()
        if word == "lost":
            self.device.lost.set()
            raise TransientFault("it was lost; plug it in")
        return word

    async def watch(self) -> None:
        await self.said()


class GoodCamera(Good):
    """A camera in memory."""

    kind: ClassVar[Literal["stream"]] = "stream"

    def frame(self) -> Frame:
        return Frame(PICTURE, "image/png", 1, 1, self.context.clock(), self.context.name)

    async def frames(self) -> AsyncGenerator[Frame]:
        while True:
            await self.said()
            yield self.frame()


class GoodButtons(Good):
    """Buttons in memory."""

    async def edges(self) -> AsyncGenerator[Edge]:
        held = False
        try:
            while True:
                kind = await self.said()
                held = kind is EdgeKind.DOWN
                yield Edge("main", kind, self.context.clock())
        except TransientFault:
            if held:
                yield Edge("main", EdgeKind.LOST, self.context.clock())
            raise


class GoodDisplay(Good):
    """A display in memory."""

    profile: ClassVar[str] = "memory"

    def fit(self, profile: Profile) -> None:
        pass

    async def show(self, screen: Screen) -> None:
        if self.device.lost.is_set():
            raise TransientFault("it was lost; plug it in")
        self.device.screens.put_nowait(screen)


# -- one broken promise each ----------------------------------------------------------------------------------------


class Mute(GoodCamera):
    """"""


class Careless(GoodCamera):
    """Takes any key."""

    class Config(MemoryConfig):
        model_config = ConfigDict(extra="ignore")


class LeavesDescriptor(GoodCamera):
    """Never closes a file."""

    async def open(self) -> None:
        await super().open()
        os.open("/dev/null", os.O_RDONLY)


class LeavesThread(GoodCamera):
    """Never ends a thread."""

    async def open(self) -> None:
        await super().open()
        threading.Thread(target=threading.Event().wait, args=(20,), name="left", daemon=True).start()


class LeavesTask(GoodCamera):
    """Never ends a task."""

    async def open(self) -> None:
        await super().open()
        self.device.task = asyncio.create_task(asyncio.Event().wait(), name="left")  # type: ignore[attr-defined]  # kept


class LeavesHalf(GoodCamera):
    """Cancelled in open, it forgets what it had already taken hold of."""

    async def open(self) -> None:
        self.held = os.open("/dev/null", os.O_RDONLY)
        await super().open()
        self.whole = True

    async def close(self) -> None:
        if hasattr(self, "whole"):
            os.close(self.held)


class SwallowsCancel(GoodCamera):
    """Goes on when it is cancelled."""

    async def open(self) -> None:
        try:
            await super().open()
        except asyncio.CancelledError:
            self.device = PLUGGED[self.port]


class CloseRaises(GoodCamera):
    """Raises in close."""

    async def close(self) -> None:
        self.device = self.device


class CloseHangs(GoodCamera):
    """Never ends its close."""

    async def close(self) -> None:
        await asyncio.Event().wait()


class MissingIsOsError(GoodCamera):
    """Lets an OSError out."""

    async def open(self) -> None:
        try:
            await super().open()
        except TransientFault:
            raise FileNotFoundError(self.port) from None


class MissingIsNothing(GoodCamera):
    """Says nothing of a device that is not there."""

    async def open(self) -> None:
        self.device = PLUGGED.get(self.port, Device())


class MissingIsTwoLines(GoodCamera):
    """Says too much."""

    async def open(self) -> None:
        try:
            await super().open()
        except TransientFault:
            raise TransientFault("one\ntwo") from None


class CutOff(GoodCamera):
    """Its pictures are not whole."""

    def frame(self) -> Frame:
        return replace(super().frame(), data=PICTURE[:-6])


class WrongSize(GoodCamera):
    """Its pictures are smaller than it says."""

    def frame(self) -> Frame:
        return replace(super().frame(), width=2)


class RawCamera(GoodCamera):
    """Keeps the contract, and does not encode."""

    def frame(self) -> Frame:
        return Frame(bytes(24), "raw/yuyv", 4, 3, self.context.clock(), self.context.name)


class RawCutOff(GoodCamera):
    """Its raw frames lack a row."""

    def frame(self) -> Frame:
        return Frame(bytes(16), "raw/yuyv", 4, 3, self.context.clock(), self.context.name)


class Frozen(GoodCamera):
    """Its instants stand still."""

    def frame(self) -> Frame:
        self.first = getattr(self, "first", self.context.clock())
        return replace(super().frame(), instant=self.first)


class Prophet(GoodCamera):
    """Its instants are to come."""

    def frame(self) -> Frame:
        return replace(super().frame(), instant=self.context.clock() + 60)


class Historian(GoodCamera):
    """Its instants are of a clock of its own."""

    def frame(self) -> Frame:
        return replace(super().frame(), instant=self.context.clock() - 3600)


class Nameless(GoodCamera):
    """Its frames come from elsewhere."""

    def frame(self) -> Frame:
        return replace(super().frame(), source="me")


class CancelsItsReader(GoodCamera):
    """Tells the loss by a cancellation."""

    async def frames(self) -> AsyncGenerator[Frame]:
        try:
            async for frame in super().frames():
                yield frame
        except TransientFault:
            raise asyncio.CancelledError from None


class LosesAtOnce(GoodDisplay):
    """Takes itself for lost while it is there."""

    async def watch(self) -> None:
        raise TransientFault("it was lost; plug it in")


class OwnClock(GoodButtons):
    """Its instants are of a clock of its own."""

    async def edges(self) -> AsyncGenerator[Edge]:
        async for edge in super().edges():
            yield replace(edge, instant=edge.instant - 3600)


class EndsQuietly(GoodCamera):
    """Its stream just ends."""

    async def frames(self) -> AsyncGenerator[Frame]:
        try:
            async for frame in super().frames():
                yield frame
        except TransientFault:
            return


class NoUp(GoodButtons):
    """Says down only."""

    async def edges(self) -> AsyncGenerator[Edge]:
        async for edge in super().edges():
            yield replace(edge, kind=EdgeKind.DOWN)


class NoLost(GoodButtons):
    """Forgets what is held."""

    async def edges(self) -> AsyncGenerator[Edge]:
        async for edge in super().edges():
            if edge.kind is not EdgeKind.LOST:
                yield edge


class OtherButton(GoodButtons):
    """Mixes its buttons up."""

    async def edges(self) -> AsyncGenerator[Edge]:
        async for edge in super().edges():
            yield replace(edge, button=str(edge.kind))


class ShowHangs(GoodDisplay):
    """Never returns from show."""

    async def show(self, screen: Screen) -> None:
        del screen
        await asyncio.Event().wait()


class ShowsNothing(GoodDisplay):
    """Shows nothing."""

    async def show(self, screen: Screen) -> None:
        pass


class NoProfile(GoodDisplay):
    """Names a profile that nobody has."""

    profile: ClassVar[str] = "nowhere"


class WatchHangs(GoodDisplay):
    """Never notices that it is lost."""

    async def watch(self) -> None:
        await asyncio.Event().wait()


class ShowsIntoTheVoid(GoodDisplay):
    """Shows on a lost device."""

    async def show(self, screen: Screen) -> None:
        self.device.screens.put_nowait(screen)
