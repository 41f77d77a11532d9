"""Who may talk to the API: the checks before any handler runs.

The unix socket is guarded by its mode. On an address: a token, unless the config says that it is open; Host must name
the address (DNS rebinding), a foreign Origin is refused (a web page elsewhere), and a POST must say that it is JSON,
or a picture where one is pushed (a form on a web page elsewhere cannot). curl calls a picture a form unless it is told:
that passes where something else shows that the caller is no web page, the socket or the token.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from glassd.api.places import PICTURES, is_of_site
from glassd.callers import brings, has_address, is_from_elsewhere, is_opened, names_this_board
from glassd.messages.codes import Code

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler, Middleware


def error_response(
    status: int, message: str, details: list[str] | None = None, *, code: Code | None = None
) -> web.Response:
    """Return the one shape in which the API says no; `code` where the status does not tell it."""
    error: dict[str, object] = {"code": (code or _CODES.get(status, Code.REQUEST_INVALID)).value, "message": message}
    if details:
        error["details"] = details
    return web.json_response({"error": error}, status=status)


_CODES = {401: Code.KEY_WRONG, 413: Code.REQUEST_TOO_BIG}


class Guard:
    """The middleware. `token` is what callers from an address must bring; None leaves the address open."""

    def __init__(self, token: str | None) -> None:
        self._token = token

    def middleware(self) -> Middleware:
        """Return the checks in the form that aiohttp takes."""

        @web.middleware
        async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
            if (refusal := self._refusal(request)) is not None:
                return error_response(*refusal)
            try:
                return await handler(request)
            except web.HTTPException as error:
                return _in_our_shape(error)
            except web.RequestPayloadError:
                return error_response(400, "the body is not what its headers say")

        return check

    def _refusal(self, request: web.Request) -> tuple[int, str] | None:
        if request.method == "POST" and (reason := self._misnamed(request)):
            return 415, reason
        of_site = is_of_site(request.path)
        if is_from_elsewhere(request) and not (of_site and is_opened(request)):
            return 403, "a page of another origin may not call this"
        if not has_address(request):
            return None
        if not names_this_board(request.host):
            return 403, "the Host header names no address of this board"
        if self._token is not None and not of_site and not brings(request, self._token):
            return 401, "this address needs the token: Authorization: Bearer TOKEN"
        return None

    def _misnamed(self, request: web.Request) -> str:
        """Return what is wrong with the type of a POST's body, empty where nothing is."""
        if request.path != PICTURES:
            return "" if request.content_type == "application/json" else "a POST needs Content-Type: application/json"
        if request.content_type == "multipart/form-data":
            return "the picture's bytes alone, not a form: curl --data-binary @FILE"
        if request.content_type in _PICTURE_TYPES or not has_address(request) or self._token is not None:
            return ""
        return "a picture needs Content-Type: image/jpeg or image/png"


_PICTURE_TYPES = ("image/jpeg", "image/png", "application/octet-stream")


def _in_our_shape(error: web.HTTPException) -> web.Response:
    response = error_response(error.status, error.reason)
    if allowed := error.headers.get("Allow"):
        response.headers["Allow"] = allowed
    return response
