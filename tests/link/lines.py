"""What tests of the link's lines share: a pty for a serial line, and a client that keeps what it is told."""

from __future__ import annotations

import asyncio
import contextlib
import os
import tty
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from glassd_drivers.contracts import DriverError
    from glassd_drivers.link.wire import Line

LIMIT_S = 10.0
"""Real seconds that a test waits for what must come."""


class Keeper:
    """A client that keeps what came, and why the line ended."""

    def __init__(self) -> None:
        self.data = b""
        self.pieces = 0
        self.clear_again = 0
        self.faults: list[DriverError] = []
        self._news = asyncio.Event()

    def received(self, data: bytes) -> None:
        self.data += data
        self.pieces += 1
        self._news.set()

    def writable(self) -> None:
        self.clear_again += 1
        self._news.set()

    def ended(self, fault: DriverError) -> None:
        self.faults.append(fault)
        self._news.set()

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(LIMIT_S):
            while not holds():
                self._news.clear()
                await self._news.wait()


class Pty:
    """A serial line whose far end is in the test's hands, until `hang_up`: `path` is what glassd opens."""

    def __enter__(self) -> Self:
        self.far, near = os.openpty()
        tty.setraw(near)
        self.path = os.ttyname(near)
        os.close(near)
        return self

    def __exit__(self, *_: object) -> None:
        self.hang_up()

    def hang_up(self) -> None:
        if self.far >= 0:
            os.close(self.far)
            self.far = -1


@contextlib.asynccontextmanager
async def opened(line: Line) -> AsyncIterator[Keeper]:
    keeper = Keeper()
    try:
        await line.open(keeper)
        yield keeper
    finally:
        await line.close()
