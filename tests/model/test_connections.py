"""Connections are there before the press is: opened ahead, kept, opened again; and the ways that a config can set."""

from __future__ import annotations

import asyncio
import base64
import logging
import socket
import ssl
from contextlib import aclosing, suppress
from typing import TYPE_CHECKING, Any, Self

import pytest
import trustme
from asking import PICTURE, ask, client, connections_to, gather, model, outcome_of, problem_of
from fault_server import Certificates, FaultServer, Line, sends, well
from replay import Answer, Replay
from streams import STREAMS

from glassd.answer import Outcome, OutcomeKind, Sent
from glassd.config.keys import KeyMissingError
from glassd.messages.codes import Code
from glassd.model.connections import HEAD_START_S, IDLE_S, LEAST_LIFE_S, PROBE_AFTER_S, RECENT_S
from glassd.model.endpoints import targets
from glassd.model.errors import problem
from glassd_drivers.contracts import Frame
from virtual import passes, run

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from glassd.model.client import Client

GOOD = Answer(STREAMS["manual_streamed"].body)
SILENCE_S = 61.0
"""Longer than most servers and every other client keep a connection."""


@pytest.fixture(autouse=True)
def _aiohttp_on_the_loops_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aiohttp.connector.monotonic", lambda: asyncio.get_running_loop().time())


async def until(true: Callable[[], bool]) -> None:
    """Let the loop turn until something is so; give up after virtual seconds."""
    async with asyncio.timeout(5):
        while not true():
            await passes(0.01)


async def settled() -> None:
    """Let all happen that needs no time."""
    await passes(0.1)


async def answered(opened: Client) -> Outcome:
    outcome = (await gather(opened))[-1]
    assert isinstance(outcome, Outcome)
    assert outcome.kind is OutcomeKind.FINISHED
    return outcome


# -- opened ahead ------------------------------------------------------------------------------------------------------


def test_a_connection_that_was_opened_ahead_takes_the_next_ask_and_carried_no_request_before() -> None:
    async def main() -> None:
        async with Replay(GOOD) as server, client(model(server.url)) as opened:
            opened.warm()
            await until(lambda: server.connections == 1)
            await settled()
            assert server.requests == []
            await answered(opened)
            assert (server.connections, len(server.requests)) == (1, 1)

    run(main())


def test_opening_ahead_again_does_nothing_while_one_is_opened_and_while_one_stands() -> None:
    async def main() -> None:
        async with Replay(GOOD) as server, client(model(server.url)) as opened:
            for _ in range(3):
                opened.warm()
            await settled()
            opened.warm()
            await settled()
            assert server.connections == 1

    run(main())


def test_an_ask_waits_for_the_connection_that_is_just_being_opened() -> None:
    async def main() -> None:
        async with Replay(GOOD) as server, client(model(server.url)) as opened:
            opened.warm()
            await answered(opened)
            assert server.connections == 1

    run(main())


def test_a_press_during_an_answer_has_a_connection_of_its_own_ahead() -> None:
    async def main() -> None:
        async with Replay(Answer([30.0], end="stall"), GOOD) as server, client(model(server.url)) as opened:
            first = asyncio.create_task(gather(opened), name="the first ask")
            await server.asked.wait()
            opened.warm()
            await settled()
            assert server.connections == 2
            await answered(opened)
            assert server.connections == 2
            first.cancel()
            with suppress(asyncio.CancelledError):
                await first

    run(main())


def test_the_way_is_opened_to_whichever_would_be_asked_first() -> None:
    def find_key(name: str) -> str:
        raise KeyMissingError(f"no credential {name}")

    async def main() -> None:
        async with Replay(GOOD) as keyed, Replay(GOOD) as words, Replay(GOOD) as eyes, Replay(GOOD) as behind:
            of = model(
                {"url": keyed.url, "vision": "v", "key": "cloud"},
                {"url": words.url, "text": "t"},
                eyes.url,
                behind.url,
                "reader",
            )
            async with client(of, find_key=find_key, reader_socket="/nowhere") as opened:
                opened.warm()
                await settled()
            assert [server.connections for server in (keyed, words, eyes, behind)] == [0, 0, 1, 0]

    run(main())


