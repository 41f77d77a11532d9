"""The limit on this machine: a blocking socket, a request that was made before, an answer that nobody reads."""

from __future__ import annotations

import re
import socket
import ssl
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from client_loop import spliced
from worker import KEY, serve

if TYPE_CHECKING:
    from collections.abc import Iterator

STAMP = re.compile(rb'"content": ?"(\d+)\|')
END = b"0\r\n\r\n"
RECEIVE_BYTES = 256 * 1024


class Socket:
    """One connection that stays."""

    def __init__(self, url: str, ca: str) -> None:
        parts = urlsplit(url)
        plain = socket.create_connection((parts.hostname or "", parts.port or 0))
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        tls = ssl.create_default_context(cafile=ca) if parts.scheme == "https" else None
        self._socket = tls.wrap_socket(plain, server_hostname=parts.hostname) if tls else plain
        self._start = f"POST {parts.path}/chat/completions HTTP/1.1\r\nHost: {parts.netloc}\r\n"

    def request(self, picture: bytes) -> float:
        """Return the seconds from the call to the server's reading of the last byte."""
        head, body = self._request(picture)
        before = time.monotonic_ns()
        self._socket.sendall(head)
        self._socket.sendall(body)
        stamp = STAMP.search(b"".join(self._pieces()))
        assert stamp is not None
        return (int(stamp[1]) - before) / 1e9

    def paced(self) -> list[float]:
        """Return the seconds from the server's writing of each event to the return of `recv`."""
        self._socket.sendall(b"".join(self._request(b"")))
        late = []
        for piece in self._pieces():
            now = time.monotonic_ns()
            late += [(now - int(stamp)) / 1e9 for stamp in STAMP.findall(piece)]
        return late

    def _request(self, picture: bytes) -> tuple[bytes, bytes]:
        body = spliced(picture)
        fields = f"Authorization: Bearer {KEY}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        return (self._start + fields).encode(), body

    def _pieces(self) -> Iterator[bytes]:
        piece = b""
        while not piece.endswith(END):
            piece = self._socket.recv(RECEIVE_BYTES)
            assert piece
            yield piece


def main(url: str, ca: str) -> None:
    """Be this client."""
    client = Socket(url, ca)
    serve(request=client.request, paced=client.paced)
