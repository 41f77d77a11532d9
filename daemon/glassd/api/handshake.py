"""Which requests open a WebSocket."""

from __future__ import annotations

from aiohttp import web


def opens_socket(request: web.Request) -> bool:
    """Tell whether a request is the handshake of a WebSocket (RFC 6455, section 4.2.1), a broken one being none."""
    try:
        return bool(web.WebSocketResponse().can_prepare(request))
    except ValueError:  # aiohttp decodes the key, and expects ASCII there
        return False
