"""Signing in and out, and pairing.

POST   /api/sessions          {"token"} or {"code"}: a session, in a cookie; {"scope": "board" or "glasses"}
DELETE /api/sessions          sign out
GET    /api/sessions/current  {"scope", "session": whether there is one to end}; the scope is null where nothing lets in
DELETE /api/sessions/all      sign everybody out
POST   /api/pair              {"scope"?}: a code for one pair of glasses, or for a whole session
POST   /api/pair/wait         {"code"}: answers once it has been used, or is open no longer
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

import msgspec
from aiohttp import web

from glassd.api.bodies import read_body
from glassd.api.codes import CODE_LIFE_S, Scope
from glassd.api.door import Refusal
from glassd.api.guard import CALLER, cookie_name, error_response, refused
from glassd.api.places import SESSION, SESSIONS
from glassd.api.requests import RequestError, read_json
from glassd.api.sessions import AGE_LIMIT_S
from glassd.callers import has_address
from glassd.messages.codes import Code

if TYPE_CHECKING:
    from glassd.api.door import Door

LOG_IN_LIMIT_BYTES: Final = 16 * 1024
"""How large a log-in may be: it comes from anybody."""
LOG_IN_LIMIT_S: Final = 10.0
"""How long one may take on its way in."""
SECRET_LIMIT_CHARS: Final = 4096
"""How long a token may be, as a key of the config."""

_Secret = Annotated[str, msgspec.Meta(max_length=SECRET_LIMIT_CHARS)]


class LogIn(msgspec.Struct, forbid_unknown_fields=True):
    """POST /api/sessions: one of the two."""

    token: _Secret | None = None
    code: Annotated[str, msgspec.Meta(max_length=100)] | None = None


class PairRequest(msgspec.Struct, forbid_unknown_fields=True):
    """POST /api/pair."""

    scope: Scope = "glasses"


class WaitRequest(msgspec.Struct, forbid_unknown_fields=True):
    """POST /api/pair/wait."""

    code: Annotated[str, msgspec.Meta(max_length=100)]


class SessionRoutes:
    """One handler a route. Without a door there are no sessions: the address is open, or there is none."""

    def __init__(self, door: Door | None) -> None:
        self._door = door

    def routes(self) -> list[web.RouteDef]:
        """Return them for the application."""
        return [
            web.post(SESSIONS, self.log_in),
            web.delete(SESSIONS, self.log_out),
            web.get(SESSION, self.current),
            web.delete(f"{SESSIONS}/all", self.log_all_out),
            web.post("/api/pair", self.pair),
            web.post("/api/pair/wait", self.wait),
        ]

    async def log_in(self, request: web.Request) -> web.Response:
        """Begin a session; one that the browser has already ends with that, so that none can be foisted on it."""
        try:
            wanted = read_json(await _small_body(request), LogIn)
        except RequestError as error:
            return error_response(400, str(error))
        if (wanted.token is None) == (wanted.code is None):
            return error_response(400, "exactly one of token and code")
        if (door := self._door) is None:
            return web.json_response({"scope": "board"})
        scope = await door.log_in(request.remote or "", token=wanted.token, code=wanted.code)
        if isinstance(scope, Refusal):
            return refused(scope)
        if (before := request[CALLER].session) is not None:
            door.sessions.end(before, but=request.transport)
        response = web.json_response({"scope": scope}, headers=_NOT_KEPT)
        response.set_cookie(
            cookie_name(request),
            door.sessions.new(scope),
            max_age=round(AGE_LIMIT_S[scope]),
            path="/",
            secure=_is_over_https(request),
            httponly=True,
            samesite="Strict",
        )
        return response

    async def log_out(self, request: web.Request) -> web.Response:
        """End the caller's session, and what it has open."""
        if (session := request[CALLER].session) is not None and self._door is not None:
            self._door.sessions.end(session, but=request.transport)
        response = web.json_response({}, headers=_NOT_KEPT)
        response.del_cookie(cookie_name(request), path="/")
        return response

    async def log_all_out(self, request: web.Request) -> web.Response:
        """End all sessions, as after a page or a pair of glasses was lost."""
        if request[CALLER].scope != "board":
            return error_response(403, "a page that is a pair of glasses may end its own session alone")
        ended = 0 if self._door is None else self._door.sessions.end_all(but=request.transport)
        return web.json_response({"ended": ended}, headers=_NOT_KEPT)

    async def current(self, request: web.Request) -> web.Response:
        """Return what the caller may do, and whether by a session, which could be ended.

        Whoever may do nothing is told that as an answer, not as an error: a page asks before it does anything else.
        """
        caller = request[CALLER]
        told = {"scope": caller.scope, "session": caller.session is not None}
        return web.json_response(told, headers=_NOT_KEPT)

    async def pair(self, request: web.Request) -> web.Response:
        """Return a new code, and the address that a page is opened at with it."""
        try:
            scope = read_json(await _small_body(request), PairRequest).scope
        except RequestError as error:
            return error_response(400, str(error))
        if (door := self._door) is None:
            return error_response(503, "a page needs an address: add to the config", _ADDRESS, code=Code.NOT_ALLOWED)
        if (base := _base(request, door)) is None:
            return error_response(503, "api.listen cannot be listened at: the log says why", code=Code.NOT_ALLOWED)
        code = door.codes.new(scope)
        page = "/glasses" if scope == "glasses" else "/sign-in"
        told: dict[str, object] = {"code": code, "url": f"{base}{page}#code={code}", "expires_s": round(CODE_LIFE_S)}
        if door.fingerprint:
            told["fingerprint"] = door.fingerprint
        return web.json_response(told, headers=_NOT_KEPT)

    async def wait(self, request: web.Request) -> web.Response:
        """Wait until a code has been used, or is open no longer."""
        try:
            code = read_json(await _small_body(request), WaitRequest).code
        except RequestError as error:
            return error_response(400, str(error))
        used = self._door is not None and await self._door.codes.used(code)
        return web.json_response({"used": used}, headers=_NOT_KEPT)


_NOT_KEPT = {"Cache-Control": "no-store"}
_ADDRESS = [
    "api:",
    "  listen: 0.0.0.0:8733    # or 127.0.0.1:8733, for glasses at a cable (adb reverse)",
    "  tls: own                # browsers give their camera to https and localhost alone",
    "  token_hash: …           # `glassd token` prints a token and this line",
]


def _base(request: web.Request, door: Door) -> str | None:
    """Return where a browser finds the board: where the caller has, unless it came by the socket."""
    if has_address(request):
        return f"{'https' if _is_over_https(request) else 'http'}://{request.host}"
    return None if door.url is None else door.url()


async def _small_body(request: web.Request) -> bytes:
    """Return the body of a request that anybody may send."""
    return await read_body(request, LOG_IN_LIMIT_BYTES, LOG_IN_LIMIT_S)


def _is_over_https(request: web.Request) -> bool:
    """Tell whether the browser speaks HTTPS, to the board itself or to a proxy before it."""
    return request.secure or request.headers.get("Origin", "").startswith("https:")
