"""News of a device: whoever waits for a change of it is woken by the next one."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class News:
    """Of one device; `check` raises the fault of one that is lost."""

    def __init__(self, check: Callable[[], None]) -> None:
        self._check = check
        self._came = asyncio.Event()

    def tell(self) -> None:
        """Wake all who wait."""
        came, self._came = self._came, asyncio.Event()
        came.set()

    async def next(self) -> None:
        """Wait until something is told; raise the fault where the device is lost, before or by then."""
        self._check()
        await self._came.wait()
        self._check()
