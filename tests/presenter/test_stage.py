from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, cast

import pytest

from glassd.answer import Delta, Outcome, OutcomeKind, Problem
from glassd.messages import Code, lines
from glassd.presenter.stage import SIGN_LIMIT_S, Stage
from glassd_drivers.contracts import Profile, Screen, Sign
from virtual import passes, run

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from glassd_drivers.contracts import Display

SLOW_S = 0.4
PROFILE = Profile("test", columns=20, rows=4, interval=0.05)


class SlowDisplay:
    """A display that takes its time for each screen."""

    def __init__(self) -> None:
        self.shown: list[Screen] = []

    async def show(self, screen: Screen) -> None:
        await passes(SLOW_S)
        self.shown.append(screen)

    async def watch(self) -> None:
        await asyncio.get_running_loop().create_future()


@asynccontextmanager
async def staged(*displays: Any) -> AsyncIterator[Stage]:
    stage = Stage(asyncio.get_running_loop().time, lambda *_: None)
    compositors = [stage.add(f"displays.{i}", PROFILE, "en") for i, _ in enumerate(displays)]
    tasks = [asyncio.create_task(c.serve(d)) for c, d in zip(compositors, displays, strict=True) if d is not None]
    try:
        yield stage
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def test_the_sign_is_in_view_before_anything_is_done_under_it() -> None:
    async def main() -> None:
        display = SlowDisplay()
        async with staged(display) as stage:
            async with stage.sign():
                assert display.shown[-1].camera
            await stage.shown()
            assert not display.shown[-1].camera

    run(main())


def test_the_sign_stays_while_the_camera_opens_under_it_and_while_anybody_looks() -> None:
    async def main() -> None:
        display = SlowDisplay()
        async with staged(display) as stage:
            async with stage.sign():
                stage.camera(False)  # what a camera reports while it opens
                async with stage.sign():
                    pass
                await stage.shown()
                assert display.shown[-1].camera
            await stage.shown()
            assert not display.shown[-1].camera

    run(main())


def test_a_display_that_is_not_there_holds_nothing_up_for_long() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        async with staged(None) as stage:
            begun = loop.time()
            async with stage.sign():
                assert loop.time() - begun <= SIGN_LIMIT_S + 0.001

    run(main())


def test_flashes_fill_the_first_display_and_empty_it_and_what_comes_meanwhile_follows() -> None:
    """The instant of a flash is when the display has taken it, and not when it was told to."""

    async def main() -> None:
        first, second = SlowDisplay(), SlowDisplay()
        loop = asyncio.get_running_loop()
        async with staged(first, second) as stage:
            await stage.shown()
            async with stage.flashing() as flash:
                begun = loop.time()
                assert await flash(True) == pytest.approx(begun + SLOW_S)
                assert first.shown[-1].lines == ("█" * PROFILE.columns,) * PROFILE.rows
                stage.problem(Problem(Code.NO_NETWORK, "unplugged"))
                stage.command("clear")
                assert await flash(False) == loop.time()
                assert first.shown[-1] == Screen()
            await stage.shown()
            problem = lines(Code.NO_NETWORK, "en")[0]
            for display in (first, second):
                told = [screen for screen in display.shown if screen.lines and problem.startswith(screen.lines[0])]
                assert len(told) == 1
                assert not display.shown[-1].lines
            assert not any("█" in line for screen in second.shown for line in screen.lines)

    run(main())


def test_the_answer_is_shown_again_after_flashes_and_on_a_display_that_comes_while_it_is_to_flash() -> None:
    async def main() -> None:
        display = SlowDisplay()
        stage = Stage(asyncio.get_running_loop().time, lambda *_: None)
        compositor = stage.add("displays.0", PROFILE, "en")
        stage.looking()
        stage.asked()
        stage.event(Delta("a green door"))
        stage.event(Outcome(OutcomeKind.FINISHED, text="a green door"))
        async with stage.flashing() as flash:
            assert await flash(True) is None, "there is no display yet"
            serving = asyncio.create_task(compositor.serve(cast("Display", display)))
            assert await flash(True) is not None
            assert all("█" in screen.lines[0] for screen in display.shown)
        await stage.shown()
        assert display.shown[-1].lines == ("a green door",)
        async with stage.flashing() as flash:
            await flash(True)
        await stage.shown()
        assert display.shown[-1].lines == ("a green door",)
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)

    run(main())


