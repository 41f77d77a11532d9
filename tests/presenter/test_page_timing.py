"""How long a screen stays: pages turned at a reading speed, and screens cleared once they have stood long enough."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glassd.answer import Delta, Outcome, OutcomeKind, Problem
from glassd.config.schema import Config, Reading
from glassd.messages import Code
from glassd.presenter.reading import LEAST_PAGE_S, seconds
from glassd.presenter.stage import Stage
from glassd_drivers.contracts import Profile, Screen
from virtual import passes, run

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

SMALL = Profile("small", columns=20, rows=2, interval=0.1)
TALL = Profile("tall", columns=20, rows=8, interval=0.1)
FINISHED = Outcome(OutcomeKind.FINISHED, finish_reason="stop")
LINE = "one two three four\n"
"""Four words: four seconds at 60 words a minute."""


def reading(**keys: str) -> Reading:
    return Config.model_validate({"model": {"endpoints": [{"url": "reader"}]}, "reading": keys}).reading


class Room:
    """A stage with displays, what each was given, and a wearer whose `clear` follows when the screens fade."""

    def __init__(self, how: Reading | None, *profiles: Profile) -> None:
        self.loop = asyncio.get_running_loop()
        self.began = self.loop.time()
        self.given: dict[str, list[tuple[float, Screen]]] = {}
        self.faded: list[float] = []
        self.obeys = True
        self.stage = Stage(self.loop.time, self._changed, self._fade)
        for number, profile in enumerate(profiles):
            self.stage.add(f"displays.{number}", profile, "en")
        self.stage.read_at(how)

    @property
    def now(self) -> float:
        return round(self.loop.time() - self.began, 3)

    def turns(self, display: str = "displays.0") -> list[tuple[float, int]]:
        """Return when another page came into view, and which."""
        found, last = [], 1
        for at, screen in self.given[display]:
            if screen.page != last:
                found.append((at, screen.page))
            last = screen.page
        return found

    def screen(self, display: str = "displays.0") -> Screen:
        return self.given[display][-1][1]

    def answer(self, *texts: str, end: Outcome | None = FINISHED) -> None:
        self.stage.looking()
        self.stage.asked()
        for text in texts:
            self.stage.event(Delta(text))
        if end is not None:
            self.stage.event(end)

    def _changed(self, display: str, screen: Screen) -> None:
        self.given.setdefault(display, []).append((self.now, screen))

    def _fade(self) -> None:
        self.faded.append(self.now)
        if self.obeys:
            self.stage.command("clear")


def room(how: Reading | None, body: Callable[[Room], Awaitable[None]], *profiles: Profile) -> Room:
    async def main() -> Room:
        there = Room(how, *(profiles or (SMALL,)))
        await body(there)
        return there

    return run(main())


PACED = {"auto_page": "60 words a minute"}


def test_without_a_word_of_it_nothing_turns_or_clears_by_itself() -> None:
    async def body(there: Room) -> None:
        there.answer(LINE * 6)
        await passes(100_000)

    for how in (None, reading()):
        there = room(how, body)
        assert there.faded == []
        assert (there.screen().page, there.screen().pages) == (3, 3)  # the newest is followed


def test_pages_are_turned_as_they_are_read_and_the_last_one_stays() -> None:
    async def body(there: Room) -> None:
        there.answer(LINE * 6)
        await passes(100_000)

    there = room(reading(**PACED), body)
    assert there.turns() == [(8.0, 2), (16.0, 3)]
    assert there.faded == []


def test_a_page_that_came_slowly_is_turned_once_its_last_line_is_read() -> None:
    async def body(there: Room) -> None:
        there.answer(end=None)
        for _ in range(4):
            there.stage.event(Delta(LINE))
            await passes(10)

    # The second line stands, and a third has begun, at 20 s: its reader needs four seconds for what came last.
    assert room(reading(**PACED), body).turns() == [(24.0, 2)]


def test_a_page_of_a_word_is_in_view_for_a_while() -> None:
    async def body(there: Room) -> None:
        there.answer("a\n\nb\n\nc\n\n")
        await passes(100)

    (first, *_) = room(reading(auto_page="2000 words a minute"), body).turns()
    assert first == (LEAST_PAGE_S, 2)


def test_a_page_that_the_wearer_turned_to_stays_until_the_newest_is_turned_to() -> None:
    async def body(there: Room) -> None:
        there.answer(LINE * 4, end=None)
        await passes(8.5)
        there.stage.command("previous page")
        await passes(1000)
        assert there.screen().page == 1
        there.stage.command("next page")
        there.stage.event(Delta(LINE * 4))
        await passes(8.5)
        assert there.screen().page == 3

    room(reading(**PACED), body)


def test_an_answer_is_cleared_once_it_has_stood_long_enough_and_no_sooner() -> None:
    async def body(there: Room) -> None:
        there.answer(LINE, end=None)
        await passes(500)
        there.stage.event(FINISHED)
        await passes(29.9)
        assert there.screen().lines
        await passes(0.2)
        assert there.screen().lines == ()
        assert there.screen().must_show
        await passes(1000)

    assert room(reading(hold="30s"), body).faded == [530.0]


def test_errors_have_a_time_of_their_own() -> None:
    failed = Outcome(OutcomeKind.FAILED, problem=Problem(Code.NO_NETWORK, "for the operator"))

    async def body(there: Room) -> None:
        there.answer(end=failed)
        await passes(100)
        there.stage.problem(Problem(Code.NO_PICTURE, "for the operator"))
        await passes(100)
        there.answer(LINE)
        await passes(100)

    assert room(reading(hold_errors="15s"), body).faded == [15.0, 115.0]


def test_turning_a_page_begins_the_time_anew() -> None:
    async def body(there: Room) -> None:
        there.answer(LINE * 4)
        await passes(25)
        there.stage.command("previous page")
        await passes(100)

    assert room(reading(hold="30s"), body).faded == [55.0]


def test_a_text_is_never_cleared_before_it_can_have_been_read() -> None:
    async def body(there: Room) -> None:
        there.answer(LINE * 4)
        await passes(100)

    there = room(reading(hold="1s", **PACED), body)
    assert (there.turns()[0], there.faded) == ((8.0, 2), [16.0])


def test_all_displays_are_cleared_at_once_when_the_last_is_read() -> None:
    async def body(there: Room) -> None:
        there.answer(LINE * 6)
        await passes(100)

    there = room(reading(hold="10s", **PACED), body, SMALL, TALL)
    assert there.faded == [26.0]
    assert there.screen("displays.0").lines == there.screen("displays.1").lines == ()


def test_a_pause_stays_in_view() -> None:
    async def body(there: Room) -> None:
        there.stage.pause(on=True)
        await passes(1000)
        assert there.screen().lines

    assert room(reading(hold="10s", hold_errors="10s"), body).faded == []


def test_who_does_not_clear_is_asked_once() -> None:
    async def body(there: Room) -> None:
        there.obeys = False
        there.answer(LINE)
        await passes(1000)

    assert room(reading(hold="10s"), body).faded == [10.0]


def test_another_speed_holds_from_the_next_answer_on_and_another_time_at_once() -> None:
    async def body(there: Room) -> None:
        there.answer(LINE * 4)
        there.stage.read_at(reading(hold="20s", **PACED))
        await passes(19)
        assert (there.turns(), there.faded) == ([(0.0, 2)], [])
        await passes(2)
        assert there.faded == [20.0]
        there.answer(LINE * 4)
        await passes(8.5)
        assert there.screen().page == 2
        there.stage.read_at(None)
        await passes(1000)
        assert len(there.faded) == 1

    room(reading(hold="10s"), body)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", 0),
        ("one, two - three!", 3),
        ("一家书店。", 4),
        ("在 3 楼的 café", 5),
        ("ひらがなとカタカナ", 9),
        ("한국어 낱말", 5),
        ("สวัสดีชาวโลก", 1),
        ("a" * 120, 10),
    ],
)
def test_words_and_characters_take_their_time(text: str, words: int) -> None:
    assert seconds([text], reading(**PACED)) == pytest.approx(words)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.sampled_from(["next page", "previous page", "clear", "ask", "end", "fail", "notice"]),
            st.floats(0.01, 40),
            st.text(alphabet="ab 书\n", min_size=1, max_size=60),
        ),
        max_size=40,
    )
)
def test_whatever_happens_the_last_page_is_come_to_and_then_cleared(happenings: list[str | float]) -> None:
    async def body(there: Room) -> None:
        under_way = False
        for each in happenings:
            match each:
                case float():
                    await passes(each)
                case "next page" | "previous page" | "clear":
                    there.stage.command(each)
                    under_way = under_way and each != "clear"
                case "ask":
                    there.answer(end=None)
                    under_way = True
                case "end":
                    there.stage.event(FINISHED)
                    under_way = False
                case "fail":
                    there.stage.problem(Problem(Code.NO_NETWORK, "for the operator"))
                    under_way = False
                case "notice":
                    there.stage.notice(Code.BUDGET_LOW)
                case text:
                    there.stage.event(Delta(text))
        if under_way:
            there.stage.event(FINISHED)
        await passes(10_000)
        assert there.screen().lines == ()
        before = there.loop.time()
        await passes(1)
        assert there.loop.time() == before + 1

    room(reading(hold="10s", hold_errors="5s", **PACED), body, SMALL, TALL)
