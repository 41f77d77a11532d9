from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from glassd.answer import AnswerEvent, Delta, Outcome, OutcomeKind, Reasoning, Sent
from glassd.scheduler.submission import BEHIND_LIMIT_EVENTS, Submission
from virtual import run

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

LETTERS = st.text("abc", min_size=1, max_size=3)
EVENTS = st.lists(st.one_of(LETTERS.map(Delta), LETTERS.map(Reasoning), st.just(Sent("there"))), max_size=30)
END = Outcome(OutcomeKind.FINISHED)


async def taken(submission: Submission) -> list[AnswerEvent]:
    events: AsyncIterator[AnswerEvent] = aiter(submission)
    return [event async for event in events]


def texts(events: list[AnswerEvent], kind: type[Delta | Reasoning]) -> str:
    return "".join(event.text for event in events if isinstance(event, kind))


def test_events_are_handed_on_one_by_one() -> None:
    submission = Submission()
    events: list[AnswerEvent] = [Sent("there"), Reasoning("hm"), Delta("A "), Delta("green "), Delta("door."), END]
    for event in events:
        submission.put(event)
    assert run(taken(submission)) == events


def test_what_waits_for_a_submitter_that_does_not_take_it_is_bounded() -> None:
    submission = Submission()
    for number in range(10_000):
        submission.put(Delta("x") if number % 2 else Reasoning("y"))
    submission.put(END)
    events = run(taken(submission))
    assert len(events) <= BEHIND_LIMIT_EVENTS + 3
    assert (texts(events, Delta), texts(events, Reasoning)) == ("x" * 5000, "y" * 5000)


@given(EVENTS, st.sampled_from([1, 10, 50]))
def test_however_far_behind_no_text_is_lost_and_the_outcome_is_last(some: list[AnswerEvent], times: int) -> None:
    submission = Submission()
    events = some * times
    for event in events:
        submission.put(event)
    submission.put(END)
    got = run(taken(submission))
    assert texts(got, Delta) == texts(events, Delta)
    assert texts(got, Reasoning) == texts(events, Reasoning)
    assert got[-1] == END
    assert got.count(END) == 1
    assert submission.complete


def test_a_submitter_that_has_caught_up_waits_for_nothing_that_came() -> None:
    async def main() -> None:
        submission = Submission()
        for _ in range(BEHIND_LIMIT_EVENTS + 10):
            submission.put(Delta("x"))
        got = ""
        async with asyncio.timeout(1):
            async for event in submission:
                assert isinstance(event, Delta)
                got += event.text
                if len(got) == BEHIND_LIMIT_EVENTS + 10:
                    break

    run(main())
