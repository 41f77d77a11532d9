"""One POST over a real connection: the bytes of the request, the response however it comes, and what is left after."""

from __future__ import annotations

import asyncio
import gc
import socket
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import aiohttp
import pytest
from asking import ask, connections_to, model, no_key
from fault_server import HOST, Certificates, FaultServer, Line, Script, answers, reads_some_and, refuses, sends
from yarl import URL

from glassd.model.connections import Connections, Way
from glassd.model.endpoints import targets
from glassd.model.post import SLICE_BYTES, Response, request_head
from virtual import run

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

PLENTY_BYTES = 12_000_000
"""More than the kernel's buffers of both sides take."""
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(autouse=True)
def _nothing_is_left_unclosed() -> Iterator[None]:
    """Have a connection that nobody closed found while the test that made it is the one to fail."""
    yield
    gc.collect()


@asynccontextmanager
async def way_to(url: str, *, ca: str | None = None, unheard_s: float = 30.0) -> AsyncIterator[Way]:
    connections = Connections(
        no_key, connect_s=3.0, unheard_s=unheard_s, allow_hosts=None, reader_socket=None, reached=lambda _: None
    )
    (target,) = targets(model({"url": url, "vision": "v", "ca": ca}).endpoints, ask())
    try:
        yield connections.way(target)
    finally:
        await connections.close()


class Told:
    """What `post` tells while a request goes out."""

    def __init__(self) -> None:
        self.kept: list[bool] = []
        self.sent = asyncio.Event()

    def has_connection(self, protocol: object) -> None:
        self.kept.append(bool(getattr(protocol, "kept", None)))
        protocol.kept = True  # type: ignore[attr-defined]  # as an Exchange does


async def post(way: Way, *body: bytes, told: Told | None = None, url: str = "http://h/v1/x") -> Response:
    told = told or Told()
    return await way.post(URL(url), {"A": "1"}, list(body), has_connection=told.has_connection, was_sent=told.sent.set)


async def answered(way: Way, *body: bytes) -> tuple[int, bytes]:
    """Return the status and the whole body of a response, which is closed."""
    response = await post(way, *body)
    try:
        return response.status, await response.content.read()
    finally:
        response.close()


async def turns(count: int = 10) -> None:
    """Let what is due at once happen."""
    loop = asyncio.get_running_loop()
    for _ in range(count):
        turn = loop.create_future()
        loop.call_soon(turn.set_result, None)
        await turn


def apart(*pieces: bytes) -> Script:
    """Send pieces so that each is a read of its own."""

    async def script(line: Line) -> None:
        for piece in pieces:
            await line.send(piece)
            await turns()

    return script


# -- the head ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "line", "host"),
    [
        ("https://api.example.com/v1/chat", "/v1/chat", "api.example.com"),
        ("https://api.example.com:443/v1/chat", "/v1/chat", "api.example.com"),
        ("http://api.example.com:80/v1/chat", "/v1/chat", "api.example.com"),
        ("http://api.example.com:443/v1/chat", "/v1/chat", "api.example.com:443"),
        ("http://[::1]:8080/v1/chat", "/v1/chat", "[::1]:8080"),
        ("http://[::1]/v1/chat", "/v1/chat", "[::1]"),
        ("http://模型.example/问 答", "/%E9%97%AE%20%E7%AD%94", "xn--xgs754b.example"),
        ("http://h/a?b=c%0d%0aX:%20y", "/a?b=c%0D%0AX:%20y", "h"),
    ],
)
def test_the_head_names_path_and_host_as_http_wants_them(url: str, line: str, host: str) -> None:
    expected = f"POST {line} HTTP/1.1\r\nHost: {host}\r\nB: 2\r\nA: 1\r\nContent-Length: 7\r\n\r\n"
    assert request_head(URL(url), {"B": "2", "A": "1"}, 7) == expected.encode()