def test_an_endpoint_that_rests_is_tried_as_well_and_its_rest_ends_where_the_way_is_back() -> None:
    async def main() -> None:
        async with Replay(GOOD) as first, Replay(GOOD) as second:
            of = model(first.url, second.url)
            async with client(of) as opened:
                resting = targets(of.endpoints, ask())[0]
                opened.health.failed(resting, problem(Code.CONNECT_TIMEOUT, "no connection"))
                assert opened.health.resting(resting) is not None
                opened.warm()
                await settled()
                assert opened.health.resting(resting) is None
                assert (first.connections, second.connections) == (1, 1)

    run(main())


@pytest.mark.parametrize("url", ["http://host\\name/v1", "http://ä..ö/v1", f"http://{'ü' * 70}/v1"])
def test_an_address_that_no_resolver_takes_is_told_and_costs_the_other_endpoints_nothing(url: str) -> None:
    async def main() -> None:
        assert problem_of(await outcome_of(model(url))).code is Code.ADDRESS_WRONG
        async with Replay(GOOD) as server, client(model(url, server.url)) as opened:
            opened.warm()
            await answered(opened)

    run(main())


def test_a_way_that_cannot_be_opened_ahead_is_told_to_nobody_but_the_debug_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def main() -> None:
        async with Replay(GOOD) as server:
            url = server.url
        async with client(model(url)) as opened:
            opened.warm()
            await settled()
            assert opened.health.status() == []

    caplog.set_level(logging.DEBUG)
    run(main())
    assert {record.levelno for record in caplog.records if record.name.startswith("glassd")} == {logging.DEBUG}


def test_closing_the_client_ends_what_is_being_opened_and_what_is_kept() -> None:
    async def main() -> None:
        before = asyncio.all_tasks()
        async with Replay(GOOD) as server:
            never = model(f"https://127.0.0.1:{server.port}/v1")  # it waits for HTTP: TLS never stands
            async with client(never) as opening, client(model(server.url)) as kept:
                opening.warm()
                kept.warm()
                await until(lambda: server.connections == 2)
                closed = asyncio.get_running_loop().time()
            assert asyncio.get_running_loop().time() == closed
        assert {task for task in asyncio.all_tasks() if "open a connection" in task.get_name()} == set()
        assert asyncio.all_tasks() >= before

    run(main())


def hanging(folder: Path) -> FaultServer:
    """Return a server whose TLS never stands, on the connections that come before it is mended."""
    certificates = Certificates(folder)
    return FaultServer(sends(then="stall"), at="connection", certificate="none", certificates=certificates)


@pytest.mark.parametrize("asks", [1, 16])
def test_asks_that_wait_for_an_opening_that_hangs_take_another_connection(asks: int, tmp_path: Path) -> None:
    async def main() -> None:
        async with hanging(tmp_path) as server:
            of = model({"url": server.url(), "vision": "v", "ca": str(tmp_path / "authority.pem")})
            async with client(of) as opened:
                opened.warm()
                await until(lambda: server.connections == 1)
                await server.mend()
                for outcome in await asyncio.gather(*[answered(opened) for _ in range(asks)]):
                    assert outcome.timings.done == pytest.approx(HEAD_START_S, abs=0.01)
                assert server.connections == asks + 1

    run(main())


def test_a_way_that_hangs_costs_an_ask_no_more_than_its_deadline_though_it_is_just_being_opened(
    tmp_path: Path,
) -> None:
    async def main() -> None:
        hangs, good = hanging(tmp_path), Replay(GOOD)
        async with hangs as server, good as behind, client(model(server.url(), behind.url)) as opened:
            opened.warm()
            await passes(2.0)
            outcome = await answered(opened)
            assert outcome.endpoint == behind.url
            assert outcome.timings.done == pytest.approx(3.0, abs=0.01)

    run(main())


# -- whether the network is back ---------------------------------------------------------------------------------------


def test_an_endpoint_that_takes_a_connection_is_reachable_and_the_ask_that_was_waited_for_takes_it() -> None:
    async def main() -> None:
        async with Replay(GOOD) as server, client(model("http://127.0.0.1:1/v1", server.url)) as opened:
            assert await opened.reachable()
            assert (server.connections, len(server.requests)) == (1, 0)
            await answered(opened)
            assert server.connections == 1

    run(main())


