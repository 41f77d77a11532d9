"""Devices that come: udev's word that one is there, under all its names and with its permissions.

udev(7) tells of each event that it has worked off in a netlink group to which anybody may listen; the kernel's own
event comes before the names. Whose device it is does not matter: whoever waits for one looks again.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

EVENT_LIMIT_BYTES = 8192
"""What is read of one event; the kernel's own are at most 2 KiB (UEVENT_BUFFER_SIZE), udev adds its properties."""
READS = 64
"""How many events are taken at a time; a hub with many devices sends a flood of them."""

_KOBJECT_UEVENT = 15  # linux/netlink.h, NETLINK_KOBJECT_UEVENT
_WORKED_OFF = 2  # the group of libudev's monitor "udev"; 1 is the kernel's

_log = logging.getLogger(__name__)


@contextmanager
def arrivals(come: Callable[[], None]) -> Iterator[None]:
    """Call `come` on the running event loop whenever a device has come or changed, for as long as this is entered.

    Where the system has no such events (another kernel, a sandbox), it is never called: that is logged once.
    """
    try:
        events = _events()
    except OSError as error:
        _log.info("no word of devices that are plugged in (%s): they are found by looking again", error.strerror)
        yield
        return
    with events, listening(events, come):
        yield


@contextmanager
def listening(events: socket.socket, come: Callable[[], None]) -> Iterator[None]:
    """Do what `arrivals` does with the events of a socket that does not block."""
    loop = asyncio.get_running_loop()

    def read() -> None:
        if _something_came(events):
            come()

    loop.add_reader(events, read)
    try:
        yield
    finally:
        loop.remove_reader(events)


def _events() -> socket.socket:
    kind = socket.SOCK_RAW | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
    events = socket.socket(socket.AF_NETLINK, kind, _KOBJECT_UEVENT)
    try:
        events.bind((0, _WORKED_OFF))
    except OSError:
        events.close()
        raise
    return events


def _something_came(events: socket.socket) -> bool:
    """Take the events that wait; say whether any of them is more than a device's leave."""
    came = False
    for _ in range(READS):
        try:
            event = events.recv(EVENT_LIMIT_BYTES)
        except BlockingIOError:
            break
        except OSError:  # ENOBUFS, netlink(7): some were lost, and nobody knows which
            came = True
        else:
            came = came or b"ACTION=remove" not in event.split(b"\0")
    return came
