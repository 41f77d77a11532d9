"""Channels that the daemon's own server accepts on a driver's behalf."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, cast

import aiohttp
import pytest
from aiohttp import WSMsgType, web

from glassd.api.server import NOBODY_WAITS, House, application
from glassd_drivers.contracts import Channel, TransientFault
from glassd_drivers.host import Host

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@asynccontextmanager
async def page(folder: Path, host: Host) -> AsyncIterator[aiohttp.ClientSession]:
    """A far end, before the API of a daemon that is nothing but its host of drivers."""
    runner = web.AppRunner(application(cast("House", host), None))
    await runner.setup()
    path = str(folder / "api.sock")
    await web.UnixSite(runner, path).start()
    try:
        async with aiohttp.ClientSession("http://localhost", connector=aiohttp.UnixConnector(path)) as session:
            yield session
    finally:
        await runner.cleanup()


def test_messages_pass_whole_and_in_order_until_either_end_leaves(tmp_path: Path) -> None:
    async def main() -> None:
        host = Host(asyncio.get_running_loop().time)
        context = host.context("camera", lambda *_: None)
        async with page(tmp_path, host) as session, context.sockets("page") as channels:
            async with session.ws_connect("/api/sockets/page") as far:
                channel: Channel = await anext(channels)
                await far.send_bytes(b"frame" * 100_000)
                await far.send_str("edge")
                assert await channel.receive() == b"frame" * 100_000
                assert await channel.receive() == "edge"
                await channel.send("screen")
                assert await far.receive_str() == "screen"
                waiting = asyncio.create_task(channel.receive())
            with pytest.raises(TransientFault):
                await waiting
            async with session.ws_connect("/api/sockets/page") as far:
                channel = await anext(channels)
                _, last = await asyncio.gather(channel.close(), far.receive())
                assert last.type is WSMsgType.CLOSE

    asyncio.run(main())


@pytest.mark.parametrize("name", ["nobody", "n" * 300, "眼" * 100])
def test_a_channel_that_no_driver_waits_for_is_closed_with_a_reason(tmp_path: Path, name: str) -> None:
    async def main() -> None:
        async with page(tmp_path, Host(asyncio.get_running_loop().time)) as session:
            async with session.ws_connect(f"/api/sockets/{name}") as far:
                message: Any = await far.receive()
            assert (message.type, message.data) == (WSMsgType.CLOSE, NOBODY_WAITS)
            assert f"no driver waits for {name}".startswith(message.extra)
            assert name in message.extra or 120 < len(message.extra.encode()) <= 123  # a close has 125, with its code

    asyncio.run(main())
