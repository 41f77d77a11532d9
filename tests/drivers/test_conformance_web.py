"""The drivers of browser glasses pass the kit, with a page in Python at the far end."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Self

import pytest
from pages import Page, Pipe

from glassd_drivers.testing import Kit, Rig
from glassd_drivers.web.device import NAME

if TYPE_CHECKING:
    from collections.abc import Callable


class Browser(Rig):
    """A browser whose page comes to the door again and again, as the one of /glasses does."""

    async def __aenter__(self) -> Self:
        self.page: Page | None = None
        self._there = asyncio.Event()
        self._task = asyncio.create_task(self._come(), name="a browser")
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.wait([self._task])

    async def _come(self) -> None:
        while True:
            pipe = Pipe()
            if not self.host.offer(NAME, pipe.board):
                await asyncio.sleep(0.005)
                continue
            self.page = Page(pipe, lambda: time.monotonic() * 1000 + 77)
            self._there.set()
            try:
                await self.page.serve()
            finally:
                self._there.clear()

    async def _at_hand(self) -> Page:
        await self._there.wait()
        assert self.page is not None
        return self.page

    async def press(self) -> None:
        await (await self._at_hand()).edge("Enter", down=True)

    async def release(self) -> None:
        await (await self._at_hand()).edge("Enter", down=False)

    async def shown(self, text: str) -> None:
        await (await self._at_hand()).until("screen", lines=[text])

    async def unplug(self) -> None:
        self._task.cancel()
        await (await self._at_hand()).wire.close()


KITS = [
    Kit("cameras", "web", Browser),
    Kit("cameras", "web_still", Browser),
    Kit("buttons", "web", Browser),
    Kit("displays", "web", Browser),
]


@pytest.mark.parametrize(
    ("kit", "check"),
    [pytest.param(kit, check, id=f"{kit.role}-{kit.name}-{check.__name__}") for kit in KITS for check in kit.checks()],
)
def test_a_driver_of_browser_glasses_conforms(kit: Kit, check: Callable[[Kit], None]) -> None:
    check(kit)
