"""A model server that replays bytes: raw sockets, so that it can send and break what no HTTP library would.

    async with Replay(Answer(body), Answer(b"", end="reset")) as server:
        ... server.url, server.requests

Each request takes the next answer; the last one stays for all that follow.
"""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Self

if TYPE_CHECKING:
    import ssl

Piece = bytes | float | asyncio.Event
End = Literal["clean", "cut", "reset", "stall"]


@dataclass(frozen=True)
class Answer:
    """What is sent for one request: each piece of the body as one chunk; a number or an event is waited for."""

    body: bytes | list[Piece] = b""
    status: int = 200
    content_type: str = "text/event-stream"
    headers: dict[str, str] = field(default_factory=dict)
    end: End = "clean"
    raw: bytes | None = None
    """Sent instead of any HTTP."""


@dataclass(frozen=True)
class Request:
    """One request as it came."""

    head: str
    body: bytes

    @property
    def path(self) -> str:
        return self.head.split(" ")[1]

    @property
    def headers(self) -> dict[str, str]:
        lines = self.head.split("\r\n")[1:]
        return {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines) if name}

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Replay:
    """The server; its attributes tell what clients did."""

    def __init__(self, *answers: Answer, path: str | None = None, tls: ssl.SSLContext | None = None) -> None:
        self.answers = list(answers)
        self.requests: list[Request] = []
        self.connections = 0
        self.asked = asyncio.Event()
        """Set once a request has come."""
        self.left = asyncio.Event()
        """Set once a client has gone in the middle of an answer."""
        self._path = path
        self._tls = tls
        self._writers: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> Self:
        if self._path is None:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._tls)
            self.port = self._server.sockets[0].getsockname()[1]
            self.url = f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}/v1"
        else:
            self._server = await asyncio.start_unix_server(self._serve, self._path)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        self.drop_connections()
        await self._server.wait_closed()

    def drop_connections(self) -> None:
        """Close every connection, as a server does with those that were idle too long."""
        for writer in self._writers:
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.add(writer)
        try:
            while await self._one(reader, writer):
                pass
        except ConnectionError:
            self.left.set()
        except asyncio.IncompleteReadError:
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        answer = self.answers[0]
        if answer.raw is not None:
            await reader.read(1)
            writer.write(answer.raw)
            await writer.drain()
            return False
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        request = Request(head, b"")
        body = await reader.readexactly(int(request.headers["content-length"]))
        self.requests.append(Request(head, body))
        self.asked.set()
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        gone = asyncio.create_task(self._watch(reader), name="watch the client")
        try:
            return await self._send(answer, writer, gone)
        finally:
            gone.cancel()
            await asyncio.wait([gone])

    async def _watch(self, reader: asyncio.StreamReader) -> None:
        try:
            if await reader.read(1):
                return
        except ConnectionError:
            pass
        self.left.set()

    async def _send(self, answer: Answer, writer: asyncio.StreamWriter, gone: asyncio.Task[None]) -> bool:
        headers = {"Content-Type": answer.content_type, "Transfer-Encoding": "chunked", **answer.headers}
        if answer.status == 204:
            writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
            return True
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        writer.write(f"HTTP/1.1 {answer.status} X\r\n{lines}\r\n".encode())
        for piece in [answer.body] if isinstance(answer.body, bytes) else answer.body:
            if isinstance(piece, bytes):
                if piece:
                    writer.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                await writer.drain()
            elif isinstance(piece, asyncio.Event):
                await piece.wait()
            elif (await asyncio.wait([gone], timeout=piece))[0]:
                return False
        if answer.end == "clean":
            writer.write(b"0\r\n\r\n")
            await writer.drain()
            return True
        if answer.end == "stall":
            await asyncio.wait([gone])
        elif answer.end == "reset":
            linger = struct.pack("ii", 1, 0)
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            writer.transport.abort()
        return False
