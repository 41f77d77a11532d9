"""The conformance kit over the three drivers, with this file as the glasses at the far end of the line.

python -m pytest conformance.py
"""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import time
import zlib
from base64 import b64encode
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, Self

import pytest

from glassd_drivers import registry
from glassd_drivers.contracts import ROLES, DeviceState, DriverError, Role, Screen
from glassd_drivers.host import Host
from glassd_drivers.supervise import Backoff, DeviceStatus, Supervisor
from glassd_drivers.testing import Kit, Rig

if TYPE_CHECKING:
    from collections.abc import Callable


def picture() -> bytes:
    """A PNG of one grey pixel, made by hand."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    pixels = zlib.compress(b"\x00\x80")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


class Glasses(Rig):
    """The far end of the line: takes connections, says what the test says, notes the screens it is sent."""

    async def __aenter__(self) -> Self:
        self.lines: set[asyncio.StreamWriter] = set()
        self.taken = 0
        self.screens: list[list[str]] = []
        self.news = asyncio.Event()
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port = self.server.sockets[0].getsockname()[1]
        self.config = {"line": f"127.0.0.1:{port}"}
        return self

    async def __aexit__(self, *_: object) -> None:
        self.server.close()
        for line in self.lines:
            line.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.taken += 1
        self.lines.add(writer)
        self.news.set()
        try:
            while message := await reader.readline():
                self.screens.append(json.loads(message)["screen"])
                self.news.set()
        except OSError:
            pass  # the driver went away in the middle
        finally:
            self.lines.discard(writer)
            writer.close()

    async def _until(self, holds: Callable[[], bool]) -> None:
        while not holds():
            self.news.clear()
            await self.news.wait()

    async def say(self, message: dict[str, Any]) -> None:
        await self._until(lambda: bool(self.lines))
        for line in self.lines:
            line.write(json.dumps(message).encode() + b"\n")

    async def give_frame(self) -> None:
        await self.say({"frame": "!damaged!"})
        await self.say({"frame": b64encode(picture()).decode()})

    async def press(self) -> None:
        await self.say({"edge": "down", "button": "main"})

    async def release(self) -> None:
        await self.say({"edge": "up", "button": "main"})

    async def shown(self, text: str) -> None:
        await self._until(lambda: bool(self.screens) and self.screens[-1] == [text])

    async def unplug(self) -> None:
        await self._until(lambda: bool(self.lines))
        for line in self.lines:
            line.transport.abort()


def nobody_there() -> dict[str, Any]:
    """A line that nobody answers: the port was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return {"line": f"127.0.0.1:{probe.getsockname()[1]}"}


KITS = [Kit(role, "example", Glasses, nobody_there()) for role in ROLES]


@pytest.mark.parametrize(
    ("kit", "check"),
    [pytest.param(kit, check, id=f"{kit.role}-{check.__name__}") for kit in KITS for check in kit.checks()],
)
def test_the_driver_conforms(kit: Kit, check: Callable[[Kit], None]) -> None:
    check(kit)


def driver(role: Role, host: Host, config: dict[str, Any]) -> Any:
    kind = registry.load(role, "example")
    return kind(kind.Config(**config), host.context(role, lambda _state, _detail: None))


def test_three_drivers_open_the_line_once_and_use_it_together() -> None:
    async def main() -> None:
        async with Glasses() as glasses:
            host = Host(time.monotonic)
            camera, buttons, display = drivers = [driver(role, host, glasses.config) for role in ROLES]
            async with AsyncExitStack() as closing:
                for each in drivers:
                    closing.push_async_callback(each.close)
                await asyncio.gather(*(each.open() for each in drivers))
                await display.show(Screen(lines=("together",)))
                await glasses.shown("together")
                await glasses.give_frame()
                await glasses.press()
                assert (await anext(camera.frames())).data == picture()
                assert (await anext(buttons.edges())).button == "main"
                await camera.close()
                await display.show(Screen(lines=("two left",)))
                await glasses.shown("two left")
            assert glasses.taken == 1

    asyncio.run(main())


async def serve(role: Role, each: Any) -> None:
    if role == "displays":
        await each.watch()
    async for _ in each.frames() if role == "cameras" else each.edges():
        pass


def test_a_lost_line_reaches_all_three_and_they_come_back_over_one_new_line() -> None:
    async def main() -> None:
        news = asyncio.Event()
        states: dict[str, list[DeviceState]] = {role: [] for role in ROLES}

        def report(status: DeviceStatus) -> None:
            states[status.name].append(status.state)
            news.set()

        async def until_all_end_with(*last: DeviceState) -> None:
            async with asyncio.timeout(10):
                while not all(tuple(seen[-len(last) :]) == last for seen in states.values()):
                    news.clear()
                    await news.wait()

        def supervisor(role: Role, host: Host, config: dict[str, Any]) -> Supervisor[Any]:
            return Supervisor(
                role,
                lambda: driver(role, host, config),
                lambda each: serve(role, each),
                report,
                backoff=Backoff(first=0.01, cap=0.02),
            )

        async with Glasses() as glasses, asyncio.TaskGroup() as group:
            host = Host(time.monotonic)
            running = [group.create_task(supervisor(role, host, glasses.config).run(), name=role) for role in ROLES]
            await until_all_end_with(DeviceState.READY)
            await glasses.unplug()
            await until_all_end_with(DeviceState.READY, DeviceState.WAITING, DeviceState.READY)
            assert glasses.taken == 2
            for task in running:
                task.cancel()

    asyncio.run(main())


def test_an_address_that_cannot_be_is_a_mistake_in_the_config() -> None:
    for line in ("7000", "host:", "host:x", "host:70000"):
        with pytest.raises(ValueError, match="a host and a port"):
            registry.load("cameras", "example").Config(line=line)


def test_a_line_that_talks_nonsense_is_lost() -> None:
    async def main() -> None:
        async with Glasses() as glasses:
            camera = driver("cameras", Host(time.monotonic), glasses.config)
            await camera.open()
            await glasses.say({"something": "newer"})
            for line in glasses.lines:
                line.write(b"no json\n")
            with pytest.raises(DriverError, match="no message"):
                await anext(camera.frames())
            await camera.close()

    asyncio.run(main())
