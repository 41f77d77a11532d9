"""Browser glasses by the daemon as a process: a page in Python over a real WebSocket is camera, display and buttons."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiohttp
from http_cameras import picture
from pages import Page, Socket, serving
from running import LIMIT_S

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine

    from running import Daemon, ModelServer

CONFIG = """
model: {{endpoints: [{{url: "{url}", vision: some-model}}]}}
camera: {{driver: {camera}, fresh: 1s, choice: {{window: 0ms}}}}
buttons: [{{driver: web}}]
displays: [{{driver: web}}]
triggers: [{{when: main press, ask: "What is this?"}}, {{when: main double, do: clear}}]
language: en
"""


def clock() -> float:
    """The page's performance.now(): it began some time, and is not the board's."""
    return time.monotonic() * 1000 - 5_000_000 % 77_777


@asynccontextmanager
async def on_glasses(daemon: Daemon, **options: Any) -> AsyncIterator[Page]:
    """Open a page on a pair of glasses, and come again while no driver waits for it."""
    connector = aiohttp.UnixConnector(str(daemon.socket))
    async with aiohttp.ClientSession("http://localhost", connector=connector) as session:
        while True:
            async with session.ws_connect("/api/sockets/web") as socket:
                page = Page(Socket(socket), clock, **options)
                async with serving(page):
                    if not await page.let_in():
                        continue
                    yield page
                    return


def run(daemon: Daemon, main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a test's own part, within a limit, and end the daemon, which has nothing to complain of."""

    async def limited() -> None:
        async with asyncio.timeout(3 * LIMIT_S):
            await main()

    asyncio.run(limited())
    assert daemon.stop() == 0
    assert not [line for line in daemon.log.all if "Traceback" in line or "ERROR" in line]


def pictures_of(body: dict[str, Any]) -> list[bytes]:
    """Return the pictures of a request."""
    parts = body["messages"][-1]["content"]
    urls = [part["image_url"]["url"] for part in parts if part["type"] == "image_url"]
    return [base64.b64decode(url.partition(",")[2]) for url in urls]


async def until_ready(daemon: Daemon, state: str = "ready") -> dict[str, Any]:
    """Wait until each device stands so, and return the status."""
    while True:
        status: dict[str, Any] = json.loads((await asyncio.to_thread(daemon.get, "/api/status"))[1])
        if all(device["state"] == state for device in status["devices"]):
            return status
        await asyncio.sleep(0.05)


def test_a_press_in_the_page_asks_about_the_frame_of_that_instant_and_the_answer_comes_in_order(
    start: Callable[..., Daemon], model: ModelServer
) -> None:
    daemon = start(CONFIG.format(url=model.url, camera="web"))

    async def main() -> None:
        async with on_glasses(daemon) as page:
            await until_ready(daemon)
            seen = page.number
            await page.until_given(seen + 3)
            await page.press("Enter", at=page.sent[seen])
            _, body = await asyncio.to_thread(model.request)
            assert pictures_of(body) == [picture(seen)]
            for text in ("A green ", "door ", "is ajar."):
                model.say(text)
                await page.until_shows(text.strip())
            model.finish()
            last = await page.until("screen", mark="done")
            assert "A green door is ajar." in " ".join(last["lines"])
            ids = [screen["id"] for screen in page.screens]
            assert ids == sorted(ids)

    run(daemon, main)


def test_an_answer_outlives_its_page_a_pause_closes_the_camera_and_nonsense_ends_nothing_but_itself(
    start: Callable[..., Daemon], model: ModelServer
) -> None:
    daemon = start(CONFIG.format(url=model.url, camera="web"))

    async def main() -> None:
        async with on_glasses(daemon) as first:
            await until_ready(daemon)
            await first.press("Enter")
            await asyncio.to_thread(model.request)
            model.say("A green ")
            await first.until_shows("A green")
            async with on_glasses(daemon, first=1000) as second:  # the newest is the glasses
                await first.until("replaced")
                assert "A green" in " ".join((await second.until("screen"))["lines"])
                model.say("door")
                await second.until_shows("door")
        model.finish()  # with no page there: both have closed
        async with on_glasses(daemon, first=2000) as third:
            assert "A green door" in " ".join((await third.until("screen", mark="done"))["lines"])
            await until_ready(daemon)
            await asyncio.to_thread(daemon.glassd, "do", "pause")
            await third.until_looks(False)
            assert third.parts["camera"]["on"] is False
            await asyncio.to_thread(daemon.glassd, "do", "unpause")
            await third.until_looks(True)
            await third.wire.send("\x00 nonsense")
            assert "not understood" in (await third.until("refused"))["reason"]
        async with on_glasses(daemon, first=3000) as fourth:
            await until_ready(daemon)
            seen = fourth.number
            await fourth.until_given(seen + 3)
            await fourth.press("Enter", at=fourth.sent[seen])
            _, body = await asyncio.to_thread(model.request)
            assert pictures_of(body) == [picture(seen)]

    run(daemon, main)


def test_a_still_is_taken_for_the_press_and_none_before_it(start: Callable[..., Daemon], model: ModelServer) -> None:
    daemon = start(CONFIG.format(url=model.url, camera="web_still"))

    async def main() -> None:
        async with on_glasses(daemon, first=7) as page:
            await until_ready(daemon)
            await page.until_looks(True)
            assert page.sent == {}
            await page.press("touch")
            _, body = await asyncio.to_thread(model.request)
            assert pictures_of(body) == [picture(7)]

    run(daemon, main)
