"""Runs on the board, with the package's Python: the conformance kit for the driver `gpio`, on chips of gpio-sim."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from glassd_drivers.testing import Kit, NotConforming, Rig

CHIP = Path("/sys/kernel/config/gpio-sim/kit")
LINE = 4


class SimulatedChip(Rig):
    """A chip of eight lines; LINE has a name, and its button is to ground."""

    async def __aenter__(self) -> object:
        self.config: dict[str, Any] = {"chip": "kit", "map": {"SHUTTER": "main", "5": "back"}}
        line = CHIP / "bank0" / f"line{LINE}"
        line.mkdir(parents=True)
        (line / "name").write_text("SHUTTER")
        (CHIP / "bank0/num_lines").write_text("8")
        (CHIP / "bank0/label").write_text("kit")
        (CHIP / "live").write_text("1")
        device, chip = ((CHIP / file).read_text().strip() for file in ("dev_name", "bank0/chip_name"))
        self._pull = Path(f"/sys/devices/platform/{device}/{chip}/sim_gpio{LINE}/pull")
        return self

    async def __aexit__(self, *_: object) -> None:
        if (CHIP / "live").read_text().strip() == "1":
            await self.unplug()
        for folder in (f"bank0/line{LINE}", "bank0", "."):
            (CHIP / folder).resolve().rmdir()

    async def press(self) -> None:
        self._pull.write_text("pull-down")

    async def release(self) -> None:
        self._pull.write_text("pull-up")

    async def unplug(self) -> None:
        (CHIP / "live").write_text("0")


KIT = Kit("buttons", "gpio", SimulatedChip, missing={"chip": "nobody", "map": {"SHUTTER": "main"}})


def main() -> int:
    """Print each check's name with what it found; return how many failed."""
    failed = 0
    for check in KIT.checks():
        try:
            check(KIT)
        except NotConforming as error:
            failed += 1
            sys.stdout.write(f"{check.__name__}: {error}\n")
        else:
            sys.stdout.write(f"{check.__name__}: ok\n")
    return failed


if __name__ == "__main__":
    sys.exit(main())