def test_a_connection_that_was_kept_proves_nothing_a_new_one_is_opened() -> None:
    async def main() -> None:
        async with Replay(GOOD) as server, client(model(server.url)) as opened:
            await answered(opened)
            await passes(LEAST_LIFE_S + 1)
            assert await opened.reachable()
            await settled()
            assert server.connections == 2

    run(main())


def test_an_answer_that_is_under_way_loses_nothing_by_the_question_whether_the_network_is_there() -> None:
    whole = STREAMS["manual_streamed"].body

    async def main() -> None:
        async with Replay(Answer([whole[:40], 5.0, whole[40:]])) as server, client(model(server.url)) as opened:
            asked = asyncio.create_task(answered(opened), name="the ask")
            await server.asked.wait()
            assert await opened.reachable()
            await asked

    run(main())


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/v1", "http://no.such.host.invalid/v1", "http://host\\name/v1"])
def test_what_takes_no_connection_is_not_reachable(url: str) -> None:
    async def main() -> None:
        async with client(model(url, "reader"), reader_socket="/nowhere") as opened:
            assert not await opened.reachable()

    run(main())


def test_a_way_that_hangs_is_waited_for_no_longer_than_connect_and_beside_the_others(tmp_path: Path) -> None:
    async def main() -> None:
        before = asyncio.all_tasks()
        loop = asyncio.get_running_loop()
        async with hanging(tmp_path) as server, client(model(server.url())) as opened:
            start = loop.time()
            assert not await opened.reachable()
            assert loop.time() - start == pytest.approx(3.0, abs=0.01)
        hangs, good = hanging(tmp_path), Replay(GOOD)
        async with hangs as server, good as behind, client(model(server.url(), behind.url)) as opened:
            start = loop.time()
            assert await opened.reachable()
            assert loop.time() - start == pytest.approx(0, abs=0.01)
        await settled()
        assert asyncio.all_tasks() <= before

    run(main())


