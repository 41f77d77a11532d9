"""The bridge's display: whole screens, cut to its cells, shown when `show` returns."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import pytest
from bridges import emulated, made, on_display, opened, told

from glassd_drivers.contracts import Mark, Screen, TransientFault

if TYPE_CHECKING:
    from pathlib import Path


def test_a_screen_is_on_the_display_when_show_returns(tmp_path: Path) -> None:
    async def main() -> None:
        with emulated(tmp_path, "--show-ms", "150") as bridge:
            async with opened(made("displays", "bridge", device=bridge.path)) as display:
                screen = Screen(("一行", "two"), page=2, pages=3, mark=Mark.WRITING, camera=True)
                await display.show(screen)
                shown = on_display(bridge)
                assert shown["rows"] == ["一行", "two", *[""] * 8]
                assert (shown["page"], shown["pages"], shown["mark"], shown["camera"]) == (2, 3, "writing", True)
                await display.show(Screen(("only this",)))
                assert on_display(bridge)["rows"] == ["only this", *[""] * 9]

    asyncio.run(main())


def test_rows_and_cells_beyond_the_display_are_cut_and_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        with emulated(tmp_path, "--display", "8x2") as bridge:
            for _ in range(2):
                async with opened(made("displays", "bridge", device=bridge.path)):
                    pass
            async with opened(made("displays", "bridge", device=bridge.path)) as display:
                await display.show(Screen(("一二三四五六", "a\x1b[2Jbcdefghij", "third")))
                assert on_display(bridge)["rows"] == ["一二三四", "a[2Jbcde"]
            [line] = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
            assert line == (
                f"{bridge.path}: the profile glass3 has 30x10, the bridge's display 8x2: what is beyond is cut off"
            )

    asyncio.run(main())


def test_after_a_loss_the_next_screen_is_whole_again(tmp_path: Path) -> None:
    async def main() -> None:
        with emulated(tmp_path) as bridge:
            async with opened(made("displays", "bridge", device=bridge.path)) as display:
                await display.show(Screen(("first", "second")))
                bridge.order("reset")
                with pytest.raises(TransientFault):
                    await display.watch()
                with pytest.raises(TransientFault):
                    await display.show(Screen(("too late",)))
            async with opened(made("displays", "bridge", device=bridge.path)) as display:
                await display.show(Screen(("first", "third")))
                assert on_display(bridge)["rows"] == ["first", "third", *[""] * 8]

    asyncio.run(main())


def test_a_show_that_the_line_dies_under_raises_its_fault(tmp_path: Path) -> None:
    async def main() -> None:
        with emulated(tmp_path) as bridge:
            async with opened(made("displays", "bridge", device=bridge.path)) as display:
                await display.show(Screen(("first",)))
                bridge.order("die")
                with pytest.raises(TransientFault, match="the bridge was lost"):
                    await display.show(Screen(("second",)))

    asyncio.run(main())


def test_the_bridge_is_told_when_nobody_shows_anything_any_more(tmp_path: Path) -> None:
    async def main() -> None:
        with emulated(tmp_path, "--rates", "none") as bridge:
            async with opened(made("displays", "bridge", device=bridge.path)) as display:
                await display.show(Screen(("first",)))
            over = await told(bridge, "over")
            closed = await told(bridge, "closed")
            assert over["t"] < closed["t"]

    asyncio.run(main())
