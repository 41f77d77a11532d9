"""The gateway at its address: who gets in, and how long a connection may take to say what it wants."""

from __future__ import annotations

import asyncio
import gzip
import json
import socket
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from http_unix import question
from scripts import THE_MANUALS, Script, Stepwise

from glassd import entrance
from glassd.answer import Delta, Outcome, OutcomeKind, Problem, Reasoning
from glassd.callers import host_and_port
from glassd.gateway import listener, server
from glassd.gateway.listener import UnguardedError, listening, listening_when_possible
from glassd.messages.codes import Code
from virtual import passes, run

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

TOKEN = "t0k-en"
BODY = json.dumps(question("x")).encode()


def request(
    body: bytes = BODY,
    /,
    headers: dict[str, str] | None = None,
    *,
    method: str = "POST",
    path: str = "/v1/chat/completions",
    **more: str,
) -> bytes:
    headers = {**(headers or {}), **more}
    named = {"host": "127.0.0.1", "content_type": "application/json", "content_length": str(len(body)), **headers}
    head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in named.items())
    return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode("utf-8", "surrogateescape") + body


class Connection:
    """One connection, byte for byte."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def reply(self) -> tuple[int, dict[str, str], Any]:
        """The status, the headers in lower case, and the JSON of one response."""
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
        body = await self.reader.readexactly(int(headers.get("content-length", 0)))
        return int(head[0].split()[1]), headers, json.loads(body) if body else None

    async def is_closed(self) -> bool:
        """Wait for the far end to say no more."""
        try:
            return await self.reader.read(1) == b""
        except ConnectionResetError:
            return True


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[Connection]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield Connection(reader, writer)
    finally:
        writer.close()


async def told(port: int, sent: bytes) -> tuple[int, dict[str, str], Any]:
    async with connected(port) as connection:
        connection.writer.write(sent)
        return await connection.reply()


def refused(sent: bytes, token: str | None = None) -> tuple[int, str | None]:
    """Return the status and the code of a request that never reaches the responder."""

    async def talk() -> tuple[int, str | None]:
        responder = Script(THE_MANUALS)
        async with listening(responder, "127.0.0.1:0", token) as port:
            status, _, body = await told(port, sent)
        assert not responder.asks
        assert list(body) == ["error"]
        assert list(body["error"]) == ["message", "type", "param", "code"]
        return status, body["error"]["code"]

    return run(talk())


def answered(sent: bytes, token: str | None = None) -> bool:
    async def talk() -> bool:
        responder = Script(THE_MANUALS)
        async with listening(responder, "127.0.0.1:0", token) as port:
            status, _, _ = await told(port, sent)
        return (status, len(responder.asks)) == (200, 1)

    return run(talk())


# -- who gets in -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "given", ["", "Bearer", "Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}x", TOKEN, "Bearer \udcff\udcfe"]
)
@pytest.mark.parametrize(("method", "path"), [("POST", "/v1/chat/completions"), ("GET", "/v1/models"), ("GET", "/")])
def test_without_the_token_nothing_is_told(given: str, method: str, path: str) -> None:
    sent = request(method=method, path=path, headers={"authorization": given} if given else {})
    assert refused(sent, TOKEN) == (401, "invalid_api_key")


def test_a_wrong_key_is_never_repeated() -> None:
    async def talk() -> tuple[int, dict[str, str], Any]:
        async with listening(Script(), "127.0.0.1:0", TOKEN) as port:
            return await told(port, request(authorization="Bearer sk-mine"))

    status, headers, body = run(talk())
    assert (status, headers["www-authenticate"]) == (401, "Bearer")
    assert "sk-mine" not in json.dumps([headers, body])


@pytest.mark.parametrize("scheme", ["Bearer", "bearer"])
def test_with_the_token_any_name_of_the_board_will_do(scheme: str) -> None:
    sent = request(host="board.local:8080", authorization=f"{scheme} {TOKEN}", origin="http://elsewhere")
    assert answered(sent, TOKEN)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:80", "[::1]:8080"])
def test_without_a_token_this_machines_own_programs_are_answered(host: str) -> None:
    assert answered(request(host=host))


def test_a_charset_is_no_other_content_type() -> None:
    assert answered(request(content_type="application/json; charset=utf-8"))


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"host": "rebound.example"}, 403),
        ({"origin": "http://elsewhere.example"}, 403),
        ({"origin": "null"}, 403),
        ({"sec_fetch_site": "cross-site"}, 403),
        ({"content_type": "text/plain"}, 415),
    ],
)
def test_without_a_token_a_web_page_gets_nothing(headers: dict[str, str], status: int) -> None:
    assert refused(request(headers=headers)) == (status, None)


def test_beyond_loopback_a_token_is_needed() -> None:
    async def talk() -> None:
        with pytest.raises(UnguardedError):
            async with listening(Script(), "0.0.0.0:0", None):
                pass
        async with listening(Script(THE_MANUALS), "0.0.0.0:0", TOKEN) as port:
            assert (await told(port, request(authorization=f"Bearer {TOKEN}")))[0] == 200

    run(talk())


@pytest.mark.parametrize("address", ["::1", "fe80::1", "localhost", "192.168.0.7"])
def test_an_ipv6_address_stands_in_brackets(address: str) -> None:
    written = f"[{address}]" if ":" in address else address
    assert host_and_port(f"{written}:8080") == (address, 8080)


def test_an_address_that_is_taken_is_an_error_of_the_system() -> None:
    async def talk() -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError, match="address already in use"):
            async with listening(Script(), f"127.0.0.1:{taken.getsockname()[1]}", None):
                pass

    run(talk())


def test_an_address_that_is_given_back_is_taken_then(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", listener.__name__)

    async def talk() -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            async with listening_when_possible(Script(THE_MANUALS), f"127.0.0.1:{port}", None):
                await passes(listener.RETRY_S * 3.5)
                taken.close()
                await passes(listener.RETRY_S)
                assert (await told(port, request()))[0] == 200
            with pytest.raises(ConnectionRefusedError):
                await told(port, request())

    run(talk())
    assert [record.levelname for record in caplog.records] == ["ERROR", "INFO"]
    assert "Address already in use" in caplog.records[0].message


def test_an_address_that_needs_a_token_is_not_tried_again() -> None:
    async def talk() -> None:
        with pytest.raises(UnguardedError):
            async with listening_when_possible(Script(), "0.0.0.0:0", None):
                pass

    run(talk())


# -- bodies ------------------------------------------------------------------------------------------------------------


def test_a_body_that_waits_for_a_word_gets_it() -> None:
    async def talk() -> None:
        async with listening(Script(THE_MANUALS), "127.0.0.1:0", TOKEN) as port, connected(port) as connection:
            head = request(expect="100-continue", authorization=f"Bearer {TOKEN}").removesuffix(BODY)
            connection.writer.write(head)
            assert await connection.reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
            connection.writer.write(BODY)
            assert (await connection.reply())[0] == 200

    run(talk())


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, (401, "invalid_api_key")),
        ({"authorization": f"Bearer {TOKEN}", "content_type": "text/plain"}, (415, None)),
        ({"authorization": f"Bearer {TOKEN}", "content_length": str(10**9)}, (413, "request_too_big")),
    ],
)
def test_a_body_that_is_not_wanted_is_never_sent(headers: dict[str, str], expected: tuple[int, str | None]) -> None:
    assert refused(request(b"", headers, expect="100-continue"), TOKEN) == expected


def test_a_body_that_does_not_come_is_given_up() -> None:
    assert refused(request(BODY[:-1], content_length=str(len(BODY)))) == (408, None)


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "identity, gzip"])
def test_a_body_that_would_have_to_be_unpacked_is_refused(coding: str) -> None:
    assert refused(request(b"no gzip", content_encoding=coding)) == (415, None)


def test_a_body_that_is_refused_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    def unpack(*_: object) -> None:
        raise AssertionError("it is unpacked")

    monkeypatch.setattr("aiohttp.compression_utils.ZLibDecompressor.decompress_sync", unpack)
    assert refused(request(gzip.compress(BODY), content_encoding="gzip"), TOKEN) == (401, "invalid_api_key")


def test_a_body_whose_coding_says_that_it_is_as_it_is_is_read() -> None:
    assert answered(request(content_encoding="Identity"))


def test_large_bodies_take_turns_and_small_ones_do_not_wait_for_them() -> None:
    async def talk() -> None:
        large = b" " * (server.SMALL_BODY_BYTES + 1)
        responder = Script(THE_MANUALS)
        async with listening(responder, "127.0.0.1:0", None) as port:
            unfinished = [await asyncio.open_connection("127.0.0.1", port) for _ in range(server.LARGE_BODIES_LIMIT)]
            for _, writer in unfinished:
                writer.write(request(large + BODY)[:-1])
            async with connected(port) as waits:
                waits.writer.write(request(large + BODY))
                for _ in range(20):
                    assert (await told(port, request()))[0] == 200
                assert len(responder.asks) == 20
                for _, writer in unfinished:
                    writer.close()
                assert (await waits.reply())[0] == 200

    asyncio.run(asyncio.wait_for(talk(), 20))


@pytest.mark.parametrize("first", [Delta("a"), Reasoning("a")])
def test_the_connection_of_an_answer_that_broke_off_is_closed(first: Delta | Reasoning) -> None:
    async def talk() -> bytes:
        cut = Outcome(OutcomeKind.CUT_OFF, text="a", problem=Problem(Code.GAP_TIMEOUT, "stalled"))
        async with listening(Script([first, cut]), "127.0.0.1:0", None) as port, connected(port) as connection:
            connection.writer.write(request(json.dumps(question("x", stream=True)).encode()))
            async with asyncio.timeout(server.IDLE_LIMIT_S / 2):  # by then one that is kept would still be open
                return await connection.reader.read()

    said = run(talk())
    assert b'data: {"error":' in said
    assert b"[DONE]" not in said
    assert said.endswith(b"\r\n0\r\n\r\n")  # it is the answer that broke, not the connection


# -- connections -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("said", [b"", b"\r\n\r\n", b"\r\n\r\nGET / HTTP/1.1\r\n"])
def test_a_connection_that_says_nothing_is_closed(said: bytes) -> None:
    async def talk() -> float:
        async with listening(Script(), "127.0.0.1:0", None) as port, connected(port) as connection:
            connection.writer.write(said)
            start = asyncio.get_running_loop().time()
            assert await connection.is_closed()
            return asyncio.get_running_loop().time() - start

    assert run(talk()) == pytest.approx(entrance.HEAD_LIMIT_S, abs=0.5)


def test_a_head_that_drips_is_given_up() -> None:
    async def talk() -> float:
        async with listening(Script(), "127.0.0.1:0", None) as port, connected(port) as connection:
            start = asyncio.get_running_loop().time()
            for byte in request():
                connection.writer.write(bytes([byte]))
                await passes(1.0)
                if connection.reader.at_eof():
                    break
            assert await connection.is_closed()
            return asyncio.get_running_loop().time() - start

    assert run(talk()) <= entrance.HEAD_LIMIT_S + 2


def test_a_head_in_pieces_is_a_head() -> None:
    async def talk() -> None:
        async with listening(Script(THE_MANUALS), "127.0.0.1:0", None) as port, connected(port) as connection:
            for byte in request():
                connection.writer.write(bytes([byte]))
                await passes(0.01)
            assert (await connection.reply())[0] == 200

    run(talk())


def test_a_head_without_end_is_no_request() -> None:
    async def talk() -> int:
        async with listening(Script(), "127.0.0.1:0", None) as port, connected(port) as connection:
            connection.writer.write(b"GET / HTTP/1.1\r\nx: " + b"y" * (entrance.HEAD_LIMIT_BYTES + 1))
            return int((await connection.reader.readline()).split()[1])

    assert run(talk()) == 400


def test_a_head_of_many_lines_has_no_more_time_than_another() -> None:
    lines = b"".join(b"x%d: %b\r\n" % (number, b"y" * 8000) for number in range(9))  # each is within its limit

    async def talk() -> float:
        async with listening(Script(), "127.0.0.1:0", None) as port, connected(port) as connection:
            start = asyncio.get_running_loop().time()
            connection.writer.write(b"GET / HTTP/1.1\r\n" + lines)
            assert (await connection.reply())[0] == 400
            assert await connection.is_closed()
            return asyncio.get_running_loop().time() - start

    assert run(talk()) <= entrance.HEAD_LIMIT_S + 0.5


def test_empty_lines_before_a_request_are_none_of_it() -> None:
    assert answered(b"\r\n\r\n" + request())


def test_the_next_head_on_a_connection_has_its_time_too() -> None:
    async def talk() -> float:
        async with listening(Script(THE_MANUALS), "127.0.0.1:0", None) as port, connected(port) as connection:
            for _ in range(2):
                connection.writer.write(request())
                assert (await connection.reply())[0] == 200
            start = asyncio.get_running_loop().time()
            connection.writer.write(request()[:40])
            assert await connection.is_closed()
            return asyncio.get_running_loop().time() - start

    assert run(talk()) == pytest.approx(server.IDLE_LIMIT_S, abs=1)


def test_one_connection_too_many_is_closed_as_it_comes() -> None:
    async def talk() -> None:
        async with listening(Script(THE_MANUALS), "127.0.0.1:0", None) as port:
            opened = [await asyncio.open_connection("127.0.0.1", port) for _ in range(listener.CONNECTIONS_LIMIT)]
            async with connected(port) as one_more:
                assert await one_more.is_closed()
            first = Connection(*opened[0])
            first.writer.write(request())
            assert (await first.reply())[0] == 200
            for _, writer in opened:
                writer.close()
                await writer.wait_closed()
            assert (await told(port, request()))[0] == 200

    run(talk())


def test_a_connection_whose_client_takes_nothing_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listener, "WRITE_LIMIT_S", 0.1)
    monkeypatch.setattr(listener, "CONNECTIONS_LIMIT", 1)
    listed = request(b"", method="GET", path="/v1/models")

    async def talk() -> int:
        async with listening(Script(models=["m" * 100_000]), "127.0.0.1:0", None) as port:
            with socket.socket() as silent:
                silent.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                silent.connect(("127.0.0.1", port))
                silent.sendall(listed * 100)  # pipelined: more comes back than any buffer holds
                while True:  # real time passes: the kernel counts it
                    try:
                        return (await told(port, listed))[0]
                    except (ConnectionError, asyncio.IncompleteReadError):
                        """The only place is still taken."""

    assert asyncio.run(asyncio.wait_for(talk(), 20)) == 200


def test_the_end_closes_whatever_is_open() -> None:
    async def talk() -> None:
        responder = Stepwise()
        async with listening(responder, "127.0.0.1:0", None) as port:
            silent, asking = [Connection(*await asyncio.open_connection("127.0.0.1", port)) for _ in range(2)]
            asking.writer.write(request())
            await responder.started.wait()
        for connection in (silent, asking):
            assert await connection.is_closed()
            connection.writer.close()
        assert responder.stopped.is_set()

    run(talk())