def test_a_proxy_without_a_way_on_is_no_network() -> None:
    async def main() -> None:
        async with Proxy(refuses=b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n") as proxy:
            of = model({"url": "https://127.0.0.1:1", "vision": "v", "proxy": proxy.url})
            async with client(of) as opened:
                assert not await opened.reachable()

    run(main())


def test_the_reader_alone_is_no_network_nor_is_a_host_that_is_not_allowed_nor_a_client_that_is_closed() -> None:
    async def main() -> None:
        async with client(model({"url": "reader"}), reader_socket="/nowhere") as opened:
            assert not await opened.reachable()
        async with Replay(GOOD) as server:
            async with client(model(server.url), allow_hosts=["else.example"]) as opened:
                assert not await opened.reachable()
            assert server.connections == 0
            assert not await opened.reachable()

    run(main())


# -- kept and opened again ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("silence", [SILENCE_S, RECENT_S, IDLE_S - 1])
def test_an_ask_after_a_long_silence_pays_for_no_connection(silence: float) -> None:
    async def main() -> None:
        async with Replay(GOOD) as server, client(model(server.url)) as opened:
            await answered(opened)
            await passes(silence)
            await answered(opened)
            assert (server.connections, len(server.requests)) == (1, 2)

    run(main())


@pytest.mark.parametrize("idle", [5.0, 60.0, 75.0])
def test_a_connection_that_the_server_closes_is_opened_again_before_the_next_ask(idle: float) -> None:
    async def main() -> None:
        async with Replay(GOOD) as server, client(model(server.url)) as opened:
            await answered(opened)
            for closed in range(1, 4):
                await passes(idle)
                server.drop_connections()
                await until(lambda closed=closed: server.connections == closed + 1)  # type: ignore[misc]  # bound early
            connections = server.connections
            await answered(opened)
            assert server.connections == connections

    run(main())


def test_long_after_the_last_press_only_the_next_one_opens_a_connection_again() -> None:
    async def main() -> None:
        async with Replay(GOOD) as server, client(model(server.url)) as opened:
            opened.warm()
            await passes(RECENT_S + 1)
            server.drop_connections()
            await passes(SILENCE_S)
            assert server.connections == 1
            opened.warm()
            await until(lambda: server.connections == 2)
            await answered(opened)
            assert server.connections == 2

    run(main())


def test_a_server_that_closes_at_once_is_not_hammered() -> None:
    async def main() -> None:
        async with Replay(GOOD) as server, client(model(server.url)) as opened:
            opened.warm()
            await until(lambda: server.connections == 1)
            await passes(LEAST_LIFE_S / 2)
            server.drop_connections()
            await passes(SILENCE_S)
            assert server.connections == 1

    run(main())


def test_one_kept_connection_that_is_found_dead_speaks_for_all_of_them() -> None:
    async def script(line: Line) -> None:
        if not dead.is_set():
            await line.body()
            await all_asked.wait()
            await well(line)
        elif line in old:
            line.reset()
        else:
            await line.body()
            await well(line)
        old.add(line) if not dead.is_set() else None

    dead, all_asked, old = asyncio.Event(), asyncio.Event(), set[Line]()

    async def main() -> None:
        async with FaultServer(script, at="head") as server, client(model(server.url())) as opened:
            asks = [asyncio.create_task(answered(opened), name="an ask") for _ in range(5)]
            await until(lambda: server.requests == 5)
            all_asked.set()
            await asyncio.gather(*asks)
            dead.set()
            await answered(opened)
            assert (server.connections, server.requests) == (6, 7)

    run(main())


def test_sixteen_asks_at_once_have_a_connection_each_which_the_next_ones_take() -> None:
    async def main() -> None:
        async with Replay(Answer([1.0, GOOD.body])) as server, client(model(server.url)) as opened:  # type: ignore[list-item]  # bytes
            opened.warm()
            for _ in range(3):
                await asyncio.gather(*[answered(opened) for _ in range(16)])
            assert (server.connections, len(server.requests)) == (16, 48)

    run(main())


def test_a_storm_of_edges_opens_one_connection_and_leaves_no_task() -> None:
    async def main() -> None:
        async with Replay(GOOD) as server, client(model(server.url)) as opened:
            for _ in range(1000):
                opened.warm()
                await asyncio.sleep(0)
            await settled()
            assert server.connections == 1
            assert [task for task in asyncio.all_tasks() if "open a connection" in task.get_name()] == []

    run(main())


def test_an_idle_connection_is_probed_so_that_one_that_died_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[socket.socket] = []
    real = socket.socket

    def noted(*args: Any, **more: Any) -> socket.socket:
        made.append(real(*args, **more))
        return made[-1]

    async def main() -> None:
        async with Replay(GOOD) as server, client(model(server.url)) as opened:
            with monkeypatch.context() as patched:
                patched.setattr("glassd.model.connections.socket.socket", noted)
                await answered(opened)
            (ours,) = [each for each in made if each.fileno() >= 0 and each.getpeername()[1] == server.port]
            assert ours.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
            assert ours.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == PROBE_AFTER_S
            assert ours.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1

    run(main())


def test_a_deadline_past_all_that_the_kernel_can_count_is_one_all_the_same() -> None:
    async def main() -> None:
        async with Replay(GOOD) as server, client(model(server.url, first=1e9)) as opened:
            await answered(opened)

    run(main())


# -- TLS ---------------------------------------------------------------------------------------------------------------


class Authority:
    """A private certificate authority: a server's context, and the file that makes a client trust it."""

    def __init__(self, folder: Path) -> None:
        authority = trustme.CA()
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(self.context)
        self.file = str(folder / "ca.pem")
        authority.cert_pem.write_to_path(self.file)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


def test_asks_over_tls_share_one_connection_and_the_request_is_known_to_have_left(authority: Authority) -> None:
    async def main() -> None:
        async with Replay(Answer([2.0, GOOD.body]), tls=authority.context) as server:  # type: ignore[list-item]  # bytes
            of = model({"url": server.url, "vision": "v", "ca": authority.file})
            async with client(of) as opened:
                for _ in range(3):
                    timings = (await answered(opened)).timings
                    assert timings.sent is not None
                    assert timings.first_delta is not None
                    assert timings.sent < 1 < timings.first_delta
            assert (server.connections, len(server.requests)) == (1, 3)

    run(main())


def test_a_server_that_the_private_authority_does_not_vouch_for_is_refused(
    authority: Authority, tmp_path: Path
) -> None:
    stranger = Authority(tmp_path)

    async def main() -> None:
        async with Replay(GOOD, tls=stranger.context) as server:
            outcome = await outcome_of(model({"url": server.url, "vision": "v", "ca": authority.file}))
            assert (problem_of(outcome).code, server.requests) == (Code.TLS, [])

    run(main())


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_broken_file_of_certificates_is_told_in_one_line_and_costs_the_other_endpoints_nothing(
    content: str | None, tmp_path: Path
) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content, encoding="ascii")

    async def main() -> None:
        async with Replay(GOOD) as server:
            broken = {"url": "https://127.0.0.1:1/v1", "vision": "v", "ca": str(file)}
            trouble = problem_of(await outcome_of(model(broken)))
            assert trouble.code is Code.TLS
            assert str(file) in trouble.message
            assert "\n" not in trouble.message
            async with client(model(broken, server.url)) as opened:
                opened.warm()
                await answered(opened)

    run(main())


