"""The local API: what the command line, the page and scripts on the board talk to.

GET  /api/status            how the daemon and its devices stand
POST /api/ask               {"prompt", "pictures"?, "frames"? …}: JSON lines, as `glassd ask --json` prints them
POST /api/press             {"button", "gesture"?}
POST /api/do                {"command"}: pause, resume, next page …
GET  /api/snapshot          the picture that a press would take now
GET  /api/window            the frames that were weighed for it, and why one won
GET  /api/live              the newest pictures as they come, as MJPEG
POST /api/pictures          one picture, pushed to the camera `push`
GET  /api/events            screens and events as they happen: JSON lines, server-sent events or a WebSocket
POST /api/latency           measure camera.latency: the first display flashes before the camera
POST /api/reload            read the config again
GET  /api/report            for a bug report
GET  /api/openapi.json      all of this, as an OpenAPI document
GET  /metrics               what is counted, for Prometheus
GET  /api/history           what is kept of the asks: see glassd.api.history for this and what goes with it
GET  /api/sockets/{name}    a WebSocket, handed to the driver that waits for `name`
*    /api/settings          the config as the page edits it: see glassd.api.settings
*    /api/sessions, /pair   signing in and out: see glassd.api.signing_in
GET  /, /glasses …          the page: see glassd.api.site
"""

from __future__ import annotations

import asyncio
import contextlib
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Protocol

import msgspec
from aiohttp import WSMsgType, web

from glassd.answer import AskError
from glassd.api.events import Listeners
from glassd.api.guard import Guard, error_response
from glassd.api.handshake import opens_socket
from glassd.api.headers import add_headers
from glassd.api.history import HistoryRoutes
from glassd.api.live import Live, no_camera
from glassd.api.metrics import Metrics
from glassd.api.openapi import OpenApi
from glassd.api.places import PICTURES
from glassd.api.posted import read_posted
from glassd.api.requests import (
    REQUEST_LIMIT_BYTES,
    AskRequest,
    DoRequest,
    NothingRequest,
    PressRequest,
    RequestError,
    read_json,
    read_question,
)
from glassd.api.settings import SettingsRoutes
from glassd.api.signing_in import SessionRoutes
from glassd.api.site import Site
from glassd.config.commands import read_command
from glassd.config.mistakes import ConfigError
from glassd.messages import Code, lines
from glassd.model.wire import event_line
from glassd.question import check_question
from glassd_drivers.contracts import TransientFault

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from glassd.answer import AnswerEvent
    from glassd.api.door import Door
    from glassd.config.commands import Command
    from glassd.config.schema import Config
    from glassd.config.settings import Settings
    from glassd.config.triggers import Gesture
    from glassd.events import Bus, Facts
    from glassd.frames.view import Picked
    from glassd.journal.history import History
    from glassd.metering import Meter
    from glassd.question import Question
    from glassd.wall import Wall
    from glassd_drivers.contracts import Channel, Frame

SHUTDOWN_LIMIT_S = 0.5
"""How long open requests may take to end when the daemon stops."""
MESSAGE_LIMIT_BYTES = 16 * 1024 * 1024
"""The largest message on a socket, and the largest picture: those of 48-megapixel phones are about 12 MB."""

HEARTBEAT_S = 15.0
"""How often the far end of a socket is asked whether it is still there."""
CLOSE_LIMIT_S = 0.5
"""How long a far end may take to confirm the close of its socket; below the second that a driver's close may take."""
REASON_LIMIT_BYTES = 123
"""How long the reason of a WebSocket's close may be (RFC 6455, section 5.5)."""
NOBODY_WAITS = 4404
"""The WebSocket close code (the private range, RFC 6455 section 7.4.2) where no driver waits for that name."""


