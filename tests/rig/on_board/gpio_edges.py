"""Runs on the board, with the package's Python: opens the driver `gpio` and prints what comes, a line of JSON each.

gpio_edges.py CONFIG ...: sections of the driver, as JSON, each read until its device is lost or cannot be opened.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

from glassd_drivers.buttons.gpio import GpioButtons, GpioConfig
from glassd_drivers.contracts import DriverError
from glassd_drivers.host import Host


async def main(config: str) -> None:
    """Print `open`, then each edge with the instant at which it was read, then the fault that ends it."""
    context = Host(time.monotonic).context("buttons.0", lambda _state, _detail: None)
    driver = GpioButtons(GpioConfig.model_validate_json(config), context)
    try:
        await driver.open()
        say(kind="open")
        async for edge in driver.edges():
            say(kind=edge.kind, button=edge.button, instant=edge.instant, read=time.monotonic())
    except DriverError as fault:
        say(kind=type(fault).__name__, text=str(fault))
    finally:
        await driver.close()


def say(**facts: object) -> None:
    """Print one line at once: whoever waits for it reads a file."""
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


for section in sys.argv[1:]:
    asyncio.run(main(section))
