from __future__ import annotations

import asyncio
import gc
import logging
import weakref
from contextlib import aclosing, asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from runner_parts import Kept, NoOutbox

from glassd.answer import AnswerEvent, AskError, Delta, Outcome, OutcomeKind, Problem, Sent
from glassd.ask import Ask, Origin
from glassd.config.schema import Config
from glassd.messages.codes import Code
from glassd.scheduler.boxes import Boxes
from glassd.scheduler.machine import Scheduler
from glassd.scheduler.runner import Runner
from glassd.scheduler.turns import BREAK_OFF_LIMIT_S
from glassd.scheduler.under_way import PIECE_LIMIT_CHARS
from glassd.wall import Wall
from glassd_drivers.contracts import Edge, EdgeKind, Frame
from virtual import passes, run

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable

    from glassd.config.commands import Command
    from glassd.record import AskRecord

CONFIG = Config.model_validate(
    {
        "model": {"endpoints": [{"url": "reader"}]},
        "triggers": [
            {"when": "main press", "ask": "one"},
            {"when": "main long", "do": "cancel"},
            {"when": "up press", "ask": "two"},
            {"when": "back press", "do": "clear"},
            {"when": "lid press", "do": "toggle pause"},
            {"when": "again press", "do": "resume"},
        ],
        "gateway": {"listen": "127.0.0.1:8734", "at_once": 2},
    }
)
WORDS = ("A ", "green ", "door.")


