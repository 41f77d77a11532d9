"""One picture that was posted, as a channel that a camera takes: its age, its bytes, and one reply."""

from __future__ import annotations

import asyncio
import json
import math
from typing import TYPE_CHECKING, Final

from aiohttp import web

from glassd.api.bodies import read_body
from glassd.api.guard import error_response
from glassd.api.requests import RequestError
from glassd.messages.codes import Code
from glassd_drivers.contracts import TransientFault

if TYPE_CHECKING:
    from collections.abc import Callable

BODY_LIMIT_S: Final = 20.0
"""How long a picture may take on its way in."""
TAKE_LIMIT_S: Final = 5.0
"""How long the camera may take to take it."""


async def read_posted(request: web.Request, limit_bytes: int) -> Posted:
    """Return the picture of a request; raise RequestError, or HTTPException for one that is too big or too slow."""
    clock = asyncio.get_running_loop().time
    arrived = clock()
    try:
        age_ms = float(request.query.get("age_ms", "0"))
    except ValueError:
        age_ms = math.nan
    if not 0 <= age_ms < math.inf:
        raise RequestError("age_ms: how many milliseconds old the picture is, a number that is not below 0")
    if (request.content_length or 0) > limit_bytes:
        raise web.HTTPRequestEntityTooLarge(limit_bytes, request.content_length or 0)
    body = await read_body(request, limit_bytes, BODY_LIMIT_S)
    return Posted(body, lambda: age_ms + (clock() - arrived) * 1000)


class Posted:
    """The channel. `age_ms` tells how old the picture is by now: neither its way in nor a wait moves its instant."""

    def __init__(self, data: bytes, age_ms: Callable[[], float]) -> None:
        self._left: list[Callable[[], bytes | str]] = [lambda: data, lambda: json.dumps({"age_ms": age_ms()})]
        self._over: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()

    async def receive(self) -> bytes | str:
        """Return the age, then the bytes; raise TransientFault once the reply is given."""
        if self._left:
            return self._left.pop()()
        await asyncio.wait({self._over})
        raise TransientFault("one picture was posted, and it is taken")

    async def send(self, message: bytes | str) -> None:
        """Take the reply."""
        if not self._over.done():
            self._over.set_result(str(message))

    async def close(self) -> None:
        """Take no reply any more."""
        if not self._over.done():
            self._over.set_result(None)

    async def answer(self) -> web.Response:
        """Return what the one who posted is told."""
        await asyncio.wait({self._over}, timeout=TAKE_LIMIT_S)
        said = self._over.result() if self._over.done() else None
        await self.close()
        if said is None:
            return error_response(503, "the camera did not take the picture: push it again", code=Code.BUSY)
        reply = json.loads(said)
        if "error" in reply:
            return error_response(400, reply["error"])
        return web.json_response(reply)
