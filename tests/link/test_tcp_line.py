"""The link over a TCP connection: its bytes, its loss, and addresses where nobody is."""

from __future__ import annotations

import asyncio
import socket
from typing import Self

import pytest
from lines import Keeper, opened

from glassd_drivers.contracts import TransientFault
from glassd_drivers.link.tcp import TcpLine


class App:
    """What carries the link over TCP: takes one connection."""

    def __init__(self) -> None:
        self.came: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._take, "localhost", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        self.line = TcpLine(f"socket://localhost:{self.port}")
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.came.put_nowait((reader, writer))


def test_bytes_pass_both_ways_at_once_and_whole() -> None:
    async def main() -> None:
        async with App() as app, opened(app.line) as keeper:
            reader, writer = await app.came.get()
            data = bytes(range(256)) * 1024
            writer.write(data)
            await keeper.until(lambda: len(keeper.data) == len(data))
            assert keeper.data == data
            app.line.write(b"answer")
            assert await reader.readexactly(6) == b"answer"
            assert app.line.rate is None
            writer.close()

    asyncio.run(main())


def test_a_far_end_that_closes_is_told_once() -> None:
    async def main() -> Keeper:
        async with App() as app, opened(app.line) as keeper:
            _, writer = await app.came.get()
            writer.close()
            await keeper.until(lambda: bool(keeper.faults))
            assert not app.line.is_clear
            [fault] = keeper.faults
            assert str(fault) == f"{app.line.where} was lost: is what carries the link still there?"
            return keeper

    assert isinstance(asyncio.run(main()).faults[0], TransientFault)


def refusal(address: str) -> str:
    async def main() -> str:
        with pytest.raises(TransientFault) as refused:
            async with opened(TcpLine(address)):
                pass
        return str(refused.value)

    return asyncio.run(main())


def test_an_address_where_nobody_is_says_so() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    told = refusal(f"socket://127.0.0.1:{port}")
    assert told == f"socket://127.0.0.1:{port} does not answer (Connection refused): is what carries the link there?"


def test_a_name_that_nobody_has_says_so() -> None:
    told = refusal("socket://nobody.invalid:7000")
    assert (
        told == "socket://nobody.invalid:7000 does not answer (its name is not known): is what carries the link there?"
    )
