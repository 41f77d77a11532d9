from __future__ import annotations

import asyncio
import gc
import logging
import weakref

import pytest
from runner_parts import WORDS, House, code, scene

from glassd.answer import AnswerEvent, Delta, Outcome, OutcomeKind, Problem
from glassd.ask import Ask, Origin
from glassd.config.schema import Config
from glassd.messages.codes import Code
from glassd.scheduler.records import FIRST_SCREEN_LIMIT_S
from glassd.scheduler.runner import WALL_S
from glassd.scheduler.turns import BREAK_OFF_LIMIT_S
from glassd.scheduler.under_way import PIECE_LIMIT_CHARS
from glassd.wall import Wall
from glassd_drivers.contracts import Frame
from virtual import run


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


# -- the time line -----------------------------------------------------------------------------------------------------


def test_the_time_line_has_the_instant_at_which_a_display_had_taken_the_first_of_the_answer() -> None:
    async def body(house: House) -> None:
        house.display_s = 0.2
        house.press("up")
        await house.after(5)

    (record,) = scene(body).records
    assert list(record.times) == ["gesture", "frame", "sent", "first_delta", "first_screen", "done"]
    assert record.times["first_screen"] == pytest.approx(record.times["first_delta"] + 0.2)


def test_an_answer_that_is_whole_before_a_display_has_it_is_recorded_once_it_does() -> None:
    async def body(house: House) -> None:
        house.display_s, house.whole_answer = 0.2, "A green door."
        house.press("up")
        await house.after(0.1)
        assert house.seen[-1] == "finished"
        assert house.records == []
        await house.after(0.2)
        assert [round(record.times["first_screen"], 3) for record in house.records] == [0.2]

    assert len(scene(body).records) == 1


def test_a_display_that_never_takes_it_holds_the_record_up_for_no_longer_than_it_may() -> None:
    async def body(house: House) -> None:
        house.display_s, house.whole_answer = 60.0, "A green door."
        house.press("up")
        await house.after(FIRST_SCREEN_LIMIT_S + 0.1)
        assert [list(record.times) for record in house.records] == [["gesture", "frame", "sent", "first_delta", "done"]]
        await house.after(120)

    assert len(scene(body).records) == 1


def test_a_stop_waits_for_no_display() -> None:
    async def body(house: House) -> None:
        house.display_s, house.whole_answer = 60.0, "A green door."
        house.press("up")
        await house.after(0.1)
        begun = house.loop.time()
        await house.runner.close()
        assert house.loop.time() == begun

    assert len(scene(body).records) == 1


def test_an_ask_is_kept_before_it_leaves_and_its_end_with_its_record() -> None:
    async def body(house: House) -> None:
        house.wall = Wall(offset=1_800_000_000.0, known=True)
        house.press("up")
        await house.after(0.5)
        assert house.kept.begun_asks == [("press-1", 1_800_000_000.0 + 1000.0)]
        assert house.kept.ended_asks == []
        await house.after(5)

    house = scene(body)
    assert [(record.id, outcome.text) for record, outcome in house.kept.ended_asks] == [("press-1", "".join(WORDS))]


def test_where_the_date_is_not_known_none_is_kept() -> None:
    async def body(house: House) -> None:
        house.press("up")
        await house.after(5)

    assert scene(body).kept.begun_asks == [("press-1", None)]


# -- bursts ------------------------------------------------------------------------------------------------------------

BURST = Config.model_validate(
    {
        "model": {"endpoints": [{"url": "reader"}]},
        "triggers": [
            {"when": "main press", "ask": "what moves?", "frames": "3 over 2s"},
            {"when": "up press", "ask": "what is it?"},
            {"when": "text press", "ask": "a word", "frames": "none"},
        ],
    }
)


def test_a_burst_looks_at_each_of_its_instants_and_asks_about_the_pictures_in_order() -> None:
    async def body(house: House) -> None:
        house.press("main")
        await house.after(8)
        assert house.looks == [pytest.approx(1000.0 + at) for at in (0.0, 1.0, 2.0)]

    house = scene(body, BURST)
    (ask,) = house.asked_for
    assert [picture.data for picture in ask.pictures if isinstance(picture, Frame)] == [
        b"picture 1",
        b"picture 2",
        b"picture 3",
    ]
    assert house.seen[:4] == ["looking", "stays open", "may close", "asked"]
    assert round(house.records[0].times["frame"], 3) == 2.0


