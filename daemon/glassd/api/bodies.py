"""The body of a request, bounded in size and in time before it is read."""

from __future__ import annotations

import asyncio

from aiohttp import web


async def read_body(request: web.Request, limit_bytes: int, limit_s: float) -> bytes:
    """Return the body of a request; raise HTTPException for one that is too big (413) or too slow (408)."""
    body = bytearray()
    try:
        async with asyncio.timeout(limit_s):
            async for chunk in request.content.iter_any():
                body += chunk
                if len(body) > limit_bytes:
                    raise web.HTTPRequestEntityTooLarge(limit_bytes, len(body))
    except TimeoutError:
        raise web.HTTPRequestTimeout from None
    return bytes(body)
