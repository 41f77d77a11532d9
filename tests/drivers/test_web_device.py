"""The page of the glasses as it comes, goes, falls silent and is replaced; pages that are hostile or broken."""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack, suppress
from typing import TYPE_CHECKING, Any

import pytest
from http_cameras import picture
from hypothesis import given, settings
from hypothesis import strategies as st
from pages import Gone, Page, Pipe, made, opened, page_at, virtual_host

from glassd_drivers.contracts import DriverError, Screen, TransientFault
from glassd_drivers.web.device import ABSENCE_LIMIT_S, CHANNELS_LIMIT, NAME
from glassd_drivers.web.messages import PICTURE_LIMIT_BYTES, TEXT_LIMIT_CHARS
from glassd_drivers.web.page import BURST, SEND_LIMIT_S, SHOWN_LIMIT_S, SILENCE_LIMIT_S
from glassd_drivers.web.role import OPEN_LIMIT_S
from virtual import START, passes, run

if TYPE_CHECKING:
    from glassd_drivers.contracts import Role
    from glassd_drivers.host import Host

ROLES: tuple[Role, ...] = ("cameras", "buttons", "displays")


async def all_opened(stack: AsyncExitStack, host: Host) -> list[Any]:
    """Open the three drivers at once, as the daemon does."""
    drivers = [made(role, host) for role in ROLES]
    return list(await asyncio.gather(*(stack.enter_async_context(opened(driver)) for driver in drivers)))


async def lost(driver: Any) -> str:
    """Use a driver as the daemon does, and return the fault that ends that."""
    try:
        for name in ("frames", "edges"):
            if hasattr(driver, name):
                async for _ in getattr(driver, name)():
                    pass
        await driver.watch()
    except TransientFault as fault:
        return str(fault)
    raise AssertionError("watch ends by a fault alone")


# -- pages that come and go --------------------------------------------------------------------------------------------


def test_a_driver_that_comes_back_before_the_others_have_left_waits_for_new_glasses() -> None:
    async def main() -> None:
        host = virtual_host()
        display, buttons = made("displays", host), made("buttons", host)
        async with page_at(host):
            await asyncio.gather(display.open(), buttons.open())
        await lost(display)
        await display.close()
        opening = asyncio.create_task((display := made("displays", host)).open())
        await passes(1.0)
        assert not opening.done()
        await buttons.close()
        async with page_at(host):
            await opening
        await display.close()

    run(main())


@pytest.mark.parametrize("role", ROLES)
def test_without_a_page_the_driver_waits_and_then_says_what_to_do(role: Role) -> None:
    async def main() -> float:
        driver = made(role, virtual_host())
        with pytest.raises(TransientFault, match=r"no page of glasses is open: open /glasses of this board on them"):
            await driver.open()
        await driver.close()
        return asyncio.get_running_loop().time() - START

    assert round(run(main()), 3) == OPEN_LIMIT_S


def test_one_page_is_all_three_and_is_told_of_each_part_as_it_opens_and_closes() -> None:
    async def main() -> None:
        host = virtual_host()
        async with page_at(host) as page, AsyncExitStack() as stack:
            camera, buttons, display = await all_opened(stack, host)
            parts = page.parts
            assert (parts["camera"]["on"], parts["display"]["profile"]["name"]) == (True, "glass3")
            assert parts["buttons"]["map"]["Enter"] == "main"
            await camera.close()
            await page.until_looks(False)
            assert page.parts["camera"] == {**parts["camera"], "on": False}
            await buttons.close()
            await page.until_no_part("buttons")
            await display.show(Screen(("still here",)))
            await stack.enter_async_context(opened(made("cameras", host)))
            assert page.looks
            await display.close()
            await page.until_no_part("display")

    run(main())


