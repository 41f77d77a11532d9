"""The network side of the model client: the ways to the servers, each with its connections, its TLS and its proxy.

A press must not pay for a connection: a handshake costs more than the picture. So connections are kept through long
silences, opened ahead (`Way.warm`, at the start and on a button's first edge), and opened again when the server has
closed them meanwhile, as most do after a minute, as long as the wearer was active of late.
"""

from __future__ import annotations

import asyncio
import base64
import logging
import socket
import ssl
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit
from weakref import WeakSet

import aiohttp
from multidict import CIMultiDict
from yarl import URL

from glassd.answer import AskError
from glassd.config.fields import host_allowed, host_of
from glassd.config.keys import KeyMissingError
from glassd.messages.codes import Code
from glassd.model.errors import one_line, problem
from glassd.model.post import post, request_head
from glassd.model.protocol import HttpProtocol
from glassd.model.resolve import DaemonThreadResolver

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from aiohttp.connector import Connection

    from glassd.model.endpoints import Target
    from glassd.model.post import Response

IDLE_S: Final = 900.0
"""How long an idle connection is kept on our side: longer than `RECENT_S`, so that a wearer who is active finds one."""
RECENT_S: Final = 600.0
"""How long after the last edge or ask a connection that was lost is opened again by itself."""
LEAST_LIFE_S: Final = 2.0
"""A connection that lived shorter is not opened again by itself: a server that closes at once is not hammered. The
shortest idle time of servers in the field is uvicorn's 5 s."""
HEAD_START_S: Final = 1.0
"""An ask that waits so long for a connection that is being opened has another one opened beside it, and takes the first
that stands. After a second TCP's first packet was lost (RFC 6298, 2), and a fresh one need not wait for its turn."""
CONNECTIONS_LIMIT: Final = 32
"""The most connections of one way: the gateway's asks (16), the wearer's, and one that is opened ahead."""
PROBE_AFTER_S: Final = 30
"""After this silence the kernel probes a connection, so that a NAT on the way keeps it: most forget after minutes."""
PROBE_EVERY_S: Final = 10
PROBES: Final = 3
"""After so many probes without an answer a connection is known to be dead, before a press finds out."""

_log = logging.getLogger(__name__)


class Connections:
    """The ways to all endpoints, each made when it is first wanted.

    `connect_s` bounds the opening ahead; `reached` is told each target to which a connection was opened ahead. A
    connection whose other side has taken nothing for `unheard_s`, though something was sent, is dead.
    """

    def __init__(
        self,
        find_key: Callable[[str], str],
        *,
        connect_s: float,
        unheard_s: float,
        allow_hosts: Sequence[str] | None,
        reader_socket: str | None,
        reached: Callable[[Target], None],
    ) -> None:
        self._find_key = find_key
        self._connect_s = connect_s
        self._unheard_s = unheard_s
        self._allow_hosts = allow_hosts
        self._reader_socket = reader_socket
        self._reached = reached
        self._resolver = DaemonThreadResolver()
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._ways: dict[tuple[str | None, ...], Way] = {}
        self._closed = False

    def can_take(self, target: Target) -> bool:
        """Return whether there is a way at all: to the reader only where it listens."""
        return self._reader_socket is not None or not target.is_reader

    def way(self, target: Target) -> Way:
        """Return the way to a target; raise AskError where it may not be called, or where the config has it wrong."""
        if self._closed:
            raise AskError(problem(Code.STOPPING, f"{target.where}: the model client is closed; nothing was sent"))
        endpoint = target.endpoint
        try:
            origin = _origin(target.chat_url)
        except ValueError as error:  # UnicodeError among them: a name that IDNA cannot encode
            text = f"{target.where}: this address cannot be called; check the endpoint's `url` ({one_line(str(error))})"
            raise AskError(problem(Code.ADDRESS_WRONG, text)) from error
        key = (origin, endpoint.proxy, endpoint.proxy_login, endpoint.ca)
        if (way := self._ways.get(key)) is None:
            way = self._ways[key] = self._reader_way(target) if target.is_reader else self._network_way(target)
        return way

    async def close(self) -> None:
        """Close every connection of every way; there is none from then on."""
        self._closed = True
        for way in self._ways.values():
            await way.close()

    def _reader_way(self, target: Target) -> Way:
        assert self._reader_socket is not None
        connector = aiohttp.UnixConnector(self._reader_socket, keepalive_timeout=IDLE_S, limit=CONNECTIONS_LIMIT)
        return Way(connector, URL(target.chat_url), self._connect_s, self._reached)

    def _network_way(self, target: Target) -> Way:
        endpoint = target.endpoint
        self._check_allowed(target, target.chat_url)
        if endpoint.proxy is not None:
            self._check_allowed(target, endpoint.proxy)
        connector = aiohttp.TCPConnector(
            ssl=True if endpoint.ca is None else self._context(target, endpoint.ca),
            keepalive_timeout=IDLE_S,
            limit=CONNECTIONS_LIMIT,
            resolver=self._resolver,
            socket_factory=partial(_probed_socket, unheard_s=self._unheard_s),
        )
        login = self._login(target) if endpoint.proxy_login is not None else None
        return Way(
            connector, URL(target.chat_url), self._connect_s, self._reached, proxy=endpoint.proxy, proxy_login=login
        )

    def _check_allowed(self, target: Target, url: str) -> None:
        host = host_of(url)
        if self._allow_hosts is not None and not host_allowed(host, self._allow_hosts):
            raise AskError(
                problem(Code.NOT_ALLOWED, f"{target.where}: {host} is not among `allow_hosts`; nothing was sent there")
            )

    def _context(self, target: Target, ca: str) -> ssl.SSLContext:
        """Return the TLS context that trusts only what is in the file: one for all endpoints that name it."""
        if (context := self._contexts.get(ca)) is None:
            try:
                context = ssl.create_default_context(cafile=ca)
            except (OSError, ValueError) as error:  # ValueError: a path with a NUL in it
                why = one_line(getattr(error, "reason", None) or getattr(error, "strerror", None) or str(error))
                text = f"{target.where}: no certificates in {ca} ({why}); check the endpoint's `ca`"
                raise AskError(problem(Code.TLS, text)) from error
            context.set_alpn_protocols(["http/1.1"])
            self._contexts[ca] = context
        return context

    def _login(self, target: Target) -> str:
        name = target.endpoint.proxy_login or ""
        try:
            login = self._find_key(name)
        except KeyMissingError as error:
            raise AskError(problem(Code.KEY_MISSING, f"{target.where}: {one_line(str(error))}")) from error
        if ":" not in login:
            text = f"{target.where}: the credential {name} is no login for a proxy; write it as user:password"
            raise AskError(problem(Code.PROXY, text))
        return login


