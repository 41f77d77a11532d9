"""A server that misbehaves on purpose, in one way, until it is mended: real sockets, real TLS, real bytes.

    async with FaultServer(answers(503, b"...")) as server:
        ... server.url, server.requests
        await server.mend()     # from here on it answers well

What it does is a `Script`: it gets a `Line`, which is one connection after a whole request, and sends what it likes. A
script for an earlier moment says so: see `At`.
"""

from __future__ import annotations

import asyncio
import json
import re
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, Self

import trustme

from virtual import passes

if TYPE_CHECKING:
    from pathlib import Path

HOST = "127.0.0.1"
At = Literal["connection", "head", "request"]
"""When a script begins: once the connection stands, once a request's head has come, or its body too."""
Certificate = Literal["good", "wrong name", "expired", "stranger", "none"]
"""Which one it shows; with "none" its URL promises TLS, but it speaks none."""


class Line:
    """One connection as a script sees it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self._writer = writer
        self.length = 0
        """The Content-Length of the last request."""

    async def body(self) -> None:
        """Read a request's body."""
        await self.reader.readexactly(self.length)

    async def send(self, *pieces: bytes) -> None:
        for piece in pieces:
            self._writer.write(piece)
            await self._writer.drain()

    def close(self) -> None:
        self._writer.close()

    def reset(self) -> None:
        """Have the connection torn down (RST), not closed."""
        linger = struct.pack("ii", 1, 0)
        self._writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self._writer.transport.abort()

    async def gone(self) -> None:
        """Wait until the client has gone."""
        while await self.reader.read(64 * 1024):
            pass

    async def ended(self) -> None:
        """Wait for the end of the connection without reading another byte."""
        await self._writer.wait_closed()

    @property
    def closed(self) -> bool:
        return self._writer.is_closing()


Script = Callable[[Line], Awaitable[None]]


# -- what a server may do ---------------------------------------------------------------------------------------------

STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
LAST_CHUNK = b"0\r\n\r\n"


def event(payload: Any) -> bytes:
    return b"data: " + json.dumps(payload, ensure_ascii=False).encode() + b"\n\n"


def delta(text: str, **choice: Any) -> bytes:
    return event({"choices": [{"index": 0, "delta": {"content": text}, **choice}]})


def chunk(piece: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(piece), piece)


WORDS = "一只猫"
ANSWER = delta(WORDS) + delta("", finish_reason="stop") + b"data: [DONE]\n\n"


def answers(status: int, body: bytes = b"", content_type: str = "application/json", **headers: str) -> Script:
    """Answer in full, as HTTP has it. Underscores in the headers' names become dashes."""
    more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    head = f"HTTP/1.1 {status} X\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n{more}\r\n"

    async def script(line: Line) -> None:
        await line.send(head.encode() + body)

    return script


def refuses(status: int, message: str = "no", code: str | None = None, **headers: str) -> Script:
    """Answer with an error object."""
    return answers(status, json.dumps({"error": {"message": message, "code": code}}).encode(), **headers)


def sends(*pieces: bytes, then: Literal["keep", "close", "reset", "stall", "hang"] = "keep") -> Script:
    """Send these bytes as they are. To stall is to send nothing more, to hang is to read nothing more either."""

    async def script(line: Line) -> None:
        await line.send(*pieces)
        if then == "close":
            line.close()
        elif then == "reset":
            line.reset()
        elif then == "stall":
            await line.gone()
        elif then == "hang":
            await line.ended()

    return script


def drips(before: bytes, slowly: bytes) -> Script:
    """Send a byte a second."""

    async def script(line: Line) -> None:
        await line.send(before)
        for byte in slowly:
            if line.closed:
                return
            await passes(1.0)
            await line.send(bytes([byte]))
        await line.gone()

    return script


def floods(before: bytes, piece: bytes) -> Script:
    """Send the same piece as fast as the client takes it, without an end."""

    async def script(line: Line) -> None:
        await line.send(before)
        while not line.closed:
            await line.send(piece)

    return script


def reads_some_and(then: Script, size: int = 64 * 1024) -> Script:
    """Read the beginning of the body only."""

    async def script(line: Line) -> None:
        await line.reader.readexactly(size)
        await then(line)

    return script


