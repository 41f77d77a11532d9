"""The compositor: newest wins, and yet every screen that must be shown arrives, once, in order, on any display."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted_displays import AWAY_S, PROFILE, Script, ScriptedDisplay, after, served

from glassd.presenter.compositor import MUST_SHOW_LIMIT, SHOW_LIMIT_S, Compositor, Slot
from glassd_drivers.contracts import Mark, Screen, TransientFault
from virtual import run


def numbered(number: int, *, must_show: bool = False) -> Screen:
    return Screen((str(number),), mark=Mark.WRITING, must_show=must_show)


def content(screen: Screen) -> tuple[str, ...]:
    return screen.lines


def test_a_display_begins_with_the_current_screen() -> None:
    async def scene() -> None:
        script = Script()
        async with served(script) as compositor:
            compositor.put(numbered(1))
            await compositor.shown()
            assert script.screens() == [numbered(1)]

    run(scene())


def test_an_empty_screen_wipes_what_a_display_showed_before_us() -> None:
    async def scene() -> None:
        script = Script()
        async with served(script) as compositor:
            await compositor.shown()
            assert script.screens() == [Screen()]

    run(scene())


def test_of_a_thousand_screens_a_second_a_display_gets_its_own_rate_and_the_last() -> None:
    async def scene() -> None:
        script = Script()
        async with served(script) as compositor:
            for number in range(1000):
                compositor.put(numbered(number))
                await after(0.001)
            compositor.put(numbered(1000, must_show=True))
            await compositor.shown()
        assert len(script.taken) <= 1.0 / PROFILE.interval + 2
        assert script.screens()[-1] == numbered(1000, must_show=True)

    run(scene())


def test_first_words_do_not_wait_for_the_pace_that_the_signs_before_them_used_up() -> None:
    async def scene() -> None:
        script = Script()
        async with served(script) as compositor:
            await compositor.shown()
            await after(1)
            began = asyncio.get_running_loop().time()
            for mark in (Mark.LOOKING, Mark.SENDING, Mark.THINKING):
                compositor.put(Screen(mark=mark))
                await after(0.09)
            for number in range(100):
                compositor.put(numbered(number))
                await after(0.01)
        shown = [(round(then - began, 2), screen.mark, content(screen)) for then, screen in script.begun[1:]]
        assert shown[:4] == [
            (0.0, Mark.LOOKING, ()),
            (0.2, Mark.THINKING, ()),
            (0.27, Mark.WRITING, ("0",)),
            (0.47, Mark.WRITING, ("20",)),
        ]

    run(scene())


def test_texts_and_clears_that_alternate_without_end_are_two_an_interval_at_most() -> None:
    async def scene() -> None:
        script = Script()
        async with served(script) as compositor:
            for number in range(1000):
                compositor.put(numbered(number) if number % 2 else Screen())
                await after(0.003)
        times = [then for then, _ in script.begun]
        assert all(later - earlier >= PROFILE.interval - 1e-9 for earlier, later in zip(times, times[2:], strict=False))

    run(scene())


def test_a_clear_right_after_a_final_screen_both_arrive_once_in_order() -> None:
    async def scene() -> None:
        script = Script()
        async with served(script) as compositor:
            await compositor.shown()
            final, clear = numbered(7, must_show=True), Screen(must_show=True)
            for screen in (numbered(6), final, clear, numbered(8), numbered(9)):
                compositor.put(screen)
            await compositor.shown()
            assert script.screens()[1:] == [final, clear, numbered(9)]

    run(scene())


def test_a_screen_that_is_in_view_already_is_not_sent_again() -> None:
    async def scene() -> None:
        script = Script()
        async with served(script) as compositor:
            compositor.put(numbered(1, must_show=True))
            await compositor.shown()
            compositor.put(numbered(1))
            await compositor.shown()
            compositor.put(numbered(2))
            compositor.put(numbered(1))
            await compositor.shown()
            assert script.screens() == [numbered(1, must_show=True)]

    run(scene())


def test_going_back_to_a_screen_while_the_next_is_on_its_way_is_shown() -> None:
    async def scene() -> None:
        script = Script(turns=[0.0, 1.0])
        async with served(script) as compositor:
            compositor.put(numbered(1))
            await compositor.shown()
            compositor.put(numbered(2))
            await after(0.5)
            compositor.put(numbered(1))
            await compositor.shown()
            assert script.screens() == [numbered(1), numbered(2), numbered(1)]

    run(scene())


def test_after_its_return_a_display_gets_what_it_missed_then_the_current_screen() -> None:
    async def scene() -> None:
        script = Script(turns=[0.0, None])
        async with served(script) as compositor:
            compositor.put(numbered(1))
            await compositor.shown()
            error = numbered(2, must_show=True)
            compositor.put(error)
            compositor.put(numbered(3))
            await compositor.shown()
            assert script.screens() == [numbered(1), error, numbered(3)]
            assert [shown.life for shown in script.taken] == [1, 2, 2]

    run(scene())


def test_a_display_that_vanishes_while_nothing_is_new_gets_the_current_screen_on_return() -> None:
    async def scene() -> None:
        script = Script()
        async with served(script) as compositor:
            compositor.put(numbered(1, must_show=True))
            await compositor.shown()
            script.vanish.set()
            await after(AWAY_S / 2)
            await compositor.shown()
            assert [(shown.life, content(shown.screen)) for shown in script.taken] == [(1, ("1",)), (2, ("1",))]

    run(scene())


def test_nothing_counts_as_shown_while_the_display_is_away() -> None:
    async def scene() -> None:
        script = Script()
        async with served(script) as compositor:
            await compositor.shown()
            script.vanish.set()
            await after(AWAY_S / 2)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(AWAY_S / 4):
                    await compositor.shown()

    run(scene())


def test_a_display_that_takes_no_screen_is_given_up_and_opened_anew() -> None:
    async def scene() -> None:
        script = Script(turns=[SHOW_LIMIT_S * 10])
        async with served(script) as compositor:
            compositor.put(numbered(1, must_show=True))
            await compositor.shown()
            assert [shown.life for shown in script.taken] == [2]
            assert asyncio.get_running_loop().time() < 1000 + SHOW_LIMIT_S * 2

    run(scene())


def test_serving_ends_with_the_displays_own_error_and_leaves_no_task() -> None:
    async def scene() -> None:
        script = Script(turns=[None])
        compositor = Compositor(PROFILE, asyncio.get_running_loop().time)
        with pytest.raises(TransientFault, match="unplugged"):
            await compositor.serve(ScriptedDisplay(script))
        assert len(asyncio.all_tasks()) == 1
        serving = asyncio.create_task(compositor.serve(ScriptedDisplay(script)))
        await compositor.shown()
        serving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await serving
        assert len(asyncio.all_tasks()) == 1

    run(scene())


def test_an_absent_display_costs_a_bounded_number_of_screens() -> None:
    slot = Slot()
    for number in range(1000):
        slot.put(numbered(number, must_show=True))
        slot.put(numbered(number))
    assert [slot.take() for _ in range(MUST_SHOW_LIMIT)] == [
        numbered(number, must_show=True) for number in range(1000 - MUST_SHOW_LIMIT, 1000)
    ]
    assert not slot.due  # the newest screen is the last of them


def test_the_same_error_over_and_over_is_one_screen() -> None:
    slot = Slot()
    slot.put(numbered(1, must_show=True))
    for _ in range(1000):
        slot.put(numbered(2, must_show=True))
    assert [slot.take(), slot.take()] == [numbered(1, must_show=True), numbered(2, must_show=True)]
    assert not slot.due


PUTS = st.lists(
    st.tuples(st.sampled_from([0.0, 0.001, 0.05, 0.3, 2.0]), st.sampled_from("pppm")), min_size=1, max_size=30
).filter(lambda puts: sum(kind == "m" for _, kind in puts) <= MUST_SHOW_LIMIT)
TURNS = st.lists(st.sampled_from([0.0, 0.0, 0.01, 0.4, 3.0, None]), max_size=20)
VANISHINGS = st.lists(st.sampled_from([0.1, 0.5, 2.0]), max_size=3)


@given(PUTS, TURNS, VANISHINGS)
def test_on_any_display_what_must_be_shown_arrives_once_in_order_and_the_last_screen_stands(
    puts: list[tuple[float, str]], turns: list[float | None], vanishings: list[float]
) -> None:
    script = Script(turns=turns)

    async def scene() -> None:
        async with served(script) as compositor:
            await after(0.0)  # serving has begun
            asyncio.get_running_loop().create_task(vanish())
            for number, (pause, kind) in enumerate(puts):
                compositor.put(numbered(number, must_show=kind == "m"))
                assert len(compositor._slot._must_show) <= MUST_SHOW_LIMIT
                if pause:
                    await after(pause)
            await after(sum(vanishings))
            await compositor.shown()

    async def vanish() -> None:
        for pause in vanishings:
            await after(pause)
            script.vanish.set()

    run(scene())
    numbers = [int(shown.screen.lines[0]) if shown.screen.lines else -1 for shown in script.taken]
    assert numbers == sorted(numbers), "in order"
    assert numbers[-1] == len(puts) - 1, "the last stands"
    for number, (_, kind) in enumerate(puts):
        if kind == "m":
            lives = [shown.life for shown, taken in zip(script.taken, numbers, strict=True) if taken == number]
            assert lives, "arrived"
            assert len(lives) == len(set(lives)), "once in a life; again only as the current screen of a later one"
    # A later life begins with the current screen, and only that one can come a second time.
    for earlier, later in pairwise(zip(script.taken, numbers, strict=True)):
        assert later[1] > earlier[1] or later[0].life > earlier[0].life
    for (began, before), (then, screen) in pairwise(script.begun):
        first_words = bool(screen.lines) and not before.lines
        assert first_words or then - began >= PROFILE.interval - 1e-9, "at its own rate"
