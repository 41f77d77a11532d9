"""The gate that every ask goes through, so that a reload finds an instant between all of them.

Whoever holds the gate is alone. A holder that waits is not starved: the gateway's asks wait behind it, and so do the
wearer's once only they are left. Nor does it cost the wearer more than it must: while an ask of the gateway is still
inside, which may take its whole deadline, the wearer's go in as ever.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable


class Gate:
    """Lets asks in, several at a time, or one holder alone."""

    def __init__(self) -> None:
        self._wearers = 0  # asks inside
        self._gateways = 0
        self._held = False
        self._holders_waiting = 0
        self._changed = asyncio.Event()

    @asynccontextmanager
    async def wearer(self) -> AsyncIterator[None]:
        """Be inside with an ask of the wearer's."""
        await self._until(lambda: not self._held and (not self._holders_waiting or self._gateways > 0))
        self._wearers += 1
        try:
            yield
        finally:
            self._wearers -= 1
            self._changed.set()

    @asynccontextmanager
    async def gateway(self) -> AsyncIterator[None]:
        """Be inside with an ask of the gateway's."""
        await self._until(lambda: not self._held and not self._holders_waiting)
        self._gateways += 1
        try:
            yield
        finally:
            self._gateways -= 1
            self._changed.set()

    @asynccontextmanager
    async def held(self) -> AsyncIterator[None]:
        """Be alone: those inside have left, and new ones wait."""
        self._holders_waiting += 1
        try:
            await self._until(lambda: not (self._held or self._wearers or self._gateways))
            self._held = True
        finally:
            self._holders_waiting -= 1
            self._changed.set()  # also where the wait was cancelled: those behind it may go in
        try:
            yield
        finally:
            self._held = False
            self._changed.set()

    async def _until(self, free: Callable[[], bool]) -> None:
        """Wait for a condition; what it is wanted for must be noted before the next await."""
        while not free():
            self._changed.clear()
            await self._changed.wait()