def test_without_a_display_nothing_flashes() -> None:
    async def main() -> None:
        async with staged() as stage, stage.flashing() as flash:
            assert await flash(True) is None

    run(main())


def test_each_display_shows_the_answer_in_its_own_lines() -> None:
    async def main() -> None:
        first, second = SlowDisplay(), SlowDisplay()
        async with staged(first, second) as stage:
            stage.looking()
            stage.asked()
            stage.event(Delta("a green door"))
            stage.event(Outcome(OutcomeKind.FINISHED, text="a green door"))
            await stage.shown()
            await stage.shown()
            assert first.shown[-1].lines == second.shown[-1].lines == ("a green door",)
            stage.command("clear")
            await stage.shown()
            assert not first.shown[-1].lines

    run(main())


def test_a_display_that_comes_while_paused_shows_the_pause_and_a_clear_does_not_hide_it() -> None:
    async def main() -> None:
        late: Any = SlowDisplay()
        async with staged() as stage:
            stage.pause(on=True)
            serving = asyncio.create_task(stage.add("displays.0", PROFILE, "en").serve(late))
            stage.command("clear")
            await stage.shown()
            assert lines(Code.PAUSED, "en")[0].startswith(late.shown[-1].lines[0])
            stage.pause(on=False)
            await stage.shown()
            assert not late.shown[-1].lines
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)

    run(main())


def test_when_a_screen_was_taken_is_told_once_by_the_display_that_was_first() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        taken: list[float] = []
        async with staged(SlowDisplay(), SlowDisplay(), None) as stage:
            await stage.shown()
            stage.asked()
            await passes(SLOW_S / 2)  # the displays are at it
            stage.event(Delta("a green door"))
            begun = loop.time()
            assert stage.once_shown(taken.append)
            stage.event(Delta(" and more"))
            await passes(5 * SLOW_S)
            assert taken == [pytest.approx(begun + SLOW_S / 2 + SLOW_S)]

    run(main())


def test_without_a_display_nobody_waits_for_a_screen_to_be_taken() -> None:
    async def main() -> None:
        async with staged(None) as stage:
            stage.asked()
            assert not stage.once_shown(lambda _: None)

    run(main())


def test_a_warning_is_on_the_displays_that_are_there_and_on_those_that_come() -> None:
    async def main() -> None:
        late: Any = SlowDisplay()
        first = SlowDisplay()
        async with staged(first) as stage:
            stage.warning(on=True)
            serving = asyncio.create_task(stage.add("displays.1", PROFILE, "en").serve(late))
            await passes(3 * SLOW_S)
            assert first.shown[-1].warning
            assert late.shown[-1].warning
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)

    run(main())


def test_signs_are_on_every_display_in_their_order_and_go_once_they_are_over() -> None:
    async def main() -> None:
        first, late = SlowDisplay(), SlowDisplay()
        async with staged(first) as stage:
            stage.signs(frozenset({Sign.QUEUED, Sign.PAUSED}))
            stage.no_camera(True)
            serving = asyncio.create_task(stage.add("displays.1", PROFILE, "en").serve(cast("Display", late)))
            await passes(3 * SLOW_S)
            shown = (Sign.PAUSED, Sign.NO_CAMERA, Sign.QUEUED)
            assert first.shown[-1].signs == late.shown[-1].signs == shown
            stage.no_camera(False)
            stage.camera(True)
            stage.signs(frozenset())
            await stage.shown()
            last = first.shown[-1]
            assert last.camera
            assert not last.signs
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)

    run(main())


def test_what_is_told_again_and_again_is_no_screen() -> None:
    given: list[Screen] = []
    stage = Stage(lambda: 0.0, lambda _, screen: given.append(screen))
    stage.add("displays.0", PROFILE, "en")
    stage.signs(frozenset({Sign.QUEUED}))
    known = len(given)
    stage.signs(frozenset({Sign.QUEUED}))
    assert len(given) == known
