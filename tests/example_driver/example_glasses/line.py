"""The device that the three drivers share: one TCP line that carries frames, edges and screens as JSON lines."""

from __future__ import annotations

import asyncio
import binascii
import json
from base64 import b64decode
from collections import deque
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from glassd_drivers.contracts import EdgeKind, TransientFault

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

MESSAGE_LIMIT_BYTES = 8 * 1024 * 1024
"""How long a message may be; a longer one ends the line."""
FRAMES_LIMIT = 2
"""How many frames wait for the camera; the oldest makes room."""
EDGES_LIMIT = 64
"""How many edges wait for the buttons."""

T = TypeVar("T")


class Inbox(Generic[T]):
    """What came for one driver: bounded, the oldest makes room; a lost line is told after what came before it."""

    def __init__(self, limit: int) -> None:
        self._items: deque[T] = deque(maxlen=limit)
        self._news = asyncio.Event()
        self._lost: str | None = None

    def put(self, item: T) -> None:
        """Add an item."""
        self._items.append(item)
        self._news.set()

    def lose(self, why: str) -> None:
        """Tell the reader that nothing will come any more."""
        self._lost = why
        self._news.set()

    async def get(self) -> T:
        """Return the next item; raise TransientFault once the line is lost."""
        while not self._items:
            if self._lost is not None:
                raise TransientFault(self._lost)
            self._news.clear()
            await self._news.wait()
        return self._items.popleft()


class Line:
    """An open line. What comes is in `frames` (bytes) and `edges` (button, kind)."""

    def __init__(self, address: str, writer: asyncio.StreamWriter) -> None:
        self.address = address
        self.frames: Inbox[bytes] = Inbox(FRAMES_LIMIT)
        self.edges: Inbox[tuple[str, EdgeKind]] = Inbox(EDGES_LIMIT)
        self._lost: Inbox[None] = Inbox(1)
        self._writer = writer

    async def send(self, message: dict[str, Any]) -> None:
        """Send one message; raise TransientFault once the line is lost."""
        try:
            self._writer.write(json.dumps(message, ensure_ascii=False).encode() + b"\n")
            await self._writer.drain()
        except OSError as error:
            raise TransientFault(f"{self.address} was lost: {error}") from error

    async def wait_lost(self) -> None:
        """Wait until the line is lost, then raise TransientFault."""
        await self._lost.get()

    async def read(self, reader: asyncio.StreamReader) -> None:
        """Hand out what comes until the line ends; its reader task."""
        why = "closed by the glasses"
        try:
            while message := await reader.readline():
                self._take(message)
        except OSError as error:
            why = str(error)
        except ValueError:  # a line over the limit, or one that is no JSON
            why = "it sent what is no message"
        finally:
            self._writer.close()
            for inbox in (self.frames, self.edges, self._lost):
                inbox.lose(f"{self.address} was lost: {why}; check the glasses")

    def _take(self, line: bytes) -> None:
        match json.loads(line):
            case {"frame": str(data)}:
                with suppress(binascii.Error):  # a frame that is damaged is one less
                    self.frames.put(b64decode(data, validate=True))
            case {"edge": ("down" | "up") as kind, "button": str(button)}:
                self.edges.put((button, EdgeKind(kind)))
            case _:
                pass  # a newer pair of glasses may say more


@asynccontextmanager
async def open_line(address: str) -> AsyncIterator[Line]:
    """Connect to `host:port`, and lend the line for as long as this is entered."""
    host, _, port = address.rpartition(":")
    try:
        reader, writer = await asyncio.open_connection(host, int(port), limit=MESSAGE_LIMIT_BYTES)
    except OSError as error:
        raise TransientFault(f"{address} does not answer: {error.strerror}; are the glasses on?") from error
    line = Line(address, writer)
    reading = asyncio.create_task(line.read(reader), name=f"line {address}")
    try:
        yield line
    finally:
        reading.cancel()
        writer.close()
        await asyncio.wait({reading})
