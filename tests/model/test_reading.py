"""From the bytes of a body to deltas and an outcome: every recorded answer, however it is cut."""

from __future__ import annotations

import json
import random
import tracemalloc
from typing import TYPE_CHECKING, Any

import pytest
from streams import STREAMS, Stream

from glassd.answer import Delta, OutcomeKind, Problem, Reasoning
from glassd.messages.codes import Code
from glassd.model import reading as reading_module
from glassd.model import sse
from glassd.model.errors import server_problem
from glassd.model.reading import Reading

if TYPE_CHECKING:
    from glassd.model.server_errors import ServerError

GOOD_STATUS = [stream for stream in STREAMS.values() if stream.status == 200]


def explain(error: ServerError) -> Problem:
    return server_problem(error, where="there", vendor="")


def read(*pieces: bytes, broken: Problem | None = None) -> dict[str, Any]:
    """Read a body and tell all of it that `glassd ask --json` would."""
    reading = Reading("there")
    deltas = [delta for piece in pieces for delta in reading.feed(piece)] + reading.end()
    assert "".join(delta.text for delta in deltas if isinstance(delta, Delta)) == reading.text
    assert "".join(delta.text for delta in deltas if isinstance(delta, Reasoning)) == reading.reasoning
    assert all(delta.text for delta in deltas)
    verdict = reading.verdict(broken, explain)
    assert (verdict.problem is None) == (verdict.kind is OutcomeKind.FINISHED)
    return {
        "outcome": verdict.kind.value,
        "text": reading.text,
        "reasoning": reading.reasoning,
        "refusal": reading.refusal,
        "finish_reason": reading.finish_reason,
        "usage": reading.usage,
    }


@pytest.mark.parametrize("stream", GOOD_STATUS, ids=lambda stream: stream.name)
def test_reads_each_recorded_answer_under_every_two_way_split(stream: Stream) -> None:
    expected = stream.expected()
    assert read(stream.body) == expected
    for cut in range(1, len(stream.body)):
        assert read(stream.body[:cut], stream.body[cut:]) == expected, cut


@pytest.mark.parametrize("stream", GOOD_STATUS, ids=lambda stream: stream.name)
def test_reads_each_recorded_answer_byte_by_byte_and_in_random_pieces(stream: Stream) -> None:
    body, chance = stream.body, random.Random(stream.name)
    assert read(*(body[i : i + 1] for i in range(len(body)))) == stream.expected()
    for _ in range(10):
        cuts = sorted(chance.choices(range(len(body) + 1), k=chance.randint(2, 40)))
        assert read(*(body[a:b] for a, b in zip([0, *cuts], [*cuts, len(body)], strict=True))) == stream.expected()


def test_the_data_holds_each_kind() -> None:
    kinds = {stream.head["outcome"] for stream in STREAMS.values()}
    assert kinds == {"finished", "cut_off", "refused", "failed"}
    assert {"manual_streamed", "manual_as_printed", "manual_not_streamed"} <= STREAMS.keys()


def chunk(content: str = "", **more: Any) -> bytes:
    choice = {"index": 0, "delta": {"content": content}, **more}
    return b"data: " + json.dumps({"choices": [choice]}).encode() + b"\n\n"


def test_an_answer_cut_at_any_event_is_never_taken_for_whole() -> None:
    events = STREAMS["manual_streamed"].body.split(b"\n\n")
    finish = next(i for i, event in enumerate(events) if b'"finish_reason":"stop"' in event)
    for count in range(finish + 1):
        outcome = read(b"\n\n".join(events[:count]))["outcome"]
        assert outcome == ("failed" if count <= 1 else "cut_off"), count
    assert read(b"\n\n".join(events[: finish + 1]))["outcome"] == "finished"


def test_a_long_emoji_sent_in_halves_of_utf_16_never_shows_a_half() -> None:
    family = "👩‍👩‍👧‍👦 完。"
    units = family.encode("utf-16-be", "surrogatepass")
    body = b"".join(chunk(units[i : i + 2].decode("utf-16-be", "surrogatepass")) for i in range(0, len(units), 2))
    assert read(body, chunk(finish_reason="stop"))["text"] == family


