"""The history over the API: what is kept of the asks, read, exported and deleted.

GET  /api/history                        newest first: limit, before (number), since (UTC s), failed, text, origin, all
GET  /api/history/{ask}                  one ask, by its number or its id
GET  /api/history/{ask}/pictures/{place} a picture that is kept of it, from 1 on
GET  /api/history/skips                  how often triggers asked nothing, and why
GET  /api/history/audit                  what was exported and deleted
POST /api/history/export                 {"since"?, "failed"?, "text"?, "origin"?, "all"?}: JSON lines, oldest first
POST /api/history/delete                 {"asks": [numbers], "all"?}
POST /api/history/forget                 {"all"?}
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from contextlib import aclosing
from typing import TYPE_CHECKING, Annotated, Any, Protocol, TypeVar

import msgspec
from aiohttp import web

from glassd.api.guard import error_response
from glassd.api.requests import RequestError, read_json
from glassd.ask import Origin  # noqa: TC001  msgspec reads the types of fields
from glassd.callers import has_address
from glassd.journal import HistoryError
from glassd.journal.queries import LIST_LIMIT, Query
from glassd.messages.codes import Code

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from glassd.journal.history import History

TEXT_LIMIT_CHARS = 1000
"""How long what is searched for may be."""
DELETE_LIMIT = 10_000
"""How many asks one request may delete."""
PLACE_LIMIT_DIGITS = 4
"""How long the place of a picture may be: an ask has far fewer than 10,000."""
OPENING_LIMIT_S = 10.0
"""How long a request waits, just after a start, until the journal is open; a page's patience is twice that."""
ASK = "[0-9]+|[a-z]+-[0-9]+"
"""What names an ask: its number, or its id."""
_UCRED = struct.Struct("3i")  # struct ucred: pid, uid, gid (unix(7), SO_PEERCRED)

_T = TypeVar("_T", bound=msgspec.Struct)

Text = Annotated[str, msgspec.Meta(max_length=TEXT_LIMIT_CHARS)]
Count = Annotated[int, msgspec.Meta(ge=1, le=2**53)]


