"""The server side of the chat-completions format: POST /v1/chat/completions and GET /v1/models before a responder.

Whoever answers (the reader, or the daemon's own model client) is a `Responder`; this module knows only HTTP. Who may
call is judged before a body is read. A client that goes away cancels its answer.
"""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from contextlib import aclosing
from typing import TYPE_CHECKING, Final, Protocol

import msgspec
from aiohttp import web
from aiohttp.http import HttpVersion11

from glassd.answer import Delta, Outcome, OutcomeKind, Problem, Reasoning
from glassd.callers import brings, has_address, is_from_elsewhere, names_this_board
from glassd.gateway.chunks import Completion
from glassd.gateway.errors import GatewayError, busy, from_problem
from glassd.gateway.request import read_request
from glassd.gateway.stream import streaming
from glassd.messages.codes import Code

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

    from aiohttp.typedefs import Handler, Middleware

    from glassd.answer import AnswerEvent
    from glassd.ask import Ask
    from glassd.gateway.request import Request

BODY_LIMIT_BYTES: Final = 24 * 1024 * 1024
"""The largest request: a picture at its limit in base64, and room for the text."""
BODY_LIMIT_S: Final = 30.0
"""How long a request's body may take to arrive."""
SMALL_BODY_BYTES: Final = 64 * 1024
"""A body up to here is read whenever it comes, and decoded where it stands: that takes less than a thread's start."""
LARGE_BODIES_LIMIT: Final = 4
"""How many larger bodies are read and decoded at once; the next ones wait with theirs unread."""
ASKS_LIMIT: Final = 32
"""How many requests are taken at once, above what any config lets through; one more is told to come back."""
STOP_LIMIT_S: Final = 0.2
"""How long answers under way are waited for at the end, before they are cancelled."""
IDLE_LIMIT_S: Final = 75.0
"""How long a connection may stay open between two requests, and how long the next one's head may take."""
LINGER_LIMIT_S: Final = 5.0
"""How long the rest of a body that was refused is read and dropped, so that its sender comes to read why."""

_log = logging.getLogger(__name__)


class Responder(Protocol):
    """Whoever answers."""

    def models(self) -> list[str]:
        """Return the names of the models that a request may ask for."""

    def answer(self, ask: Ask) -> AsyncGenerator[AnswerEvent]:
        """Yield the answer's events, the Outcome last. Cancelling or closing it ends its work."""


def application(responder: Responder, *, token: str | None = None) -> web.Application:
    """Return the application that serves a responder; it is to be run by `runner`.

    `token` is what callers bring as their API key; without one, nobody but this machine's own programs may call.
    """
    gateway = _Gateway(responder)
    guard = _Guard(token)
    app = web.Application(middlewares=[_errors_as_objects, guard.middleware()])
    app.router.add_post("/v1/chat/completions", gateway.completions, expect_handler=guard.expected)
    app.router.add_get("/v1/models", gateway.models)
    app.on_response_prepare.append(_sign)
    return app


async def _sign(_request: web.Request, response: web.StreamResponse) -> None:
    response.headers["Server"] = "glassd"  # aiohttp's own tells everybody its version and Python's


def runner(app: web.Application) -> web.AppRunner:
    """Return what runs the application so that a lost client cancels its request; the caller adds the sites."""
    return web.AppRunner(
        app,
        handler_cancellation=True,
        access_log=None,
        shutdown_timeout=STOP_LIMIT_S,
        keepalive_timeout=IDLE_LIMIT_S,
        lingering_time=LINGER_LIMIT_S,
        auto_decompress=False,  # a body of 300 KB can hold 300 MB, and would be unpacked even where it is refused
    )


class _Guard:
    """Refuses a request by its head alone."""

    def __init__(self, token: str | None) -> None:
        self._token = token

    def middleware(self) -> Middleware:
        """Return the checks in the form that aiohttp takes."""

        @web.middleware
        async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
            self._check(request)
            return await handler(request)

        return check

    async def expected(self, http: web.Request) -> web.StreamResponse | None:
        """Ask for the body that waits for a word (RFC 9110, 10.1.1: Expect), or say no before it is sent."""
        try:
            self._check(http)
            _check_body(http)
            if http.version == HttpVersion11 and http.headers["Expect"].lower() == "100-continue":
                await http.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                http.writer.output_size = 0  # what aiohttp tells a response that has begun by
        except GatewayError as error:
            return _refusal(error)
        return None

    def _check(self, http: web.Request) -> None:
        if self._token is None:
            _check_that_it_is_near(http)
        elif not brings(http, self._token):
            message = "the API key is not this gateway's token: Authorization: Bearer TOKEN"
            raise GatewayError(401, message, code="invalid_api_key")


