"""GET /api/events in its three forms, over real sockets: for listeners who are slow, stalled, too many, or gone."""

from __future__ import annotations

import asyncio
import json
import socket
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any, cast

import aiohttp
import pytest
from aiohttp import web

from glassd.api import events, slow
from glassd.api.server import House, application
from glassd.events import BACKLOG_LIMIT_BYTES, Bus
from virtual import passes, run

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

STATUS = {"event": "status", "state": "idle"}
SCREEN = {"event": "screen", "display": "displays.0", "lines": ["门"]}
FORMS = ("lines", "server-sent", "socket")


class Daemon:
    """A house that is nothing but what happens."""

    def __init__(self) -> None:
        self.bus = Bus()

    def beginning(self) -> list[dict[str, Any]]:
        return [STATUS, SCREEN]


@asynccontextmanager
async def served(daemon: Daemon) -> AsyncIterator[tuple[str, web.AppRunner]]:
    """Serve the API of a daemon on loopback."""
    runner = web.AppRunner(application(cast("House", daemon), None), handler_cancellation=True, shutdown_timeout=0.5)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}", runner
    finally:
        await runner.cleanup()


Told = dict[str, Any]


@asynccontextmanager
async def listening(url: str, form: str) -> AsyncIterator[Callable[[], Any]]:
    """Yield what returns the next event in a form, None at the end."""
    url = f"{url}/api/events"
    async with aiohttp.ClientSession() as session:
        if form == "socket":
            async with session.ws_connect(url, max_msg_size=0) as far:

                async def message() -> Told | None:
                    got = await far.receive()
                    return json.loads(got.data) if got.type is aiohttp.WSMsgType.TEXT else None

                yield message
            return
        headers = {"Accept": "text/event-stream"} if form == "server-sent" else {}
        async with session.get(url, headers=headers) as response:
            assert response.headers["Cache-Control"] == "no-store"

            async def line() -> Told | None:
                while text := (await response.content.readuntil(b"\n")).decode():
                    if text.startswith("data: "):
                        return dict(json.loads(text[6:]))
                    if text.startswith("{"):
                        assert form == "lines"
                        return dict(json.loads(text))
                return None

            yield line


@pytest.mark.parametrize("form", FORMS)
def test_each_form_begins_with_how_things_stand_and_goes_on_with_what_happens(form: str) -> None:
    async def main() -> list[Told | None]:
        daemon = Daemon()
        async with served(daemon) as (url, runner), listening(url, form) as following:
            told = [await following(), await following()]
            daemon.bus.publish({"event": "delta", "ask": "api-1", "text": "a\nb"})
            told.append(await following())
            stop = asyncio.create_task(runner.cleanup())
            told.append(await following())
            await stop
            return told

    assert run(main()) == [STATUS, SCREEN, {"event": "delta", "ask": "api-1", "text": "a\nb"}, None]


def test_a_browser_is_told_each_events_kind_and_to_listen_again_soon() -> None:
    async def main() -> bytes:
        async with served(Daemon()) as (url, _), aiohttp.ClientSession() as session:
            headers = {"Accept": "text/event-stream"}
            async with session.get(f"{url}/api/events", headers=headers) as response:
                assert response.headers["Content-Type"] == "text/event-stream"
                return await response.content.readuntil(b"data: ")

    assert run(main()) == b"retry: 1000\n\nevent: status\ndata: "


@pytest.mark.parametrize(("form", "sign"), [("lines", b"\n"), ("server-sent", b":\n\n")])
def test_a_stream_in_which_nothing_happens_gives_a_sign_of_life(form: str, sign: bytes) -> None:
    async def main() -> tuple[bytes, float]:
        async with served(Daemon()) as (url, _), aiohttp.ClientSession() as session:
            headers = {"Accept": "text/event-stream"} if form == "server-sent" else {}
            async with session.get(f"{url}/api/events", headers=headers) as response:
                while b"displays.0" not in (line := await response.content.readuntil(b"\n")):
                    assert line
                if form == "server-sent":
                    await response.content.readuntil(b"\n")
                before = asyncio.get_running_loop().time()
                said = await response.content.readexactly(len(sign))
                return said, asyncio.get_running_loop().time() - before

    said, after = run(main())
    assert said == sign
    assert after == pytest.approx(events.HEARTBEAT_S, abs=0.5)