class House:
    """The runner's neighbours, scripted on the virtual clock: a model that says a word a second, eyes, and a stage."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.seen: list[str] = []
        self.held: set[float] = set()
        self.asked_for: list[Ask] = []
        self.open_requests = 0
        self.records: list[AskRecord] = []
        self.blind: Problem | None = None
        self.bug: Exception | None = None
        self.whole_answer = ""
        self.breaks_after = len(WORDS)
        self.closing_s = 0.0
        self.warmed = 0
        self.shut_at: float | None = None
        self.display_s = 0.0
        boxes = Boxes(self, self, self, Kept(), NoOutbox(), Wall, lambda _: None)
        self.runner = Runner(Scheduler(CONFIG), boxes, self.records.append)

    async def after(self, seconds: float) -> None:
        await passes(seconds)

    def press(self, button: str, hold: float = 0.1) -> None:
        now = self.loop.time()
        self.runner.edge(Edge(button, EdgeKind.DOWN, now))
        self.loop.call_later(hold, lambda: self.runner.edge(Edge(button, EdgeKind.UP, now + hold)))

    # eyes
    def pin(self, instant: float) -> None:
        self.held.add(instant)

    def unpin(self, instant: float) -> None:
        self.held.discard(instant)

    def shut(self) -> None:
        self.shut_at = self.loop.time()
        self.held.clear()

    def open(self) -> None:
        self.shut_at = None

    async def pick(self, instant: float) -> Frame:
        if self.blind is not None:
            raise AskError(self.blind)
        return Frame(b"picture", "image/jpeg", 640, 480, instant - 0.05, "camera")

    @asynccontextmanager
    async def several(self) -> AsyncIterator[None]:
        self.seen.append("stays open")
        yield
        self.seen.append("may close")

    # model
    async def reachable(self) -> bool:
        return True

    def warm(self) -> None:
        self.warmed += 1

    async def ask(self, ask: Ask) -> AsyncGenerator[AnswerEvent]:
        self.asked_for.append(ask)
        self.open_requests += 1
        try:
            if ask.given:
                yield Delta(ask.given)
            yield Sent("http://model")
            if self.whole_answer:
                yield Delta(self.whole_answer)
                yield Outcome(OutcomeKind.FINISHED, text=self.whole_answer, endpoint="http://model")
                return
            said = ask.given
            for word in WORDS[len(ask.given.split()) : self.breaks_after]:
                await self.after(1.0)
                if self.bug:
                    raise self.bug
                said += word
                yield Delta(word)
            if self.breaks_after < len(WORDS):
                yield Outcome(OutcomeKind.CUT_OFF, text=said, problem=Problem(Code.CONNECTION_LOST, "lost"))
            else:
                yield Outcome(OutcomeKind.FINISHED, text=said, endpoint="http://model")
        finally:
            if self.closing_s:
                await self.after(self.closing_s)
            self.open_requests -= 1

    # stage
    def looking(self) -> None:
        self.seen.append("looking")

    def asked(self) -> None:
        self.seen.append("asked")

    def event(self, event: AnswerEvent) -> None:
        match event:
            case Delta(text):
                self.seen.append(text)
            case Outcome():
                self.seen.append(event.problem.code.value if event.problem else event.kind.value)

    def command(self, command: Command) -> None:
        self.seen.append(command)

    def problem(self, problem: Problem) -> None:
        self.seen.append(f"told {problem.code}")

    def pause(self, *, on: bool) -> None:
        self.seen.append("paused" if on else "unpaused")

    def notice(self, code: Code) -> None:
        self.seen.append(f"beside {code}")

    def late_answer(self, outcome: Outcome) -> None:
        self.seen.append(f"late {outcome.text}")

    def once_shown(self, call: Callable[[float], None]) -> bool:
        self.loop.call_later(self.display_s, lambda: call(self.loop.time())) if self.display_s else None
        return bool(self.display_s)

    # whoever submits
    def submitted(self, name: str, origin: Origin = Origin.GATEWAY) -> Submitter:
        return Submitter(self.runner.submit(Ask(name, name, origin, self.loop.time())))


class Submitter:
    """Takes what comes back for an ask as it comes, with the time of each event."""

    def __init__(self, events: AsyncGenerator[AnswerEvent]) -> None:
        self.told: list[tuple[float, AnswerEvent]] = []
        self.task = asyncio.create_task(self._take(events))

    async def _take(self, events: AsyncGenerator[AnswerEvent]) -> None:
        async with aclosing(events):
            async for event in events:
                self.told.append((asyncio.get_running_loop().time(), event))

    @property
    def text(self) -> str:
        return "".join(event.text for _, event in self.told if isinstance(event, Delta))

    async def outcome(self) -> Outcome:
        await self.task
        outcome = self.told[-1][1]
        assert isinstance(outcome, Outcome)
        return outcome

    async def ended(self) -> str:
        """Wait for the outcome; return its code, or its kind where it has none."""
        outcome = await self.outcome()
        return outcome.problem.code if outcome.problem else outcome.kind


def code(record: AskRecord) -> Code | None:
    return record.problem.code if record.problem else None


def scene(body: Callable[[House], Awaitable[None]]) -> House:
    """Play a scene to its end and return what is left of it; nothing may be left open."""

    async def main() -> House:
        house = House()
        await body(house)
        await house.runner.close()
        assert house.open_requests == 0, "a request was left open"
        assert house.runner.scheduler.idle
        assert not house.held, "a frame is still held"
        return house

    return run(main())


def test_a_press_is_answered_about_the_frame_of_its_instant() -> None:
    async def body(house: House) -> None:
        house.press("main")
        await house.after(5)

    house = scene(body)
    assert house.seen == ["looking", "asked", *WORDS, "finished"]
    (ask,) = house.asked_for
    (picture,) = ask.pictures
    assert isinstance(picture, Frame)
    (record,) = house.records
    assert record.outcome is OutcomeKind.FINISHED
    assert record.frame_offset is not None
    assert round(record.frame_offset, 3) == -0.05
    assert list(record.times) == ["gesture", "frame", "sent", "first_delta", "done"]
    assert round(record.times["first_delta"], 3) == 1.1  # the release decides, for `long` is mapped too


def test_a_second_press_leaves_one_answer_the_seconds() -> None:
    async def body(house: House) -> None:
        house.press("main")
        await house.after(2.5)
        house.press("up")
        await house.after(5)

    house = scene(body)
    assert [ask.prompt for ask in house.asked_for] == ["one", "two"]
    assert house.seen == ["looking", "asked", *WORDS[:2], "looking", "asked", *WORDS, "finished"]
    assert [(r.outcome, code(r)) for r in house.records] == [
        (OutcomeKind.CUT_OFF, Code.CANCELLED),
        (OutcomeKind.FINISHED, None),
    ]


def test_a_long_press_cancels_and_says_so() -> None:
    async def body(house: House) -> None:
        house.press("main")
        await house.after(1.5)
        house.press("main", hold=1.0)
        await house.after(5)

    house = scene(body)
    assert house.seen == ["looking", "asked", WORDS[0], "cancelled"]


def test_without_a_picture_nothing_is_sent() -> None:
    async def body(house: House) -> None:
        house.blind = Problem(Code.NO_PICTURE, "frozen")
        house.press("main")
        await house.after(1)

    house = scene(body)
    assert house.asked_for == []
    assert house.seen == ["looking", "no_picture"]


def test_a_bug_in_the_model_client_is_a_short_error_and_the_next_ask_works() -> None:
    async def body(house: House) -> None:
        house.bug = ZeroDivisionError("a bug")
        house.press("main")
        await house.after(2)
        house.bug = None
        house.press("main")
        await house.after(5)

    house = scene(body)
    assert [code(r) for r in house.records] == [Code.INTERNAL, None]
    assert house.seen[2] == "internal"


def test_who_submits_an_ask_gets_all_of_its_answer_however_slowly_it_reads() -> None:
    async def body(house: House) -> None:
        events: list[AnswerEvent] = []
        async for event in house.runner.submit(Ask("a", "?", Origin.API, house.loop.time())):
            events.append(event)
            await house.after(1.7)
        assert "".join(e.text for e in events if isinstance(e, Delta)) == "".join(WORDS)
        assert isinstance(events[-1], Outcome)
        assert sum(isinstance(e, Outcome) for e in events) == 1

    scene(body)


def test_a_submitter_that_leaves_breaks_its_ask_off() -> None:
    async def body(house: House) -> None:
        answer = house.runner.submit(Ask("a", "?", Origin.API, house.loop.time()))
        async for event in answer:
            if isinstance(event, Delta):
                break
        await answer.aclose()
        await house.after(0.01)
        assert house.open_requests == 0

    house = scene(body)
    assert [code(r) for r in house.records] == [Code.CANCELLED]


def test_a_press_replaces_a_submitted_ask_whose_submitter_is_told() -> None:
    async def body(house: House) -> None:
        house.loop.call_later(1.5, house.press, "up")
        events = [e async for e in house.runner.submit(Ask("a", "?", Origin.API, house.loop.time()))]
        last = events[-1]
        assert isinstance(last, Outcome)
        assert last.problem is not None
        assert (last.kind, last.text, last.problem.code) == (OutcomeKind.CUT_OFF, WORDS[0], Code.CANCELLED)
        await house.after(5)

    assert scene(body).seen[-1] == "finished"


def test_after_a_stop_nothing_begins_and_whoever_waits_is_told() -> None:
    async def body(house: House) -> None:
        told: list[AnswerEvent] = []

        async def submit() -> None:
            ask = Ask("a", "?", Origin.API, house.loop.time())
            told.extend([event async for event in house.runner.submit(ask)])

        house.press("main")
        await house.after(0.5)
        waiting = asyncio.create_task(submit())
        await house.after(0.01)
        house.press("up")
        await house.runner.close()
        await waiting
        house.press("main")
        await house.after(5)
        (outcome,) = told
        assert isinstance(outcome, Outcome)
        assert outcome.problem is not None
        assert outcome.problem.code is Code.STOPPING

    assert [ask.prompt for ask in scene(body).asked_for] == ["one"]


def test_a_stop_says_so_to_whoever_waits_for_an_answer() -> None:
    async def body(house: House) -> None:
        house.press("main")
        apps = house.submitted("app")
        await house.after(1.5)
        await house.runner.close()
        assert await apps.ended() == Code.STOPPING

    house = scene(body)
    assert house.seen[-1] == "stopping"
    assert [code(record) for record in house.records] == [Code.STOPPING] * 2
    assert all(record.log_line()[0] == logging.INFO for record in house.records)


def test_an_answer_that_comes_whole_leaves_the_loop_to_others() -> None:
    async def body(house: House) -> None:
        turns = 0

        def turn() -> None:
            nonlocal turns
            turns += 1
            house.loop.call_soon(turn)

        house.whole_answer = "很" * (20 * PIECE_LIMIT_CHARS)
        turn()
        submitted = house.runner.submit(Ask("a", "?", Origin.API, house.loop.time()))
        events = [event async for event in submitted]
        assert turns >= 20
        assert "".join(e.text for e in events if isinstance(e, Delta)) == house.whole_answer

    house = scene(body)
    assert max(map(len, house.seen)) <= PIECE_LIMIT_CHARS


def test_an_ask_that_is_broken_off_has_its_times() -> None:
    async def body(house: House) -> None:
        house.loop.call_later(1.5, house.press, "up")
        *_, last = [e async for e in house.runner.submit(Ask("a", "?", Origin.API, house.loop.time()))]
        assert isinstance(last, Outcome)
        assert last.timings.sent == pytest.approx(0)
        assert last.timings.first_delta == pytest.approx(1)
        assert last.timings.done == pytest.approx(1.5)

    scene(body)


def test_a_reload_finds_a_gap_between_two_asks() -> None:
    async def body(house: House) -> None:
        house.press("main")
        await house.after(0.5)
        async with house.runner.between_asks():
            assert house.seen[-1] == "finished"
            house.press("up")
            await house.after(3)
            assert house.seen[-1] == "finished", "an ask began in the gap"
        await house.after(5)

    assert [ask.prompt for ask in scene(body).asked_for] == ["one", "two"]


def test_a_button_that_goes_down_warms_the_way_to_the_model() -> None:
    async def body(house: House) -> None:
        house.press("main")
        assert house.warmed == 1
        assert house.asked_for == []
        await house.after(5)

    scene(body)


# -- the gateway -------------------------------------------------------------------------------------------------------


def test_asks_of_the_gateway_are_answered_beside_the_wearers_and_never_seen() -> None:
    async def body(house: House) -> None:
        app = house.submitted("from an app")
        await house.after(0.5)
        house.press("up")
        assert await app.ended() == "finished"
        assert app.text == "".join(WORDS)
        await house.after(5)

    house = scene(body)
    assert house.seen == ["looking", "asked", *WORDS, "finished"]
    assert [ask.prompt for ask in house.asked_for] == ["from an app", "two"]
    assert [record.origin for record in house.records] == [Origin.GATEWAY, Origin.BUTTON]


def test_an_ask_that_is_refused_is_remembered_like_any() -> None:
    async def body(house: House) -> None:
        house.runner.command("pause")
        assert await house.submitted("from an app").ended() == "paused"
        house.press("up")
        await house.after(1)

    assert [(r.origin, code(r)) for r in scene(body).records] == [
        (Origin.GATEWAY, Code.PAUSED),
        (Origin.BUTTON, Code.PAUSED),
    ]


def test_an_app_that_leaves_breaks_off_its_own_ask_alone() -> None:
    async def body(house: House) -> None:
        first, second = house.submitted("first"), house.submitted("second")
        await house.after(1.5)
        first.task.cancel()
        assert await second.ended() == "finished"

    assert [(r.id, code(r)) for r in scene(body).records] == [("first", Code.CANCELLED), ("second", None)]


def test_what_comes_for_an_app_is_handed_on_as_it_comes() -> None:
    async def body(house: House) -> None:
        begun = house.loop.time()
        app = house.submitted("from an app")
        await app.ended()
        came = [(round(at - begun, 3), event.text) for at, event in app.told if isinstance(event, Delta)]
        assert came == [(1.0, WORDS[0]), (2.0, WORDS[1]), (3.0, WORDS[2])]

    scene(body)


def test_an_app_that_waits_too_long_behind_the_wearer_is_told_that_it_is_busy() -> None:
    async def body(house: House) -> None:
        house.press("up")
        await house.after(0.1)
        app = house.submitted("from an app")
        for _ in range(20):
            house.press("up")
            await house.after(2)
        assert await app.ended() == Code.BUSY

    assert "from an app" not in [ask.prompt for ask in scene(body).asked_for]


def test_a_reload_waits_for_the_asks_of_the_gateway_and_new_ones_wait_for_it() -> None:
    async def body(house: House) -> None:
        house.submitted("first")
        await house.after(0.5)
        reloaded: list[float] = []

        async def reload() -> None:
            async with house.runner.between_asks():
                assert house.open_requests == 0
                await house.after(1)
                reloaded.append(house.loop.time())

        reloading = asyncio.create_task(reload())
        await house.after(0.1)
        second = house.submitted("second")
        await house.after(0.1)
        house.press("up")
        await house.after(0.1)
        assert house.open_requests == 2, "the wearer waits for the gateway"
        await reloading
        await second.ended()
        assert second.told[0][0] >= reloaded[0], "a new ask of the gateway held up the reload"

    scene(body)


# -- resume ------------------------------------------------------------------------------------------------------------


def test_an_answer_that_broke_off_goes_on_where_it_stands_about_the_same_picture() -> None:
    async def body(house: House) -> None:
        house.breaks_after = 1
        house.press("main")
        await house.after(3)
        house.breaks_after = len(WORDS)
        house.press("again")
        await house.after(5)

    house = scene(body)
    first, second = house.asked_for
    assert second.pictures == first.pictures
    assert second.given == WORDS[0]
    assert house.seen == ["looking", "asked", WORDS[0], "connection_lost", "asked", *WORDS, "finished"]
    assert [record.resumes for record in house.records] == ["", house.records[0].id]
    assert round(house.records[1].times["first_delta"], 3) == 1.0, "the given text is not the model's first delta"


def test_an_app_s_answer_that_broke_off_is_not_the_wearers_to_resume() -> None:
    async def body(house: House) -> None:
        house.breaks_after = 1
        await house.submitted("from an app").ended()
        house.press("again")
        await house.after(1)

    assert len(scene(body).asked_for) == 1


# -- pause -------------------------------------------------------------------------------------------------------------


def test_a_pause_ends_everything_at_once_and_says_so() -> None:
    async def body(house: House) -> None:
        apps = [house.submitted(name) for name in ("first", "second", "third")]
        await house.after(0.5)
        house.press("main")
        await house.after(1)
        begun = house.loop.time()
        house.runner.command("pause")
        assert [await app.ended() for app in apps] == [Code.PAUSED] * 3
        assert (house.loop.time(), house.shut_at, house.open_requests) == (begun, begun, 0)

    house = scene(body)
    assert house.seen == ["looking", "asked", "paused"]
    assert {code(record) for record in house.records} == {Code.PAUSED}


def test_a_second_stop_does_not_cut_short_the_closing_of_a_request() -> None:
    async def body(house: House) -> None:
        house.closing_s = 0.1
        house.press("up")
        await house.after(0.5)
        house.runner.command("cancel")
        await house.after(0.05)
        house.runner.command("pause")
        await house.after(0.2)
        assert house.open_requests == 0

    assert [code(record) for record in scene(body).records] == [Code.PAUSED]


def test_while_paused_a_press_is_told_so_and_nothing_is_pinned_warmed_or_sent() -> None:
    async def body(house: House) -> None:
        house.press("lid")
        await house.after(1)
        warmed = house.warmed
        house.press("main")
        assert not house.held
        assert await house.submitted("from an app").ended() == Code.PAUSED
        assert await house.submitted("from the shell", Origin.API).ended() == Code.PAUSED
        await house.after(1)
        assert house.warmed == warmed
        house.press("lid")
        await house.after(1)
        house.press("main")
        await house.after(5)

    house = scene(body)
    assert house.seen == ["paused", "told paused", "unpaused", "looking", "asked", *WORDS, "finished"]
    assert [ask.prompt for ask in house.asked_for] == ["one"]


class KeptFrame(Frame):
    """A frame that can be seen to go: it has no slots, so it takes weak references."""


def test_a_cancelled_ask_lets_go_of_its_picture_at_once_without_the_garbage_collector() -> None:
    async def main() -> None:
        house = House()
        pictures: list[weakref.ref[Frame]] = []

        async def pick(instant: float) -> Frame:
            frame = KeptFrame(b"picture", "image/jpeg", 640, 480, instant, "camera")
            pictures.append(weakref.ref(frame))
            return frame

        house.pick = pick  # type: ignore[method-assign]  # the frame's end is watched, not its content
        house.press("main")
        await house.after(1.5)
        house.press("main", hold=2.0)  # a long press: cancel
        await house.after(3.0)
        house.asked_for.clear()
        assert [record.outcome for record in house.records] == [OutcomeKind.CUT_OFF]
        assert [picture() for picture in pictures] == [None]

    gc.disable()
    try:
        run(main())
    finally:
        gc.enable()


def test_all_goes_on_while_asks_are_answered_and_broken_off() -> None:
    async def body(house: House) -> None:
        for hold in (0.1, 0.1, 1.0):
            house.press("main", hold)
            for _ in range(15):
                await house.after(0.1)
                assert house.runner.stuck() == ""

    assert code(scene(body).records[-1]) is Code.CANCELLED


def test_an_ask_that_does_not_end_when_it_is_broken_off_is_stuck() -> None:
    async def body(house: House) -> None:
        house.closing_s = 60.0
        house.press("main")
        await house.after(1.5)
        house.press("up")  # takes the place of the first, and waits for its end
        await house.after(BREAK_OFF_LIMIT_S - 1)
        assert house.runner.stuck() == ""
        await house.after(2)
        assert "does not end" in house.runner.stuck()
        house.closing_s = 0.0  # of the second
        await house.after(60)
        assert house.runner.stuck() == ""

    scene(body)


def test_asking_what_is_stuck_disturbs_no_gesture() -> None:
    async def body(house: House) -> None:
        house.press("main", hold=0.3)
        for _ in range(20):
            await house.after(0.05)
            house.runner.stuck()
        await house.after(5)

    assert scene(body).seen == ["looking", "asked", *WORDS, "finished"]