# -- proxies -----------------------------------------------------------------------------------------------------------


class Proxy:
    """An HTTP proxy: CONNECT, and requests with a whole URL; `refuses` is what it says instead."""

    def __init__(self, *, login: str = "", refuses: bytes = b"") -> None:
        self.heads: list[str] = []
        self.left = asyncio.Event()
        self._wanted = f"Basic {base64.b64encode(login.encode()).decode()}" if login else ""
        self._refuses = refuses
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.heads.append(head)
        method, where, _ = head.split(" ", 2)
        if self._refuses == b"silence":
            await reader.read()
            self.left.set()
        elif self._wanted and f"proxy-authorization: {self._wanted}".lower() not in head.lower():
            writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
        elif self._refuses:
            writer.write(self._refuses)
        elif method == "CONNECT":
            await self._join(reader, writer, where, b"HTTP/1.1 200 OK\r\n\r\n")
        else:
            await self._join(reader, writer, where.split("/")[2], b"", head)
        writer.close()

    async def _join(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, where: str, first: bytes, head: str = ""
    ) -> None:
        host, _, port = where.rpartition(":")
        onward, out = await asyncio.open_connection(host, int(port))
        writer.write(first)
        path = head.split(" ")[1].split("/", 3)[-1] if head else ""
        out.write(head.replace(head.split(" ")[1], f"/{path}", 1).encode() if head else b"")
        ways = [self._copy(reader, out), self._copy(onward, writer)]
        self._tasks |= {asyncio.ensure_future(way) for way in ways}
        await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
        out.close()

    async def _copy(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while piece := await source.read(64 * 1024):
                sink.write(piece)


LOGIN = {"proxy-login": "wearer:secret:word"}


@pytest.mark.parametrize("secure", [False, True], ids=["http", "https"])
def test_an_ask_goes_through_the_proxy_with_its_login_which_the_server_behind_never_sees(
    secure: bool, authority: Authority
) -> None:
    async def main() -> None:
        async with Replay(GOOD, tls=authority.context if secure else None) as server:
            async with Proxy(login=LOGIN["proxy-login"]) as proxy:
                endpoint = {"url": server.url, "vision": "v", "proxy": proxy.url, "proxy_login": "proxy-login"}
                of = model({**endpoint, "ca": authority.file})
                async with client(of, find_key=LOGIN.__getitem__) as opened:
                    opened.warm()
                    await settled()
                    for _ in range(2):
                        await answered(opened)
            assert [head.startswith("CONNECT") for head in proxy.heads] == [secure]
            assert (server.connections, len(server.requests)) == (1, 2)
            assert secure == ("proxy-authorization" not in server.requests[0].headers)

    run(main())


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("login", [None, "wearer:wrong"])
def test_a_proxy_that_wants_another_login_is_told_from_a_wrong_key(scheme: str, login: str | None) -> None:
    async def main() -> None:
        async with Proxy(login="wearer:right") as proxy:
            endpoint = {"url": f"{scheme}://127.0.0.1:1/v1", "vision": "v", "proxy": proxy.url}
            if login is not None:
                endpoint["proxy_login"] = "proxy-login"
            trouble = problem_of(await outcome_of(model(endpoint), find_key=lambda _: login or ""))
            assert trouble.code is Code.PROXY
            assert "407" in trouble.message
            assert "wrong" not in trouble.message

    run(main())


def test_a_proxy_that_refuses_is_silent_or_is_not_there_is_told_from_the_server() -> None:
    async def code(proxy: str) -> Code:
        return problem_of(await outcome_of(model({"url": "https://127.0.0.1:1", "vision": "v", "proxy": proxy}))).code

    async def main() -> None:
        async with Proxy(refuses=b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n") as refusing:
            assert await code(refusing.url) is Code.PROXY
        assert await code(refusing.url) is Code.PROXY  # nobody listens there any more
        async with Proxy(refuses=b"silence") as silent:  # it took the connection: what is slow is behind it
            assert await code(silent.url) is Code.CONNECT_TIMEOUT

    run(main())


def test_a_certificate_behind_a_proxy_is_the_servers_fault(authority: Authority) -> None:
    async def main() -> None:
        async with Replay(GOOD, tls=authority.context) as server, Proxy() as proxy:
            outcome = await outcome_of(model({"url": server.url, "vision": "v", "proxy": proxy.url}))
            assert problem_of(outcome).code is Code.TLS

    run(main())


@pytest.mark.parametrize(("login", "code"), [(None, Code.KEY_MISSING), ("no colon", Code.PROXY)])
def test_a_login_that_is_missing_or_none_costs_no_request(login: str | None, code: Code) -> None:
    def find_key(name: str) -> str:
        if login is None:
            raise KeyMissingError(f"no credential {name}")
        return login

    async def main() -> None:
        async with Proxy() as proxy, Replay(GOOD) as server:
            endpoint = {"url": server.url, "vision": "v", "proxy": proxy.url, "proxy_login": "proxy-login"}
            outcome = await outcome_of(model(endpoint), find_key=find_key)
            assert (problem_of(outcome).code, proxy.heads, server.connections) == (code, [], 0)

    run(main())


# -- which hosts -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("allowed", [["api.example.com"], ["127.0.0.1"]], ids=["neither", "the server alone"])
def test_nothing_is_sent_to_a_host_or_a_proxy_that_is_not_allowed(allowed: list[str]) -> None:
    async def main() -> None:
        async with Replay(GOOD) as server:
            endpoint = {"url": server.url, "vision": "v", "proxy": f"http://localhost:{server.port}"}
            async with client(model(endpoint), allow_hosts=allowed) as opened:
                opened.warm()
                await settled()
                outcome = (await gather(opened))[-1]
                assert isinstance(outcome, Outcome)
                assert (problem_of(outcome).code, server.connections) == (Code.NOT_ALLOWED, 0)

    run(main())


def test_an_allowed_host_is_asked_and_so_is_the_reader_which_is_no_host(tmp_path: Path) -> None:
    async def main() -> None:
        path = str(tmp_path / "reader")
        async with Replay(GOOD) as server, Replay(GOOD, path=path):
            assert (await outcome_of(model(server.url), allow_hosts=["127.0.0.1"])).kind is OutcomeKind.FINISHED
            outcome = await outcome_of(model(server.url, "reader"), allow_hosts=["other"], reader_socket=path)
            assert (outcome.kind, outcome.endpoint) == (OutcomeKind.FINISHED, "reader")

    run(main())


# -- stopping ----------------------------------------------------------------------------------------------------------


class Silent:
    """A server that takes connections and never says a word; `reads` or leaves what is sent lying."""

    def __init__(self, *, reads: bool = True) -> None:
        self.heard = 0
        self.began = asyncio.Event()
        self.left = asyncio.Event()
        self.goes_on = asyncio.Event()
        self._reads = reads

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=1024)
        self.host = f"127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            self.heard += len(await reader.read(1))
            self.began.set()
            if not self._reads:
                await self.goes_on.wait()
            while piece := await reader.read(64 * 1024):
                self.heard += len(piece)
        except ConnectionError:
            pass
        self.left.set()
        writer.close()


async def cancelled(opened: Client, when: Callable[[], Awaitable[object]], *pictures: Frame) -> None:
    asking = asyncio.create_task(gather(opened, ask("?", *pictures)), name="an ask")
    await when()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert asyncio.get_running_loop().time() == 1000


def test_cancelling_during_the_handshake_closes_the_connection() -> None:
    async def main() -> None:
        async with Silent() as server, client(model(f"https://{server.host}")) as opened:
            await cancelled(opened, server.began.wait)
            await asyncio.wait_for(server.left.wait(), 0.1)

    run(main())


def test_cancelling_while_a_proxy_connects_closes_the_connection() -> None:
    async def main() -> None:
        async with Silent() as proxy:
            endpoint = {"url": "https://127.0.0.1:1", "vision": "v", "proxy": f"http://{proxy.host}"}
            async with client(model(endpoint)) as opened:
                await cancelled(opened, proxy.began.wait)
                await asyncio.wait_for(proxy.left.wait(), 0.1)

    run(main())


def test_cancelling_an_upload_drops_what_was_not_sent_yet() -> None:
    big = Frame(bytes(16_000_000), "image/jpeg", 4000, 3000, 0.0, "camera")

    async def main() -> None:
        async with Silent(reads=False) as server, client(model(f"http://{server.host}")) as opened:
            await cancelled(opened, server.began.wait, big)
            await settled()
            assert connections_to(server.host) == 0  # though nothing was read, and much had been written
            server.goes_on.set()
            await asyncio.wait_for(server.left.wait(), 0.1)
            assert server.heard < len(big.data)

    run(main())


def test_closing_while_the_model_thinks_closes_the_connection() -> None:
    async def main() -> None:
        async with Silent() as server, client(model(f"http://{server.host}")) as opened:
            async with aclosing(opened.ask(ask("?", PICTURE))) as events:
                async for event in events:
                    assert isinstance(event, Sent)
                    break
            await asyncio.wait_for(server.left.wait(), 0.1)

    run(main())


def test_a_client_that_is_closed_while_asks_are_under_way_asks_nobody_else(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        async with Silent() as first, Replay(GOOD) as second:
            async with client(model(f"http://{first.host}", second.url)) as opened:
                asks = [asyncio.create_task(gather(opened), name="an ask") for _ in range(3)]
                await first.began.wait()
                await settled()
            for events in await asyncio.gather(*asks):
                assert isinstance(events[-1], Outcome)
                assert events[-1].kind is OutcomeKind.FAILED
            assert second.connections == 0
            assert connections_to(first.host) == 0

    run(main())
    assert [record for record in caplog.records if record.name.startswith(("asyncio", "aiohttp"))] == []


# -- answers without a stream ------------------------------------------------------------------------------------------

WHOLE = b'{"choices":[{"message":{"content":"a door"},"finish_reason":"stop"}]}'


def unstreamed(url: str) -> dict[str, Any]:
    return {"url": url, "vision": "v", "stream": False, "headers": {"X-Team": "glass"}}


def test_a_server_that_answers_whole_has_until_the_whole_deadline_to_begin() -> None:
    async def main() -> None:
        slow = Answer([30.0, WHOLE[:20], 4.0, WHOLE[20:]], content_type="application/json")
        async with Replay(slow) as server:
            outcome = await outcome_of(model(unstreamed(server.url)))
            assert (outcome.kind, outcome.text) == (OutcomeKind.FINISHED, "a door")
            assert outcome.timings.first_delta == pytest.approx(34)
            assert server.requests[0].headers["x-team"] == "glass"
            assert server.requests[0].json["stream"] is False

    run(main())


@pytest.mark.parametrize(
    ("begun", "code", "after"), [([], Code.WHOLE_TIMEOUT, 60), ([WHOLE[:20]], Code.GAP_TIMEOUT, 5)]
)
def test_a_server_that_answers_whole_and_stalls_has_a_deadline(begun: list[bytes], code: Code, after: float) -> None:
    async def main() -> None:
        stalled = Answer([*begun, 90.0], content_type="application/json", end="stall")
        async with Replay(stalled) as server:
            outcome = await outcome_of(model(unstreamed(server.url)))
            assert problem_of(outcome).code is code
            assert outcome.timings.done == pytest.approx(after, abs=0.01)

    run(main())
