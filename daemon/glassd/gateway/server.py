"""The server side of the chat-completions format: POST /v1/chat/completions and GET /v1/models before a responder.

Whoever answers (the reader, or the daemon's own model client) is a `Responder`; this module knows only HTTP. Headers
wait for the first word of the answer, so that an answer which fails before it gets a true HTTP status. A client that
goes away cancels its answer.
"""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from contextlib import aclosing, asynccontextmanager
from typing import TYPE_CHECKING, Final, Protocol

import msgspec
from aiohttp import web

from glassd.answer import Delta, Outcome, OutcomeKind, Problem, Reasoning
from glassd.gateway.chunks import Completion
from glassd.gateway.errors import GatewayError, from_problem
from glassd.gateway.request import read_request
from glassd.messages.codes import Code

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Mapping

    from aiohttp.typedefs import Handler

    from glassd.answer import AnswerEvent
    from glassd.ask import Ask
    from glassd.gateway.request import Request

BODY_LIMIT_BYTES: Final = 24 * 1024 * 1024
"""The largest request: a picture at its limit in base64, and room for the text."""
BODY_LIMIT_S: Final = 30.0
"""How long a request's body may take to arrive."""
WRITE_LIMIT_S: Final = 30.0
"""How long a client may leave a piece of its answer unread before it counts as gone."""
ASKS_LIMIT: Final = 8
"""How many requests are taken at once; one more is told to come back."""
BUSY_RETRY_S: Final = 1.0
STOP_LIMIT_S: Final = 0.2
"""How long answers under way are waited for at the end, before they are cancelled."""
IDLE_LIMIT_S: Final = 75.0
"""How long a connection may stay open with no request on it."""

_log = logging.getLogger(__name__)


class Responder(Protocol):
    """Whoever answers."""

    def models(self) -> list[str]:
        """Return the names of the models that a request may ask for."""

    def answer(self, ask: Ask) -> AsyncGenerator[AnswerEvent]:
        """Yield the answer's events, the Outcome last. Cancelling or closing it ends its work."""


def application(responder: Responder) -> web.Application:
    """Return the application that serves a responder; it is to be run by `runner`."""
    gateway = _Gateway(responder)
    app = web.Application(middlewares=[_errors_as_objects], client_max_size=BODY_LIMIT_BYTES)
    app.router.add_post("/v1/chat/completions", gateway.completions)
    app.router.add_get("/v1/models", gateway.models)
    return app


def runner(app: web.Application) -> web.AppRunner:
    """Return what runs the application so that a lost client cancels its request; the caller adds the sites."""
    return web.AppRunner(
        app,
        handler_cancellation=True,
        access_log=None,
        shutdown_timeout=STOP_LIMIT_S,
        keepalive_timeout=IDLE_LIMIT_S,
    )


class _Gateway:
    """The handlers of one application."""

    def __init__(self, responder: Responder) -> None:
        self._responder = responder
        self._started = int(time.time())
        self._under_way = 0

    async def models(self, _http: web.Request) -> web.Response:
        names = self._responder.models()
        cards = [{"id": name, "object": "model", "created": self._started, "owned_by": "glassd"} for name in names]
        return _json(msgspec.json.encode({"object": "list", "data": cards}))

    async def completions(self, http: web.Request) -> web.StreamResponse:
        if http.content_type != "application/json":
            raise GatewayError(415, "the request's Content-Type is not application/json")
        if self._under_way >= ASKS_LIMIT:
            message = f"{ASKS_LIMIT} requests are under way: come back later"
            raise GatewayError(503, message, code=Code.SERVER_BUSY, retry_after_s=BUSY_RETRY_S)
        self._under_way += 1
        try:
            return await self._complete(http)
        finally:
            self._under_way -= 1

    async def _complete(self, http: web.Request) -> web.StreamResponse:
        ask_id = str(uuid.uuid4())
        request = read_request(await _body(http), ask_id, asyncio.get_running_loop().time())
        if request.model not in (known := self._responder.models()):
            message = f"no model {request.model!r} here; there is: {', '.join(known)}"
            raise GatewayError(404, message, code="model_not_found", param="model")
        completion = Completion(f"chatcmpl-{ask_id}", int(time.time()), request.model)
        async with aclosing(self._events(request.ask)) as events:
            if request.stream:
                return await _streamed(http, request, completion, events)
            return await _whole(completion, events)

    async def _events(self, ask: Ask) -> AsyncGenerator[AnswerEvent]:
        """Yield the responder's events up to its outcome; a responder that breaks has an outcome too."""
        try:
            async with aclosing(self._responder.answer(ask)) as events:
                async for event in events:
                    yield event
                    if isinstance(event, Outcome):
                        return
            _log.error("the answer to ask %s has no outcome", ask.id)
        except Exception:  # noqa: BLE001 - a bug in another box: the log gets it, the client an error, the server goes on
            _log.exception("answering ask %s broke", ask.id)
        yield Outcome(OutcomeKind.FAILED, problem=Problem(Code.INTERNAL, "answering broke: see glassd's log"))


