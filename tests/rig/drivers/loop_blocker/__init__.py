"""Buttons that nobody can press, whose driver stops the event loop when a file appears: no driver may, some will."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from glassd_drivers.contracts import CONTRACT, Context, DriverConfig

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from glassd_drivers.contracts import Edge

LOOK_S = 0.1


class LoopBlockerConfig(DriverConfig):
    """When it is to happen."""

    when: Path
    """The file that stops the loop by being there."""


class LoopBlocker:
    """Buttons without a button, that stop the event loop on demand."""

    contract: ClassVar[int] = CONTRACT
    Config = LoopBlockerConfig

    def __init__(self, config: LoopBlockerConfig, _context: Context) -> None:
        self._when = config.when

    async def open(self) -> None:
        """Need nothing."""

    async def edges(self) -> AsyncIterator[Edge]:
        """Wait for the file, then never give the event loop its thread back."""
        while not self._when.exists():  # noqa: ASYNC110  a file has no event
            await asyncio.sleep(LOOK_S)
        self._when.unlink()  # once: the daemon that comes next is to live
        threading.Event().wait()
        yield  # type: ignore[misc]  # what makes this a generator; nothing comes here

    async def close(self) -> None:
        """Hold nothing."""