@pytest.mark.parametrize("how", ["closes", "falls silent", "takes nothing"])
def test_a_page_that_is_gone_is_told_to_all_in_the_same_words_after_a_moment_in_which_it_could_come_back(
    how: str,
) -> None:
    async def main() -> tuple[float, set[str]]:
        loop = asyncio.get_running_loop()
        host = virtual_host()
        async with page_at(host) as page, AsyncExitStack() as stack:
            drivers = await all_opened(stack, host)
            reading = [asyncio.create_task(lost(driver)) for driver in drivers]
            await passes(5.0)
            began = loop.time()
            if how == "closes":
                await page.wire.close()
            elif how == "falls silent":
                page.answers = page.gives = False
            else:
                assert isinstance(page.wire, Pipe)
                page.wire.stalled.set()
            faults = set(await asyncio.gather(*reading))
            return loop.time() - began, faults

    took, faults = run(main())
    (fault,) = faults
    limit = {"closes": 0.0, "falls silent": SILENCE_LIMIT_S, "takes nothing": SEND_LIMIT_S + 1.0}[how]
    assert took <= limit + ABSENCE_LIMIT_S + 0.01
    words = {"closes": "gone: gone", "falls silent": "nothing was heard of it for 6 s", "takes nothing": "took nothing"}
    assert words[how] in fault


def test_a_page_that_comes_back_in_time_gets_the_screen_whole_and_no_driver_hears_of_it() -> None:
    async def main() -> None:
        host = virtual_host()
        async with AsyncExitStack() as stack:
            async with page_at(host) as page:
                drivers = await all_opened(stack, host)
                await drivers[2].show(Screen(("as it stands",)))
                reading = [asyncio.create_task(lost(driver)) for driver in drivers]
                await page.wire.close()
            await passes(ABSENCE_LIMIT_S - 0.2)
            async with page_at(host, ahead_s=5.0) as again:
                assert (await again.until("screen"))["lines"] == ["as it stands"]
                assert again.looks
                await passes(30.0)
                assert not any(task.done() for task in reading)
                for task in reading:
                    task.cancel()
                await asyncio.wait(reading)

    run(main())


def test_the_newest_page_takes_over_with_the_screen_and_the_one_before_is_told() -> None:
    async def main() -> None:
        host = virtual_host()
        async with page_at(host) as old, AsyncExitStack() as stack:
            camera, _, display = await all_opened(stack, host)
            frames = camera.frames()
            await display.show(Screen(("as it stands",)))
            async with page_at(host, ahead_s=-500.0, first=1000) as new:
                assert (await new.until("screen"))["lines"] == ["as it stands"]
                await old.until("replaced")
                await old.until("closed")
                assert not old.looks
                await display.show(Screen(("and on",)))
                assert [screen["lines"] for screen in new.screens] == [["as it stands"], ["and on"]]
                assert [screen["lines"] for screen in old.screens] == [["as it stands"]]
                while (await anext(frames)).data != picture(1003):
                    pass

    run(main())


def test_a_screen_that_is_on_its_way_when_a_page_closes_is_shown_by_the_next_one() -> None:
    async def main() -> None:
        host = virtual_host()
        async with AsyncExitStack() as stack:
            async with page_at(host) as page:
                display = await stack.enter_async_context(opened(made("displays", host)))
                page.paints = False
                showing = asyncio.create_task(display.show(Screen(("the end",), must_show=True)))
                await page.until_shows("the end")
                await page.wire.close()
            async with page_at(host) as again:
                await showing
                assert again.screens[-1]["lines"] == ["the end"]

    run(main())


def test_a_page_that_paints_nothing_is_let_go_of_and_one_that_does_shows_the_newest() -> None:
    async def main() -> None:
        host = virtual_host()
        async with page_at(host) as page, opened(made("displays", host)) as display:
            await display.show(Screen(("first",)))
            page.paints = False
            showing = asyncio.create_task(display.show(Screen(("second",))))
            await passes(SHOWN_LIMIT_S - 0.1)
            assert not showing.done()
            await page.until("closed")
            async with page_at(host) as again:
                await showing
                assert again.screens[-1]["lines"] == ["second"]

    run(main())


def test_screens_that_are_overtaken_before_they_left_are_not_sent() -> None:
    async def main() -> None:
        host = virtual_host()
        async with page_at(host) as page, opened(made("displays", host)) as display:
            await page.until_part("display")
            await asyncio.gather(*(display.show(Screen((str(number),))) for number in range(20)))
            assert [screen["lines"] for screen in page.screens] == [["19"]]

    run(main())


