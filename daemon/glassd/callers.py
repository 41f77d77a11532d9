"""Who is calling: what a request over HTTP says of the one that sends it. The API and the gateway judge by it.

A unix socket is guarded by its mode. On an address, a web page elsewhere is the danger: it can name this board under a
host name of its own (DNS rebinding), and it can send what a form can send.
"""

from __future__ import annotations

import hmac
import ipaddress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Collection

    from aiohttp import web


def host_and_port(address: str) -> tuple[str, int]:
    """Return the parts of `host:port`; an IPv6 address stands in brackets there, as in a URL, and without them here."""
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


def has_address(request: web.BaseRequest) -> bool:
    """Tell a caller from an address from one over a unix socket."""
    sockname = request.transport.get_extra_info("sockname") if request.transport else None
    return isinstance(sockname, tuple)


def is_from_elsewhere(request: web.BaseRequest) -> bool:
    """Tell a request of another origin's page; an <img> brings no Origin, but browsers say where it stands."""
    origin = request.headers.get("Origin")
    if origin is not None and (_netloc(origin) != request.host or (request.secure and origin[:6] != "https:")):
        return True
    return request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin")


def is_opened(request: web.BaseRequest) -> bool:
    """Tell whether a browser opens a page of its own in its window, as a link on somebody's page has it do."""
    headers = request.headers
    return request.method == "GET" and (headers.get("Sec-Fetch-Mode"), headers.get("Sec-Fetch-Dest")) == (
        "navigate",
        "document",
    )


def names_this_board(host: str, names: Collection[str] = ()) -> bool:
    """Take a literal address, localhost or one of its `names`; another could be anybody's, rebound to this board."""
    try:
        name = (urlsplit(f"//{host}").hostname or "").removesuffix(".")
        return name == "localhost" or name in names or bool(ipaddress.ip_address(name))
    except ValueError:
        return False


def bearer(request: web.BaseRequest) -> str | None:
    """Return the token that a request brings as `Authorization: Bearer TOKEN`; None where it has no such header."""
    if (header := request.headers.get("Authorization")) is None:
        return None
    scheme, _, given = header.partition(" ")
    return given if scheme.lower() == "bearer" else ""


def brings(request: web.BaseRequest, token: str) -> bool:
    """Tell whether a request brings this token; compared in constant time."""
    # Bytes that are no UTF-8 reach us as surrogates, which a plain encode refuses.
    return hmac.compare_digest((bearer(request) or "").encode(errors="surrogateescape"), token.encode())


def _netloc(url: str) -> str | None:
    try:
        return urlsplit(url).netloc
    except ValueError:
        return None