well = sends(STREAM, chunk(ANSWER), LAST_CHUNK)


# -- the server -------------------------------------------------------------------------------------------------------


class FaultServer:
    """A server with one fault; `requests` and `connections` tell what clients did."""

    def __init__(
        self,
        script: Script = well,
        *,
        at: At = "request",
        listens: bool = True,
        certificate: Certificate | None = None,
        certificates: Certificates | None = None,
    ) -> None:
        """Make ready. With a certificate it speaks TLS, for which it needs the `certificates`."""
        self._script = script
        self._at = at
        self._listens = listens
        self._certificate = certificate
        self._certificates = certificates
        self._context: ssl.SSLContext | None = None
        if certificate is not None and certificates is not None:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            certificates.dress(self._context, certificate)
        self._server: asyncio.Server | None = None
        self._lines: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self.requests = 0
        """How many heads of a request have come."""
        self.connections = 0
        """How many connections stood."""

    async def __aenter__(self) -> Self:
        self._socket = _bound()
        self.port = self._socket.getsockname()[1]
        if self._listens:
            await self._listen()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.close()
        self._socket.close()
        for writer in self._lines.values():
            writer.transport.abort()
        if self._lines:
            await asyncio.wait(self._lines)

    def tasks(self) -> set[asyncio.Task[None]]:
        """Return its own tasks, one a connection."""
        return set(self._lines)

    def url(self, host: str = HOST) -> str:
        return f"http{'s' if self._context else ''}://{host}:{self.port}/v1"

    async def mend(self) -> None:
        """Answer well from here on, also over the connections that stand."""
        self._script, self._at = well, "request"
        if self._context is not None and self._certificates is not None:
            self._certificates.dress(self._context, "good")
        if self._certificate == "none" and self._server is not None:
            self._server.close()
            self._certificate, self._server = "good", None
            self._socket = _bound(self.port)
        if self._server is None:
            await self._listen()

    async def _listen(self) -> None:
        tls = None if self._certificate == "none" else self._context
        self._server = await asyncio.start_server(self._serve, sock=self._socket, ssl=tls)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task: asyncio.Task[None] | None = asyncio.current_task()
        assert task is not None
        self._lines[task] = writer
        line = Line(reader, writer)
        try:
            while not line.closed:
                await self._one(line)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ssl.SSLError):
            pass  # the client has gone, which many a fault makes it do
        finally:
            del self._lines[task]
            writer.close()

    async def _one(self, line: Line) -> None:
        if self._at == "connection":
            await self._script(line)
        head = await line.reader.readuntil(b"\r\n\r\n")
        self.requests += 1
        line.length = int(re.findall(rb"(?i)content-length: (\d+)", head)[0])
        if self._at != "head":
            await line.body()
        await self._script(line)


def _bound(port: int = 0) -> socket.socket:
    """Return a socket whose port is ours. As long as nothing listens there, connections to it are refused."""
    # asyncio has small writes leave at once (TCP_NODELAY) only where the protocol is named.
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind((HOST, port))
    return bound


class Certificates:
    """Certificates of an authority of our own, made for this run."""

    def __init__(self, folder: Path) -> None:
        """Make them; the authority's own lies in the folder, at `path`."""
        self._authority = trustme.CA()
        self.path = str(folder / "authority.pem")
        self._authority.cert_pem.write_to_path(self.path)
        long_ago = datetime(2020, 1, 1, tzinfo=UTC), datetime(2021, 1, 1, tzinfo=UTC)
        self._leaves: dict[Certificate, trustme.LeafCert] = {
            "good": self._authority.issue_cert(HOST),
            "wrong name": self._authority.issue_cert("somebody-else.test"),
            "expired": self._authority.issue_cert(HOST, not_before=long_ago[0], not_after=long_ago[1]),
            "stranger": trustme.CA().issue_cert(HOST),
        }

    def dress(self, context: ssl.SSLContext, which: Certificate) -> None:
        """Have a server show this certificate."""
        if which != "none":
            self._leaves[which].configure_cert(context)
