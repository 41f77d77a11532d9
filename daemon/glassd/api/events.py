"""GET /api/events: how things stand, then what happens, for as long as somebody listens.

One stream in three forms: JSON lines; server-sent events, where `Accept` asks for text/event-stream; a WebSocket, where
the request upgrades to one. Nobody who listens holds anything up: who is slow loses the oldest events and is told how
many, and who takes nothing any more is let go.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Final, Protocol

from aiohttp import WSCloseCode, WSMsgType, web

from glassd.api.guard import error_response
from glassd.api.handshake import opens_socket
from glassd.api.slow import keep_little_unsent, written_soon
from glassd.events import Event
from glassd.messages.codes import Code

if TYPE_CHECKING:
    from glassd.events import Bus, Facts, Subscription

LISTENERS_LIMIT: Final = 64
"""How many may listen at a time."""
HEARTBEAT_S: Final = 15.0
"""After so long without an event a listener gets a sign of life, which also finds one that is gone without a word."""
RETRY_MS: Final = 1000
"""How soon a browser listens again after a stream has ended."""
UNSENT_LIMIT_BYTES: Final = 16 * 1024
"""How much may wait in the kernel to be sent to one listener: what it sees is to be what is so now."""
SAID_LIMIT_BYTES: Final = 4096
"""The largest message that a listener may send; nobody reads it."""
CLOSE_LIMIT_S: Final = 0.3
"""How long a listener may take to confirm the close of its socket."""


class House(Protocol):
    """What this needs of the daemon."""

    @property
    def bus(self) -> Bus:
        """What happens."""

    def beginning(self) -> list[Facts]:
        """Return as events how things stand."""


class Form(Protocol):
    """How events are written."""

    async def open(self) -> web.StreamResponse:
        """Begin the answer."""

    async def write(self, events: list[Event]) -> None:
        """Write events."""

    async def keep_alive(self) -> None:
        """Write a sign of life."""

    async def close(self) -> None:
        """End the answer."""


class Listeners:
    """Everybody who listens now."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._subscriptions: set[Subscription] = set()

    @property
    def count(self) -> int:
        """How many they are."""
        return len(self._subscriptions)

    async def tell(self, request: web.Request) -> web.StreamResponse:
        """Answer with events until the listener has gone, or the daemon stops."""
        if self.count >= LISTENERS_LIMIT:
            return error_response(503, f"{LISTENERS_LIMIT} listen already, as many as may", code=Code.BUSY)
        with self._house.bus.subscribe() as subscription:
            self._subscriptions.add(subscription)
            try:
                return await self._tell(request, subscription)
            finally:
                self._subscriptions.discard(subscription)

    async def close(self, _app: web.Application) -> None:
        """Let every stream come to its end: the daemon stops."""
        for subscription in self._subscriptions:
            subscription.end()

    async def _tell(self, request: web.Request, subscription: Subscription) -> web.StreamResponse:
        beginning = [Event(facts) for facts in self._house.beginning()]  # before any wait: from here on, events go on
        form = _form(request, subscription)
        keep_little_unsent(request, UNSENT_LIMIT_BYTES)
        response = await form.open()
        try:
            async with written_soon(request):
                await form.write(beginning)
            while events := await self._next(request, form, subscription):
                async with written_soon(request):
                    await form.write(events)
        except ConnectionError:
            return response  # the listener has gone
        finally:
            await form.close()
        return response

    @staticmethod
    async def _next(request: web.Request, form: Form, subscription: Subscription) -> list[Event]:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(HEARTBEAT_S):
                    return await subscription.batch()
            async with written_soon(request):
                await form.keep_alive()


def _form(request: web.Request, subscription: Subscription) -> Form:
    if opens_socket(request):
        return _Socket(request, subscription)
    if "text/event-stream" in request.headers.get("Accept", ""):
        return _ServerSent(request)
    return _Lines(request)


class _Lines:
    """JSON lines; an empty one as a sign of life."""

    media_type = "application/x-ndjson"
    first = b""
    sign_of_life = b"\n"

    def __init__(self, request: web.Request) -> None:
        self._request = request
        self._response = web.StreamResponse(headers={"Content-Type": self.media_type, "Cache-Control": "no-store"})

    async def open(self) -> web.StreamResponse:
        await self._response.prepare(self._request)
        await self._response.write(self.first)
        return self._response

    async def write(self, events: list[Event]) -> None:
        await self._response.write(b"".join([self.written(event) for event in events]))

    async def keep_alive(self) -> None:
        await self._response.write(self.sign_of_life)

    async def close(self) -> None:
        """The server ends the answer."""

    @staticmethod
    def written(event: Event) -> bytes:
        return event.line


class _ServerSent(_Lines):
    """Server-sent events (HTML, section 9.2); a comment as a sign of life."""

    media_type = "text/event-stream"
    first = b"retry: %d\n\n" % RETRY_MS
    sign_of_life = b":\n\n"

    @staticmethod
    def written(event: Event) -> bytes:
        return event.message


class _Socket:
    """A WebSocket: a text message an event; its own pings find who is gone. What the far end says is passed over."""

    def __init__(self, request: web.Request, subscription: Subscription) -> None:
        self._request = request
        self._subscription = subscription
        # Compressed, each listener's messages would be packed anew, and would keep 256 KiB for that.
        self._socket = web.WebSocketResponse(
            timeout=CLOSE_LIMIT_S,
            heartbeat=HEARTBEAT_S,
            compress=False,
            max_msg_size=SAID_LIMIT_BYTES,
            writer_limit=UNSENT_LIMIT_BYTES,
        )
        self._listening: asyncio.Task[None] | None = None

    async def open(self) -> web.StreamResponse:
        await self._socket.prepare(self._request)
        self._listening = asyncio.create_task(self._until_gone(), name="listener")
        return self._socket

    async def write(self, events: list[Event]) -> None:
        for event in events:
            await self._socket.send_frame(event.json, WSMsgType.TEXT)

    async def keep_alive(self) -> None:
        """The pings are."""

    async def close(self) -> None:
        if self._listening is None:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_LIMIT_S):
                await self._socket.close(code=WSCloseCode.GOING_AWAY, drain=False)
        self._listening.cancel()
        await asyncio.wait([self._listening])

    async def _until_gone(self) -> None:
        while (await self._socket.receive()).type in (WSMsgType.TEXT, WSMsgType.BINARY):
            pass
        self._subscription.end()
