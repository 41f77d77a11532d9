"""The JSON lines of an answer, there and back."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from glassd.answer import Delta, Outcome, OutcomeKind, Problem, Reasoning, Sent, Timings
from glassd.messages.codes import Code
from glassd.model.wire import event_from_line, event_line

SECONDS = st.none() | st.integers(0, 10_000).map(lambda ms: ms / 1000)
TEXT = st.text(max_size=10)
PROBLEMS = st.tuples(
    st.sampled_from(Code), TEXT, st.none() | TEXT, st.none() | st.integers(400, 599), st.booleans(), SECONDS
).map(lambda told: Problem(*told))
OUTCOMES = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(OutcomeKind),
        "text": TEXT,
        "reasoning": TEXT,
        "refusal": TEXT,
        "finish_reason": st.none() | TEXT,
        "usage": st.none() | st.just({"total_tokens": 39}),
        "problem": st.none() | PROBLEMS,
        "endpoint": TEXT,
        "model": TEXT,
        "timings": st.builds(Timings, SECONDS, SECONDS, SECONDS, SECONDS, SECONDS),
    }
).map(lambda told: Outcome(**told))


@given(st.builds(Delta, TEXT) | st.builds(Reasoning, TEXT) | OUTCOMES)
def test_a_line_says_all_that_the_event_says(event: Delta | Reasoning | Outcome) -> None:
    assert event_from_line(json.loads(json.dumps(event_line(event)))) == event


def test_an_outcome_has_exactly_the_keys_of_the_contract() -> None:
    outcome = Outcome(OutcomeKind.FAILED, problem=Problem(Code.EMPTY, "nothing"))
    line = event_line(outcome)
    assert line is not None
    assert list(line) == [
        *("event", "outcome", "text", "reasoning", "refusal", "finish_reason", "usage", "error"),
        *("endpoint", "model", "timings"),
    ]
    assert list(line["error"]) == ["code", "vendor_code", "message", "http_status", "retryable", "retry_after_s"]
    assert list(line["timings"]) == ["body", "connected", "sent", "first_delta", "done"]
    finished = event_line(replace(outcome, problem=None))
    assert finished is not None
    assert finished["error"] is None


def test_what_is_for_the_display_alone_has_no_line() -> None:
    assert event_line(Sent("reader")) is None


@pytest.mark.parametrize("line", [{}, {"event": "delta"}, {"event": "x"}, {"event": "outcome", "outcome": "x"}])
def test_what_is_no_line_is_refused(line: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="not a line"):
        event_from_line(line)