def _check_that_it_is_near(http: web.Request) -> None:
    """Refuse web pages, which reach loopback in the name of whoever has them open; a token they could not know."""
    if is_from_elsewhere(http):
        raise GatewayError(403, "a page of another origin may not call this")
    if has_address(http) and not names_this_board(http.host):
        raise GatewayError(403, "the Host header names no address of this board")


def _check_body(http: web.Request) -> None:
    if http.content_type != "application/json":
        raise GatewayError(415, "the request's Content-Type is not application/json")
    if http.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise GatewayError(415, "a request is sent as it is: without a Content-Encoding")
    if (http.content_length or 0) > BODY_LIMIT_BYTES:
        raise _too_big()


class _Gateway:
    """The handlers of one application."""

    def __init__(self, responder: Responder) -> None:
        self._responder = responder
        self._started = int(time.time())
        self._under_way = 0
        self._large_bodies = asyncio.Semaphore(LARGE_BODIES_LIMIT)

    async def models(self, _http: web.Request) -> web.Response:
        names = self._responder.models()
        cards = [{"id": name, "object": "model", "created": self._started, "owned_by": "glassd"} for name in names]
        return _json(msgspec.json.encode({"object": "list", "data": cards}))

    async def completions(self, http: web.Request) -> web.StreamResponse:
        _check_body(http)
        if self._under_way >= ASKS_LIMIT:
            raise busy(f"{ASKS_LIMIT} requests are under way: come back later")
        self._under_way += 1
        try:
            return await self._complete(http)
        finally:
            self._under_way -= 1

    async def _complete(self, http: web.Request) -> web.StreamResponse:
        ask_id = str(uuid.uuid4())
        request = await self._read(http, ask_id)
        ask = request.ask
        if ask.model not in (known := self._responder.models()):
            message = f"no model {ask.model!r} here; there is: {', '.join(known)}"
            raise GatewayError(404, message, code="model_not_found", param="model")
        completion = Completion(f"chatcmpl-{ask_id}", int(time.time()), ask.model)
        async with aclosing(self._events(ask)) as events:
            if request.stream:
                return await _streamed(http, request, completion, events)
            return await _whole(completion, events)

    async def _read(self, http: web.Request, ask_id: str) -> Request:
        arrival = asyncio.get_running_loop().time()
        if http.content_length is not None and http.content_length <= SMALL_BODY_BYTES:
            return read_request(await _body(http), ask_id, arrival)
        async with self._large_bodies:
            return await asyncio.to_thread(read_request, await _body(http), ask_id, arrival)

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
    async with streaming(http, completion) as stream:
        try:
            async for event in events:
                match event:
                    case Delta() | Reasoning():
                        await stream.write(completion.piece(event))
                    case Outcome(kind=OutcomeKind.FINISHED):
                        await stream.write(completion.ending(event, usage=request.usage))
                    case Outcome():
                        if not stream.begun:
                            raise _error(event)
                        await stream.break_off(completion.breaking_off(_error(event)))
            await stream.end()
        except ConnectionResetError:
            _log.debug("the client of ask %s went away", request.ask.id)
    return stream.response


def _error(outcome: Outcome) -> GatewayError:
    return from_problem(outcome.problem or Problem(Code.INTERNAL, "the answer broke off without a reason"))


async def _body(http: web.Request) -> bytearray:
    """Read the body where it shall stay: `http.read()` would copy it once more, for which a large one takes 10 ms."""
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_LIMIT_S):
            async for piece in http.content.iter_any():
                body += piece
                if len(body) > BODY_LIMIT_BYTES:
                    raise _too_big()
    except TimeoutError as error:
        raise GatewayError(408, f"the request did not arrive within {BODY_LIMIT_S:g} s") from error
    return body


@web.middleware
async def _errors_as_objects(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except GatewayError as error:
        refused = error
    except web.RequestPayloadError:
        refused = GatewayError(400, "the body is not what its headers say")
    except web.HTTPException as error:  # of the router: no such path, not this method
        refused = GatewayError(error.status, f"{request.method} {request.path}: {error.reason}")
    return _refusal(refused)


def _refusal(error: GatewayError) -> web.Response:
    return _json(msgspec.json.encode(error.body()), error.status, error.headers)


def _too_big() -> GatewayError:
    return GatewayError(413, f"a request has at most {BODY_LIMIT_BYTES} bytes", code=Code.REQUEST_TOO_BIG)


def _json(body: bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    return web.Response(body=body, status=status, headers=headers, content_type="application/json")