class HistoryQuery(msgspec.Struct, forbid_unknown_fields=True):
    """What a GET may say behind its `?`."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=LIST_LIMIT)] = 20
    before: Count | msgspec.UnsetType = msgspec.UNSET
    since: float | msgspec.UnsetType = msgspec.UNSET
    failed: bool = False
    text: Text = ""
    origin: Origin | msgspec.UnsetType = msgspec.UNSET
    all: bool = False


class HistoryWhose(msgspec.Struct, forbid_unknown_fields=True):
    """Whose asks are meant: those of the wearer of now, or of all."""

    all: bool = False


class HistoryExport(msgspec.Struct, forbid_unknown_fields=True):
    """POST /api/history/export."""

    since: float | None = None
    failed: bool = False
    text: Text = ""
    origin: Origin | None = None
    all: bool = False


class HistoryDelete(msgspec.Struct, forbid_unknown_fields=True):
    """POST /api/history/delete."""

    asks: Annotated[list[Count], msgspec.Meta(max_length=DELETE_LIMIT)]
    all: bool = False


class House(Protocol):
    """What this needs of the daemon."""

    async def history(self) -> History:
        """Return what is kept of the asks, once the journal is open."""


class HistoryRoutes:
    """One handler a route."""

    def __init__(self, house: House) -> None:
        self._house = house

    def routes(self) -> list[web.RouteDef]:
        """Return them for the application."""
        return [
            web.get("/api/history", self._guarded(self.asks)),
            web.get("/api/history/skips", self._guarded(self.skips)),
            web.get("/api/history/audit", self._guarded(self.audit)),
            web.get(f"/api/history/{{ask:{ASK}}}", self._guarded(self.ask)),
            web.get(f"/api/history/{{ask:{ASK}}}/pictures/{{place:[0-9]+}}", self._guarded(self.picture)),
            web.post("/api/history/export", self._guarded(self.export)),
            web.post("/api/history/delete", self._guarded(self.delete)),
            web.post("/api/history/forget", self._guarded(self.forget)),
        ]

    async def asks(self, request: web.Request, history: History) -> web.Response:
        """Return asks, newest first."""
        wanted = _behind_the_question_mark(request, HistoryQuery)
        before = None if wanted.before is msgspec.UNSET else wanted.before
        since = None if wanted.since is msgspec.UNSET else wanted.since
        origin = "" if wanted.origin is msgspec.UNSET else wanted.origin
        query = Query(wanted.limit, before, since, wanted.failed, wanted.text, origin, wanted.all)
        return _json({"asks": await history.asks(query)})

    async def ask(self, request: web.Request, history: History) -> web.Response:
        """Return one ask."""
        everybody = _behind_the_question_mark(request, HistoryWhose).all
        found = await history.ask(request.match_info["ask"], everybody=everybody)
        return _not_there(request) if found is None else _json(found)

    async def picture(self, request: web.Request, history: History) -> web.Response:
        """Return a picture that is kept of an ask."""
        everybody = _behind_the_question_mark(request, HistoryWhose).all
        pictures = await history.pictures(request.match_info["ask"], everybody=everybody)
        place = request.match_info["place"].lstrip("0")
        if not place or len(place) > PLACE_LIMIT_DIGITS or int(place) > len(pictures):
            return _not_there(request)
        media_type, data = pictures[int(place) - 1]
        return web.Response(body=data, content_type=media_type, headers={"Cache-Control": "no-store"})

    async def skips(self, request: web.Request, history: History) -> web.Response:
        """Return how often triggers asked nothing."""
        everybody = _behind_the_question_mark(request, HistoryWhose).all
        return _json({"skips": await history.skips(everybody=everybody)})

    async def audit(self, _request: web.Request, history: History) -> web.Response:
        """Return what was exported and deleted."""
        return _json({"audit": await history.audit()})

    async def export(self, request: web.Request, history: History) -> web.StreamResponse:
        """Write asks whole, oldest first, as JSON lines."""
        wanted = read_json(await request.read(), HistoryExport)
        query = Query(
            since=wanted.since,
            failed=wanted.failed,
            text=wanted.text,
            origin=wanted.origin or "",
            everybody=wanted.all,
        )
        async with aclosing(history.export(query, who(request))) as batches:
            batch: list[dict[str, Any]] = await anext(batches, [])  # before the head: it can be refused
            response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson", "Cache-Control": "no-store"})
            with contextlib.suppress(ConnectionError):  # who hangs up has enough
                await response.prepare(request)
                while batch:
                    await response.write(msgspec.json.Encoder().encode_lines(batch))
                    batch = await anext(batches, [])
        return response

    async def delete(self, request: web.Request, history: History) -> web.Response:
        """Delete some asks."""
        wanted = read_json(await request.read(), HistoryDelete)
        return _json({"deleted": await history.delete(wanted.asks, who(request), everybody=wanted.all)})

    async def forget(self, request: web.Request, history: History) -> web.Response:
        """Delete all asks."""
        wanted = read_json(await request.read(), HistoryWhose)
        return _json({"deleted": await history.forget(who(request), everybody=wanted.all)})

    def _guarded(
        self, handler: Callable[[web.Request, History], Awaitable[web.StreamResponse]]
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handle(request: web.Request) -> web.StreamResponse:
            try:
                async with asyncio.timeout(OPENING_LIMIT_S):
                    history = await self._house.history()
            except TimeoutError:
                return error_response(503, "the journal is still being opened: ask again", code=Code.BUSY)
            try:
                return await handler(request, history)
            except RequestError as error:
                return error_response(400, str(error))
            except HistoryError as error:
                return error_response(503, str(error), code=Code.JOURNAL)

        return handle


def _behind_the_question_mark(request: web.Request, kind: type[_T]) -> _T:
    try:
        return msgspec.convert(dict(request.query), kind, strict=False)
    except msgspec.ValidationError as error:
        raise RequestError(f"behind the `?`: {error}") from error


def who(request: web.Request) -> str:
    """Return who asks, as far as the kernel knows."""
    transport = request.transport
    connection = None if transport is None else transport.get_extra_info("socket")
    if connection is None or has_address(request):
        return f"address {request.remote}"
    _, uid, _ = _UCRED.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size))
    return f"user {uid}"


def _not_there(request: web.Request) -> web.Response:
    return error_response(404, f"nothing is kept at {request.path}: `glassd history` lists what is")


def _json(value: Any) -> web.Response:
    headers = {"Cache-Control": "no-store"}
    return web.Response(body=msgspec.json.encode(value), content_type="application/json", headers=headers)