@lru_cache
def _origin(url: str) -> str:
    return str(URL(url).origin())


class Way:
    """The way to one server: its connections, kept for the next ask, and those that are being opened."""

    def __init__(
        self,
        connector: aiohttp.BaseConnector,
        url: URL,
        connect_s: float,
        reached: Callable[[Target], None],
        *,
        proxy: str | None = None,
        proxy_login: str | None = None,
    ) -> None:
        """Make ready; nothing is opened yet. `proxy_login` is user:password."""
        self.proxy = urlsplit(proxy).netloc if proxy else None
        """The proxy's host and port, if there is one."""
        self.opened = 0
        """How many connections stood so far, those to the proxy included."""
        self._loop = asyncio.get_running_loop()
        self._url = url
        self._connect_s = connect_s
        self._reached = reached
        self._proxy = URL(proxy) if proxy else None
        basic = base64.b64encode(proxy_login.encode()).decode() if proxy_login else None
        self._proxy_headers = {"Proxy-Authorization": f"Basic {basic}"} if basic else {}
        self._targets: dict[tuple[str, str | None], Target] = {}  # bounded by the endpoints of the config
        self._active = float("-inf")
        self._openings: set[asyncio.Task[bool]] = set()
        self._standing: WeakSet[HttpProtocol] = WeakSet()
        self._closed = False
        connector._factory = self._protocol  # type: ignore[assignment]  # noqa: SLF001  no public place: docs/decisions/0012
        self._connector = connector
        self._template = self._request()

    async def post(
        self,
        url: URL,
        headers: dict[str, str],
        body: list[bytes],
        *,
        has_connection: Callable[[HttpProtocol], None],
        was_sent: Callable[[], None],
    ) -> Response:
        """Send a request, over the connection that is just being opened if there is one; return once its head came.

        `has_connection` is told which connection takes it, `was_sent` when its last byte has gone to the kernel.
        """
        self._active = self._loop.time()
        await self._opened()
        to_proxy = self._proxy is not None and url.scheme == "http"  # no CONNECT: the proxy reads the request itself
        head = request_head(
            url, {**headers, **self._proxy_headers} if to_proxy else headers, sum(map(len, body)), to_proxy=to_proxy
        )
        connection = await self._connect()
        assert isinstance(connection.protocol, HttpProtocol)
        connection.protocol.idle = False
        has_connection(connection.protocol)
        return await post(connection, head, body, was_sent)

    def warm(self, target: Target) -> None:
        """See in the background that an idle connection stands; returns at once, and does nothing where one does."""
        self._active = self._loop.time()
        self._targets[target.chat_url, target.endpoint.key] = target
        self._open()

    async def opens(self, target: Target) -> bool:
        """Tell whether a new connection can be had now, within `connect`; the idle ones, of doubtful life, go first."""
        self.close_idle()
        self._targets[target.chat_url, target.endpoint.key] = target
        return await self._open_ahead()

    def close_idle(self) -> None:
        """Close the connections that wait for a request: one like them was found dead."""
        for protocol in list(self._standing):
            if protocol.idle:
                self._standing.discard(protocol)
                protocol.close()

    async def close(self) -> None:
        """Close every connection and whatever is being opened."""
        self._closed = True
        for opening in self._openings:
            opening.cancel()
        if self._openings:
            await asyncio.wait(self._openings)
        await self._connector.close()

    # -- connections that are opened ahead -----------------------------------------------------------------------------

    def _open(self, at_once: int = 1) -> None:
        if len(self._openings) < at_once and not self._closed:
            opening = asyncio.create_task(self._open_ahead(), name=f"open a connection to {self._url.authority}")
            self._openings.add(opening)
            opening.add_done_callback(self._openings.discard)

    async def _opened(self) -> None:
        """Wait for a connection that is being opened, if there is one."""
        if self._openings and not (await asyncio.wait(self._openings, timeout=HEAD_START_S, return_when=_FIRST))[0]:
            self._open(at_once=2)
            await asyncio.wait(self._openings, return_when=_FIRST)

    def _request(self) -> aiohttp.ClientRequest:
        """Return a request that is never sent: it only says where to."""
        return aiohttp.ClientRequest(
            "POST", self._url, loop=self._loop, proxy=self._proxy, proxy_headers=CIMultiDict(self._proxy_headers)
        )

    async def _connect(self) -> Connection:
        """Return an idle connection, or a new one."""
        while True:
            if self._closed:
                raise aiohttp.ClientConnectionError("the model client is closed")
            request = self._template if self._proxy is None else self._request()  # a proxy's is used up by connecting
            connection = await self._connector.connect(request, [], _NO_TIMEOUT)
            protocol = connection.protocol
            if not (isinstance(protocol, HttpProtocol) and protocol.kept and protocol.should_close):
                return connection
            connection.close()  # more came with its last response than that: the next request would take it for its own

    async def _open_ahead(self) -> bool:
        """Have an idle connection stand; return whether one does."""
        try:
            async with asyncio.timeout(self._connect_s):
                connection = await self._connect()
        except (aiohttp.ClientError, OSError, ValueError) as error:  # TimeoutError is an OSError
            _log.debug("%s: no connection ahead: %s", self._url.authority, type(error).__name__)
            return False
        protocol = connection.protocol
        assert isinstance(protocol, HttpProtocol)
        is_new = not protocol.kept
        protocol.kept = protocol.idle = True
        connection.release()
        if is_new:
            for target in self._targets.values():
                self._reached(target)
        return True

    def _protocol(self) -> HttpProtocol:
        return HttpProtocol(self._loop, made=self._was_opened, lost=self._was_lost)

    def _was_opened(self, protocol: HttpProtocol) -> None:
        self.opened += 1
        self._standing.add(protocol)

    def _was_lost(self, protocol: HttpProtocol) -> None:
        now = self._loop.time()
        given_up = protocol not in self._standing  # by us: it is not missed
        if not given_up and now - protocol.since >= LEAST_LIFE_S and now - self._active <= RECENT_S:
            self._open()


_FIRST: Final = asyncio.FIRST_COMPLETED
_NO_TIMEOUT: Final = aiohttp.ClientTimeout(total=None, sock_connect=None)  # the four deadlines are the Exchange's


_INT_MAX: Final = 2**31 - 1  # milliseconds: 24 days


def _probed_socket(address: Any, *, unheard_s: float) -> socket.socket:
    """Return a socket for an address whose connection the kernel probes while it is idle, and gives up as dead.

    Without TCP_USER_TIMEOUT (RFC 5482) an upload on a network that has gone is tried for a quarter of an hour.
    """
    family, kind, proto, *_ = address
    made = socket.socket(family, kind, proto)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, PROBE_AFTER_S)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, PROBE_EVERY_S)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, PROBES)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, min(round(unheard_s * 1000), _INT_MAX))
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return made
