"""A display that plays a script: slow, stalling, lost and back again, all on the virtual clock."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from glassd.presenter.compositor import Compositor
from glassd_drivers.contracts import DriverConfig, Profile, Screen, TransientFault

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

PROFILE = Profile("test", columns=30, rows=4, interval=0.2)
AWAY_S = 0.7
"""Seconds between two lives of a display here."""


def after(seconds: float) -> asyncio.Future[None]:
    """A future that is done once so much virtual time has passed."""
    loop = asyncio.get_running_loop()
    future = loop.create_future()

    def pass_by() -> None:
        if not future.done():
            future.set_result(None)

    loop.call_later(seconds, pass_by)
    return future


@dataclass(frozen=True)
class Shown:
    """One screen that a display has taken: which life of it, when it was begun."""

    life: int
    began: float
    screen: Screen


@dataclass
class Script:
    """What a display does with each screen it is given, in turn: the seconds it takes; None: it is lost."""

    turns: list[float | None] = field(default_factory=list)
    lives: int = 0
    begun: list[tuple[float, Screen]] = field(default_factory=list)
    taken: list[Shown] = field(default_factory=list)
    vanish: asyncio.Event = field(default_factory=asyncio.Event)

    def screens(self) -> list[Screen]:
        return [shown.screen for shown in self.taken]


class ScriptedDisplay:
    """One life of a display that plays a script."""

    contract: ClassVar[int] = 1
    Config: ClassVar[type[DriverConfig]] = DriverConfig
    profile: ClassVar[str] = "test"

    def __init__(self, script: Script) -> None:
        self._script = script
        script.lives += 1
        self._life = script.lives

    def fit(self, profile: Profile) -> None:
        assert profile

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def show(self, screen: Screen) -> None:
        began = asyncio.get_running_loop().time()
        self._script.begun.append((began, screen))
        takes = self._script.turns.pop(0) if self._script.turns else 0.0
        if takes is None:
            await after(0.05)
            raise TransientFault("unplugged")
        await after(takes)
        self._script.taken.append(Shown(self._life, began, screen))

    async def watch(self) -> None:
        await self._script.vanish.wait()
        self._script.vanish.clear()
        raise TransientFault("unplugged")


@asynccontextmanager
async def served(script: Script, compositor: Compositor | None = None) -> AsyncIterator[Compositor]:
    """A compositor whose display comes back whenever it is lost."""
    compositor = compositor or Compositor(PROFILE, asyncio.get_running_loop().time)

    async def lives() -> None:
        while True:
            try:
                await compositor.serve(ScriptedDisplay(script))
            except TransientFault:
                await after(AWAY_S)

    task = asyncio.create_task(lives())
    try:
        yield compositor
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