class House(Protocol):
    """What the API needs of the daemon."""

    bus: Bus
    config: Config
    """The one in force."""
    page_url: str | None
    """Where the pages are, once the address is listened at."""
    settings: Settings
    """The files that it is from."""
    meter: Meter
    """What is counted since the start."""

    async def history(self) -> History:
        """Return what is kept of the asks, once the journal is open."""

    def wall(self) -> Wall:
        """Return what is known of the date now."""

    def status(self) -> dict[str, Any]:
        """Return how things stand, as JSON."""

    def beginning(self) -> list[Facts]:
        """Return how things stand as events: the status, each display's screen, the asks under way."""

    def report(self) -> dict[str, Any]:
        """Return what goes into a bug report, as JSON."""

    def ask(self, question: Question) -> AsyncGenerator[AnswerEvent]:
        """Ask about the question's own pictures, or about fresh frames, as many as it wants."""

    def press(self, button: str, gesture: Gesture) -> None:
        """Play a gesture's edges; raise ValueError, which says what there is, for one that starts nothing."""

    def do(self, command: Command) -> None:
        """Carry out a command, as a button that is mapped to it would."""

    async def snapshot(self) -> Frame | None:
        """Return the frame in view now, encoded; None without a camera; raise AskError where it gives none."""

    async def window(self) -> Picked | None:
        """Return what a press would weigh now, encoded; as `snapshot` where there is none to be had."""

    async def newer(self, instant: float) -> Frame | None:
        """Return the newest frame once it is newer than an instant; as `snapshot` where there is none to be had."""

    async def latency(self) -> dict[str, Any]:
        """Measure `camera.latency` by flashes of the first display, as JSON; raise AskError without frames."""

    async def reload(self) -> list[str]:
        """Read the config again; return what changed; raise ConfigError with the mistakes."""

    def links(self) -> dict[str, dict[str, int]]:
        """Return what each shared device counts of its packets, by its key."""

    def offer(self, name: str, channel: Channel) -> bool:
        """Hand a channel to the driver that waits for that name; False if none does."""

    def offer_picture(self, channel: Channel) -> bool:
        """Hand a channel with a pushed picture to the camera; False if it takes none now."""


def application(house: House, door: Door | None) -> web.Application:
    """Return the API's application. `door` is what callers from an address come in by; None leaves that open."""
    routes = _Routes(house)
    app = web.Application(middlewares=[Guard(door).middleware()], client_max_size=REQUEST_LIMIT_BYTES)
    app.add_routes(
        [
            web.get("/api/status", routes.status),
            web.post("/api/ask", routes.ask),
            web.post("/api/press", routes.press),
            web.post("/api/do", routes.do),
            web.get("/api/snapshot", routes.snapshot),
            web.get("/api/window", routes.window),
            web.get("/api/live", routes.live.show),
            web.post(PICTURES, routes.pictures),
            web.get("/api/events", routes.listeners.tell),
            web.post("/api/latency", routes.latency),
            web.post("/api/reload", routes.reload),
            web.get("/api/report", routes.report),
            web.get("/api/openapi.json", OpenApi().document),
            web.get("/metrics", Metrics(house, routes.watching).metrics),
            web.get("/api/sockets/{name}", routes.socket),
            *HistoryRoutes(house).routes(),
            *SettingsRoutes(house).routes(),
            *SessionRoutes(door).routes(),
            *Site().routes(),
        ]
    )
    app.on_response_prepare.append(add_headers)
    app.on_shutdown.extend([routes.live.close, routes.listeners.close])
    return app


