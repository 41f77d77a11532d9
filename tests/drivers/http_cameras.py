"""The far ends of the cameras at a URL: servers of one connection's bytes at a time, each told what to send."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any, Self

from recordings import encoded

from glassd_drivers.testing import Rig

if TYPE_CHECKING:
    import ssl
    from collections.abc import Awaitable, Callable

JPEG = encoded(".jpg")
EVERY_S = 0.02


def picture(number: int) -> bytes:
    """Return a JPEG that differs from all others: in a table of quantization that none of its components uses."""
    table = b"\x03" + b"%08d" % number + bytes([1]) * 56
    return JPEG[:2] + b"\xff\xdb" + (2 + len(table)).to_bytes(2, "big") + table + JPEG[2:]


def number_of(data: bytes) -> int:
    return int(data[7:15])


class Request:
    """One request to a server, and the way of its answer."""

    def __init__(self, lines: list[str], writer: asyncio.StreamWriter) -> None:
        self.target = lines[0].split()[1]
        self.headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        self._writer = writer

    async def send(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def answer(self, status: str, body: bytes = b"", **headers: str) -> None:
        """Send a whole answer."""
        await self.send(f"HTTP/1.1 {status}\r\n{_fields(body, headers)}\r\n".encode() + body)

    async def snapshot(self, data: bytes, **headers: str) -> None:
        await self.answer("200 OK", data, Content_Type="image/jpeg", **headers)

    async def begin_stream(self, content_type: str = "multipart/x-mixed-replace;boundary=frame") -> None:
        await self.send(f"HTTP/1.0 200 OK\r\nContent-Type: {content_type}\r\n\r\n--frame\r\n".encode())

    async def part(self, data: bytes, **headers: str) -> None:
        """Send one part of a stream and the delimiter after it."""
        head = f"Content-Type: image/jpeg\r\n{_fields(data, headers)}\r\n"
        await self.send(head.encode() + data + b"\r\n--frame\r\n")

    def hang_up(self) -> None:
        """End the connection, and with it a stream."""
        self._writer.close()


def _fields(body: bytes, headers: dict[str, str]) -> str:
    named = {"Content-Length": str(len(body)), **{name.replace("_", "-"): value for name, value in headers.items()}}
    return "".join(f"{name}: {value}\r\n" for name, value in named.items())


class Server:
    """An HTTP server on loopback whose answers a coroutine gives, one for each request."""

    def __init__(
        self, answer: Callable[[Request], Awaitable[None]], port: int = 0, tls: ssl.SSLContext | None = None
    ) -> None:
        self._answer = answer
        self._tls = tls
        self.port = port
        self._connections: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self.requests: list[Request] = []
        self.connections = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.unplug()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/video"

    async def unplug(self) -> None:
        """Break every connection and take no more."""
        self._server.close()
        tasks = list(self._connections)
        for task, writer in list(self._connections.items()):
            writer.transport.abort()
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections[task] = writer
        self.connections += 1
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                while True:
                    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                    request = Request(head.split("\r\n")[:-2], writer)
                    self.requests.append(request)
                    await self._answer(request)
        finally:
            del self._connections[task]
            writer.close()


class HttpRig(Rig):
    """A camera on loopback that streams, or gives one snapshot after the other."""

    streams = True

    async def __aenter__(self) -> Self:
        self._number = 0
        self._server = await Server(self._answer).__aenter__()
        self.config: dict[str, Any] = {"url": self._server.url}
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._server.unplug()

    async def unplug(self) -> None:
        await self._server.unplug()

    async def _answer(self, request: Request) -> None:
        if not self.streams:
            self._number += 1
            await request.snapshot(picture(self._number))
            return
        await request.begin_stream()
        while True:
            self._number += 1
            await request.part(picture(self._number))
            await asyncio.sleep(EVERY_S)
