"""What the drivers of the roles of browser glasses have in common: the hold of the one device that they share."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from contextlib import AsyncExitStack
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Final, NoReturn

from glassd_drivers.contracts import CONTRACT, TransientFault
from glassd_drivers.holds import let_go
from glassd_drivers.web.device import NAME, open_device

if TYPE_CHECKING:
    from glassd_drivers.contracts import Context
    from glassd_drivers.web.device import WebDevice

OPEN_LIMIT_S: Final = 8.5
"""How long a page is waited for at a time; a supervisor lets an opening take 10 s."""


class WebRole(ABC):
    """A driver of one role of browser glasses."""

    contract: ClassVar[int] = CONTRACT

    def __init__(self, context: Context) -> None:
        self._context = context
        self._hold = AsyncExitStack()
        self._device: WebDevice | None = None

    async def open(self) -> None:
        """Take hold of the glasses, and wait for their page; raise TransientFault where none comes."""
        limit = asyncio.timeout(OPEN_LIMIT_S)
        try:
            async with limit:
                shared = self._context.share(NAME, partial(open_device, self._context))
                self._device = device = await self._hold.enter_async_context(shared)
                await device.arrived()
                await self.take_part(device)
        except TimeoutError:
            if limit.expired():
                raise TransientFault(self.missing()) from None
            raise

    @abstractmethod
    async def take_part(self, device: WebDevice) -> None:
        """Have the page play this role too, and wait until it does."""

    def missing(self) -> str:
        """Return what was waited for in vain, and what to do."""
        return "no page of glasses is open: open /glasses of this board on them; `glassd pair` shows how"

    async def watch(self) -> NoReturn:
        """Wait until the glasses are lost, then raise DriverError."""
        await self.device.watch()

    async def close(self) -> None:
        """Let go of the glasses; leaving with the fault that ended them has the next life wait for a page anew."""
        device, self._device = self._device, None
        await let_go(self._hold, None if device is None else device.fault)

    @property
    def device(self) -> WebDevice:
        """The glasses, once open."""
        if self._device is None:
            raise TransientFault("not open")
        return self._device
