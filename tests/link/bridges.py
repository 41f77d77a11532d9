"""What tests of the bridge's drivers share: an emulated bridge with photographs before its camera, and its drivers."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING, Any

from emulator import Emulator
from running import photographs

from glassd_drivers import registry
from glassd_drivers.host import Host

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from glassd_drivers.contracts import Role

LIMIT_S = 15.0
"""Real seconds that a test waits for what must come."""


def emulated(folder: Path, *options: str, place: str = "pty") -> Emulator:
    """Return a bridge whose camera sees a photograph."""
    pictures = folder / "pictures"
    if not pictures.exists():
        photographs(pictures, "rocket.jpg")
    return Emulator("0" if place == "tcp" else folder / "bridge", "--pictures", str(pictures), *options, place=place)


def made(role: Role, name: str, host: Host | None = None, profile: str = "", **config: Any) -> Any:
    """Return a driver that is not open yet."""
    kind = registry.load(role, name)
    context = (host or Host(time.monotonic)).context(role, lambda _state, _detail: None)
    driver = kind(kind.Config.model_validate(config), context)
    if role == "displays":
        driver.fit(registry.profile(profile or kind.profile))
    return driver


@contextlib.asynccontextmanager
async def opened(driver: Any) -> AsyncIterator[Any]:
    """Lend a driver while it is open."""
    try:
        async with asyncio.timeout(LIMIT_S):
            await driver.open()
        yield driver
    finally:
        await driver.close()


def on_display(bridge: Emulator) -> dict[str, Any]:
    """Return what the bridge's display shows at this moment."""
    bridge.stats()  # what it told before is then read
    return bridge.all("screen")[-1]


async def told(bridge: Emulator, event: str, **facts: Any) -> dict[str, Any]:
    """Return the next event of the bridge's, while the event loop goes on."""
    return await asyncio.to_thread(bridge.until, event, **facts)
