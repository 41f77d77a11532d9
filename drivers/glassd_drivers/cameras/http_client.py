"""The network side of a camera at a URL: its connections, its login, and every failure as a DriverError.

It stands on aiohttp, so it is imported by the drivers' `open` alone, on their thread.
"""

from __future__ import annotations

import asyncio
import base64
import os
import socket
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any, Final

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from glassd_drivers.cameras.http_source import PICTURE_LIMIT_BYTES, where
from glassd_drivers.contracts import PermanentFault, TransientFault

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator

    from glassd_drivers.threads import DeviceThread

CONNECT_LIMIT_S: Final = 4.0
"""How long a connection may take to stand, the look-up of its host included."""
SILENCE_LIMIT_S: Final = 4.0
"""How long a camera may send nothing before it is lost."""
PICTURE_LIMIT_S: Final = 8.0
"""How long one picture may take on its way."""
CONNECTIONS_LIMIT: Final = 4
"""The most connections to one camera."""
READ_BUFFER_BYTES: Final = 128 * 1024
"""How much may wait to be read: little, for what waits here gets older."""
_WANTED: Final = {
    "Accept": "multipart/x-mixed-replace, image/jpeg, image/png, */*;q=0.1",
    "Accept-Encoding": "identity",
}


class HttpClient:
    """Asks one URL, with its login where that is wanted. `login` is user:password."""

    def __init__(self, url: str, login: str | None, thread: DeviceThread) -> None:
        self.where = where(url)
        """The URL as errors may name it."""
        self._url = URL(url)
        self._thread = thread
        self._login = login
        self._basic: dict[str, str] = {}
        digest = () if login is None else (aiohttp.DigestAuthMiddleware(*self._user_and_password(login)),)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=CONNECTIONS_LIMIT, resolver=_Resolver(thread), use_dns_cache=False),
            timeout=aiohttp.ClientTimeout(total=None, connect=CONNECT_LIMIT_S, sock_read=SILENCE_LIMIT_S),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=_WANTED,
            auto_decompress=False,
            read_bufsize=READ_BUFFER_BYTES,
            middlewares=digest,
        )

    async def close(self) -> None:
        """Close every connection."""
        await self._session.close()

    @asynccontextmanager
    async def get(self) -> AsyncGenerator[aiohttp.ClientResponse]:
        """Lend the answer to one request, once its head has come and is a good one; raise DriverError.

        What goes wrong with its body while it is lent is a DriverError as well.
        """
        with self._faults():
            async with self._answer() as response:
                self._check(response)
                yield response

    async def picture(self, response: aiohttp.ClientResponse) -> bytes:
        """Return the body of an answer that is one picture; raise DriverError for none, or one too big or slow."""
        kind = response.content_type
        if not kind.startswith("image/") and kind != "application/octet-stream":
            raise PermanentFault(
                f"{self.where}: it answers with {kind}, which is no picture; `url` is that of the stream itself, or of "
                "the snapshot, such as /video or /shot.jpg"
            )
        data = bytearray()
        limit = asyncio.timeout(PICTURE_LIMIT_S)
        try:
            async with limit:
                async for chunk in response.content.iter_any():
                    data += chunk
                    if max(len(data), response.content_length or 0) > PICTURE_LIMIT_BYTES:
                        most = f"{PICTURE_LIMIT_BYTES // 1024**2} MiB"
                        raise PermanentFault(f"{self.where}: a picture of over {most}; set the camera to a smaller one")
        except TimeoutError:
            if limit.expired():
                raise TransientFault(f"{self.where}: a picture that did not end in {PICTURE_LIMIT_S:g} s") from None
            raise
        return bytes(data)

    async def reach(self) -> None:
        """See that the camera takes a connection, without asking it anything; raise DriverError where it does not."""
        loop = asyncio.get_running_loop()
        with self._faults():
            async with asyncio.timeout(CONNECT_LIMIT_S):
                failure: OSError = OSError("it has no address")
                for found in await _look_up(self._thread, self._url.raw_host or "", self._url.port or 0):
                    try:
                        transport, _ = await loop.create_connection(asyncio.Protocol, found["host"], found["port"])
                    except OSError as error:
                        failure = error
                    else:
                        transport.close()
                        return
                raise failure

    @contextmanager
    def _faults(self) -> Iterator[None]:
        """Raise what goes wrong with the network as the DriverError that it is."""
        try:
            yield
        except aiohttp.ClientConnectorCertificateError as error:
            raise PermanentFault(f"{self.where}: its certificate is not trusted: {_reason(error)}") from error
        except TimeoutError as error:  # aiohttp's own are of this class too
            raise TransientFault(f"{self.where}: nothing came for {SILENCE_LIMIT_S:g} s; is the camera on?") from error
        except (aiohttp.ClientError, OSError, UnicodeError) as error:  # the last: a host that can be no name
            raise TransientFault(f"{self.where}: {_reason(error)}; is the camera on, and in this network?") from error

    @asynccontextmanager
    async def _answer(self) -> AsyncGenerator[aiohttp.ClientResponse]:
        """Lend the answer, by Digest where the camera asks for that; by Basic where it wants nothing better.

        Basic over plain http tells the password to whoever listens in, who could see the pictures as well.
        """
        async with self._session.get(self._url, headers=self._basic, allow_redirects=False) as response:
            tried = "Authorization" in response.request_info.headers
            if self._login is None or tried or response.status != _UNAUTHORIZED or "basic" not in _schemes(response):
                yield response
                return
        self._basic = {"Authorization": f"Basic {base64.b64encode(self._login.encode()).decode()}"}
        async with self._session.get(self._url, headers=self._basic, allow_redirects=False) as response:
            yield response

    def _check(self, response: aiohttp.ClientResponse) -> None:
        status = response.status
        if status == _OK:
            return
        if status == _UNAUTHORIZED:
            advice = "correct the credential that `login` names" if self._login else "name its credential under `login`"
            raise PermanentFault(f"{self.where}: it wants a name and a password (401); {advice}")
        if 300 <= status < 400:
            raise PermanentFault(f"{self.where}: a redirect ({status}), which is not followed; name where it leads")
        if 400 <= status < 500:
            raise PermanentFault(f"{self.where}: it answers {status}; correct `url`")
        raise TransientFault(f"{self.where}: it answers {status}; look at the camera's own log")

    def _user_and_password(self, login: str) -> tuple[str, str]:
        user, colon, password = login.partition(":")
        if not colon:
            raise PermanentFault(f"{self.where}: the credential that `login` names is no login; write it user:password")
        return user, password


