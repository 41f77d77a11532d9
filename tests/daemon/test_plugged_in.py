"""A device that comes ends the wait of whoever waits for it, however long that is."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from glassd.devices import Device, Devices
from glassd_drivers.buttons.evdev import EvdevConfig
from glassd_drivers.contracts import DeviceState
from glassd_drivers.host import Host
from glassd_drivers.supervise import Backoff

if TYPE_CHECKING:
    from pathlib import Path

    from glassd_drivers.supervise import DeviceStatus


def test_what_waits_for_a_person_is_tried_at_once_when_a_device_comes(tmp_path: Path) -> None:
    node = tmp_path / "buttons"
    node.write_text("no input device")
    options = EvdevConfig(device=node, map={"KEY_ENTER": "main"})

    async def serve(_buttons: Any) -> None: ...

    async def main() -> None:
        loop = asyncio.get_running_loop()
        told: asyncio.Queue[DeviceStatus] = asyncio.Queue()

        async def until(state: DeviceState) -> None:
            while (await told.get()).state is not state:
                pass

        devices = Devices(Host(loop.time), told.put_nowait, lambda _error: None, loop.time)
        devices.add(Device("buttons.0", "buttons", "evdev", options, serve))
        devices.start("buttons.0")
        await asyncio.wait_for(until(DeviceState.FAILED), 5)
        node.unlink()
        devices.look_again()
        await asyncio.wait_for(until(DeviceState.WAITING), Backoff().rarely / 2)
        await devices.close()

    asyncio.run(main())
