"""The live picture: the newest frames as MJPEG, for viewers who are slow, too many, or gone."""

from __future__ import annotations

import asyncio
import itertools
import json
import socket
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, cast

import aiohttp
import pytest
from aiohttp import web
from http_cameras import number_of, picture

from glassd.answer import AskError, Problem
from glassd.api import live
from glassd.api.server import House, application
from glassd.messages.codes import Code
from glassd_drivers.cameras.multipart import MultipartParser, Part, boundary_of
from glassd_drivers.contracts import Frame
from virtual import START, passes, run

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

FPS = 30
PADDING = b"\xff\xd9" + bytes(60_000)


class Scene:
    """A house whose camera gives a new picture FPS times a second, each with its number; until it is closed."""

    def __init__(self, *, padded: bool = False) -> None:
        self.closed = asyncio.Event()
        self.absent = False
        self.quiet = False
        self._padding = PADDING if padded else b""

    async def newer(self, instant: float) -> Frame | None:
        if self.absent:
            return None
        clock = asyncio.get_running_loop().time
        while not self.closed.is_set():
            number = int((clock() - START) * FPS)
            if START + number / FPS > instant and not self.quiet:
                return Frame(picture(number) + self._padding, "image/jpeg", 64, 48, START + number / FPS, "camera")
            await passes(1 / FPS)
        raise AskError(Problem(Code.PAUSED, "paused"))


@asynccontextmanager
async def served(scene: Scene) -> AsyncIterator[tuple[str, web.AppRunner]]:
    """Serve the API of a daemon that is nothing but its camera, on loopback."""
    runner = web.AppRunner(application(cast("House", scene), None))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}", runner
    finally:
        await runner.cleanup()


@asynccontextmanager
async def viewed(scene: Scene, query: str = "", **session: Any) -> AsyncIterator[aiohttp.ClientResponse]:
    """Lend the answer to one viewer of a scene."""
    async with (
        served(scene) as (url, _),
        aiohttp.ClientSession(**session) as viewer,
        viewer.get(f"{url}/api/live{query}") as response,
    ):
        yield response


async def numbers(response: aiohttp.ClientResponse) -> AsyncIterator[int]:
    """Yield the numbers of the pictures in a live answer, as its viewer sees them."""
    assert response.status == 200
    assert response.headers["Cache-Control"] == "no-store"
    parser = MultipartParser(boundary_of(response.headers["Content-Type"]) or "", 1_000_000)
    async for chunk in response.content.iter_any():
        for part in parser.feed(chunk, 0.0):
            assert isinstance(part, Part)
            assert part.headers["content-type"] == "image/jpeg"
            yield number_of(part.data)


def test_a_viewer_gets_the_newest_frames_at_its_rate_until_the_camera_is_away() -> None:
    async def main() -> list[int]:
        scene = Scene()
        seen = []
        async with viewed(scene, "?fps=3") as response:
            async for number in numbers(response):
                seen.append(number)
                if len(seen) == 5:
                    scene.closed.set()
        return seen

    seen = run(main())
    assert len(seen) == 5
    assert [later - earlier for earlier, later in itertools.pairwise(seen)] == [10, 10, 10, 10]


def test_a_slow_viewer_misses_the_older_frames() -> None:
    async def main() -> list[int]:
        seen: list[int] = []
        async with served(Scene(padded=True)) as (url, _):
            connection = socket.socket()
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
            connection.setblocking(False)
            loop = asyncio.get_running_loop()
            await loop.sock_connect(connection, ("127.0.0.1", int(url.rpartition(":")[2])))
            with connection:
                await loop.sock_sendall(connection, b"GET /api/live?fps=30 HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n")
                parser = MultipartParser(live.BOUNDARY, 1_000_000)
                awake = False
                while not seen or seen[-1] < FPS * 5:
                    for part in parser.feed(await loop.sock_recv(connection, 65536), 0.0):
                        assert isinstance(part, Part)
                        seen.append(number_of(part.data))
                    if seen and not awake:
                        await passes(5.0)
                        awake = True
        return seen

    old = [number for number in run(main()) if number < FPS * 5]
    assert len(old) < 12, "it was sent what had been in view long before"


def test_a_viewer_that_takes_nothing_is_let_go() -> None:
    async def main() -> None:
        async with viewed(Scene(padded=True), "?fps=30", read_bufsize=1024) as response:
            await passes(60)
            with pytest.raises(aiohttp.ClientError):
                await read_to_the_end(response)

    async def read_to_the_end(response: aiohttp.ClientResponse) -> None:
        async for _ in numbers(response):
            """What was still on its way."""

    run(main())


def test_as_many_as_may_watch_and_one_who_leaves_makes_room() -> None:
    async def main() -> None:
        async with served(Scene()) as (url, _), aiohttp.ClientSession() as session:
            viewers = [await session.get(f"{url}/api/live") for _ in range(live.VIEWERS_LIMIT)]
            async with session.get(f"{url}/api/live") as refused:
                assert refused.status == 503
                assert (await refused.json())["error"]["code"] == "busy"
            viewers[0].close()
            await passes(1)
            async with session.get(f"{url}/api/live") as response:
                assert await anext(numbers(response)) > 0
            for viewer in viewers:
                viewer.close()

    run(main())


def test_a_stop_ends_every_view_at_once() -> None:
    async def main() -> float:
        async with (
            served(Scene()) as (url, runner),
            aiohttp.ClientSession() as session,
            session.get(f"{url}/api/live?fps=0.1") as response,
        ):
            await anext(numbers(response))
            before = asyncio.get_running_loop().time()
            await runner.cleanup()
            return asyncio.get_running_loop().time() - before

    assert run(main()) < 0.1, "the stop waited for who watches"


@pytest.mark.parametrize(("state", "code"), [("absent", "no_camera"), ("quiet", "no_picture"), ("closed", "paused")])
def test_without_a_first_picture_the_answer_is_an_error_with_its_code(state: str, code: str) -> None:
    async def main() -> tuple[int, Any]:
        scene = Scene()
        scene.absent, scene.quiet = state == "absent", state == "quiet"
        if state == "closed":
            scene.closed.set()
        async with viewed(scene) as response:
            return response.status, json.loads(await response.read())["error"]["code"]

    assert run(main()) == (503, code)


@pytest.mark.parametrize("fps", ["0", "31", "-1", "nan", "inf", "fast"])
def test_a_rate_that_cannot_be_is_refused(fps: str) -> None:
    async def main() -> tuple[int, str]:
        async with viewed(Scene(), f"?fps={fps}") as response:
            return response.status, json.loads(await response.read())["error"]["message"]

    assert run(main()) == (400, "fps: a number from 0.1 to 30")