def test_a_proxy_that_reads_the_request_itself_gets_the_whole_url() -> None:
    head = request_head(URL("http://模型.example:8080/v1/chat"), {}, 0, to_proxy=True)
    line = b"POST http://xn--xgs754b.example:8080/v1/chat HTTP/1.1\r\n"
    assert head == line + b"Host: xn--xgs754b.example:8080\r\nContent-Length: 0\r\n\r\n"


@pytest.mark.parametrize("text", ["a\r\nX: y", "a\nX: y", "a\r", "a\0"])
@pytest.mark.parametrize("where", ["name", "value"])
def test_no_header_gets_out_that_would_make_two(text: str, where: str) -> None:
    header = {text: "1"} if where == "name" else {"Authorization": f"Bearer {text}"}
    with pytest.raises(ValueError, match="line break"):
        request_head(URL("http://h/"), header, 0)


# -- the body ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("secure", [False, True], ids=["tcp", "tls"])
@pytest.mark.parametrize(
    "sizes",
    [[], [0], [1], [SLICE_BYTES - 1, 1], [10, SLICE_BYTES, 10], [5, 3 * SLICE_BYTES + 1, 0, 7, PLENTY_BYTES, 9]],
    ids=str,
)
def test_a_body_arrives_byte_for_byte_however_slowly_it_is_read(
    sizes: list[int], secure: bool, certificates: Certificates
) -> None:
    body = [bytes([65 + number]) * size for number, size in enumerate(sizes)]
    arrived = bytearray()

    async def slow(line: Line) -> None:
        while len(arrived) < line.length:
            arrived.extend(await line.reader.read(16 * 1024))
            await turns(2)
        await line.send(OK)

    async def main() -> None:
        server = FaultServer(slow, at="head", certificate="good" if secure else None, certificates=certificates)
        async with server, way_to(server.url(), ca=certificates.path) as way:
            told = Told()
            response = await post(way, *body, told=told)
            assert told.sent.is_set()
            assert (response.status, await response.content.read()) == (200, b"ok")
            response.close()
            assert arrived == b"".join(body)
            arrived.clear()
            assert await answered(way, b"again") == (200, b"ok")
            assert (bytes(arrived), server.requests, server.connections) == (b"again", 2, 1)

    asyncio.run(main())


def test_a_request_is_sent_only_once_the_server_has_taken_it() -> None:
    reads = asyncio.Event()

    async def script(line: Line) -> None:
        await reads.wait()
        await line.body()
        await line.send(OK)

    async def main() -> None:
        async with FaultServer(script, at="head") as server, way_to(server.url()) as way:
            told = Told()
            asking = asyncio.create_task(post(way, bytes(PLENTY_BYTES), told=told), name="a request")
            while not server.requests:
                await turns()
            await turns(100)
            assert not told.sent.is_set()
            reads.set()
            (await asking).close()
            assert told.sent.is_set()

    asyncio.run(main())


# -- responses, and which connection takes the next request ------------------------------------------------------------


INTERIM = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"


@pytest.mark.parametrize(
    ("script", "connections"),
    [
        (sends(OK), 1),
        (sends(CHUNKED), 1),
        (sends(INTERIM + OK), 1),
        (sends(INTERIM, OK), 1),
        (apart(*[OK[at : at + 1] for at in range(len(OK))]), 1),
        (sends(OK.replace(b"OK\r\n", b"OK\r\nConnection: close\r\n")), 2),
        (sends(OK.replace(b"1.1", b"1.0")), 2),
        (sends(b"HTTP/1.1 200 OK\r\n\r\nok", then="close"), 2),
        (sends(b"HTTP/1.0 200 OK\r\n\r\nok", then="close"), 2),
    ],
    ids=[
        "whole",
        "chunked",
        "interim",
        "interim apart",
        "by bytes",
        "close",
        "1.0",
        "until the end",
        "1.0 until the end",
    ],
)
def test_a_connection_is_kept_where_the_response_allows_it(script: Script, connections: int) -> None:
    async def main() -> None:
        async with FaultServer(script) as server, way_to(server.url()) as way:
            for _ in range(2):
                assert await answered(way, b"body") == (200, b"ok")
            assert (server.requests, server.connections) == (2, connections)

    asyncio.run(main())


