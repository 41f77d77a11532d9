"""The cameras that are reached over a network pass the kit: a stream, snapshots as one, one on request, pushes."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, Any, Self

import pytest
from http_cameras import HttpRig, picture

from glassd_drivers.contracts import TransientFault
from glassd_drivers.harness import NAME
from glassd_drivers.testing import Kit, Rig

if TYPE_CHECKING:
    from collections.abc import Callable


def nowhere() -> dict[str, str]:
    """Return the config of a camera at a port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return {"url": f"http://127.0.0.1:{probe.getsockname()[1]}/video"}


class Stream(HttpRig):
    """An MJPEG stream."""


class Polled(HttpRig):
    """A snapshot that is asked for again and again."""

    streams = False

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        self.config["fps"] = 30.0
        return self


class Snapshot(HttpRig):
    """A snapshot on request."""

    streams = False


class Sender:
    """A channel whose far end pushes one picture."""

    def __init__(self, data: bytes) -> None:
        self._data: bytes | None = data
        self._over = asyncio.Event()

    async def receive(self) -> bytes | str:
        data, self._data = self._data, None
        if data is None:
            await self._over.wait()
            raise TransientFault("gone")
        return data

    async def send(self, message: bytes | str) -> None:
        assert "width" in str(message)

    async def close(self) -> None:
        self._over.set()


class Pushed(Rig):
    """An app that pushes pictures."""

    async def __aenter__(self) -> Self:
        self._number = 0
        return self

    async def give_frame(self) -> None:
        self._number += 1
        assert self.host.offer(NAME, Sender(picture(self._number)))


KITS = [
    Kit("cameras", "http", Stream, nowhere()),
    Kit("cameras", "http", Polled, nowhere()),
    Kit("cameras", "http_snapshot", Snapshot, nowhere()),
    Kit("cameras", "push", Pushed, losable=False),
]


@pytest.mark.parametrize(
    ("kit", "check"),
    [pytest.param(kit, check, id=f"{kit.rig.__name__}-{check.__name__}") for kit in KITS for check in kit.checks()],
)
def test_a_camera_over_the_network_conforms(kit: Kit, check: Callable[[Kit], Any]) -> None:
    check(kit)
