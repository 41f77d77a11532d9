"""A third party's camera whose read never returns, as an installed package."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_MODULE = """
import threading
from glassd_drivers.contracts import CONTRACT, DriverConfig
from glassd_drivers.threads import DeviceThread

class StuckCamera:
    "A camera whose read never returns."
    contract, Config, kind = CONTRACT, DriverConfig, "stream"

    def __init__(self, config, context):
        self.thread = DeviceThread("stuck camera")

    async def open(self): pass

    async def frames(self):
        yield await self.thread.call(threading.Event().wait)

    async def close(self):
        await self.thread.close()
"""


def install(folder: Path) -> None:
    """Put the driver `stuck` into a folder of packages."""
    (folder / "stuck_camera.py").write_text(_MODULE)
    package = folder / "stuck_camera-1.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: stuck-camera\nVersion: 1\n")
    (package / "entry_points.txt").write_text("[glassd.cameras]\nstuck = stuck_camera:StuckCamera\n")
