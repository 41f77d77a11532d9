"""The presenter: what the wearer sees for everything that can happen to an ask."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wcwidth import wcswidth

from glassd.answer import AnswerEvent, Delta, Outcome, OutcomeKind, Problem, Reasoning, Sent
from glassd.messages import Code, Language, lines
from glassd.presenter.presenter import Presenter
from glassd_drivers.contracts import Mark, Profile, Screen

if TYPE_CHECKING:
    from collections.abc import Callable

SMALL = Profile("small", columns=30, rows=4, interval=0.1)
FINISHED = Outcome(OutcomeKind.FINISHED, finish_reason="stop")
FINISHED_WITH_NOTHING = Outcome(OutcomeKind.FINISHED, finish_reason="length")


def ended(kind: OutcomeKind, code: Code, retry_after_s: float | None = None) -> Outcome:
    return Outcome(kind, problem=Problem(code, "for the operator", retry_after_s=retry_after_s))


def answering(*texts: str, language: Language = "zh", profile: Profile = SMALL) -> Presenter:
    presenter = Presenter(profile, language)
    presenter.looking()
    presenter.asked()
    presenter.event(Sent("https://model.example/v1"))
    for text in texts:
        presenter.event(Delta(text))
    return presenter


def test_nothing_is_shown_before_the_first_ask() -> None:
    assert Presenter(SMALL, "zh").screen == Screen()


def test_an_ask_goes_through_its_marks_in_order() -> None:
    presenter = Presenter(SMALL, "zh")
    screens = [
        presenter.looking(),
        presenter.asked(),
        presenter.event(Sent("https://model.example/v1")),
        presenter.event(Reasoning("嗯")),
        presenter.event(Delta("一家")),
        presenter.event(Reasoning("嗯")),
        presenter.event(Delta("书店。")),
        presenter.event(FINISHED),
    ]
    assert [screen.mark for screen in screens] == [
        Mark.LOOKING,
        Mark.SENDING,
        Mark.THINKING,
        Mark.THINKING,
        Mark.WRITING,
        Mark.WRITING,
        Mark.WRITING,
        Mark.DONE,
    ]
    assert [screen.lines for screen in screens[3:]] == [(), ("一家",), ("一家",), ("一家书店。",), ("一家书店。",)]
    assert [screen.must_show for screen in screens] == [False] * 7 + [True]


def test_thought_in_the_answer_itself_is_thinking_and_never_shown() -> None:
    presenter = answering()
    screens = [presenter.event(Delta(text)) for text in ("<thi", "nk>嗯", "嗯</think>", "\n\n一家**书", "店**")]
    assert [screen.mark for screen in screens[1:]] == [Mark.THINKING, Mark.WRITING, Mark.WRITING, Mark.WRITING]
    assert [screen.lines for screen in screens] == [(), (), (), ("一家书",), ("一家书店",)]
    assert presenter.event(FINISHED).lines == ("一家书店",)


def test_reasoning_is_never_shown() -> None:
    presenter = answering()
    for _ in range(3):
        assert presenter.event(Reasoning("secret")).lines == ()


def test_a_new_ask_takes_the_old_answer_away() -> None:
    presenter = answering("很长的回答" * 30)
    presenter.previous_page()
    presenter.event(FINISHED)
    assert presenter.looking() == Screen(mark=Mark.LOOKING)
    presenter.asked()
    assert presenter.event(Delta("新")).lines == ("新",)


def test_pages_follow_the_newest_line() -> None:
    presenter = answering("一\n二\n三\n四\n五")
    assert presenter.screen == Screen(("五",), page=2, pages=2, mark=Mark.WRITING)


def test_the_page_that_the_wearer_went_to_stays_while_text_comes() -> None:
    presenter = answering("一\n二\n三\n四\n五")
    assert presenter.previous_page().lines == ("一", "二", "三", "四")
    screen = presenter.event(Delta("\n六\n七\n八\n九"))
    assert (screen.lines, screen.page, screen.pages) == (("一", "二", "三", "四"), 1, 3)
    assert presenter.event(FINISHED).page == 1
    assert presenter.next_page().lines == ("五", "六", "七", "八")
    assert presenter.next_page().lines == ("九",)


def test_a_cut_off_answer_keeps_its_text_and_says_why_below() -> None:
    presenter = answering("图中是一家")
    screen = presenter.event(ended(OutcomeKind.CUT_OFF, Code.GAP_TIMEOUT))
    assert screen.lines == ("图中是一家", "未完：" + lines(Code.GAP_TIMEOUT, "zh")[0])
    assert (screen.mark, screen.must_show) == (Mark.CUT_OFF, True)


def test_the_note_of_a_cut_off_answer_never_pushes_its_text_out_of_view() -> None:
    presenter = answering("一\n二\n三\n四")
    screen = presenter.event(ended(OutcomeKind.CUT_OFF, Code.CONNECTION_LOST))
    assert (screen.lines, screen.page, screen.pages) == (("一", "二", "三", "四"), 1, 2)
    assert presenter.next_page().lines == ("未完：" + lines(Code.CONNECTION_LOST, "zh")[0],)


@pytest.mark.parametrize("kind", [OutcomeKind.FAILED, OutcomeKind.REFUSED])
def test_an_error_shows_its_two_lines_and_its_code(kind: OutcomeKind) -> None:
    screen = answering().event(ended(kind, Code.MODERATED))
    assert screen == Screen((*lines(Code.MODERATED, "zh"), "[moderated]"), mark=Mark.ERROR, must_show=True)


def test_an_error_after_text_has_a_page_of_its_own_and_the_text_stays() -> None:
    presenter = answering("已经说了一些")
    presenter.previous_page()
    screen = presenter.event(ended(OutcomeKind.FAILED, Code.SERVER_ERROR))
    assert screen.lines[:2] == lines(Code.SERVER_ERROR, "zh")
    assert (screen.page, screen.pages) == (2, 2)
    assert presenter.previous_page().lines == ("已经说了一些",)


def test_an_error_says_when_to_come_back() -> None:
    screen = answering(language="en").event(ended(OutcomeKind.FAILED, Code.RATE_LIMITED, retry_after_s=20))
    assert screen.lines[1] == "Press again in 20 s"


def test_a_display_of_two_rows_has_room_for_the_two_lines_alone() -> None:
    presenter = answering(profile=Profile("tiny", columns=30, rows=2, interval=0.1))
    screen = presenter.event(ended(OutcomeKind.FAILED, Code.DNS))
    assert (screen.lines, screen.pages) == (lines(Code.DNS, "zh"), 1)


def test_a_long_error_on_a_narrow_display_is_shown_from_its_beginning() -> None:
    presenter = answering(profile=Profile("narrow", columns=6, rows=2, interval=0.1))
    screen = presenter.event(ended(OutcomeKind.FAILED, Code.DNS))
    assert (screen.page, screen.lines[0]) == (1, "找不到")
    assert screen.pages > 1


@pytest.mark.parametrize("kind", [OutcomeKind.FAILED, OutcomeKind.CUT_OFF])
def test_a_cancel_leaves_one_word(kind: OutcomeKind) -> None:
    screen = answering("不想看了" * 40).event(ended(kind, Code.CANCELLED))
    assert screen == Screen(("已取消",), mark=Mark.IDLE, must_show=True)


@pytest.mark.parametrize(("reason", "words"), [("content_filter", "过滤"), ("length", "上限")])
def test_an_answer_that_finished_short_says_so(reason: str, words: str) -> None:
    screen = answering("前半句").event(Outcome(OutcomeKind.FINISHED, finish_reason=reason))
    assert screen.lines[0] == "前半句"
    assert words in screen.lines[1]
    assert (screen.mark, screen.must_show) == (Mark.DONE, True)


def test_a_refusal_is_shown_in_the_models_words_and_marked() -> None:
    screen = answering(language="en").event(Outcome(OutcomeKind.FINISHED, refusal="I cannot\x1b help."))
    assert screen.lines == ("The model declined:", "I cannot help.")
    assert screen.mark is Mark.DONE


def test_an_answer_with_nothing_in_it_is_told_as_that() -> None:
    screen = answering("\n ").event(FINISHED)
    assert screen.lines[:2] == lines(Code.EMPTY, "zh")
    assert (screen.mark, screen.must_show) == (Mark.ERROR, True)


def test_what_comes_after_the_end_is_passed_over() -> None:
    presenter = answering("完了")
    final = presenter.event(FINISHED).lines
    assert presenter.event(Delta("迟到")).lines == final
    presenter.clear()
    assert presenter.event(Delta("迟到")) == presenter.event(FINISHED) == Screen()


def test_a_clear_shows_nothing_and_must_be_shown() -> None:
    assert answering("回答").clear() == Screen(must_show=True)


def test_a_problem_without_an_ask_replaces_an_old_answer() -> None:
    presenter = answering("旧的回答")
    presenter.event(FINISHED)
    screen = presenter.problem(Problem(Code.NO_CAMERA, "for the operator"))
    assert screen.lines[:2] == lines(Code.NO_CAMERA, "zh")
    assert (screen.pages, screen.mark, screen.must_show) == (1, Mark.ERROR, True)


def test_a_problem_ends_the_ask_under_way_and_keeps_its_text() -> None:
    presenter = answering("说到一半")
    screen = presenter.problem(Problem(Code.STOPPING, "for the operator"))
    assert (screen.page, screen.lines[:2]) == (2, lines(Code.STOPPING, "zh"))
    assert presenter.event(Delta("迟到")).lines == screen.lines


def test_the_camera_sign_stands_on_every_screen_while_it_looks() -> None:
    presenter = Presenter(SMALL, "zh")
    assert presenter.camera(on=True) == Screen(camera=True)
    assert presenter.looking().camera
    presenter.asked()
    assert presenter.event(Delta("字")).camera
    assert presenter.event(FINISHED).camera
    assert presenter.clear().camera
    assert not presenter.camera(on=False).camera


PROBLEMS = st.sampled_from(Code).map(lambda code: Problem(code, "for the operator"))
EVENTS: st.SearchStrategy[AnswerEvent] = st.one_of(
    st.just(Sent("https://model.example/v1")),
    st.builds(Delta, st.text(max_size=80)),
    st.builds(
        Delta, st.sampled_from(["图中是一家书店，", "word ", "\n", "\x1b[31m", "👨‍👩‍👧", "https://a.example/b-c"])
    ),
    st.builds(Reasoning, st.text(max_size=8)),
    st.fixed_dictionaries(
        {
            "kind": st.sampled_from(OutcomeKind),
            "refusal": st.sampled_from(["", "不行"]),
            "finish_reason": st.sampled_from([None, "stop", "length", "content_filter"]),
            "problem": st.none() | PROBLEMS,
        }
    ).map(lambda told: Outcome(**told)),
)
HAPPENINGS: st.SearchStrategy[Callable[[Presenter], Screen]] = st.one_of(
    st.sampled_from(
        [Presenter.looking, Presenter.asked, Presenter.next_page, Presenter.previous_page, Presenter.clear]
    ),
    EVENTS.map(lambda event: lambda presenter: presenter.event(event)),
    st.booleans().map(lambda on: lambda presenter: presenter.camera(on)),
    PROBLEMS.map(lambda p: lambda presenter: presenter.problem(p)),
)
PROFILES = st.builds(
    Profile, st.just("any"), columns=st.integers(2, 40), rows=st.integers(1, 10), interval=st.just(0.1)
)


@given(st.lists(HAPPENINGS, max_size=40), PROFILES, st.sampled_from(["zh", "en"]))
def test_whatever_happens_every_screen_fits_its_display(
    happenings: list[Callable[[Presenter], Screen]], profile: Profile, language: Language
) -> None:
    presenter = Presenter(profile, language)
    for happen in happenings:
        screen = happen(presenter)
        assert len(screen.lines) <= profile.rows
        assert all(0 <= wcswidth(line) <= profile.columns for line in screen.lines)
        assert 1 <= screen.page <= screen.pages


@given(st.lists(st.builds(Delta, st.text(max_size=40)), max_size=30), PROFILES)
def test_a_page_that_has_been_full_never_changes(deltas: list[Delta], profile: Profile) -> None:
    presenter = answering(profile=profile)
    seen: dict[int, tuple[str, ...]] = {}
    for delta in deltas:
        presenter.event(delta)
    presenter.event(ended(OutcomeKind.CUT_OFF, Code.GAP_TIMEOUT))
    final = {screen.page: screen.lines for screen in _all_pages(presenter)}
    presenter = answering(profile=profile)
    for delta in deltas:
        presenter.event(delta)
        full = len(presenter._layout.full) // profile.rows
        seen |= {screen.page: screen.lines for screen in _all_pages(presenter) if screen.page <= full}
    assert {page: final[page] for page in seen} == seen


def _all_pages(presenter: Presenter) -> list[Screen]:
    while presenter.screen.page > 1:
        presenter.previous_page()
    screens = [presenter.screen]
    while presenter.screen.page < presenter.screen.pages:
        screens.append(presenter.next_page())
    return screens


def test_a_pause_takes_everything_away_and_its_two_lines_stay_until_it_is_undone() -> None:
    presenter = answering("说到一半")
    paused = presenter.pause(on=True)
    assert paused == Screen(lines(Code.PAUSED, "zh"), must_show=True)
    assert presenter.clear() == paused
    assert presenter.problem(Problem(Code.PAUSED, "for the operator")) == paused
    assert presenter.event(Delta("迟到")).lines == paused.lines
    assert presenter.pause(on=False) == Screen(must_show=True)
    presenter.asked()
    assert presenter.event(Delta("新")).lines == ("新",)


def test_while_paused_a_long_text_on_a_narrow_display_can_be_paged() -> None:
    presenter = answering(profile=Profile("narrow", columns=6, rows=2, interval=0.1))
    first = presenter.pause(on=True)
    assert (first.page, first.lines[0]) == (1, "已暂")
    assert presenter.next_page().page == 2


# -- notices -----------------------------------------------------------------------------------------------------------


def test_a_notice_stands_below_the_answer_that_is_there() -> None:
    presenter = answering("A green door.", language="en")
    presenter.event(FINISHED)
    screen = presenter.notice(Code.BUDGET_LOW)
    assert screen.lines == ("A green door.", lines(Code.BUDGET_LOW, "en")[0])
    assert (screen.mark, screen.must_show) == (Mark.DONE, True)


def test_a_notice_with_nothing_there_has_both_its_lines() -> None:
    screen = Presenter(SMALL, "zh").notice(Code.PERHAPS_SENT)
    assert screen == Screen(lines(Code.PERHAPS_SENT, "zh"), must_show=True)


def test_a_notice_while_an_answer_is_written_goes_down_with_it_and_stays_at_its_end() -> None:
    presenter = answering(language="en")
    told = lines(Code.TOO_SOON, "en")[0]
    assert presenter.notice(Code.TOO_SOON).lines == (told,)
    assert presenter.event(Delta("one\n")).lines == ("one", told)
    assert presenter.event(Delta("two")).lines == ("one", "two", told)
    assert presenter.event(FINISHED).lines == ("one", "two", told)


def test_a_notice_turns_no_page_of_an_answer_that_is_being_written() -> None:
    presenter = answering("一\n二\n三\n四")
    before = presenter.screen
    screen = presenter.notice(Code.BUDGET_LOW)
    assert (screen.lines, screen.page, screen.pages) == (before.lines, 1, 1)
    ended = presenter.event(FINISHED)
    assert (ended.lines, ended.page, ended.pages) == (before.lines, 1, 2)
    assert presenter.next_page().lines == (lines(Code.BUDGET_LOW, "zh")[0],)


def test_the_same_notice_is_told_once_while_an_answer_is_written_and_several_in_their_order() -> None:
    presenter = answering()
    for code in (Code.TOO_SOON, Code.BUDGET_LOW, Code.TOO_SOON):
        presenter.notice(code)
    assert presenter.event(FINISHED_WITH_NOTHING).lines[-2:] == (
        lines(Code.TOO_SOON, "zh")[0],
        lines(Code.BUDGET_LOW, "zh")[0],
    )


def test_a_notice_under_an_error_leaves_its_lines() -> None:
    presenter = answering()
    presenter.event(ended(OutcomeKind.FAILED, Code.NO_NETWORK))
    screen = presenter.notice(Code.PERHAPS_SENT)
    assert screen.lines[:3] == (*lines(Code.NO_NETWORK, "zh"), "[no_network]")
    assert screen.lines[3:] == (lines(Code.PERHAPS_SENT, "zh")[0],)


def test_a_notice_under_a_pause_is_told_once_the_pause_is_undone() -> None:
    presenter = Presenter(SMALL, "en")
    presenter.pause(on=True)
    assert presenter.notice(Code.PERHAPS_SENT).lines == lines(Code.PAUSED, "en")
    assert presenter.clear().lines == lines(Code.PAUSED, "en")
    assert presenter.pause(on=False).lines == lines(Code.PERHAPS_SENT, "en")


def test_a_clear_takes_notices_away() -> None:
    presenter = answering("A door.")
    presenter.notice(Code.BUDGET_LOW)
    assert presenter.clear().lines == ()
    assert presenter.asked().lines == ()


def test_a_warning_stays_on_every_screen_until_it_is_over() -> None:
    presenter = Presenter(SMALL, "en")
    assert presenter.warning(True).warning
    assert presenter.looking().warning
    assert presenter.event(Delta("A door.")).warning
    assert presenter.clear().warning
    assert not presenter.warning(False).warning


# -- an answer that comes late -----------------------------------------------------------------------------------------


def test_a_late_answer_stands_under_its_heading_from_its_beginning() -> None:
    presenter = Presenter(SMALL, "en")
    screen = presenter.late_answer(Outcome(OutcomeKind.FINISHED, text="one\ntwo\nthree\nfour", finish_reason="stop"))
    assert screen.lines == (lines(Code.ANSWER_CAME, "en")[0], "one", "two", "three")
    assert (screen.page, screen.pages, screen.mark, screen.must_show) == (1, 2, Mark.DONE, True)
    assert presenter.next_page().lines == ("four",)


def test_a_late_failure_is_told_as_any() -> None:
    screen = Presenter(SMALL, "en").late_answer(ended(OutcomeKind.FAILED, Code.KEY_WRONG))
    assert screen.lines[:2] == lines(Code.KEY_WRONG, "en")
    assert (screen.mark, screen.must_show) == (Mark.ERROR, True)
