"""Write the mode of the console in view (0: text, 1: graphics) before a framebuffer is open, while it is, and after."""

import asyncio
import os
import struct
import sys
import time

from glassd_drivers import ioctls
from glassd_drivers.contracts import Screen
from glassd_drivers.displays.framebuffer import FramebufferConfig, FramebufferDisplay
from glassd_drivers.host import Host

GET_MODE = 0x4B3B  # KDGETMODE


def mode() -> int:
    fd = os.open("/dev/tty0", os.O_RDWR | os.O_NOCTTY)
    try:
        (found,) = struct.unpack("=I", ioctls.ask(fd, GET_MODE, bytes(4)))
    finally:
        os.close(fd)
    return int(found)


async def main() -> None:
    sys.stdout.write(f"{mode()}\n")
    driver = FramebufferDisplay(FramebufferConfig(), Host(time.monotonic).context("displays.0", lambda *_: None))
    await driver.open()
    await driver.show(Screen(("Hello.",)))
    sys.stdout.write(f"{mode()}\n")
    await driver.close()
    sys.stdout.write(f"{mode()}\n")


asyncio.run(main())
