"""A bridge asked who it is, outside of the daemon: for `glassd setup`."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final

from glassd_drivers.contracts import TransientFault
from glassd_drivers.link.bridge import open_bridge
from glassd_drivers.link.config import BridgeConfig
from glassd_drivers.link.rates import BASE_RATE

if TYPE_CHECKING:
    from glassd_drivers.link.events import Device

ANSWER_LIMIT_S: Final = 4.0
"""How long a bridge may take to answer, its start included."""


def greet(device: str) -> Device:
    """Return what the bridge at a line says of itself; raise DriverError where none answers. May block."""

    async def main() -> Device:
        config = BridgeConfig(device=device, rate=BASE_RATE)
        try:
            async with open_bridge(config, time.monotonic) as bridge, asyncio.timeout(ANSWER_LIMIT_S):
                return await bridge.ready()
        except TimeoutError:
            raise TransientFault(f"no bridge answers at {device} within {ANSWER_LIMIT_S:g} s") from None

    return asyncio.run(main())
