"""The bridge's buttons: whose names they have, when they were pressed, and what is lost with the line."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import pytest
from bridges import emulated, made, opened

from glassd_drivers.contracts import Edge, EdgeKind, PermanentFault, TransientFault
from glassd_drivers.link.events import EdgeSeen

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


CLOCK_ERROR_S = 0.002
"""By how much the bridge's clock may be mapped wrongly (docs/link.md, section 8)."""


async def some(edges: AsyncIterator[Edge], count: int) -> list[tuple[str, str]]:
    async with asyncio.timeout(10):
        return [(edge.button, edge.kind.value) for edge in [await anext(edges) for _ in range(count)]]


def test_without_a_map_all_buttons_are_there_by_their_own_names(tmp_path: Path) -> None:
    async def main() -> None:
        with emulated(tmp_path, "--buttons", "main,side button") as bridge:
            async with opened(made("buttons", "bridge", device=bridge.path)) as buttons:
                edges = buttons.edges()
                bridge.order("down main")
                bridge.order("up main")
                assert await some(edges, 2) == [("main", "down"), ("main", "up")]
                assert bridge.all("edge")[0]["button"] == "main"
                await edges.aclose()

    asyncio.run(main())


def test_a_map_renames_them_and_leaves_the_others_out(tmp_path: Path) -> None:
    async def main() -> None:
        with emulated(tmp_path, "--buttons", "shutter,wheel,power") as bridge:
            config: dict[str, Any] = {"map": {"shutter": "main", "power": "back"}}
            async with opened(made("buttons", "bridge", device=bridge.path, **config)) as buttons:
                edges = buttons.edges()
                for order in ("press wheel", "down power", "up power", "down shutter"):
                    bridge.order(order)
                assert await some(edges, 3) == [("back", "down"), ("back", "up"), ("main", "down")]
                await edges.aclose()

    asyncio.run(main())


def test_a_map_that_names_a_button_that_is_not_there_lists_those_that_are(tmp_path: Path) -> None:
    async def main() -> None:
        with emulated(tmp_path, "--buttons", "shutter,wheel") as bridge:
            with pytest.raises(PermanentFault) as refused:
                async with opened(made("buttons", "bridge", device=bridge.path, map={"shuter": "main"})):
                    pass
            assert str(refused.value) == (
                f"{bridge.path}: `map` has shuter, and the bridge has shutter, wheel: correct it"
            )

    asyncio.run(main())


def test_an_edge_has_the_boards_time_of_when_it_happened(tmp_path: Path) -> None:
    async def main() -> None:
        with emulated(tmp_path) as bridge:
            async with opened(made("buttons", "bridge", device=bridge.path)) as buttons:
                edges = buttons.edges()
                before = time.monotonic()
                bridge.order("down main")
                edge = await anext(edges)
                assert before - CLOCK_ERROR_S < edge.instant < time.monotonic()
                await edges.aclose()

    asyncio.run(main())


def test_what_is_held_is_lost_with_the_line(tmp_path: Path) -> None:
    async def main() -> None:
        with emulated(tmp_path) as bridge:
            async with opened(made("buttons", "bridge", device=bridge.path)) as buttons:
                edges = buttons.edges()
                for order in ("down main", "down back", "up back"):
                    bridge.order(order)
                assert len(await some(edges, 3)) == 3
                bridge.order("die")
                assert await some(edges, 1) == [("main", "lost")]
                with pytest.raises(TransientFault):
                    await anext(edges)

    asyncio.run(main())


def test_a_press_while_the_host_is_not_heard_comes_once_after_the_greeting(tmp_path: Path) -> None:
    """Its acknowledgement is lost, so the bridge sends it again in the next session, where it is known."""

    async def main() -> None:
        with emulated(tmp_path) as bridge:
            async with opened(made("buttons", "bridge", device=bridge.path)) as buttons:
                edges = buttons.edges()
                bridge.order("lose 1 from")
                bridge.order("down main")
                assert await some(edges, 2) == [("main", "down"), ("main", "lost")]
                bridge.order("up main")
                bridge.order("lose 0 from")
            async with opened(made("buttons", "bridge", device=bridge.path)) as buttons:
                edges = buttons.edges()
                bridge.order("press back")
                assert await some(edges, 2) == [("back", "down"), ("back", "up")]
                await edges.aclose()
            assert [event["button"] for event in bridge.all("edge")] == ["main", "main", "back", "back"]

    asyncio.run(main())


def test_edges_that_never_came_lose_what_is_held() -> None:
    """A release may have been among them."""

    async def main() -> None:
        buttons = made("buttons", "bridge", device="/nowhere")
        names = ("main", "back")

        def edges_of(number: int, down: bool, missed: int = 0) -> list[tuple[str, EdgeKind]]:
            seen = EdgeSeen(number, down, time.monotonic(), number=0, missed=missed)
            return [(edge.button, edge.kind) for edge in buttons.edges_of(seen)]

        buttons.call_them(names)
        assert edges_of(0, True) == [("main", EdgeKind.DOWN)]
        assert edges_of(1, True, missed=2) == [("main", EdgeKind.LOST), ("back", EdgeKind.DOWN)]
        assert edges_of(7, True) == []

    asyncio.run(main())
