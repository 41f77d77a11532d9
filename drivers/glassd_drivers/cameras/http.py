"""A camera at a URL that streams, as IP cameras, phones' camera apps, ustreamer, mjpg-streamer and motion serve it.

It is an MJPEG stream (multipart/x-mixed-replace), or a snapshot that is asked for again and again: the answer tells.

What arrives over a network may be old, and nothing in it says so. A server hands a newcomer the last picture that it
has, repeats the last one while its camera gives none (ustreamer does, each second), or answers with one that it keeps.
So a picture is new only against another one: the first is not given on, and one that is byte for byte the picture
before is that picture, not a later one; a sensor's noise makes no two alike. A camera is open once something new has
come, and one that sends nothing new for SILENCE_LIMIT_S has frozen. The instant is when a picture's first byte came,
less what it was held up by on its way and the age that it had before, as far as the server's headers tell.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, ClassVar, Final, Literal

from pydantic import Field

from glassd_drivers.cameras.http_source import (
    PICTURE_LIMIT_BYTES,
    HttpSource,
    connect,
    sent_at,
    shows_no_signal,
    stated_age,
    where,
)
from glassd_drivers.cameras.multipart import MultipartParser, Part, boundary_of
from glassd_drivers.cameras.sender_clock import SenderClock
from glassd_drivers.contracts import CONTRACT, Context, DriverConfig, Frame, PermanentFault, TransientFault
from glassd_drivers.handoff import Handoff
from glassd_drivers.pictures import PictureError, media_type_and_size
from glassd_drivers.settable import SETTABLE
from glassd_drivers.threads import DeviceThread

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

    import aiohttp

    from glassd_drivers.cameras.http_client import HttpClient

FIRST_PICTURE_LIMIT_S: Final = 8.0
"""How long opening may take to the first new picture."""
OPENING_FPS: Final = 4.0
"""How many snapshots a second are asked for at least until there is a new one."""
SILENCE_LIMIT_S: Final = 4.0
"""How long nothing new may come before the camera is lost."""
MISSED_PICTURES: Final = 3
"""One that is asked more seldom is lost after so many pictures that were not new."""
BACKLOG_LIMIT_READS: Final = 32
"""How many reads in a row may find that more waits already, before the newest of it is given on."""
CLOSE_LIMIT_S: Final = 0.4
"""How long the reader may take to end, and how long a look-up that is stuck is waited for."""


class HttpConfig(HttpSource):
    """Where the camera is, and how often it is asked."""

    fps: Annotated[float, SETTABLE] = Field(5.0, gt=0, le=30, strict=True)
    """How many snapshots a second are asked for; a stream comes as the camera sends it."""


class HttpCamera:
    """A camera at a URL: an MJPEG stream, or a snapshot asked for again and again."""

    contract: ClassVar[int] = CONTRACT
    Config: ClassVar[type[DriverConfig]] = HttpConfig
    kind: ClassVar[Literal["stream"]] = "stream"

    def __init__(self, config: HttpConfig, context: Context) -> None:
        self._config = config
        self._context = context
        self._thread = DeviceThread(f"{context.name} http")
        self._client: HttpClient | None = None
        self._reader: asyncio.Task[None] | None = None
        self._frames: Handoff[Frame] = Handoff()
        self._is_there = asyncio.Event()
        self._sender = SenderClock()
        self._last_data = b""
        self._last_new = 0.0
        self._last_instant = 0.0
        self._trouble = "no picture in what came"
        self._silence_limit = SILENCE_LIMIT_S

    async def open(self) -> None:
        """Connect and wait for the first new picture."""
        self._client = client = await connect(self._config, self._context, self._thread)
        self._last_new = self._context.clock()
        self._reader = asyncio.create_task(self._read(client), name=f"{self._context.name} http")
        self._reader.add_done_callback(self._ended)
        try:
            async with asyncio.timeout(FIRST_PICTURE_LIMIT_S):
                await self._is_there.wait()
        except TimeoutError as error:
            raise TransientFault(
                f"{client.where}: nothing new in {FIRST_PICTURE_LIMIT_S:g} s: {self._trouble}"
            ) from error
        if self._reader.done():
            self._reader.result()

    async def frames(self) -> AsyncGenerator[Frame]:
        """Yield each new picture as it comes; a slow reader misses the older ones."""
        while True:
            yield await self._frames.get()

    async def close(self) -> None:
        """Close the connections."""
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.wait({self._reader}, timeout=CLOSE_LIMIT_S)
        if self._client is not None:
            await self._client.close()
        await self._thread.close(limit_s=CLOSE_LIMIT_S)

    def _ended(self, reader: asyncio.Task[None]) -> None:
        error = None if reader.cancelled() else reader.exception()
        self._frames.end(error or TransientFault(f"{where(self._config.url)}: closed while it was read"))
        self._is_there.set()

    async def _read(self, client: HttpClient) -> None:
        """Take what the camera sends until it is lost."""
        async with client.get() as response:
            kind = response.headers.get("Content-Type", "")
            if kind.strip().lower().startswith("multipart/"):
                await self._read_stream(client, response, kind)
            else:
                await self._take_snapshot(client, response)
        self._silence_limit = max(SILENCE_LIMIT_S, MISSED_PICTURES / self._config.fps)
        due = self._context.clock()
        while True:
            fps = self._config.fps if self._is_there.is_set() else max(self._config.fps, OPENING_FPS)
            due = max(due + 1 / fps, self._context.clock())
            await asyncio.sleep(due - self._context.clock())
            async with client.get() as response:
                await self._take_snapshot(client, response)

    async def _read_stream(self, client: HttpClient, response: aiohttp.ClientResponse, kind: str) -> None:
        if (boundary := boundary_of(kind)) is None:
            raise PermanentFault(f"{client.where}: a stream without a usable boundary in its Content-Type")
        parser = MultipartParser(boundary, PICTURE_LIMIT_BYTES)
        while chunk := await response.content.readany():
            undated = await self._take_dated(parser, chunk)
            for _ in range(BACKLOG_LIMIT_READS):
                await _let_others_run()
                if not (more := response.content.read_nowait()):
                    break
                undated = await self._take_dated(parser, more) or undated
            if undated is not None:
                self._take(undated.data, undated.headers, undated.instant)
            self._demand_news(client)
        raise TransientFault(f"{client.where}: it ended the stream; is its app still in front?")

    async def _take_dated(self, parser: MultipartParser, chunk: bytes) -> Part | None:
        """Take the parts that end in some bytes where their sender dates them; return the last one that is not dated.

        Of those that waited together without a date only the last can be of now.
        """
        undated = None
        for part in parser.feed(chunk, self._context.clock()):
            if not isinstance(part, Part):
                self._trouble = f"a part was dropped: {part.reason}"
            elif (sent := sent_at(part.headers)) is None:
                undated = part
            else:
                self._take(part.data, part.headers, part.instant - self._sender.late(sent, part.instant))
                await _let_others_run()  # so that who reads the frames has each of them
        return undated

    async def _take_snapshot(self, client: HttpClient, response: aiohttp.ClientResponse) -> None:
        instant = self._context.clock()
        self._trouble = "a picture that does not end"
        self._take(await client.picture(response), _lower(response.headers), instant)
        self._demand_news(client)

    def _take(self, data: bytes, headers: Mapping[str, str], instant: float) -> None:
        """Give a picture on where it is a new one."""
        if shows_no_signal(headers):
            self._trouble = "the server says that its camera is away"
            return
        try:
            facts = media_type_and_size(data)
        except PictureError as error:
            self._trouble = f"what came is no whole picture: {error}"
            return
        age = stated_age(headers)
        is_first, is_same, self._last_data = not self._last_data, data == self._last_data, data
        if is_same:
            self._trouble = "the same picture again and again: the camera has frozen"
            return
        if is_first and age is None:
            self._trouble = "one picture and no other"
            return
        self._last_new = self._context.clock()
        self._is_there.set()
        if (instant := instant - (age or 0.0)) > self._last_instant:
            self._last_instant = instant
            self._frames.put(Frame(data, *facts, instant, self._context.name))

    def _demand_news(self, client: HttpClient) -> None:
        silent = self._context.clock() - self._last_new
        if silent >= self._silence_limit:
            raise TransientFault(f"{client.where}: nothing new for {silent:.0f} s: {self._trouble}")


async def _let_others_run() -> None:
    """Let the event loop turn: once for what was just made ready, once for what that makes ready."""
    await asyncio.sleep(0)
    await asyncio.sleep(0)


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}