def test_a_screen_has_no_more_rows_than_the_profile_and_nothing_that_steers() -> None:
    async def main() -> None:
        host = virtual_host()
        async with page_at(host) as page, opened(made("displays", host)) as display:
            await display.show(Screen(("a\x1b[31mb\u202e\ud800c", *map(str, range(20)))))
            assert page.screens[-1]["lines"] == ["a[31mbc", *map(str, range(9))]

    run(main())


# -- pages that are hostile or broken ----------------------------------------------------------------------------------


async def goes_on(host: Host, display: Any) -> None:
    """Make sure that a page that does as it should is let in and served."""
    async with page_at(host) as good:
        await good.until_part("display")
        await display.show(Screen(("goes on",)))
        assert good.screens[-1]["lines"] == ["goes on"]


async def refusal(page: Page) -> str:
    """Return why the page was refused; it is closed then."""
    reason: str = (await page.until("refused"))["reason"]
    await page.until("closed")
    return reason


HOSTILE: dict[str, tuple[bytes | str, str]] = {
    "noise": ("\x00\x01", "not understood"),
    "another type": ('{"type":"rob"}', "Invalid value 'rob'"),
    "twice hello": ('{"type":"hello","version":1,"screen":{"width":1,"height":1}}', "hello already"),
    "too long": ("x" * (TEXT_LIMIT_CHARS + 1), "4096 are the most"),
    "too deep": ('{"type":"lost","x":' + "[" * 3000, "not understood"),
    "a picture without its line": (b"\xff\xd8" * 500, "without its line"),
    "a picture that is too large": (b'{"at":1}\n' + bytes(PICTURE_LIMIT_BYTES + 1), "over 8 MiB"),
}


@pytest.mark.parametrize(("message", "words"), HOSTILE.values(), ids=HOSTILE)
def test_what_is_not_understood_ends_the_page_with_the_reason_and_the_next_is_let_in(
    message: bytes | str, words: str
) -> None:
    async def main() -> None:
        host = virtual_host()
        async with page_at(host) as page, opened(made("displays", host)) as display:
            await page.wire.send(message)
            reason = await refusal(page)
            assert words in reason
            assert reason.isprintable()
            await goes_on(host, display)

    run(main())


def test_a_flood_of_messages_is_cut_off_and_what_came_after_counts_no_more() -> None:
    async def main() -> None:
        host = virtual_host()
        async with page_at(host) as page, opened(made("displays", host)) as display:
            with suppress(asyncio.TimeoutError):
                async with asyncio.timeout(1.0):
                    for _ in range(2 * BURST):
                        await page.say("lost")
            assert "over 200 messages a second" in await refusal(page)
            await goes_on(host, display)

    run(main())


def test_as_many_messages_as_a_busy_page_sends_are_no_flood() -> None:
    async def main() -> None:
        host = virtual_host()
        async with page_at(host) as page, opened(made("displays", host)) as display:
            for _ in range(1000):
                await page.say("lost")
                await passes(1 / 150)
            await display.show(Screen(("goes on",)))

    run(main())


@pytest.mark.parametrize(
    ("greeting", "words"),
    [
        ({"version": 2}, "version 2, this board 1: reload the page"),
        ({"screen": None}, "not understood"),
        ({"type": "lost"}, "the first message is to be hello"),
    ],
)
def test_a_greeting_that_is_none_is_refused_and_disturbs_nobody(greeting: dict[str, Any], words: str) -> None:
    async def main() -> None:
        host = virtual_host()
        async with page_at(host) as good, opened(made("displays", host)) as display:
            pipe = Pipe()
            assert host.offer(NAME, pipe.board)
            await pipe.send(
                json.dumps({"type": "hello", "version": 1, "screen": {"width": 1, "height": 1}, **greeting})
            )
            assert words in json.loads(await pipe.receive())["reason"]
            with pytest.raises(Gone):
                await pipe.receive()
            await display.show(Screen(("goes on",)))
            assert good.screens[-1]["lines"] == ["goes on"]

    run(main())