_OK: Final = 200
_UNAUTHORIZED: Final = 401


def _schemes(response: aiohttp.ClientResponse) -> set[str]:
    return {challenge.split(" ", 1)[0].lower() for challenge in response.headers.getall("WWW-Authenticate", [])}


def _reason(error: Exception) -> str:
    """Return in a few words what went wrong: the system's own where it is the system's error."""
    if isinstance(error, aiohttp.ClientConnectorDNSError | socket.gaierror | UnicodeError):
        return "its name is not known"
    if isinstance(cause := getattr(error, "os_error", error), OSError) and cause.errno is not None and cause.errno > 0:
        return os.strerror(cause.errno)
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return "it closed the connection"
    return type(error).__name__


class _Resolver(AbstractResolver):
    """The system's resolver on the driver's thread: a look-up blocks, and must not hold up a stop."""

    def __init__(self, thread: DeviceThread) -> None:
        self._thread = thread

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return the addresses of a host; raise socket.gaierror if there are none."""
        return await _look_up(self._thread, host, port, family)

    async def close(self) -> None:
        """The thread is the driver's."""


async def _look_up(
    thread: DeviceThread, host: str, port: int, family: socket.AddressFamily = socket.AF_UNSPEC
) -> list[ResolveResult]:
    found = await thread.call(socket.getaddrinfo, host, port, family, socket.SOCK_STREAM)
    numeric = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
    addresses = [(kind, proto, _numeric_host(address)) for kind, _, proto, _, address in found]
    return [
        ResolveResult(hostname=host, host=address, port=port, family=kind, proto=proto, flags=numeric)
        for kind, proto, address in addresses
    ]


def _numeric_host(address: Any) -> str:
    """Return an address as text, an IPv6 one with its interface where it needs that."""
    return socket.getnameinfo(address, socket.NI_NUMERICHOST | socket.NI_NUMERICSERV)[0]