def test_a_response_without_a_body_is_over_with_its_head() -> None:
    async def main() -> None:
        async with FaultServer(sends(b"HTTP/1.1 204 No Content\r\n\r\n")) as server, way_to(server.url()) as way:
            for _ in range(2):
                assert await answered(way) == (204, b"")
            assert server.connections == 1

    asyncio.run(main())


def test_a_response_that_is_closed_early_costs_its_connection() -> None:
    async def main() -> None:
        unread = sends(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok")
        async with FaultServer(unread) as server, way_to(server.url()) as way:
            for connections in (1, 2):
                (await post(way)).close()
                assert server.connections == connections

    asyncio.run(main())


@pytest.mark.parametrize("secure", [False, True], ids=["tcp", "tls"])
def test_an_upload_that_was_answered_early_costs_its_connection_though_the_response_was_read_to_its_end(
    secure: bool, certificates: Certificates
) -> None:
    heard: list[bytes] = []

    async def script(line: Line) -> None:
        if line.length == PLENTY_BYTES:
            await line.reader.readexactly(10_000)
            await line.send(b"HTTP/1.1 401 No\r\nContent-Length: 2\r\n\r\nno")
            await line.ended()
        else:
            heard.append(await line.reader.readexactly(line.length))
            await line.send(OK)

    async def main() -> None:
        server = FaultServer(script, at="head", certificate="good" if secure else None, certificates=certificates)
        async with server, way_to(server.url(), ca=certificates.path) as way:
            told = Told()
            response = await post(way, b"x" * PLENTY_BYTES, told=told)
            assert (response.status, await response.content.read()) == (401, b"no")
            assert not told.sent.is_set()
            assert await answered(way, b"next") == (200, b"ok")  # while the first is not even closed
            response.close()
            assert (heard, server.connections) == ([b"next"], 2)
            assert await answered(way, b"after") == (200, b"ok")
            assert (heard, server.connections) == ([b"next", b"after"], 2)
            await turns()
            assert {task.get_name() for task in asyncio.all_tasks() if "rest of a request" in task.get_name()} == set()

    asyncio.run(main())


def test_a_server_that_refuses_an_upload_and_closes_is_heard() -> None:
    async def refuse(line: Line) -> None:
        await refuses(413)(line)
        line.close()

    async def main() -> None:
        async with FaultServer(reads_some_and(refuse), at="head") as server, way_to(server.url()) as way:
            for _ in range(20):
                response = await post(way, bytes(PLENTY_BYTES))
                assert response.status == 413
                response.close()

    asyncio.run(main())


@pytest.mark.parametrize(
    "script",
    [
        sends(OK + b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"),
        apart(OK[:-1], OK[-1:] + b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"),
        apart(OK, b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 4\r\n\r\nevil"),
        apart(OK, b"HTTP/1.1 408 Requ"),
    ],
    ids=["with the first", "with its end", "later", "a part"],
)
def test_a_response_that_nobody_asked_for_answers_no_request(script: Script) -> None:
    async def main() -> None:
        async with FaultServer(script) as server, way_to(server.url()) as way:
            for connections in range(1, 4):
                response = await post(way)
                while len(await response.content.readany()) not in (0, 2) or not response.content.is_eof():
                    pass
                response.close()
                await turns(30)
                assert (response.status, server.connections) == (200, connections)

    asyncio.run(main())


# -- what fails --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("script", "error"),
    [
        (sends(then="close"), aiohttp.ServerDisconnectedError),
        (sends(INTERIM, then="close"), aiohttp.ServerDisconnectedError),
        (sends(then="reset"), aiohttp.ClientOSError),
        (sends(b"220 mail.example ESMTP\r\n"), aiohttp.ClientPayloadError),
        (
            sends(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n"),
            aiohttp.ClientError,
        ),
    ],
    ids=["closed", "closed after an interim one", "reset", "no http", "another protocol"],
)
def test_what_fails_is_one_of_aiohttps_errors_and_closes_the_connection(script: Script, error: type[Exception]) -> None:
    async def main() -> None:
        async with FaultServer(script) as server, way_to(server.url()) as way:
            for connections in (1, 2):
                with pytest.raises(error):
                    await post(way, b"body")
                assert server.connections == connections

    run(main())


def test_a_kept_connection_that_the_server_closed_unseen_fails_as_a_kept_one() -> None:
    async def main() -> None:
        async with FaultServer(sends(OK)) as server, way_to(server.url()) as way:
            assert await answered(way) == (200, b"ok")
            taken: list[Line] = []

            async def close(line: Line) -> None:
                line.close()
                taken.append(line)

            server._script = close
            told = Told()
            with pytest.raises(aiohttp.ClientError):
                await post(way, told=told)
            assert (told.kept, len(taken)) == ([True], 1)

    asyncio.run(main())


def test_an_upload_into_a_connection_that_broke_is_not_taken_for_sent(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        async with FaultServer(sends(OK)) as server, way_to(server.url()) as way:
            assert await answered(way) == (200, b"ok")
            told = Told()

            def breaks(protocol: object) -> None:
                transport = protocol.transport  # type: ignore[attr-defined]
                transport.get_extra_info("socket").shutdown(socket.SHUT_WR)  # the next write meets EPIPE
                told.has_connection(protocol)

            with pytest.raises((aiohttp.ClientError, OSError)):
                await way.post(
                    URL("http://h/"), {}, [bytes(PLENTY_BYTES)], has_connection=breaks, was_sent=told.sent.set
                )
            assert not told.sent.is_set()

    asyncio.run(main())
    assert [record for record in caplog.records if record.name == "asyncio" and record.levelname == "WARNING"] == []


# -- cancelled ---------------------------------------------------------------------------------------------------------


async def _never(line: Line) -> None:
    await line.ended()


@pytest.mark.parametrize(
    ("at", "secure", "script"),
    [
        ("connection", "none", sends(then="stall")),
        ("head", None, _never),
        ("head", "good", _never),
        ("request", None, sends(then="stall")),
        ("request", None, sends(INTERIM, then="stall")),
        ("request", None, sends(OK[:-1], then="stall")),
        ("request", "good", sends(OK[:-1], then="stall")),
    ],
    ids=["tls", "upload", "upload over tls", "head", "after an interim response", "body", "body over tls"],
)
def test_whoever_is_cancelled_leaves_no_task_and_no_socket(
    at: str, secure: str | None, script: Script, certificates: Certificates
) -> None:
    async def main() -> None:
        server = FaultServer(script, at=at, certificate=secure, certificates=certificates)  # type: ignore[arg-type]  # as listed
        async with server, way_to(server.url(), ca=certificates.path) as way:
            tasks = asyncio.all_tasks()
            asking = asyncio.create_task(_read_all(way, bytes(PLENTY_BYTES)), name="a request")
            while not (server.connections if at == "connection" else server.requests):
                await turns()
            await turns(50)
            assert not asking.done()
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking
            async with asyncio.timeout(5):
                while asyncio.all_tasks() - tasks - server.tasks() or connections_to(f"{HOST}:{server.port}"):
                    await turns()

    asyncio.run(main())


async def _read_all(way: Way, body: bytes) -> None:
    await answered(way, body)


def test_a_closed_way_takes_no_request() -> None:
    async def main() -> None:
        async with FaultServer(answers(200, b"ok")) as server, way_to(server.url()) as way:
            await way.close()
            with pytest.raises(aiohttp.ClientConnectionError):
                await post(way)
            assert server.connections == 0

    asyncio.run(main())
