"""The conformance kit over the bridge's drivers, with the emulated bridge at the far end of the line."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Self

import pytest
from emulator import Emulator
from running import photographs

from glassd_drivers.testing import Kit, Rig

if TYPE_CHECKING:
    from collections.abc import Callable


class Bridge(Rig):
    """An emulated bridge on a pty."""

    place = "pty"

    async def __aenter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory()
        folder = Path(self._folder.name)
        where = "0" if self.place == "tcp" else f"{folder}/bridge"
        pictures = photographs(folder / "pictures", "rocket.jpg")
        self._bridge = Emulator(where, "--pictures", str(pictures), place=self.place)
        self.config = {"device": f"socket://{self._bridge.path}" if self.place == "tcp" else self._bridge.path}
        return self

    async def __aexit__(self, *_: object) -> None:
        self._bridge.close()
        self._folder.cleanup()

    async def press(self) -> None:
        self._bridge.order("down main")

    async def release(self) -> None:
        self._bridge.order("up main")

    async def shown(self, text: str) -> None:
        await asyncio.to_thread(self._bridge.until, "screen", rows=[text, *[""] * 9])

    async def unplug(self) -> None:
        self._bridge.order("unplug")


class BridgeOverTcp(Bridge):
    """An emulated bridge on a TCP connection."""

    place = "tcp"


MISSING = {"device": "/nowhere/bridge"}
KITS = [
    Kit("cameras", "bridge", Bridge, MISSING),
    Kit("cameras", "bridge_stream", Bridge, MISSING),
    Kit("buttons", "bridge", Bridge, MISSING),
    Kit("displays", "bridge", Bridge, MISSING),
    Kit("buttons", "bridge", BridgeOverTcp, {"device": "socket://127.0.0.1:9"}),
]


@pytest.mark.parametrize(
    ("kit", "check"),
    [
        pytest.param(kit, check, id=f"{kit.role}-{kit.name}-{kit.rig.__name__}-{check.__name__}")
        for kit in KITS
        for check in kit.checks()
    ],
)
def test_the_driver_conforms(kit: Kit, check: Callable[[Kit], None]) -> None:
    check(kit)
