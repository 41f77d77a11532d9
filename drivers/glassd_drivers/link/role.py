"""What the drivers of the bridge's roles have in common: the hold of the one bridge that they share."""

from __future__ import annotations

import os
from contextlib import AsyncExitStack
from functools import partial
from typing import TYPE_CHECKING, ClassVar, NoReturn

from glassd_drivers.contracts import CONTRACT, PermanentFault, TransientFault
from glassd_drivers.holds import let_go
from glassd_drivers.threads import DeviceThread

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from glassd_drivers.contracts import Context
    from glassd_drivers.link.bridge import Bridge
    from glassd_drivers.link.config import BridgeConfig
    from glassd_drivers.link.events import Device


class BridgeRole:
    """A driver of one role of a bridge: the first of them that opens connects it, the last that closes lets it go."""

    contract: ClassVar[int] = CONTRACT

    def __init__(self, config: BridgeConfig, context: Context) -> None:
        self._context = context
        self._line = config
        self._loading = DeviceThread(f"{context.name} bridge")
        self._hold = AsyncExitStack()
        self._bridge: Bridge | None = None

    async def open(self) -> None:
        """Take hold of the bridge, and wait until it has answered; raise DriverError where none does."""
        open_bridge = await self._loading.call(_loaded)
        await self._loading.close()
        where = self._line.device
        shared = self._context.share(_key(where), partial(open_bridge, self._line, self._context.clock))
        self._bridge = bridge = await self._hold.enter_async_context(shared)
        if bridge.rate_limit != self._line.rate:
            raise PermanentFault(
                f"{where}: `rate` is {self._line.rate} here and {bridge.rate_limit} in another section of the bridge; "
                "write the same in each"
            )
        self.take_note(await bridge.ready())

    def take_note(self, device: Device) -> None:
        """Take note of what the bridge says of itself; raise PermanentFault where it lacks what this role needs."""

    async def watch(self) -> NoReturn:
        """Wait until the bridge is lost, then raise DriverError."""
        await self.bridge.watch()

    async def close(self) -> None:
        """Let go of the bridge; leaving with the fault that ended it has the next life connect anew."""
        fault = None if self._bridge is None else self._bridge.fault
        try:
            await let_go(self._hold, fault)
        finally:
            await self._loading.close()

    @property
    def bridge(self) -> Bridge:
        """The bridge, once open."""
        if self._bridge is None:
            raise TransientFault("not open")
        return self._bridge


def _loaded() -> Callable[[BridgeConfig, Callable[[], float]], AbstractAsyncContextManager[Bridge]]:
    """Return what opens a bridge: on a thread, for loading it takes longer than the event loop may stand still."""
    from glassd_drivers.link.bridge import open_bridge  # noqa: PLC0415 - late: a config is read without it

    return open_bridge


def _key(where: str) -> str:
    """Return what the sections of one bridge share, whichever of its port's names each of them has."""
    return f"bridge {os.path.realpath(where) if where.startswith('/') else where}"  # names in /dev, which is in memory
