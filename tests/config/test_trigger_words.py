"""The words of triggers are values, and the values' words read back as the same values."""

from __future__ import annotations

import itertools
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassd.config.conditions import DAY_MINUTES, FACTS, Condition, can_hold, condition_of, read_condition
from glassd.config.events import (
    LONGEST_INTERVAL_S,
    SHORTEST_INTERVAL_S,
    At,
    AtStart,
    ButtonEvent,
    Every,
    SceneChange,
    event_of,
    read_event,
)
from glassd.config.prompts import checked_prompt
from glassd.config.triggers import (
    BURST_LIMIT_FRAMES,
    BURST_LIMIT_S,
    NO_FRAMES,
    ONE_FRAME,
    QUEUE_LIMIT_ASKS,
    Busy,
    Frames,
    busy_of,
    frames_of,
    read_busy,
    read_frames,
)
from glassd_drivers.units import bytes_text, duration_text, read_bytes, read_duration

MILLISECONDS = st.integers(int(SHORTEST_INTERVAL_S * 1000), int(LONGEST_INTERVAL_S * 1000))
MINUTES = st.integers(0, DAY_MINUTES - 1)
EVENTS = st.one_of(
    st.builds(
        ButtonEvent, st.from_regex(r"\A[^\s\d]\S{0,8}\Z"), st.sampled_from(["press", "double", "triple", "long"])
    ),
    st.builds(Every, MILLISECONDS.map(lambda ms: round(ms / 1000, 3))),
    st.builds(At, MINUTES),
    st.sampled_from([SceneChange(), AtStart()]),
)
BETWEEN = st.tuples(MINUTES, MINUTES).filter(lambda times: times[0] != times[1])
CONDITIONS = st.one_of(
    st.builds(Condition, st.sampled_from(FACTS), st.booleans()),
    st.builds(lambda times, holds: Condition("between", holds, *times), BETWEEN, st.booleans()),
)
BURSTS = st.builds(
    Frames,
    st.integers(2, BURST_LIMIT_FRAMES),
    st.integers(1, int(BURST_LIMIT_S * 1000)).map(lambda ms: round(ms / 1000, 3)),
)
BUSY = st.one_of(
    st.builds(Busy, st.sampled_from(["replace", "ignore", "queue"])),
    st.builds(Busy, st.just("queue"), st.integers(1, QUEUE_LIMIT_ASKS)),
)


@given(EVENTS)
def test_an_events_words_are_that_event(event: ButtonEvent | Every | At | SceneChange | AtStart) -> None:
    assert read_event(str(event)) == event
    assert event_of(event) is event


@given(CONDITIONS)
def test_a_conditions_words_are_that_condition(condition: Condition) -> None:
    assert read_condition(str(condition)) == condition
    assert condition_of(f"  {str(condition).replace(' ', '   ')} ") == condition


@given(st.sampled_from([ONE_FRAME, NO_FRAMES]) | BURSTS)
def test_the_words_of_frames_are_those_frames(frames: Frames) -> None:
    assert read_frames(str(frames)) == frames


@given(BUSY)
def test_the_words_of_busy_are_that_policy(busy: Busy) -> None:
    assert read_busy(str(busy)) == busy


@given(st.integers(1, 10**12), st.integers(0, 10**12 - 1))
def test_the_words_of_durations_and_of_bytes_are_those(ms: int, count: int) -> None:
    assert read_duration(duration_text(ms / 1000)) == pytest.approx(ms / 1000, abs=0.0004)
    assert read_bytes(bytes_text(count)) == count


@given(st.text(max_size=40))
def test_whatever_is_written_is_a_value_that_reads_back_or_a_mistake(text: str) -> None:
    for read in (event_of, condition_of, frames_of, busy_of, checked_prompt):
        with suppress(ValueError):
            value = read(text)
            assert read(str(value)) == value


@pytest.mark.parametrize(
    ("text", "event"),
    [
        ("every 30s", Every(30.0)),
        ("every  1.5 min", Every(90.0)),
        ("every 1d", Every(86400.0)),
        ("at 00:00", At(0)),
        ("at 23:59", At(23 * 60 + 59)),
        ("start", AtStart()),
        ("scene   change", SceneChange()),
        ("every press", ButtonEvent("every", "press")),  # a button may have any name
        ("at long", ButtonEvent("at", "long")),
    ],
)
def test_events_are_read(text: str, event: object) -> None:
    assert event_of(text) == event


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("every 30", "every 30s"),
        ("evry 30s", "every 30s"),
        ("30 s", "every 30s"),
        ("every 5 minutes", "every 5min"),
        ("每30秒", "every 30s"),
        ("每5分钟", "every 5min"),
        ("at 8:00", "at 08:00"),
        ("08:00", "at 08:00"),
        ("daily 7.30", "at 07:30"),
        ("on start", "start"),
        ("start up", "start"),
        ("scene_change", "scene change"),
        ("press main", "main press"),
        ("main-double", "main double"),
        ("F1 long press", "F1 long"),
    ],
)
def test_the_event_that_was_likely_meant_is_told(text: str, meant: str) -> None:
    with pytest.raises(ValueError, match=f"did you mean {meant}\\?$"):
        event_of(text)