class _Routes:
    """One handler a route."""

    def __init__(self, house: House) -> None:
        self._house = house
        self.live = Live(house)
        self.listeners = Listeners(house)
        self._measuring = asyncio.Lock()

    def watching(self) -> dict[str, int]:
        return {"events": self.listeners.count, "live": self.live.count}

    async def status(self, _request: web.Request) -> web.Response:
        return _json(self._house.status())

    async def report(self, _request: web.Request) -> web.Response:
        return _json(self._house.report())

    async def ask(self, request: web.Request) -> web.StreamResponse:
        try:
            question = read_question(read_json(await request.read(), AskRequest))
            check_question(question, self._house.config)
        except ValueError as error:
            return error_response(400, str(error))
        response = _lines()
        with contextlib.suppress(ConnectionError):  # who hangs up does not want the answer any more
            await response.prepare(request)
            async with aclosing(self._house.ask(question)) as events:
                async for event in events:
                    if (line := event_line(event)) is not None:
                        await _write(response, line)
        return response

    async def press(self, request: web.Request) -> web.Response:
        try:
            wanted = read_json(await request.read(), PressRequest)
            self._house.press(wanted.button, wanted.gesture)
        except ValueError as error:
            return error_response(400, str(error))
        return _json({})

    async def do(self, request: web.Request) -> web.Response:
        try:
            self._house.do(read_command(read_json(await request.read(), DoRequest).command))
        except ValueError as error:
            return error_response(400, str(error))
        return _json({})

    async def snapshot(self, _request: web.Request) -> web.Response:
        try:
            if (frame := await self._house.snapshot()) is None:
                return no_camera()
        except AskError as error:
            return error_response(503, str(error), code=error.problem.code)
        return web.Response(body=frame.data, content_type=frame.media_type, headers={"Cache-Control": "no-store"})

    async def window(self, _request: web.Request) -> web.Response:
        try:
            if (picked := await self._house.window()) is None:
                return no_camera()
        except AskError as error:
            return error_response(503, str(error), code=error.problem.code)
        candidates = [
            {"reason": reason, "media_type": frame.media_type, "data": frame.data}
            for frame, reason in zip(picked.candidates, picked.reasons, strict=True)
        ]
        return _json({"chosen": picked.index, "candidates": candidates})

    async def pictures(self, request: web.Request) -> web.Response:
        try:
            posted = await read_posted(request, MESSAGE_LIMIT_BYTES)
        except RequestError as error:
            return error_response(400, str(error))
        if not self._house.offer_picture(posted):
            if self._house.status()["state"] == "paused":
                return error_response(503, "; ".join(lines(Code.PAUSED, "en")), code=Code.PAUSED)
            why = "there is no `driver: push`, it is not looking, or as many push already as may"
            return error_response(503, f"no camera takes it: {why}", code=Code.NO_CAMERA)
        return await posted.answer()

    async def latency(self, request: web.Request) -> web.Response:
        try:
            read_json(await request.read() or b"{}", NothingRequest)
        except RequestError as error:
            return error_response(400, str(error))
        if self._measuring.locked():
            return error_response(503, "it is being measured already", code=Code.BUSY)
        async with self._measuring:
            try:
                return _json(await self._house.latency())
            except AskError as error:
                return error_response(503, str(error), code=error.problem.code)

    async def reload(self, request: web.Request) -> web.Response:
        try:
            read_json(await request.read() or b"{}", NothingRequest)
            changed = await self._house.reload()
        except RequestError as error:
            return error_response(400, str(error))
        except ConfigError as error:
            return error_response(422, "the config has mistakes; the old one stays in force", str(error).splitlines())
        return _json({"changed": changed})

    async def socket(self, request: web.Request) -> web.StreamResponse:
        if not opens_socket(request):
            return error_response(426, "this path is for a WebSocket")
        response = web.WebSocketResponse(timeout=CLOSE_LIMIT_S, heartbeat=HEARTBEAT_S, max_msg_size=MESSAGE_LIMIT_BYTES)
        channel = _SocketChannel(response)
        await response.prepare(request)
        name = request.match_info["name"]
        if not self._house.offer(name, channel):
            reason = f"no driver waits for {name}".encode()[:REASON_LIMIT_BYTES]
            await response.close(code=NOBODY_WAITS, message=reason.decode(errors="ignore").encode())
            return response
        await channel.over.wait()
        return response


class _SocketChannel:
    """A WebSocket as a driver sees it; its handler stays until `over`."""

    def __init__(self, socket: web.WebSocketResponse) -> None:
        self._socket = socket
        self.over = asyncio.Event()

    async def receive(self) -> bytes | str:
        message = await self._socket.receive()
        if message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
            data: bytes | str = message.data
            return data
        self.over.set()
        raise TransientFault("the far end of the socket is gone")

    async def send(self, message: bytes | str) -> None:
        try:
            if isinstance(message, str):
                await self._socket.send_str(message)
            else:
                await self._socket.send_bytes(message)
        except ConnectionError as error:
            raise TransientFault("the far end of the socket is gone") from error

    async def close(self) -> None:
        self.over.set()
        await self._socket.close()


def _json(value: Any) -> web.Response:
    """Return a value as JSON, bytes in it as base64; pictures and states are nobody's to keep."""
    headers = {"Cache-Control": "no-store"}
    return web.Response(body=msgspec.json.encode(value), content_type="application/json", headers=headers)


def _lines() -> web.StreamResponse:
    return web.StreamResponse(headers={"Content-Type": "application/x-ndjson", "Cache-Control": "no-store"})


async def _write(response: web.StreamResponse, line: dict[str, Any]) -> None:
    await response.write(msgspec.json.encode(line) + b"\n")
