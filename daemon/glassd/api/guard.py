"""Who may talk to the API: the checks before any handler runs.

The unix socket is guarded by its mode. On an address: a token or the cookie of a session, unless the config says that
it is open; Host must name the board (DNS rebinding), a foreign Origin is refused (a web page elsewhere, its WebSockets
too), and a POST must say that it is JSON, or a picture where one is pushed (a form on a web page elsewhere cannot).
curl calls a picture a form unless it is told: that passes where something else shows that the caller is no web page,
the socket or the token. The page's own files need neither: they are the same for everybody.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Final

from aiohttp import web

from glassd.api.door import Caller, Refusal
from glassd.api.places import FOR_ANYBODY, PICTURES, SESSIONS, WEB_SOCKET, is_of_site
from glassd.callers import bearer, has_address, is_from_elsewhere, is_opened, names_this_board
from glassd.messages.codes import Code

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from aiohttp.typedefs import Handler, Middleware

    from glassd.api.door import Door


CALLER: Final = web.RequestKey("caller", Caller)
"""Who has come in with a request."""


def error_response(
    status: int, message: str, details: list[str] | None = None, *, code: Code | None = None
) -> web.Response:
    """Return the one shape in which the API says no; `code` where the status does not tell it."""
    error: dict[str, object] = {"code": (code or _CODES.get(status, Code.REQUEST_INVALID)).value, "message": message}
    if details:
        error["details"] = details
    return web.json_response({"error": error}, status=status)


_CODES = {401: Code.KEY_WRONG, 413: Code.REQUEST_TOO_BIG, 429: Code.RATE_LIMITED}


def refused(refusal: Refusal) -> web.Response:
    """Return how somebody is told that the door stays closed."""
    response = error_response(refusal.status, refusal.reason)
    if refusal.status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"  # RFC 9110, section 15.5.2
    if refusal.wait_s:
        response.headers["Retry-After"] = str(refusal.wait_s)
    return response


def cookie_name(request: web.BaseRequest) -> str:
    """Return the name of the cookie: browsers do not tell ports apart, and a board has an address for each instance."""
    sockname = request.transport.get_extra_info("sockname") if request.transport else None
    return f"glassd-{sockname[1]}" if isinstance(sockname, tuple) else "glassd"


class Guard:
    """The middleware. Without a door an address is open."""

    def __init__(self, door: Door | None) -> None:
        self._door = door
        self._hosts = frozenset[str]() if door is None else door.hosts
        self._needs_key = door is not None and door.token is not None

    def middleware(self) -> Middleware:
        """Return the checks in the form that aiohttp takes."""

        @web.middleware
        async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
            if (refusal := self._misplaced(request)) is not None:
                return error_response(*refusal)
            caller = await self._caller(request)
            if isinstance(caller, Refusal):
                return refused(caller)
            request[CALLER] = caller
            try:
                with self._in_use(caller, request):
                    return await handler(request)
            except web.HTTPException as error:
                return _in_our_shape(error)
            except web.RequestPayloadError:
                return error_response(400, "the body is not what its headers say")

        return check

    def _in_use(self, caller: Caller, request: web.Request) -> AbstractContextManager[None]:
        if self._door is None or caller.session is None:
            return nullcontext()
        return self._door.sessions.using(caller.session, request.transport)

    async def _caller(self, request: web.Request) -> Caller | Refusal:
        door = self._door
        if door is None or not has_address(request):
            return _ANYBODY
        if self._needs_key and (given := bearer(request)) is not None:
            return await door.by_token(request.remote or "", given)
        secret = request.cookies.get(cookie_name(request))
        found = door.by_cookie(secret) if secret else None
        if not self._needs_key:
            return _ANYBODY if found is None else Caller("board", found.session)
        if is_of_site(request.path) or (request.method, request.path) in FOR_ANYBODY:
            return found or _NOBODY
        return _NO_KEY if found is None else _WRONG_DOOR if _is_shut(found, request.path) else found

    def _misplaced(self, request: web.Request) -> tuple[int, str] | None:
        """Return what shows that a request comes from a page elsewhere, or could."""
        # Where no POST is taken at all, that is what is said.
        if request.method == "POST" and not _goes_nowhere(request) and (reason := self._misnamed(request)):
            return 415, reason
        if is_from_elsewhere(request) and not (is_of_site(request.path) and is_opened(request)):
            return 403, "a page of another origin may not call this"
        if has_address(request) and not names_this_board(request.host, self._hosts):
            return 403, "the Host header names no address of this board, nor a name under api.hosts"
        return None

    def _misnamed(self, request: web.Request) -> str:
        """Return what is wrong with the type of a POST's body, empty where nothing is."""
        if request.path != PICTURES:
            return "" if request.content_type == "application/json" else "a POST needs Content-Type: application/json"
        if request.content_type == "multipart/form-data":
            return "the picture's bytes alone, not a form: curl --data-binary @FILE"
        if request.content_type in _PICTURE_TYPES or not has_address(request):
            return ""
        if self._needs_key and bearer(request) is not None:
            return ""
        return "a picture needs Content-Type: image/jpeg or image/png"


_PICTURE_TYPES = ("image/jpeg", "image/png", "application/octet-stream")
_ANYBODY = Caller("board")
_NOBODY = Caller(None)  # may see the site's files and sign in
_NO_KEY = Refusal(401, "this address needs the token (Authorization: Bearer TOKEN) or a session (/sign-in)")
_WRONG_DOOR = Refusal(403, f"a page that is a pair of glasses may reach {WEB_SOCKET} alone")


def _is_shut(caller: Caller, path: str) -> bool:
    """Tell whether a path is closed to a caller who has come in."""
    return caller.scope == "glasses" and path not in (WEB_SOCKET, SESSIONS) and not path.startswith(f"{SESSIONS}/")


def _goes_nowhere(request: web.Request) -> bool:
    return request.match_info.http_exception is not None


def _in_our_shape(error: web.HTTPException) -> web.Response:
    response = error_response(error.status, error.reason)
    if allowed := error.headers.get("Allow"):
        response.headers["Allow"] = allowed
    return response
