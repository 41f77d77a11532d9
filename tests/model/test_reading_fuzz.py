"""Anything at all: real answers cut up and mixed, odd JSON, bare bytes. `make fuzz` gives it thousands of examples.

What must hold: nothing is raised, the outcome can be written out, memory stays bounded, how the bytes are cut makes no
difference, and the fast ways of decoding a chunk agree with the tolerant one.
"""

from __future__ import annotations

import json
import tracemalloc
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from streams import STREAMS
from test_reading import chunk, read

from glassd.answer import OutcomeKind
from glassd.model import chunks as chunks_module
from glassd.model import reading as reading_module
from glassd.model import sse
from glassd.model.chunks import NotAChunkError, PlainWords, answering, decode, plain_words
from glassd.model.server_errors import decode_error
from glassd.model.sse import EventDecoder

PEAK_LIMIT_BYTES = 4_000_000
"""Far more than any body made here needs, which has some 20 KB."""

# -- what servers might send -------------------------------------------------------------------------------------------

CHUNK_KEYS = ["choices", "delta", "message", "content", "text", "type", "usage", "finish_reason", "index", "object"]
OTHER_KEYS = ["reasoning", "reasoning_content", "thinking", "refusal", "tool_calls", "x_groq"]
ERROR_KEYS = ["error", "code", "detail", "msg", "status", "errors", "success", "base_resp", "status_code", "error_msg"]
KEYS = st.sampled_from([*CHUNK_KEYS, *OTHER_KEYS, *ERROR_KEYS])
WORDS = st.sampled_from(
    ["", "a", "你", "👓", "null", "stop", "error", "\ud83d", "\udc53", "\n", "\0", "[DONE]", "data: "]
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | WORDS | st.text(max_size=8)
ANY_JSON = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4))
NOTHINGS: list[Any] = [None, "", "null", 0, [], {}, False]
NOTHING = st.sampled_from(NOTHINGS)
DELTAS = st.fixed_dictionaries(
    {},
    optional={
        "content": WORDS | NOTHING,
        "reasoning_content": WORDS | NOTHING,
        "reasoning": WORDS | NOTHING,
        "refusal": NOTHING,
        "tool_calls": NOTHING,
    },
)
CHOICES = st.fixed_dictionaries(
    {"delta": DELTAS | ANY_JSON},
    optional={
        "index": st.sampled_from([0, 0, None, 1, "0"]),
        "finish_reason": WORDS | NOTHING,
        "usage": NOTHING,
        "error": NOTHING,
        "message": DELTAS | NOTHING,
        "text": WORDS,
    },
)
CHUNKS = st.fixed_dictionaries(
    {"choices": st.lists(CHOICES | ANY_JSON, max_size=2) | ANY_JSON},
    optional=dict.fromkeys(("usage", "error", "base_resp", "x_groq", "message", "code"), NOTHING | ANY_JSON),
)
PAYLOADS = (CHUNKS | ANY_JSON).map(lambda value: json.dumps(value).encode())
EVENTS = PAYLOADS.map(lambda payload: b"data: " + payload + b"\n\n")

