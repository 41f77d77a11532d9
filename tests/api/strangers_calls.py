"""Calls to a board's address, byte by byte where that matters: what anybody in the network can send."""

from __future__ import annotations

import http.client
import json
import socket
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from running import LIMIT_S

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator


@dataclass
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def cookie(self) -> str:
        """The session, as a browser would send it back."""
        return self.headers["Set-Cookie"].partition(";")[0]


@dataclass
class Address:
    """The address of a board, as a machine of the network finds it that has an address of its own."""

    port: int
    tls: ssl.SSLContext | None = None
    source: str = "127.0.0.1"

    def of(self, source: str) -> Address:
        """Return the same board as another machine finds it."""
        return replace(self, source=source)

    def call(self, method: str, path: str, body: Any = None, /, *, host: str | None = None, **headers: str) -> Answer:
        """Send one request; `body` as JSON unless it is bytes, `cookie_x` is the header Cookie-X."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if host is not None:
            named["Host"] = host
        if body is not None and not isinstance(body, bytes):
            body, named = json.dumps(body).encode(), {"Content-Type": "application/json", **named}
        source, plain, encrypted = (self.source, 0), http.client.HTTPConnection, http.client.HTTPSConnection
        if self.tls is None:
            connection = plain("127.0.0.1", self.port, timeout=LIMIT_S, source_address=source)
        else:
            connection = encrypted("127.0.0.1", self.port, timeout=LIMIT_S, source_address=source, context=self.tls)
        with closing(connection):
            connection.request(method, path, body, named)
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())

    @contextmanager
    def connected(self) -> Iterator[socket.socket]:
        """Lend a connection that has said nothing yet."""
        with closing(socket.create_connection(("127.0.0.1", self.port), LIMIT_S)) as connection:
            yield connection

    def say(self, data: bytes) -> bytes:
        """Send bytes as they are; return the head of what comes back, empty where the connection is closed."""
        with self.connected() as connection:
            connection.sendall(data)
            return head(connection)


def head(connection: socket.socket) -> bytes:
    received = b""
    while b"\r\n\r\n" not in received:
        try:
            part = connection.recv(65536)
        except ConnectionError:
            break
        if not part:
            break
        received += part
    return received
