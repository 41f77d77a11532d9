"""The camera of browser glasses, as a stream and as stills: whose picture, of when, and what is said without one."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from http_cameras import number_of, picture
from pages import made, opened, page_at, virtual_host

from glassd_drivers.cameras.web import BURST, SILENCE_LIMIT_S
from glassd_drivers.cameras.web_still import TAKE_LIMIT_S
from glassd_drivers.contracts import TransientFault
from glassd_drivers.web.role import OPEN_LIMIT_S
from virtual import passes, run

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from pages import Page

    from glassd_drivers.contracts import Frame

WORDS = {
    "denied": "the page has no leave to use the camera: allow it in the browser's settings",
    "none": "the browser has no such camera",
    "insecure": "only to https and to localhost",
    "busy": "another app has the camera",
    "failed": "cannot open its camera",
    "prompt": "waits for leave to use the camera: allow it on the glasses",
    "hidden": "not in front",
}
TROUBLES = ("denied", "none", "insecure", "busy", "failed")


def instant_of(page: Page, number: int) -> float:
    """Return when the picture of a number was taken, by the board's clock."""
    return page.sent[number] / 1000 - (page.clock() / 1000 - asyncio.get_running_loop().time())


async def next_number(frames: AsyncIterator[Frame]) -> int:
    return number_of((await anext(frames)).data)


async def to_the_end(frames: AsyncIterator[Frame]) -> None:
    async for _ in frames:
        pass


# -- a stream ----------------------------------------------------------------------------------------------------------


def test_the_page_is_asked_for_what_the_config_says_and_its_pictures_have_their_own_instants() -> None:
    async def main() -> None:
        host = virtual_host()
        config: dict[str, Any] = {"size": "640x480", "fps": 20, "quality": 70, "facing": "user"}
        async with page_at(host, ahead_s=-300.0) as page, opened(made("cameras", host, **config)) as camera:
            asked = {"mode": "stream", "width": 640, "height": 480, "fps": 20, "quality": 70, "facing": "user"}
            assert page.parts["camera"] == {**asked, "on": True}
            frames = camera.frames()
            for _ in range(40):
                frame = await anext(frames)
                number = number_of(frame.data)
                assert (frame.data, frame.media_type, frame.width) == (picture(number), "image/jpeg", 64)
                assert frame.instant == pytest.approx(instant_of(page, number), abs=0.001)
                assert frame.source == "cameras"

    run(main())


def test_a_picture_that_was_held_up_on_its_way_is_of_when_it_was_taken() -> None:
    async def main() -> None:
        host = virtual_host()
        async with page_at(host) as page, opened(made("cameras", host)) as camera:
            frames = camera.frames()
            await next_number(frames)
            page.gives = False
            await passes(1.0)
            taken = page.clock()
            await passes(0.8)
            number = await page.give(at=taken)
            while number_of((frame := await anext(frames)).data) != number:
                pass
            assert frame.instant == pytest.approx(asyncio.get_running_loop().time() - 0.8, abs=0.001)

    run(main())


def test_what_is_no_whole_jpeg_or_not_newer_than_the_last_is_dropped() -> None:
    async def main() -> None:
        host = virtual_host()
        async with page_at(host) as page, opened(made("cameras", host)) as camera:
            frames = camera.frames()
            await next_number(frames)
            page.gives = False
            await passes(1.0)
            for wrong in (b"", b"GIF89a", picture(1)[:-9], b"\x89PNG\r\n\x1a\n" + bytes(50), b"\xff\xd8\xff\xd9"):
                await page.give(data=wrong)
            await page.give(at=page.clock() - 60_000)
            whole = await page.give()
            while (number := await next_number(frames)) != whole:
                assert number < whole - 6
            await passes(0.1)

    run(main())


def test_pictures_that_come_faster_than_was_asked_for_are_dropped_unread() -> None:
    async def main() -> int:
        host = virtual_host()
        async with page_at(host) as page, opened(made("cameras", host, fps=5)) as camera:
            page.gives = False
            seen: list[int] = []

            async def read() -> None:
                async for frame in camera.frames():
                    seen.append(number_of(frame.data))  # noqa: PERF401  a comprehension would never end

            reading = asyncio.create_task(read())
            for _ in range(100):
                await page.give()
                await passes(0.01)
            reading.cancel()
            await asyncio.wait([reading])
            return len(seen)

    assert run(main()) <= 1 + BURST + 2 * 5


@pytest.mark.parametrize("state", WORDS)
@pytest.mark.parametrize("name", ["web", "web_still"])
def test_a_camera_that_may_not_be_used_is_waited_for_with_what_to_do_and_comes_as_soon_as_it_may(
    name: str, state: str
) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        host = virtual_host()
        async with page_at(host, camera=state) as page, opened(made("displays", host)):
            camera = made("cameras", host, name)
            with pytest.raises(TransientFault, match=WORDS[state]):
                await camera.open()
            await camera.close()
            opening = asyncio.create_task((camera := made("cameras", host, name)).open())
            await page.until_wanted()
            await passes(OPEN_LIMIT_S / 2)
            assert not opening.done()
            granted = loop.time()
            await page.stands("granted")
            await page.look()
            await opening
            assert loop.time() - granted < 0.2
            await camera.close()
            await page.until_looks(False)

    run(main())


