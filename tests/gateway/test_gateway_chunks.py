"""An answer leaves the gateway in the manual's shapes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from glassd.answer import Delta, Outcome, OutcomeKind, Reasoning
from glassd.gateway.chunks import Completion
from glassd.gateway.errors import GatewayError
from manual import STREAM, STREAM_DELTAS, STREAM_ID, STREAM_USAGE, WHOLE, WHOLE_TEXT, WHOLE_USAGE

COMPLETION = Completion(STREAM_ID, 1735113344, "qwen-plus")
FINISHED = Outcome(OutcomeKind.FINISHED, text="".join(STREAM_DELTAS), finish_reason="stop", usage=STREAM_USAGE)


def test_a_stream_is_the_manuals_byte_for_byte() -> None:
    written = COMPLETION.opening()
    written += b"".join(COMPLETION.piece(Delta(text)) for text in STREAM_DELTAS)
    written += COMPLETION.ending(FINISHED, usage=True)
    assert written.decode() == "".join(f"data: {line}\n\n" for line in (*STREAM, "[DONE]"))


def test_a_whole_answer_is_the_manuals_key_by_key() -> None:
    completion = Completion("chatcmpl-6ada9ed2-7f33-9de2-8bb0-78bd4035025a", 1735120033, "qwen-plus")
    outcome = Outcome(OutcomeKind.FINISHED, text=WHOLE_TEXT, finish_reason="stop", usage=WHOLE_USAGE)
    assert json.dumps(json.loads(completion.whole(outcome))) == json.dumps(json.loads(WHOLE))


def test_a_stream_ends_without_the_usage_that_is_unwanted() -> None:
    finish = f"data: {STREAM[-2]}\n\ndata: [DONE]\n\n"
    assert COMPLETION.ending(FINISHED, usage=False).decode() == finish


@pytest.mark.parametrize("usage", [None, {}, {"prompt_tokens": None, "total_tokens": 0}])
def test_what_nobody_counted_is_zero(usage: dict[str, Any] | None) -> None:
    outcome = replace(FINISHED, usage=usage)
    *_, counted, done = COMPLETION.ending(outcome, usage=True).decode().removesuffix("\n\n").split("\n\n")
    assert done == "data: [DONE]"
    zeros = '"usage":{"completion_tokens":0,"prompt_tokens":0,"total_tokens":0,'
    zeros += '"completion_tokens_details":null,"prompt_tokens_details":{"audio_tokens":null,"cached_tokens":0}}}'
    assert counted == f"data: {STREAM[-1]}".partition('"usage":')[0] + zeros
    whole = json.loads(COMPLETION.whole(outcome))["usage"]
    assert whole == {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}


@pytest.mark.parametrize("details", [None, [1], "many", 5])
def test_details_that_are_none_do_not_break_the_end_of_an_answer(details: Any) -> None:
    outcome = replace(FINISHED, usage={**STREAM_USAGE, "prompt_tokens_details": details})
    assert COMPLETION.ending(outcome, usage=True) == COMPLETION.ending(FINISHED, usage=True)


def test_a_sign_of_life_is_a_chunk_that_says_nothing() -> None:
    assert COMPLETION.sign_of_life() == COMPLETION.piece(Delta(""))


def test_a_refusal_and_the_vendors_own_counts_come_through() -> None:
    outcome = replace(
        FINISHED, refusal="不可以", finish_reason="content_filter", usage={**STREAM_USAGE, "image_tokens": 9}
    )
    refusal, finish, usage, done = COMPLETION.ending(outcome, usage=True).decode().removesuffix("\n\n").split("\n\n")
    assert json.loads(refusal.removeprefix("data: "))["choices"][0]["delta"]["refusal"] == "不可以"
    assert json.loads(finish.removeprefix("data: "))["choices"][0]["finish_reason"] == "content_filter"
    assert json.loads(usage.removeprefix("data: "))["usage"]["image_tokens"] == 9
    assert done == "data: [DONE]"
    assert json.loads(COMPLETION.whole(outcome))["choices"][0]["message"]["refusal"] == "不可以"


def test_reasoning_is_no_content() -> None:
    delta = json.loads(COMPLETION.piece(Reasoning("hm")).removeprefix(b"data: "))["choices"][0]["delta"]
    assert (delta["content"], delta["reasoning_content"]) == (None, "hm")


def test_an_answer_that_broke_off_has_no_end_that_a_whole_one_has() -> None:
    event = COMPLETION.breaking_off(GatewayError(504, "the model stalled", code="gap_timeout"))
    error = {"message": "the model stalled", "type": "server_error", "param": None, "code": "gap_timeout"}
    assert json.loads(event.removeprefix(b"data: ")) == {"error": error}


@given(st.text())
def test_any_text_is_one_line_that_reads_back_the_same(text: str) -> None:
    event = COMPLETION.piece(Delta(text))
    assert (event[:6], event.count(b"\n"), event.count(b"\r"), event[-2:]) == (b"data: ", 2, 0, b"\n\n")
    assert json.loads(event[6:])["choices"][0]["delta"]["content"] == text
