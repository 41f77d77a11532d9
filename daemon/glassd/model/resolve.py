"""Names to addresses, on threads of our own that never hold up a stop.

`getaddrinfo` blocks, for half a minute where the network's DNS is dead, and cannot be interrupted. The event loop's own
thread pool is waited for when the process ends; a daemon thread is not.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from typing import Any, Final

from aiohttp.abc import AbstractResolver, ResolveResult

LOOKUPS_LIMIT: Final = 8
"""How many look-ups may be under way, stuck ones included."""


class DaemonThreadResolver(AbstractResolver):
    """The system's resolver, one daemon thread a look-up."""

    def __init__(self) -> None:
        self._under_way = 0

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return the addresses of a host; raise socket.gaierror if there are none."""
        if self._under_way >= LOOKUPS_LIMIT:
            raise socket.gaierror(socket.EAI_AGAIN, f"{LOOKUPS_LIMIT} look-ups are stuck")
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[list[Any]] = loop.create_future()

        def settle(found: list[Any], error: OSError | None) -> None:
            self._under_way -= 1
            if answer.done():
                return  # nobody waits any more
            if error is None:
                answer.set_result(found)
            else:
                answer.set_exception(error)

        def look_up() -> None:
            found: list[Any] = []
            failure: OSError | None = None
            try:
                found = socket.getaddrinfo(host, port, family, socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
            except (OSError, UnicodeError) as error:  # UnicodeError: a name that IDNA cannot encode
                failure = error if isinstance(error, OSError) else socket.gaierror(socket.EAI_NONAME, str(error))
            try:
                loop.call_soon_threadsafe(settle, found, failure)
            except RuntimeError:
                return  # the loop was closed meanwhile: so is all that waited

        self._under_way += 1
        threading.Thread(target=look_up, name=f"look-up of {host}", daemon=True).start()
        return [_result(host, info) for info in await answer]

    async def close(self) -> None:
        """Leave look-ups under way to themselves."""


def _result(host: str, info: Any) -> ResolveResult:
    family, _, proto, _, address = info
    scope = f"%{address[3]}" if family == socket.AF_INET6 and address[3] else ""
    return ResolveResult(
        hostname=host,
        host=f"{address[0]}{scope}" if "%" not in address[0] else address[0],
        port=address[1],
        family=family,
        proto=proto,
        flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
    )