REAL = sorted({line for stream in STREAMS.values() for line in stream.body.split(b"\n") if len(line) < 2000})
BLANKS = [b"\n", b"\n\n", b"\r", b"\r\n", b" ", b"\0", b"\xef\xbb\xbf"]
BREAKS = [b"\xff", b"\xf0\x9f", b"{", b"}", b"[", b"]", b'"', b",", b"\\", b"NaN", b"1e999", b"9" * 50]
FIELDS = [b"data:", b"data: ", b"data", b"data: {\n", b"data: [DONE]\n\n", b"[DONE]\n", b"event: error\n", b"error: "]
OTHERS = [b"event: x\n", b"id: 1\n", b"retry: 1\n", b": c\n", b"<html>", b"x" * 300]
NOISE = st.sampled_from([*BLANKS, *BREAKS, *FIELDS, *OTHERS])


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A recorded answer with some of its bytes taken out, put in twice, or replaced."""
    body = STREAMS[draw(st.sampled_from(sorted(STREAMS)))].body[:20_000]
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(body)))
        end = min(len(body), start + draw(st.sampled_from([0, 1, 2, 7, 50, 1000])))
        put = draw(st.sampled_from([b"", body[start:end] * 2]) | NOISE | st.binary(max_size=4))
        body = body[:start] + put + body[end:]
    return body


LINES = st.sampled_from(REAL).map(lambda line: line + b"\n")
BODIES = mutated() | st.lists(EVENTS | LINES | NOISE | st.binary(max_size=20), max_size=12).map(b"".join)


@st.composite
def cut(draw: st.DrawFn, bodies: st.SearchStrategy[bytes]) -> tuple[bytes, list[bytes]]:
    """A body, and the same in pieces."""
    body = draw(bodies)
    cuts = sorted(draw(st.lists(st.integers(0, len(body)), max_size=12)))
    return body, [body[a:b] for a, b in zip([0, *cuts], [*cuts, len(body)], strict=True)]


# -- what must hold ----------------------------------------------------------------------------------------------------


@given(cut(BODIES))
def test_whatever_comes_and_however_it_is_cut_there_is_one_outcome_that_can_be_written(
    body: tuple[bytes, list[bytes]],
) -> None:
    whole, pieces = body
    tracemalloc.start()
    try:
        told = read(whole)
        assert read(*pieces) == told
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < PEAK_LIMIT_BYTES
    assert told["outcome"] in set(OutcomeKind)
    json.dumps(told, ensure_ascii=False, allow_nan=False).encode()


@given(cut(BODIES))
def test_the_limits_too_make_no_difference_between_ways_to_cut(body: tuple[bytes, list[bytes]]) -> None:
    whole, pieces = body
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sse, "EVENT_LIMIT_BYTES", 100)
        patch.setattr(sse, "EVENT_LIMIT_LINES", 3)
        patch.setattr(reading_module, "ANSWER_LIMIT_CHARS", 5)
        told = read(whole)
        assert read(*pieces) == told
    assert len(told["text"]) + len(told["reasoning"]) + len(told["refusal"]) <= 5


@given(cut(BODIES))
def test_events_are_the_same_however_the_bytes_are_cut(body: tuple[bytes, list[bytes]]) -> None:
    def events(*pieces: bytes) -> list[sse.Event]:
        decoder = EventDecoder()
        return [event for piece in pieces for event in decoder.feed(piece)] + decoder.end()

    whole, pieces = body
    assert events(*pieces) == events(whole)


@given(PAYLOADS | st.binary(max_size=40) | st.sampled_from(REAL).map(lambda line: line.removeprefix(b"data: ")))
def test_a_plain_chunk_says_what_the_same_chunk_says_decoded_in_full(payload: bytes) -> None:
    words = plain_words(payload)
    try:
        chunks = decode(payload)
    except NotAChunkError:
        chunks = []
    if words is None:
        return
    (only,) = chunks
    (choice,) = answering(only)
    assert not any((only.error, only.usage, only.x_groq, only.base_resp))
    assert not any((choice.usage, choice.error, choice.message))
    assert choice.finish_reason in (None, "", "null")
    assert choice.delta is not None
    told = choice.delta
    assert not any((told.refusal, told.tool_calls, told.function_call))
    assert (told.content, told.reasoning_content or told.reasoning or None) == (
        words.content,
        words.reasoning_content or None,
    )


def _refuse(_: bytes) -> Any:
    raise msgspec.ValidationError


@given(st.lists(EVENTS, max_size=6).map(b"".join))
def test_each_way_to_decode_well_formed_chunks_gives_the_same_answer(body: bytes) -> None:
    told = read(body)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunks_module, "_decode_plain", _refuse)
        assert read(body) == told
        patch.setattr(chunks_module, "_decode", _refuse)
        assert read(body) == told


@given(PAYLOADS | BODIES)
def test_any_error_body_has_words_that_can_be_written(body: bytes) -> None:
    error = decode_error(body)
    json.dumps(msgspec.to_builtins(error), ensure_ascii=False).encode()
    assert len(error.message) <= 2000


def test_the_usual_chunks_go_the_plain_way() -> None:
    assert plain_words(chunk("你好")[6:]) == PlainWords(content="你好")
    manual = STREAMS["manual_streamed"].body.split(b"\n\n")
    assert len([event for event in manual if plain_words(event.removeprefix(b"data: "))]) >= len(manual) - 5


# -- bodies without end ------------------------------------------------------------------------------------------------

WITHOUT_END = {
    "a line": b"x" * 64_000,
    "an event": b"data: " + b"x" * 1000 + b"\n",
    "an event of empty lines": b"data\n" * 10_000,
    "a whole body": b'{"a":\n' * 10_000,
    "comments": b": keep-alive\n\n" * 5000,
    "strange lines": b"x\n" * 30_000,
    "reasoning": b'data: {"choices":[{"delta":{"reasoning_content":"hmm"}}]}\n\n' * 1000,
    "text": chunk("hmm") * 1000,
    "text in halves": b'data: {"choices":[{"delta":{"content":"\\ud83d"}}]}\n\n' * 1000,
    "refusal": b'data: {"choices":[{"delta":{"refusal":"hmm"}}]}\n\n' * 1000,
    "tool calls": b'data: {"choices":[{"delta":{"tool_calls":[{"function":{"arguments":"x"}}]}}]}\n\n' * 1000,
    "usage": b'data: {"choices":[],"usage":{"n":1}}\n\n' * 1000,
    "names": b"event: " + b"x" * 1000 + b"\n",
    "messages": b'data: {"choices":[{"message":{"content":"hmm"}}]}\n\n' * 1000,
}


@pytest.mark.parametrize("what", WITHOUT_END)
def test_a_body_without_end_is_read_in_bounded_memory(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "EVENT_LIMIT_BYTES", 50_000)
    monkeypatch.setattr(sse, "EVENT_LIMIT_LINES", 1000)
    monkeypatch.setattr(reading_module, "ANSWER_LIMIT_CHARS", 10_000)
    reading = reading_module.Reading()
    piece = WITHOUT_END[what]
    fed = 0
    tracemalloc.start()
    while fed < 600_000 and not reading.over:
        reading.feed(piece)
        fed += len(piece)
    reading.end()
    held, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 300_000
    assert peak < 3_000_000
