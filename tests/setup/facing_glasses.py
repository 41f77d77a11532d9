"""A camera and a display that face each other, as a package that a stranger would have installed.

The camera's frames are stamped `delay` after what they show was in view, by a clock that no busy machine disturbs: of
each instant the display remembers what it showed then.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from glassd_drivers.contracts import CONTRACT, Context, DriverConfig, Frame, Profile, Screen
from glassd_drivers.units import Duration

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SIDE_PX = 32
DARK, BRIGHT = 40, 200


class Face:
    """What the display showed since when: the part of it that is lit, 0 to 1."""

    def __init__(self) -> None:
        self._since: list[tuple[float, float]] = [(0.0, 0.0)]

    def show(self, lit: float, instant: float) -> None:
        self._since = [*self._since[-99:], (instant, lit)]

    def at(self, instant: float) -> float:
        return next((lit for since, lit in reversed(self._since) if since <= instant), 0.0)


@asynccontextmanager
async def _new_face() -> AsyncIterator[Face]:
    yield Face()


class _Facing:
    """What both have in common: the hold of what the display shows."""

    contract: ClassVar[int] = CONTRACT

    def __init__(self, context: Context) -> None:
        self._context = context
        self._held = AsyncExitStack()

    async def open(self) -> None:
        self._face = await self._held.enter_async_context(self._context.share("facing", _new_face))

    async def close(self) -> None:
        await self._held.aclose()


class FacingDisplay(_Facing):
    """A display that a camera looks at."""

    Config: ClassVar[type[DriverConfig]] = DriverConfig
    profile: ClassVar[str] = "terminal"

    def __init__(self, _config: DriverConfig, context: Context) -> None:
        super().__init__(context)
        self._cells = 1

    def fit(self, profile: Profile) -> None:
        self._cells = profile.columns * profile.rows

    async def show(self, screen: Screen) -> None:
        self._face.show("".join(screen.lines).count("█") / self._cells, self._context.clock())

    async def watch(self) -> None:
        await asyncio.get_running_loop().create_future()


class FacingConfig(DriverConfig):
    """How it looks."""

    delay: Duration = 0.0
    """How long after it was in view a frame is stamped."""
    fps: int = 20
    """Frames a second."""
    away: bool = False
    """Whether it looks elsewhere."""


class FacingCamera(_Facing):
    """A camera that looks at a display."""

    Config: ClassVar[type[FacingConfig]] = FacingConfig
    kind: ClassVar[Literal["stream"]] = "stream"

    def __init__(self, config: FacingConfig, context: Context) -> None:
        super().__init__(context)
        self._config = config

    async def frames(self) -> AsyncIterator[Frame]:
        stamp = self._context.clock()
        while True:
            await asyncio.sleep(stamp - self._context.clock())
            lit = 0.0 if self._config.away else self._face.at(stamp - self._config.delay)
            grey = bytes([round(DARK + (BRIGHT - DARK) * lit)]) * SIDE_PX**2
            yield Frame(grey, "raw/grey", SIDE_PX, SIDE_PX, stamp, self._context.name)
            stamp += 1 / self._config.fps


def install(site: Path) -> str:
    """Put it into a folder as `pip install --target` would, and return that folder."""
    site.mkdir()
    (site / "facing_glasses.py").write_text(Path(__file__).read_text(encoding="utf-8"), encoding="utf-8")
    about = site / "facing_glasses-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: facing-glasses\nVersion: 1.0\n")
    points = "[glassd.{0}s]\nfacing = facing_glasses:Facing{1}\n"
    (about / "entry_points.txt").write_text(points.format("camera", "Camera") + points.format("display", "Display"))
    return str(site)