def test_what_is_no_progress_does_not_count_as_any() -> None:
    reading = Reading()
    for piece in (b": c\n\n", chunk(""), b"data: junk\n\n", b'data: {"usage":{"a":1}}\n\n', b"data\n\n"):
        reading.feed(piece)
        assert reading.progress == 0
    reading.feed(chunk("a"))
    assert reading.progress == 1


def test_an_error_after_deltas_is_not_tried_again_by_itself_one_before_them_may() -> None:
    error = b'data: {"error":{"message":"x","code":503}}\n\n'
    for before, retryable in ((b"", True), (chunk("a"), False)):
        reading = Reading()
        reading.feed(before + error)
        problem = reading.verdict(None, explain).problem
        assert problem is not None
        assert (problem.code, problem.retryable) == (Code.SERVER_BUSY, retryable)


def test_a_broken_answer_with_only_reasoning_is_cut_off_and_one_with_nothing_failed() -> None:
    lost = Problem(Code.CONNECTION_LOST, "lost", retryable=True)
    thought = b'data: {"choices":[{"delta":{"reasoning":"hm"}}]}\n\n'
    assert read(thought, broken=lost)["outcome"] == "cut_off"
    assert read(thought, chunk(finish_reason="length"))["outcome"] == "cut_off"
    assert read(b"", broken=lost)["outcome"] == "failed"


def test_a_content_filter_that_let_nothing_through_is_not_worth_a_retry() -> None:
    reading = Reading()
    reading.feed(chunk(finish_reason="content_filter"))
    problem = reading.verdict(None, explain).problem
    assert problem is not None
    assert (problem.code, problem.retryable) == (Code.MODERATED, False)


def test_an_answer_past_our_bounds_ends_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading_module, "ANSWER_LIMIT_CHARS", 100)
    reading = Reading()
    fed = 0
    while not reading.over:
        reading.feed(chunk("0123456789"))
        fed += 1
    verdict = reading.verdict(None, explain)
    assert fed == 11
    assert verdict.kind is OutcomeKind.CUT_OFF
    assert verdict.problem is not None
    assert verdict.problem.code is Code.ANSWER_TOO_LONG


def test_an_event_past_our_bounds_ends_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "EVENT_LIMIT_BYTES", 1000)
    reading = Reading()
    assert reading.feed(chunk("a")) == [Delta("a")]
    assert reading.feed(b"data: " + b"x" * 2000) == []
    assert reading.over
    assert reading.verdict(None, explain).kind is OutcomeKind.CUT_OFF


def test_what_follows_the_end_may_be_of_any_length(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "EVENT_LIMIT_BYTES", 1000)
    end, tail = chunk("a") + b"data: [DONE]\n\n", b"x" * 2000
    assert read(end + tail) == read(end, tail)
    assert read(end + tail)["outcome"] == "finished"


def test_a_hundred_thousand_small_events_are_read_in_bounded_memory() -> None:
    piece = b"".join(chunk(letter) for letter in "ab你") * 1000
    reading = Reading()
    tracemalloc.start()
    for _ in range(33):
        reading.feed(piece)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(reading.text) == 99_000
    assert peak < 10_000_000


@pytest.mark.parametrize("nested", [b"[" * 200_000, b'{"error":' * 5000 + b"1" + b"}" * 5000, b'{"a":' * 200_000])
def test_nesting_past_all_measure_is_junk_and_no_crash(nested: bytes) -> None:
    assert read(b"data: " + nested + b"\n\n", chunk("a", finish_reason="stop"))["text"] == "a"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'data: {"choices":[{"delta":{"cont', Code.EMPTY),
        (b'data: {"choices":[{"delta":{"cont\n\n', Code.GARBAGE),
        (b"hello", Code.GARBAGE),
    ],
)
def test_an_answer_that_broke_off_in_its_first_event_is_not_taken_for_another_kind_of_server(
    body: bytes, code: Code
) -> None:
    reading = Reading("there")
    assert reading.feed(body) + reading.end() == []
    problem = reading.verdict(None, explain).problem
    assert problem is not None
    assert problem.code is code