@pytest.mark.parametrize("text", ["every 0.9s", "every 8d", "every 0s", "every 999999999999d"])
def test_an_interval_has_its_bounds(text: str) -> None:
    with pytest.raises(ValueError, match=r"^an interval from 1s to 7d$"):
        event_of(text)


@pytest.mark.parametrize("text", ["at 24:00", "at 8", "every", "at", "main", "", "start main", "mainpress 25:61"])
def test_what_is_no_event_and_is_near_none_is_refused_all_the_same(text: str) -> None:
    with pytest.raises(ValueError, match=r"^a button and a gesture"):
        event_of(text)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("cutoff", "cut off"),
        ("not on-line", "not online"),
        ("no answer shown", "not answer shown"),
        ("over budgets", "over budget"),
        ("between 8:00 and 20:00", "between 08:00 and 20:00"),
        ("not from 22:00 to 6.30", "not between 22:00 and 06:30"),
    ],
)
def test_the_condition_that_was_likely_meant_is_told(text: str, meant: str) -> None:
    with pytest.raises(ValueError, match=f"did you mean {meant}\\?$"):
        condition_of(text)


@pytest.mark.parametrize(
    "text", ["3 over 0s", "9 over 1s", "1 over 1s", "2 over 11s", "3", "3 over 2", "all", "one over 1s"]
)
def test_frames_have_their_bounds(text: str) -> None:
    with pytest.raises(ValueError, match=r"^none, one, or a burst"):
        frames_of(text)


@pytest.mark.parametrize("text", ["queue 0", "queue 9", "queue -1", "queue a", "wait", ""])
def test_busy_has_its_bounds(text: str) -> None:
    with pytest.raises(ValueError, match=r"^replace, ignore, queue"):
        busy_of(text)


# -- conditions together ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("since", "until", "inside", "outside"),
    [(480, 1200, (480, 1199), (479, 1200)), (1320, 360, (1320, 1439, 0, 359), (360, 1319))],
)
def test_between_holds_from_its_first_minute_to_before_its_last_over_midnight_too(
    since: int, until: int, inside: tuple[int, ...], outside: tuple[int, ...]
) -> None:
    condition = Condition("between", since=since, until=until)
    assert all(condition.holds_at(minute) for minute in inside)
    assert not any(condition.holds_at(minute) for minute in outside)
    contrary = Condition("between", holds=False, since=since, until=until)
    assert [contrary.holds_at(minute) for minute in (*inside, *outside)] == [False] * len(inside) + [True] * len(
        outside
    )


@given(st.lists(CONDITIONS, max_size=4))
def test_conditions_can_hold_where_some_moment_has_them_all(conditions: list[Condition]) -> None:
    facts = sorted({each.fact for each in conditions if each.fact != "between"})
    moments = itertools.product(itertools.product([True, False], repeat=len(facts)), range(DAY_MINUTES))
    found = any(
        all(
            each.holds_at(minute)
            if each.fact == "between"
            else dict(zip(facts, held, strict=True))[each.fact] == each.holds
            for each in conditions
        )
        for held, minute in moments
    )
    assert can_hold(conditions) == found


# -- prompts ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ['{"a": 1}', "{x}", "{}", "f(){return}", "{time}{date}{answer}", "{ }", "{name}", "{{time}}"]
)
def test_other_braces_are_text(text: str) -> None:
    assert checked_prompt(text) == text


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("{tiem}", "time"),
        ("{Time}", "time"),
        ("{ time }", "time"),
        ("｛time｝", "time"),
        ("{dates}", "date"),
        ("{anwser}", "answer"),
        ("{时间}", "time"),
        ("{今天}", "date"),
        ("{回答}", "answer"),
    ],
)
def test_a_slip_in_a_known_word_is_told(text: str, meant: str) -> None:
    with pytest.raises(ValueError, match=f"did you mean {{{meant}}}\\?$"):
        checked_prompt(f"a {text} b")


def test_blanks_are_no_question() -> None:
    with pytest.raises(ValueError, match="blanks"):
        checked_prompt(" \t")
