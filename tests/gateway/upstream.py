"""A model server in the test's own event loop: each request is a call that the test answers by hand."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

LIMIT_S = 20.0
"""Real seconds that a test waits for what must come."""


@dataclass
class Call:
    """One request that came in, and its answer."""

    headers: dict[str, str]
    body: dict[str, Any]
    writer: asyncio.StreamWriter
    gone: asyncio.Event

    async def say(self, text: str) -> None:
        """Stream one delta."""
        await self._event({"choices": [{"delta": {"content": text}, "index": 0, "finish_reason": None}]})

    async def finish(self) -> None:
        """End the answer well, without a count of tokens."""
        await self._event({"choices": [{"delta": {"content": ""}, "index": 0, "finish_reason": "stop"}]})
        await self._write(b"data: [DONE]\n\n", b"0\r\n\r\n")

    async def answer(self, text: str) -> None:
        await self.begin()
        for character in text:
            await self.say(character)
        await self.finish()

    async def begin(self) -> None:
        self.writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        await self.writer.drain()

    async def refuse(self, status: int, error: dict[str, Any]) -> None:
        body = json.dumps({"error": error}).encode()
        head = f"HTTP/1.1 {status} No\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        self.writer.write(head.encode() + body)
        await self.writer.drain()

    def hang_up(self) -> None:
        """Break the answer off in the middle: what was said so far arrives, and no more."""
        self.writer.close()

    async def _event(self, chunk: dict[str, Any]) -> None:
        await self._write(b"data: " + json.dumps(chunk).encode() + b"\n\n")

    async def _write(self, data: bytes, end: bytes = b"") -> None:
        self.writer.write(b"%x\r\n%b\r\n%b" % (len(data), data, end))
        await self.writer.drain()


class Upstream:
    """All the calls that come in."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/v1"
        self.calls: asyncio.Queue[Call] = asyncio.Queue()

    async def call(self) -> Call:
        """Wait for the next request."""
        async with asyncio.timeout(LIMIT_S):
            return await self.calls.get()


@asynccontextmanager
async def upstream() -> AsyncIterator[Upstream]:
    serving: dict[asyncio.Task[None] | None, asyncio.StreamWriter] = {}

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving[asyncio.current_task()] = writer
        gone = asyncio.Event()
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[1:-2]
                headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head)}
                body = json.loads(await reader.readexactly(int(headers["content-length"])))
                found.calls.put_nowait(Call(headers, body, writer, gone))
        except (asyncio.IncompleteReadError, ConnectionError):
            gone.set()
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=2**26)
    found = Upstream(server.sockets[0].getsockname()[1])
    try:
        yield found
    finally:
        server.close()
        for writer in serving.values():
            writer.close()
        await asyncio.gather(*(task for task in serving if task is not None))