def test_a_socket_in_which_nothing_happens_is_pinged_and_one_that_does_not_answer_is_let_go() -> None:
    async def main() -> int:
        daemon = Daemon()
        async with served(daemon) as (url, _), aiohttp.ClientSession() as session:
            async with session.ws_connect(f"{url}/api/events", autoping=False) as far:
                while (got := await far.receive()).type is aiohttp.WSMsgType.TEXT:
                    assert daemon.bus.listened
                assert got.type is aiohttp.WSMsgType.PING
                await far.receive()  # no pong
            await passes(1)
            return daemon.bus.listened

    assert not run(main())


def test_what_a_listener_says_is_passed_over_and_its_going_is_noticed() -> None:
    async def main() -> None:
        daemon = Daemon()
        async with served(daemon) as (url, _), aiohttp.ClientSession() as session:
            async with session.ws_connect(f"{url}/api/events") as far:
                await far.send_str("hello")
                daemon.bus.publish({"event": "scene"})
                assert [(await far.receive()).type for _ in range(3)] == [aiohttp.WSMsgType.TEXT] * 3
                assert daemon.bus.listened
            await passes(1)
            assert not daemon.bus.listened

    run(main())


async def stalled(url: str, form: str) -> socket.socket:
    """Return a listener that reads nothing, not even the head."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 * 1024)
    connection.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(connection, ("127.0.0.1", int(url.rpartition(":")[2])))
    upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    heads = {
        "lines": "",
        "server-sent": "Accept: text/event-stream\r\n",
        "socket": f"{upgrade}Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n",
    }
    head = f"GET /api/events HTTP/1.1\r\nHost: 127.0.0.1\r\n{heads[form]}\r\n"
    await loop.sock_sendall(connection, head.encode())
    return connection


@pytest.mark.parametrize("form", FORMS)
def test_one_that_is_stalled_harms_none_of_the_others_and_is_let_go(form: str) -> None:
    count = 2000

    async def main() -> None:
        daemon = Daemon()
        async with served(daemon) as (url, _), AsyncExitStack() as stack:
            stuck = await stalled(url, form)
            others = [await stack.enter_async_context(listening(url, other)) for other in FORMS]
            for following in others:
                assert [await following(), await following()] == [STATUS, SCREEN]
            with stuck:
                most = 0
                for number in range(count):
                    daemon.bus.publish({"event": "delta", "ask": "api-1", "text": "x" * 2000, "number": number})
                    for following in others:
                        got = await following()
                        assert got is not None
                        assert got["number"] == number
                    most = max(most, *(sum(len(e.json) for e in s._backlog) for s in daemon.bus._subscriptions))
                assert BACKLOG_LIMIT_BYTES / 2 < most <= BACKLOG_LIMIT_BYTES
                assert len(daemon.bus._subscriptions) == 1 + len(FORMS)
                await passes(slow.WRITE_LIMIT_S + 1)
                assert len(daemon.bus._subscriptions) == len(FORMS)

    run(main())


def test_so_many_may_listen_and_one_more_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "LISTENERS_LIMIT", 3)

    async def main() -> None:
        async with served(Daemon()) as (url, _), aiohttp.ClientSession() as session:
            async with AsyncExitStack() as stack:
                for form in FORMS:
                    following = await stack.enter_async_context(listening(url, form))
                    await following()
                async with session.get(f"{url}/api/events") as refused:
                    assert refused.status == 503
                    assert (await refused.json())["error"]["code"] == "busy"
                with pytest.raises(aiohttp.WSServerHandshakeError, match="503"):
                    await session.ws_connect(f"{url}/api/events")
            await passes(1)
            async with listening(url, "socket") as following:
                assert await following() == STATUS

    run(main())


@pytest.mark.parametrize("form", FORMS)
def test_a_stop_does_not_wait_for_one_that_is_stalled(form: str) -> None:
    async def main() -> float:
        daemon = Daemon()
        async with served(daemon) as (url, runner):
            with await stalled(url, form):
                for number in range(500):
                    daemon.bus.publish({"event": "delta", "text": "x" * 2000, "number": number})
                    await passes(0.001)
                before = asyncio.get_running_loop().time()
                await runner.cleanup()
                return asyncio.get_running_loop().time() - before

    assert run(main()) < 1.7
