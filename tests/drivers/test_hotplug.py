"""A device that comes is tried at once: what udev tells, through a real socket, and what a supervisor makes of it."""

from __future__ import annotations

import asyncio
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING

from glassd_drivers import hotplug

if TYPE_CHECKING:
    from collections.abc import Iterator

HEADER = b"libudev\0\xfe\xed\xca\xfe" + bytes(28)
"""What stands before the properties of an event that udev has worked off."""


def event(action: str) -> bytes:
    properties = [f"ACTION={action}", "DEVPATH=/devices/usb1/1-1/video4linux/video0", "SUBSYSTEM=video4linux"]
    return HEADER + b"".join(line.encode() + b"\0" for line in properties)


@contextmanager
def udev() -> Iterator[tuple[socket.socket, socket.socket]]:
    """A socket as netlink's, whole datagrams in order, and the end that udev sends from."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    ours.setblocking(False)
    with ours, theirs:
        yield ours, theirs


async def calls(*events: bytes) -> int:
    """How often somebody is told to look, of events that have all come before the loop gets to read them."""
    told: list[None] = []
    with udev() as (ours, theirs):
        for data in events:
            theirs.send(data)
        with hotplug.listening(ours, lambda: told.append(None)):
            await asyncio.sleep(0)
            await asyncio.sleep(0)
    return len(told)


def test_a_device_that_comes_is_told() -> None:
    assert asyncio.run(calls(event("add"))) == 1


def test_a_change_is_told_for_it_may_be_the_permission_that_was_missing() -> None:
    assert asyncio.run(calls(event("change"))) == 1


def test_a_device_that_leaves_is_not_told() -> None:
    assert asyncio.run(calls(event("remove"))) == 0


def test_a_flood_of_events_is_told_once() -> None:
    assert asyncio.run(calls(*[event("add")] * 50)) == 1


def test_bytes_that_are_no_event_are_taken_for_one() -> None:
    assert asyncio.run(calls(b"", b"\xff" * 100)) == 1


def test_events_that_were_lost_are_told() -> None:
    """The kernel says ENOBUFS for a socket whose buffer ran over; a dead peer's error stands in for it here."""

    async def main() -> list[None]:
        told: list[None] = []
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ours:
            ours.bind(("127.0.0.1", 0))
            ours.connect(("127.0.0.1", free_port()))
            ours.setblocking(False)
            ours.send(b"nobody is there")
            heard = asyncio.Event()

            def come() -> None:
                told.append(None)
                heard.set()

            with hotplug.listening(ours, come):
                await asyncio.wait_for(heard.wait(), 5)
        return told

    assert len(asyncio.run(main())) == 1


def test_nothing_is_read_any_more_once_it_is_left() -> None:
    async def main() -> list[None]:
        told: list[None] = []
        with udev() as (ours, theirs):
            with hotplug.listening(ours, lambda: told.append(None)):
                pass
            theirs.send(event("add"))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        return told

    assert asyncio.run(main()) == []


def test_the_systems_own_events_can_be_listened_to_by_anybody() -> None:
    async def main() -> None:
        with hotplug.arrivals(lambda: None):
            await asyncio.sleep(0)

    asyncio.run(main())


def free_port() -> int:
    """A port that nobody listens at, so that a datagram to it comes back as an error."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
