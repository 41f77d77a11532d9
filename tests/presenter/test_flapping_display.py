"""An answer of 1,000 deltas a second on a display that is slow, stands still, goes and comes back.

From what happens to an ask to what the display has taken: nothing piles up, and what must be shown arrives.
"""

from __future__ import annotations

import asyncio
import gc
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from scripted_displays import PROFILE, Script, after, served

from glassd.answer import Delta, Outcome, OutcomeKind, Problem
from glassd.messages import Code
from glassd.presenter.compositor import MUST_SHOW_LIMIT, SHOW_LIMIT_S, Compositor
from glassd.presenter.stage import Stage
from glassd_drivers.contracts import Screen
from virtual import run

DELTA_S = 0.001
FINISHED = Outcome(OutcomeKind.FINISHED, finish_reason="stop")
FAILED = Outcome(OutcomeKind.FAILED, problem=Problem(Code.NO_NETWORK, "for the operator"))
SPARE_SCREENS = 4
"""The newest, the one on its way, the one in view, and the one that is being made."""

DELTAS = st.tuples(st.sampled_from(["字", "a", "word ", "。\n", "\n\n"]), st.sampled_from([1, 20, 200]))
PAUSES = st.sampled_from([0.01, 0.3, 2.0])
HAPPENINGS = st.lists(
    st.one_of(DELTAS, DELTAS, PAUSES, st.sampled_from(["ask", "end", "fail", "clear", "error", "previous page"])),
    max_size=16,
).filter(lambda all_of_it: sum(each in ("end", "fail", "clear", "error") for each in all_of_it) < MUST_SHOW_LIMIT)
TURNS = st.lists(st.sampled_from([0.0, 0.0, 0.4, 3.0, 2 * SHOW_LIMIT_S, None]), max_size=12)
VANISHINGS = st.lists(st.sampled_from([0.1, 0.5, 2.0]), max_size=3)


async def happens(stage: Stage, happening: object) -> None:
    match happening:
        case (str(text), int(times)):
            for _ in range(times):
                stage.event(Delta(text))
                await after(DELTA_S)
        case float(seconds):
            await after(seconds)
        case "ask":
            stage.looking()
            stage.asked()
        case "end":
            stage.event(FINISHED)
        case "fail":
            stage.event(FAILED)
        case "error":
            stage.problem(Problem(Code.NO_PICTURE, "for the operator"))
        case "clear" | "previous page" as command:
            stage.command(command)


@given(HAPPENINGS, TURNS, VANISHINGS)
def test_final_screens_errors_and_clears_arrive_once_and_in_order_and_the_newest_stands(
    happenings: list[object], turns: list[float | None], vanishings: list[float]
) -> None:
    script = Script(turns=turns)
    given: list[Screen] = [Screen()]
    compositors: list[Compositor] = []

    def changed(_display: str, screen: Screen) -> None:
        given.append(screen)
        waiting = compositors[0]._slot._must_show if compositors else ()
        assert len(waiting) <= MUST_SHOW_LIMIT

    async def vanish() -> None:
        for pause in vanishings:
            await after(pause)
            script.vanish.set()

    async def scene() -> None:
        stage = Stage(asyncio.get_running_loop().time, changed)
        compositors.append(stage.add("displays.0", PROFILE, "en"))
        async with served(script, compositors[0]) as compositor:
            vanishing = asyncio.create_task(vanish())
            for happening in ("ask", *happenings, "end"):
                await happens(stage, happening)
            await vanishing
            await after(0.0)
            await compositor.shown()

    run(scene())
    numbers = [next(number for number, screen in enumerate(given) if screen is taken) for taken in script.screens()]
    lives = [shown.life for shown in script.taken]
    assert numbers == sorted(numbers), "in order"
    assert all(
        later > earlier or life > before
        for (earlier, before), (later, life) in pairwise(zip(numbers, lives, strict=True))
    ), "once; again only as what is current at the start of a later life"
    assert shown_alike(given[numbers[-1]], given[-1]), "the newest stands"
    arrived = [given[number] for number in dict.fromkeys(numbers) if given[number].must_show]
    assert told_apart(arrived) == told_apart([screen for screen in given if screen.must_show]), "each"


def told_apart(screens: list[Screen]) -> list[Screen]:
    """Return them without those that are the same as the one before: for the wearer that is one."""
    return [screen for before, screen in pairwise([None, *screens]) if screen is not None and screen != before]


def shown_alike(one: Screen, other: Screen) -> bool:
    return (one.lines, one.page, one.pages, one.mark) == (other.lines, other.page, other.pages, other.mark)


def test_deltas_for_a_display_that_stands_still_leave_no_screens_behind() -> None:
    async def scene() -> None:
        stage = Stage(asyncio.get_running_loop().time, lambda *_: None)
        before = screens_alive()
        async with served(Script(turns=[SHOW_LIMIT_S / 2]), stage.add("displays.0", PROFILE, "en")):
            for _ in range(2 * MUST_SHOW_LIMIT):
                for happening in ("ask", ("word ", 100), "end", "clear"):
                    await happens(stage, happening)
            assert screens_alive() - before <= MUST_SHOW_LIMIT + SPARE_SCREENS

    run(scene())


def screens_alive() -> int:
    gc.collect()
    return sum(isinstance(thing, Screen) for thing in gc.get_objects())