@pytest.mark.parametrize("state", TROUBLES)
@pytest.mark.parametrize("name", ["web", "web_still"])
def test_leave_that_is_taken_back_while_the_camera_is_open_is_its_loss(name: str, state: str) -> None:
    async def main() -> None:
        host = virtual_host()
        async with page_at(host) as page, opened(made("cameras", host, name)) as camera:
            await page.stands(state, "NotAllowedError: \x1b[31m\nsaid so")
            with pytest.raises(TransientFault, match=rf"{WORDS[state]}.*\(NotAllowedError: \[31m said so\)"):
                await (to_the_end(camera.frames()) if name == "web" else camera.watch())

    run(main())


def test_a_page_that_is_there_and_gives_no_pictures_is_told_after_a_while_with_the_reason() -> None:
    async def main() -> None:
        host = virtual_host()
        async with page_at(host) as page, opened(made("cameras", host)) as camera:
            frames = camera.frames()
            await next_number(frames)
            await page.stands("hidden")
            page.gives = False
            with pytest.raises(TransientFault, match=rf"no picture came for {SILENCE_LIMIT_S:g} s: the page is not in"):
                await to_the_end(frames)

    run(main())


def test_pictures_of_a_closed_camera_are_nobodys() -> None:
    async def main() -> None:
        host = virtual_host()
        async with page_at(host) as page, opened(made("displays", host)):
            async with opened(made("cameras", host)):
                pass
            await page.until_looks(False)
            stray = await page.give()
            await passes(1.0)
            async with opened(made("cameras", host)) as camera:
                assert await next_number(camera.frames()) > stray

    run(main())


# -- stills ------------------------------------------------------------------------------------------------------------


def test_a_still_is_taken_when_it_is_asked_for_and_nothing_is_sent_in_between() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        host = virtual_host()
        async with page_at(host) as page, opened(made("cameras", host, "web_still")) as camera:
            await page.until_looks(True)
            await passes(20.0)
            assert page.sent == {}
            for number in (1, 2):
                frame = await camera.take(loop.time())
                assert frame.data == picture(number)
                assert frame.instant == pytest.approx(loop.time(), abs=0.001)
                await passes(3.0)
            assert (await camera.take(loop.time() - 2.9)).data == picture(2)

    run(main())


async def breaks(page: Page, take: int) -> None:
    await page.give(take, b"\xff\xd8 no whole one")


async def fails(page: Page, take: int) -> None:
    await page.say("failed", take=take, reason="the lens\nis shut")


async def says_nothing(page: Page, take: int) -> None:
    """It may have crashed."""


ENDS: list[tuple[Any, str]] = [
    (breaks, r"the page gave no whole picture \(.*\): look at it"),
    (fails, r"the page gave no picture \(the lens is shut\): look at it"),
    (says_nothing, rf"the page gave no picture within {TAKE_LIMIT_S:g} s"),
]


@pytest.mark.parametrize(("ends", "words"), ENDS)
def test_a_still_that_does_not_come_is_told_and_the_next_one_does(ends: Any, words: str) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        host = virtual_host()
        async with page_at(host) as page, opened(made("cameras", host, "web_still")) as camera:
            page.gives = False
            taking = asyncio.create_task(camera.take(loop.time()))
            await ends(page, (await page.until("take"))["id"])
            with pytest.raises(TransientFault, match=words):
                await taking
            page.gives = True
            assert (await camera.take(loop.time())).instant == pytest.approx(loop.time(), abs=0.001)

    run(main())


async def given_up_and_asked_again(page: Page, camera: Any) -> tuple[int, asyncio.Task[Any]]:
    """Have a still be asked for and given up, and another be waited for; return the first one's id and the second."""
    loop = asyncio.get_running_loop()
    taking = asyncio.create_task(camera.take(loop.time()))
    given_up: int = (await page.until("take"))["id"]
    taking.cancel()
    await asyncio.wait([taking])
    return given_up, asyncio.create_task(camera.take(loop.time()))


def test_a_still_that_nobody_waits_for_any_more_is_not_that_of_the_next_press() -> None:
    async def main() -> None:
        host = virtual_host()
        async with page_at(host) as page, opened(made("cameras", host, "web_still")) as camera:
            page.gives = False
            given_up, taking = await given_up_and_asked_again(page, camera)
            wanted = (await page.until("take"))["id"]
            await page.give(given_up)
            await page.give()
            number = await page.give(wanted)
            assert number_of((await taking).data) == number

    run(main())


def test_a_still_is_asked_of_the_page_that_takes_over() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        host = virtual_host()
        async with page_at(host) as old, opened(made("cameras", host, "web_still")) as camera:
            old.gives = False
            taking = asyncio.create_task(camera.take(loop.time()))
            await old.until("take")
            async with page_at(host, first=500):
                assert (await taking).data == picture(500)

    run(main())


def test_a_still_that_nobody_waits_for_takes_no_other_from_the_page_that_takes_over() -> None:
    async def main() -> None:
        host = virtual_host()
        async with page_at(host) as old, opened(made("cameras", host, "web_still")) as camera:
            old.gives = False
            given_up, taking = await given_up_and_asked_again(old, camera)
            await old.until("take", id=given_up + 1)
            await old.give(given_up)
            await passes(0.1)
            async with page_at(host, first=500):
                assert (await taking).data == picture(500)

    run(main())
