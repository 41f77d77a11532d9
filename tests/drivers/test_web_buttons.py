"""The buttons of browser glasses: whose they are, their instants, their order, and what becomes of one that is held."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pages import made, opened, page_at, virtual_host

from glassd_drivers.buttons.web import KEYS, OLDEST_S
from glassd_drivers.contracts import Edge, EdgeKind, TransientFault
from virtual import passes, run

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from pages import Page

DOWN, UP, LOST = EdgeKind.DOWN, EdgeKind.UP, EdgeKind.LOST


async def next_edges(edges: AsyncIterator[Edge], count: int) -> list[tuple[str, EdgeKind]]:
    """Return the next edges without their instants."""
    return [(edge.button, edge.kind) for edge in [await anext(edges) for _ in range(count)]]


async def none_more(edges: AsyncIterator[Edge]) -> None:
    """Make sure that no edge comes; the iterator is then at its end."""
    waiting = asyncio.ensure_future(anext(edges))
    await passes(1.5)
    assert not waiting.done()
    waiting.cancel()


def test_each_key_is_its_button_and_what_is_no_button_stays_the_browsers() -> None:
    async def main() -> None:
        host = virtual_host()
        async with page_at(host) as page, opened(made("buttons", host)) as buttons:
            edges = buttons.edges()
            assert await page.until_part("buttons") == {"map": KEYS}
            for key, button in KEYS.items():
                await page.press("F5")
                await page.press(key)
                assert await next_edges(edges, 2) == [(button, DOWN), (button, UP)]

    run(main())


def test_the_configs_map_counts_alone_and_two_keys_of_one_button_are_one_press() -> None:
    async def main() -> None:
        host = virtual_host()
        keys = {"a": "main", "b": "main", "c": "back"}
        async with page_at(host) as page, opened(made("buttons", host, map=keys)) as buttons:
            edges = buttons.edges()
            await page.press("Enter")
            for key, down in (("a", True), ("b", True), ("a", False), ("b", False), ("c", True)):
                await page.edge(key, down=down)
            assert await next_edges(edges, 3) == [("main", DOWN), ("main", UP), ("back", DOWN)]

    run(main())


def test_repeats_of_a_held_key_and_a_release_without_its_press_are_no_edges() -> None:
    async def main() -> None:
        host = virtual_host()
        async with page_at(host) as page, opened(made("buttons", host)) as buttons:
            edges = buttons.edges()
            await page.edge("Enter", down=False)
            for _ in range(20):
                await page.edge("Enter", down=True)
            await page.edge("Enter", down=False)
            await page.edge("Escape", down=True)
            assert await next_edges(edges, 3) == [("main", DOWN), ("main", UP), ("back", DOWN)]

    run(main())


def test_an_edge_has_the_instant_at_which_it_happened_however_long_it_was_on_its_way() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        host = virtual_host()
        async with page_at(host) as page, opened(made("buttons", host)) as buttons:
            edges = buttons.edges()
            await passes(2.0)
            for delay in (0.0, 0.1, 0.9, 2.0):
                moved, at = loop.time(), page.clock()
                await passes(delay)
                await page.press("Enter", at=at)
                assert [round((await anext(edges)).instant - moved, 4) for _ in range(2)] == [0.0, 0.0]

    run(main())


@given(st.lists(st.tuples(st.booleans(), st.floats(-20_000, 20_000)), max_size=30))
def test_instants_keep_the_order_and_are_neither_old_nor_in_the_future(moves: list[tuple[bool, float]]) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        host = virtual_host()
        async with page_at(host) as page, opened(made("buttons", host)) as buttons:
            edges = buttons.edges()
            await passes(2.0)
            for down, off_ms in moves:
                await page.edge("Enter", down=down, at=page.clock() + off_ms)
            await passes(2.0)
            await page.press("Escape")
            last, edge = 0.0, await anext(edges)
            while edge.button != "back":
                assert last <= edge.instant <= loop.time()
                assert edge.kind is UP or edge.instant >= loop.time() - OLDEST_S - 2.5
                last, edge = edge.instant, await anext(edges)

    run(main())


def test_a_press_of_long_ago_is_none_of_now_nor_is_its_release() -> None:
    async def main() -> None:
        host = virtual_host()
        async with page_at(host) as page, opened(made("buttons", host)) as buttons:
            edges = buttons.edges()
            await passes(10.0)
            await page.press("Enter", at=page.clock() - OLDEST_S * 1000 - 100)
            await page.press("Escape")
            assert await next_edges(edges, 2) == [("back", DOWN), ("back", UP)]

    run(main())


@pytest.mark.parametrize("slept", [0.5, 3.0])
def test_after_the_pages_clock_has_stood_still_a_press_is_of_when_it_was(slept: float) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        host = virtual_host()
        async with page_at(host) as page, opened(made("buttons", host)) as buttons:
            edges = buttons.edges()
            await passes(5.0)
            page.answers = False
            await passes(slept)
            awake = page.clock
            page.clock = lambda: awake() - slept * 1000
            page.answers = True
            pressed = loop.time()
            await page.press("Enter")
            assert [round((await anext(edges)).instant - pressed, 2) for _ in range(2)] == [0.0, 0.0]

    run(main())


async def focus(page: Page) -> None:
    await page.edge("Escape", down=True)
    await page.say("lost")


async def leave(page: Page) -> None:
    await page.wire.close()


async def fall_silent(page: Page) -> None:
    page.answers = False


@pytest.mark.parametrize("how", [focus, leave, fall_silent])
def test_what_is_held_is_lost_with_the_focus_the_page_or_the_network(how: Any) -> None:
    async def main() -> None:
        host = virtual_host()
        async with page_at(host) as page, opened(made("buttons", host)) as buttons:
            edges = buttons.edges()
            await page.edge("Enter", down=True)
            assert await next_edges(edges, 1) == [("main", DOWN)]
            await how(page)
            if how is focus:
                assert await next_edges(edges, 3) == [("back", DOWN), ("main", LOST), ("back", LOST)]
                await page.edge("Enter", down=False)
                await page.press("Enter")
                assert await next_edges(edges, 2) == [("main", DOWN), ("main", UP)]
                return
            assert await next_edges(edges, 1) == [("main", LOST)]
            with pytest.raises(TransientFault, match="the page of the glasses is gone"):
                await anext(edges)

    run(main())


def test_what_was_held_on_the_page_before_is_lost_when_another_takes_over_and_the_driver_goes_on() -> None:
    async def main() -> None:
        host = virtual_host()
        async with page_at(host) as old, opened(made("buttons", host)) as buttons:
            edges = buttons.edges()
            await old.edge("Enter", down=True)
            assert await next_edges(edges, 1) == [("main", DOWN)]
            async with page_at(host, ahead_s=-900.0) as new:
                assert await next_edges(edges, 1) == [("main", LOST)]
                await old.until("closed")
                await new.press("Enter")
                assert await next_edges(edges, 2) == [("main", DOWN), ("main", UP)]

    run(main())


def test_edges_that_nobody_took_end_what_was_held() -> None:
    async def main() -> None:
        host = virtual_host()
        async with page_at(host) as page, opened(made("buttons", host)) as buttons:
            edges = buttons.edges()
            await page.edge("Enter", down=True)
            assert await next_edges(edges, 1) == [("main", DOWN)]
            await page.edge("Enter", down=False)
            for _ in range(40):
                await page.press("Escape")
            await passes(1.0)
            assert await next_edges(edges, 2) == [("main", LOST), ("back", DOWN)]

    run(main())


def test_with_the_driver_closed_the_page_hears_that_its_keys_are_its_own() -> None:
    async def main() -> None:
        host = virtual_host()
        async with page_at(host) as page, opened(made("displays", host)):
            async with opened(made("buttons", host)):
                await page.until_part("buttons")
            await page.until_no_part("buttons")
            await page.press("Enter")
            await passes(1.0)
            async with opened(made("buttons", host)) as again:
                await none_more(again.edges())

    run(main())


@pytest.mark.parametrize("keys", [KEYS, {"Escape": "back"}])
def test_what_was_pressed_for_a_driver_that_has_closed_is_no_press_for_the_next(keys: dict[str, str]) -> None:
    async def main() -> None:
        host = virtual_host()
        async with page_at(host) as page, opened(made("displays", host)):
            async with opened(made("buttons", host)):
                await page.until_part("buttons")
                await page.edge("Enter", down=True)
                await passes(1.0)
            async with opened(made("buttons", host, map=keys)) as again:
                await page.press("Escape")
                assert await next_edges(again.edges(), 2) == [("back", DOWN), ("back", UP)]

    run(main())