def test_connections_that_say_nothing_make_room_for_those_that_do() -> None:
    async def main() -> None:
        host = virtual_host()
        async with page_at(host) as page, opened(made("displays", host)) as display:
            await page.until_part("display")
            mute = [Pipe() for _ in range(CHANNELS_LIMIT + 2)]
            for pipe in mute:
                assert host.offer(NAME, pipe.board)
                await passes(0.01)
            await display.show(Screen(("meanwhile",)))
            await passes(20.0)
            assert all(pipe.closed.is_set() for pipe in mute)
            await goes_on(host, display)

    run(main())


class Slow:
    """A channel of a page that says nonsense, and takes its time to close."""

    closing = most = 0

    async def receive(self) -> str:
        return "nonsense"

    async def send(self, message: bytes | str) -> None:
        """Nobody reads it."""

    async def close(self) -> None:
        Slow.closing += 1
        Slow.most = max(Slow.most, Slow.closing)
        await passes(0.5)
        Slow.closing -= 1


def test_connections_that_are_slow_to_close_keep_their_places_until_they_are_closed() -> None:
    async def main() -> None:
        host = virtual_host()
        async with page_at(host) as page, opened(made("displays", host)) as display:
            await page.until_part("display")
            for _ in range(6 * CHANNELS_LIMIT):
                host.offer(NAME, Slow())
                await passes(0.01)
            await passes(10.0)
            assert Slow.closing == 0 < Slow.most < CHANNELS_LIMIT
            await goes_on(host, display)

    run(main())


@pytest.mark.parametrize("turns", range(6))
def test_a_connection_that_comes_as_the_glasses_close_is_closed_too(turns: int) -> None:
    async def main() -> None:
        host, pipe = virtual_host(), Pipe()
        async with page_at(host) as page:
            async with opened(made("displays", host)):
                await page.until_part("display")
                assert host.offer(NAME, pipe.board)
                for _ in range(turns):
                    await asyncio.sleep(0)
            assert pipe.closed.is_set()

    run(main())


ANY_MESSAGE: st.SearchStrategy[bytes | str] = st.one_of(
    st.binary(max_size=60),
    st.text(max_size=60),
    st.builds(
        json.dumps,
        st.fixed_dictionaries(
            {"type": st.sampled_from(["pong", "edge", "lost", "camera", "shown", "failed"])},
            optional={
                "id": st.integers(-1, 40),
                "at": st.floats(0, 1e12, allow_nan=False),
                "button": st.sampled_from(["Enter", "touch", "x"]),
                "down": st.booleans(),
                "state": st.sampled_from(["granted", "denied", "prompt", "failed"]),
                "take": st.integers(0, 3),
            },
        ),
    ),
    st.builds(
        lambda at, take, data: json.dumps({"at": at, "take": take}).encode() + b"\n" + data,
        st.floats(0, 1e12),
        st.none() | st.integers(0, 3),
        st.sampled_from([b"", b"\xff\xd8", picture(1), picture(2), picture(3)[:-9]]),
    ),
)


@settings(max_examples=50)
@given(st.lists(ANY_MESSAGE, max_size=25))
def test_whatever_a_page_says_the_drivers_have_true_instants_or_a_fault_and_the_next_page_is_served(
    said: list[bytes | str],
) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        host = virtual_host()

        async def read(driver: Any, name: str) -> None:
            last = 0.0
            with suppress(DriverError):
                async for one in getattr(driver, name)():
                    assert last <= one.instant <= loop.time()
                    last = one.instant

        async with AsyncExitStack() as stack:
            async with page_at(host) as page:
                camera, buttons, display = await all_opened(stack, host)
                reading = [asyncio.create_task(read(camera, "frames")), asyncio.create_task(read(buttons, "edges"))]
                for message in said:
                    await page.wire.send(message)
                    await passes(0.01)
            await goes_on(host, display)
            for task in reading:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

    run(main())
