"""Who may talk to the API: the checks before any handler runs.

The unix socket is guarded by its mode. On an address: a token, unless the config says that it is open; Host must name
the address (DNS rebinding), a foreign Origin is refused (a web page elsewhere), and a POST must say that it is JSON (a
form on a web page elsewhere cannot).
"""

from __future__ import annotations

import hmac
import ipaddress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from aiohttp import web

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler, Middleware


def error_response(status: int, message: str, details: list[str] | None = None) -> web.Response:
    """Return the one shape in which the API says no."""
    error: dict[str, object] = {"message": message}
    if details:
        error["details"] = details
    return web.json_response({"error": error}, status=status)


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
        if request.method == "POST" and request.content_type != "application/json":
            return 415, "a POST needs Content-Type: application/json"
        if _from_elsewhere(request):
            return 403, "a page of another origin may not call this"
        if not _has_address(request):
            return None
        if not _names_this_board(request.host):
            return 403, "the Host header names no address of this board"
        if self._token is not None and not _brings(request, self._token):
            return 401, "this address needs the token: Authorization: Bearer TOKEN"
        return None


def _has_address(request: web.Request) -> bool:
    """Tell a caller from an address from one over the unix socket."""
    sockname = request.transport.get_extra_info("sockname") if request.transport else None
    return isinstance(sockname, tuple)


def _from_elsewhere(request: web.Request) -> bool:
    """Tell a request of another origin's page; an <img> brings no Origin, but browsers say where it stands."""
    origin = request.headers.get("Origin")
    if origin is not None and _netloc(origin) != request.host:
        return True
    return request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin")


def _names_this_board(host: str) -> bool:
    """Take a literal address or localhost; a DNS name could be anybody's, rebound to this board."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
        return name == "localhost" or bool(ipaddress.ip_address(name))
    except ValueError:
        return False


def _netloc(url: str) -> str | None:
    try:
        return urlsplit(url).netloc
    except ValueError:
        return None


def _in_our_shape(error: web.HTTPException) -> web.Response:
    response = error_response(error.status, error.reason)
    if allowed := error.headers.get("Allow"):
        response.headers["Allow"] = allowed
    return response


def _brings(request: web.Request, token: str) -> bool:
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    # Bytes that are no UTF-8 reach us as surrogates, which a plain encode refuses.
    return scheme.lower() == "bearer" and hmac.compare_digest(given.encode(errors="surrogateescape"), token.encode())