@pytest.mark.parametrize(("lost", "went"), [({2}, [1, 3]), ({1, 3}, [2]), ({1, 2}, [3])])
def test_a_burst_that_misses_pictures_goes_with_those_that_it_has(lost: set[int], went: list[int]) -> None:
    async def body(house: House) -> None:
        house.loses_pictures = lost
        house.press("main")
        await house.after(8)

    (ask,) = scene(body, BURST).asked_for
    assert [picture.data for picture in ask.pictures if isinstance(picture, Frame)] == [b"picture %d" % n for n in went]


def test_a_burst_without_any_picture_asks_nothing() -> None:
    async def body(house: House) -> None:
        house.loses_pictures = {1, 2, 3}
        house.press("main")
        await house.after(8)

    house = scene(body, BURST)
    assert house.asked_for == []
    assert house.seen[-1] == "no_picture"


def test_a_press_takes_the_place_of_a_burst_that_is_still_looking() -> None:
    async def body(house: House) -> None:
        house.press("main")
        await house.after(1.5)
        house.press("up")
        await house.after(8)

    house = scene(body, BURST)
    assert [ask.prompt for ask in house.asked_for] == ["what is it?"]
    assert [code(record) for record in house.records] == [Code.CANCELLED, None]


def test_an_ask_without_frames_does_not_look() -> None:
    async def body(house: House) -> None:
        house.press("text")
        await house.after(8)

    house = scene(body, BURST)
    assert house.looks == []
    assert house.seen[0] == "asked"


# -- what is told beside an answer, what is skipped, the date ----------------------------------------------------------

POLICY = Config.model_validate(
    {
        "model": {"endpoints": [{"url": "reader"}]},
        "triggers": [
            {"when": "main press", "ask": "one", "cooldown": "10s"},
            {"when": "up press", "ask": "two"},
            {"when": "every 2s", "ask": "three"},
            {"when": "at 12:00", "ask": "noon"},
        ],
        "budgets": {"hour": {"asks": 5}},
    }
)


def test_a_press_that_comes_too_soon_is_told_so_beside_what_stands() -> None:
    async def body(house: House) -> None:
        house.press("main")
        await house.after(5)
        house.press("main")
        await house.after(1)
        assert house.seen[-2:] == ["finished", f"beside {Code.TOO_SOON}"]

    scene(body, POLICY)


def test_a_budget_that_runs_low_is_told_once_the_ask_that_took_it_there_has_the_display() -> None:
    async def body(house: House) -> None:
        for _ in range(4):
            house.press("up")
            await house.after(4)
        at = house.seen.index(f"beside {Code.BUDGET_LOW}")
        assert house.seen[at - 1] == "looking"
        assert house.seen[:at].count("looking") == 4

    scene(body, POLICY)


def test_a_budget_that_is_spent_is_told_and_nothing_leaves() -> None:
    async def body(house: House) -> None:
        for _ in range(6):
            house.press("up")
            await house.after(4)
        assert house.seen[-1] == f"told {Code.BUDGET_SPENT}"
        assert len(house.asked_for) == 5

    house = scene(body, POLICY)
    assert house.kept.spent is not None
    assert house.kept.spent.hour.asks == 5


def test_what_a_trigger_did_not_ask_is_counted_with_its_reason() -> None:
    async def body(house: House) -> None:
        house.runner.ready()
        house.press("up")
        await house.after(2.5)
        assert house.runner.skips == {("every 2s", "busy"): 1}
        assert house.kept.skips == [("every 2s", "busy")]

    scene(body, POLICY)


def test_a_time_of_the_day_comes_by_the_wall_clock_once_that_is_known_however_it_was_set() -> None:
    async def body(house: House) -> None:
        house.runner.ready()
        house.runner.configure(POLICY.model_copy(update={"triggers": [POLICY.triggers[3]]}))
        noon = 20_000 * 86400 + 12 * 3600.0
        await house.after(1)
        house.wall = Wall(offset=noon - 100.0 - house.loop.time(), known=True)
        await house.after(WALL_S + 90)
        assert [ask.prompt for ask in house.asked_for] == ["noon"]

    scene(body, POLICY)
