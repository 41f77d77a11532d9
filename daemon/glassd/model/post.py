"""One POST over a connection that stands: the request out, the head of the response in.

aiohttp opens and keeps the connections and parses the responses. What lies between, its session and its request, costs
a picture of 100 KB a third of the time that it takes to leave, so the request is written here: docs/decisions/0012.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import aiohttp
from aiohttp.http import StreamWriter
from aiohttp.http_exceptions import HttpProcessingError

from glassd.model.protocol import HttpProtocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from aiohttp.connector import Connection
    from aiohttp.http import RawResponseMessage
    from multidict import CIMultiDictProxy
    from yarl import URL

HEADER_LIMIT_BYTES: Final = 16 * 1024
"""The longest line of a response's head."""
SLICE_BYTES: Final = 256 * 1024
"""The body is handed over in slices of this size: while TLS encrypts one, the one before is on its way. What is smaller
goes out whole, with the head."""


def request_head(url: URL, headers: Mapping[str, str], size: int, *, to_proxy: bool = False) -> bytes:
    """Return the head of a POST whose body has `size` bytes (RFC 9112, 3); `to_proxy` names the whole URL in it.

    Raises ValueError where a header, a key above all, holds what would end its line.
    """
    lines = [
        f"POST {url if to_proxy else url.raw_path_qs} HTTP/1.1",
        f"Host: {url.host_port_subcomponent}",
        *(f"{name}: {value}" for name, value in headers.items()),
        f"Content-Length: {size}",
    ]
    head = "\r\n".join(lines).encode()
    if head.count(b"\n") != len(lines) - 1 or head.count(b"\r") != len(lines) - 1 or b"\0" in head:
        raise ValueError("a header or a key holds a line break")
    return head + b"\r\n\r\n"


class Response:
    """The head of a response, and its body while it comes. Whoever has it closes it.

    Once the body was read to its end, the connection is kept for the next request; closed earlier, it is dropped.
    """

    def __init__(
        self,
        connection: Connection,
        head: RawResponseMessage,
        content: aiohttp.StreamReader,
        upload: Upload,
    ) -> None:
        protocol = connection.protocol
        assert isinstance(protocol, HttpProtocol)
        self.protocol = protocol
        self.status = head.code
        self.headers: CIMultiDictProxy[str] = head.headers
        self.content = content
        self._connection = connection
        self._upload = upload
        content.on_eof(self._keep)

    @property
    def media_type(self) -> str:
        """The Content-Type without its parameters, in lower case."""
        return self.headers.get("Content-Type", "").partition(";")[0].strip().lower()

    def close(self) -> None:
        """Be done with it."""
        self._upload.cancel()
        self._connection.close()

    def _keep(self) -> None:
        if self._upload.is_sent:  # else the server would take the rest of it for the next request
            self.protocol.idle = True
            self._connection.release()


class Upload:
    """A request on its way out: at once, as far as the kernel takes it, and the rest by a task."""

    def __init__(self, protocol: HttpProtocol, pieces: list[bytes], was_sent: Callable[[], None]) -> None:
        self.is_sent = False
        self._protocol = protocol
        self._slices: Iterator[memoryview | bytes] = _slices(pieces)
        self._was_sent = was_sent
        self._rest: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Send what can be sent without waiting."""
        if self._send():
            self._done()
        else:
            self._rest = asyncio.create_task(self._send_rest(), name="the rest of a request")

    def cancel(self) -> None:
        """Leave what was not sent yet, and let go of it."""
        self._slices = iter(())
        if self._rest is not None:
            self._rest.cancel()

    def _send(self) -> bool:
        """Send until the kernel has enough; return whether that was all."""
        transport = self._protocol.transport
        while not self._protocol.writing_paused:
            if transport is None or transport.is_closing():  # asyncio drops what is written then, and says nothing
                raise aiohttp.ClientConnectionResetError("the connection was closed meanwhile")
            if (piece := next(self._slices, None)) is None:
                return True
            transport.write(piece)
        return False

    async def _send_rest(self) -> None:
        drained = StreamWriter(self._protocol, asyncio.get_running_loop()).drain
        try:
            await drained()
            while not self._send():
                await drained()
        except (aiohttp.ClientError, OSError):
            return  # whoever reads the response meets the same
        self._done()

    def _done(self) -> None:
        self.is_sent = True
        self._was_sent()


async def post(connection: Connection, head: bytes, body: list[bytes], was_sent: Callable[[], None]) -> Response:
    """Send a request and return its response once the head is there; `was_sent` is called as the last byte leaves.

    What fails is raised as aiohttp's errors, and closes the connection.
    """
    protocol = connection.protocol
    assert isinstance(protocol, HttpProtocol)
    upload = Upload(protocol, [head, *body], was_sent)
    try:
        upload.begin()  # first of all: the rest can be done while it is on its way
        protocol.set_response_params(
            read_until_eof=True, max_line_size=HEADER_LIMIT_BYTES, max_field_size=HEADER_LIMIT_BYTES
        )
        message, content = await _final_head(protocol)
    except BaseException:  # a cancellation, too: nobody can go on with half an exchange
        upload.cancel()
        connection.close()
        raise
    return Response(connection, message, content, upload)


async def _final_head(protocol: HttpProtocol) -> tuple[RawResponseMessage, aiohttp.StreamReader]:
    try:
        message, content = await protocol.read()
        while 100 <= message.code < 200 and message.code != 101:  # an interim response (RFC 9110, 15.2)
            message, content = await protocol.read()
    except HttpProcessingError as error:
        raise aiohttp.ClientPayloadError("the head of the response is no HTTP") from error
    if message.code == 101:
        raise aiohttp.ClientPayloadError("another protocol, which nobody asked for") from HttpProcessingError()
    return message, content


def _slices(pieces: list[bytes]) -> Iterator[memoryview | bytes]:
    """Yield the request in writes of a good size: small pieces joined, a big one cut into slices without a copy."""
    small: list[bytes] = []
    for piece in pieces:
        if len(piece) < SLICE_BYTES:
            small.append(piece)
            continue
        if small:
            yield b"".join(small)
            small.clear()
        view = memoryview(piece)
        for start in range(0, len(piece), SLICE_BYTES):
            yield view[start : start + SLICE_BYTES]
    if small:
        yield b"".join(small)
