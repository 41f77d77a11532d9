"""One streamed response: each event leaves at once, and a client that waits hears that it is not forgotten.

Headers wait for the first event, so that an answer which fails before it gets a true HTTP status; but not for longer
than SIGN_EVERY_S. Then the stream begins, and goes on with chunks that say nothing until there is something to say.
"""

from __future__ import annotations

import asyncio
import contextlib
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from glassd.gateway.chunks import Completion

WRITE_LIMIT_S: Final = 30.0
"""How long a client may leave a piece of its answer unread before it counts as gone."""
BACKLOG_BYTES: Final = 32 * 1024
"""What may wait unread before a write waits too: half of asyncio's own high-water mark."""
SIGN_EVERY_S: Final = 9.0
"""The longest silence of a stream. Past the `first` deadline of one endpoint (8 s), so that its failure still gets a
true status where there is no other; below the 10 s that OkHttp, Android's usual HTTP client, waits by default."""


@asynccontextmanager
async def streaming(http: web.Request, completion: Completion) -> AsyncIterator[Stream]:
    """Yield the response to write to; while it is open, silence is kept short."""
    stream = Stream(http, completion)
    signs = asyncio.create_task(stream.give_signs(), name="signs of life of a gateway stream")
    try:
        yield stream
    finally:
        signs.cancel()
        await asyncio.wait([signs])
        if not signs.cancelled():
            signs.result()


class Stream:
    """A response that is written piece by piece. Each method raises ConnectionError where nobody reads it any more."""

    def __init__(self, http: web.Request, completion: Completion) -> None:
        self.response = web.StreamResponse(
            headers={
                "Content-Type": "text/event-stream; charset=utf-8",
                "Cache-Control": "no-cache",
                "X-Accel-Buffering": "no",  # nginx before the gateway would hold the pieces back
            }
        )
        self._http = http
        self._completion = completion
        self._clock = asyncio.get_running_loop().time
        self._written = self._clock()

    @property
    def begun(self) -> bool:
        """Tell whether the status has left: what goes wrong from then on is told in the stream."""
        return self.response.prepared

    async def write(self, piece: bytes) -> None:
        """Send a piece at once, in one write with all that the response begins with where it is the first."""
        self._written = self._clock()
        if not self.begun:
            await self.response.prepare(self._http)
            piece = self._completion.opening() + piece
        if self._backlog_bytes() + len(piece) <= BACKLOG_BYTES:
            await self.response.write(piece)  # does not wait, so that a timer would be all that it costs
            return
        async with self._read_in_time():
            await self.response.write(piece)

    async def break_off(self, piece: bytes) -> None:
        """Send the last piece of an answer that is not whole, and close the connection behind it."""
        self.response.force_close()
        await self.write(piece)

    async def end(self) -> None:
        """End the response."""
        async with self._read_in_time():
            await self.response.write_eof()

    async def give_signs(self) -> None:
        """Write a sign of life wherever nothing else was written for SIGN_EVERY_S; until it is cancelled."""
        with contextlib.suppress(ConnectionError):  # the client is gone: its request is cancelled for that
            while True:
                silence_s = self._clock() - self._written
                if silence_s < SIGN_EVERY_S:
                    await asyncio.sleep(SIGN_EVERY_S - silence_s)
                else:
                    await self.write(self._completion.sign_of_life() if self.begun else b"")

    def _backlog_bytes(self) -> int:
        transport = self._http.transport
        return 0 if transport is None else transport.get_write_buffer_size()

    @asynccontextmanager
    async def _read_in_time(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(WRITE_LIMIT_S):
                yield
        except TimeoutError as error:
            if self._http.transport is not None:
                self._http.transport.abort()  # else a client that reads on would take what it has for a whole response
            raise ConnectionResetError("the client does not read its answer") from error