async def _whole(completion: Completion, events: AsyncGenerator[AnswerEvent]) -> web.Response:
    async for event in events:
        if isinstance(event, Outcome):
            if event.kind is not OutcomeKind.FINISHED:
                raise _error(event)
            return _json(completion.whole(event))
    raise AssertionError("events end with an outcome")


async def _streamed(
    http: web.Request, request: Request, completion: Completion, events: AsyncGenerator[AnswerEvent]
) -> web.StreamResponse:
    stream = _Stream(http)
    try:
        async for event in events:
            match event:
                case Delta() | Reasoning():
                    await stream.write(completion.opening(), completion.piece(event))
                case Outcome(kind=OutcomeKind.FINISHED):
                    await stream.write(completion.opening(), completion.ending(event, usage=request.usage))
                case Outcome():
                    if not stream.begun:
                        raise _error(event)
                    await stream.write(b"", completion.breaking_off(_error(event)))
        await stream.end()
    except ConnectionResetError:
        _log.debug("the client of ask %s went away", request.ask.id)
    return stream.response


class _Stream:
    """One response that is written piece by piece; its headers leave with the first piece."""

    def __init__(self, http: web.Request) -> None:
        self.response = web.StreamResponse(
            headers={
                "Content-Type": "text/event-stream; charset=utf-8",
                "Cache-Control": "no-cache",
                "X-Accel-Buffering": "no",  # nginx before the gateway would hold the pieces back
            }
        )
        self._http = http

    @property
    def begun(self) -> bool:
        return self.response.prepared

    async def write(self, opening: bytes, piece: bytes) -> None:
        """Send a piece at once, and `opening` before the first one; raise ConnectionResetError if nobody reads it."""
        async with self._read_in_time():
            if not self.begun:
                await self.response.prepare(self._http)
                await self.response.write(opening)
            await self.response.write(piece)

    async def end(self) -> None:
        """End the response; raise ConnectionResetError if nobody reads it."""
        async with self._read_in_time():
            await self.response.write_eof()

    @asynccontextmanager
    async def _read_in_time(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(WRITE_LIMIT_S):
                yield
        except TimeoutError as error:
            if self._http.transport is not None:
                self._http.transport.abort()  # else a client that reads on would take what it has for a whole response
            raise ConnectionResetError("the client does not read its answer") from error


def _error(outcome: Outcome) -> GatewayError:
    return from_problem(outcome.problem or Problem(Code.INTERNAL, "the answer broke off without a reason"))


async def _body(http: web.Request) -> bytes:
    try:
        async with asyncio.timeout(BODY_LIMIT_S):
            return await http.read()
    except TimeoutError as error:
        raise GatewayError(408, f"the request did not arrive within {BODY_LIMIT_S:g} s") from error


@web.middleware
async def _errors_as_objects(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except GatewayError as error:
        refused = error
    except web.HTTPRequestEntityTooLarge:
        refused = GatewayError(413, f"a request has at most {BODY_LIMIT_BYTES} bytes", code=Code.REQUEST_TOO_BIG)
    except web.HTTPException as error:  # of the router: no such path, not this method
        refused = GatewayError(error.status, f"{request.method} {request.path}: {error.reason}")
    return _json(msgspec.json.encode(refused.body()), refused.status, refused.headers)


def _json(body: bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    return web.Response(body=body, status=status, headers=headers, content_type="application/json")
