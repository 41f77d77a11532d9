"""The event decoder: the standard's own examples, every way to cut the bytes, its limits."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassd.model import sse
from glassd.model.sse import Event, EventDecoder, is_done


def decode(*pieces: bytes) -> list[Event]:
    decoder = EventDecoder()
    events = [event for piece in pieces for event in decoder.feed(piece)]
    return events + decoder.end()


def data_of(*pieces: bytes) -> list[bytes]:
    return [event.data for event in decode(*pieces)]


# The HTML standard's examples (9.2.6). The last data of a body that ends without a blank line is kept: see below.
STANDARD = [
    (b"data: YHOO\ndata: +2\ndata: 10\n\n", [b"YHOO\n+2\n10"]),
    (
        b": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n",
        [b"first event", b"second event", b" third event"],
    ),
    (b"data\n\ndata\ndata\n\n", [b"", b"\n"]),
    (b"data:test\n\ndata: test\n\n", [b"test", b"test"]),
]


def test_an_event_ends_where_another_json_begins_and_not_within_one() -> None:
    assert data_of(b'data: {"a":1}\ndata: {"b":2}\n', b"data:[DONE]\n") == [b'{"a":1}', b'{"b":2}', b"[DONE]"]
    assert data_of(b'data: {"a":[{}\ndata: ,\ndata: {}]}\n\n') == [b'{"a":[{}\n,\n{}]}']


@pytest.mark.parametrize(("body", "expected"), STANDARD)
@pytest.mark.parametrize("eol", [b"\n", b"\r", b"\r\n"])
def test_reads_the_examples_of_the_standard_with_each_line_end(body: bytes, expected: list[bytes], eol: bytes) -> None:
    assert data_of(body.replace(b"\n", eol)) == expected


def test_names_an_event_and_forgets_the_name_with_it() -> None:
    assert decode(b"event: error\ndata: a\n\ndata: b\n\nevent: x\n\ndata: c\n\n") == [
        Event(b"a", b"error"),
        Event(b"b"),
        Event(b"c"),
    ]


def test_a_body_that_ends_in_the_middle_of_an_event_gives_what_came_of_it() -> None:
    assert data_of(b"data: a\n\ndata: b\n") == [b"a", b"b"]
    assert data_of(b"data: a\n\ndata: b") == [b"a", b"b"]


def test_an_event_is_given_as_soon_as_its_blank_line_ends_even_in_a_lone_cr() -> None:
    decoder = EventDecoder()
    assert decoder.feed(b"data: a\r") == []
    assert decoder.feed(b"\r") == [Event(b"a")]
    assert decoder.feed(b"\n") == []  # it belonged to the CR
    assert decoder.feed(b"\n") == []


@pytest.mark.parametrize("eol", [b"\n", b"\r", b"\r\n"])
def test_a_line_end_that_is_cut_in_two_is_still_one(eol: bytes) -> None:
    body = b"data: a\ndata: b\n\ndata: c\n\n".replace(b"\n", eol)
    for cut in range(len(body)):
        assert data_of(body[:cut], b"", body[cut:]) == [b"a\nb", b"c"]


def test_bare_json_lines_are_events_whole_objects_over_many_lines_are_one() -> None:
    assert data_of(b'{"a":1}\n{"a":2}\n\n{"a":3}') == [b'{"a":1}', b'{"a":2}', b'{"a":3}']
    assert data_of(b'\n\n{\n"a": 1,\n\n"b": {}\n}\n') == [b'{\n"a": 1,\n\n"b": {}\n}']
    assert data_of(b'data: x\n\n{"error": 1}\n\n[DONE]\n') == [b"x", b'{"error": 1}', b"[DONE]"]


def test_counts_lines_that_no_event_stream_has() -> None:
    decoder = EventDecoder()
    decoder.feed(b"<html>\n: comment\nid: 1\nretry: 5\n:\nhello\n\n")
    assert decoder.strange_lines == 2


def test_an_unfinished_line_and_an_unfinished_event_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "EVENT_LIMIT_BYTES", 100)
    monkeypatch.setattr(sse, "EVENT_LIMIT_LINES", 10)

    def taken_until_refused(piece: bytes) -> int:
        decoder = EventDecoder()
        count = 0
        while not decoder.too_long:
            assert decoder.feed(piece) == []
            count += 1
        assert decoder.feed(b"\n\ndata: a\n\n") + decoder.end() == []
        return count * len(piece)

    assert taken_until_refused(b"x" * 10) == 110
    assert taken_until_refused(b"data: xxxxxxxxxxxxxx\n") <= 200
    assert taken_until_refused(b"data\n") <= 100
    assert taken_until_refused(b"{\n") <= 100


@pytest.mark.parametrize(
    "long", [b"data: " + b"x" * 101, b"data: " + b"x" * 60 + b"\ndata: " + b"x" * 60, b"data\n" * 12]
)
def test_what_came_before_an_event_that_is_too_long_is_given_however_it_is_cut(
    long: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sse, "EVENT_LIMIT_BYTES", 100)
    monkeypatch.setattr(sse, "EVENT_LIMIT_LINES", 10)
    body = b"strange\ndata: a\n\ndata: b\n\n" + long + b"\n\ndata: c\n\n"
    for cut in range(len(body)):
        assert data_of(body[:cut], body[cut:]) == [b"a", b"b"], cut


@pytest.mark.parametrize("piece", [b"x", b"xy", b"x" * 10_000], ids=len)
def test_a_line_without_end_is_held_in_little_more_than_its_limit(
    piece: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sse, "EVENT_LIMIT_BYTES", 100_000)
    decoder = EventDecoder()
    tracemalloc.start()
    while not decoder.too_long:
        decoder.feed(piece)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 300_000


def test_the_end_of_a_stream_is_known_in_its_spellings() -> None:
    assert all(map(is_done, (b"[DONE]", b" [DONE] ", b"[done]", b'"[DONE]"', b"[DONE]\0", b"[DONE]\r")))
    assert not any(map(is_done, (b"", b"DONE", b"[]", b"[DONE", b'{"a":"[DONE]"}', b"[DONE][DONE]")))


def test_a_body_that_begins_like_json_and_goes_on_as_a_stream_is_one() -> None:
    assert data_of(b"{broken\ndata: a\n\ndata: b\n\n") == [b"{broken", b"a", b"b"]
    assert data_of(b'[{\n"error": 1\n}\n]\n') == [b'[{\n"error": 1\n}\n]']


def test_a_byte_order_mark_or_spaces_before_a_field_do_not_hide_it() -> None:
    assert data_of(b"\xef\xbb\xbfdata: a\n\n\xef\xbb\xbfdata: b\n\n data: c\n\n") == [b"a", b"b", b"c"]


def test_a_bare_line_does_not_overtake_the_event_before_it() -> None:
    assert data_of(b'data: {"a":1}\n{"b":2}\nerror: 3\n') == [b'{"a":1}', b'{"b":2}', b"3"]


def test_comments_without_end_keep_nothing() -> None:
    decoder = EventDecoder()
    for _ in range(10_000):
        assert decoder.feed(b": keep-alive\n\n") == []
    assert decoder.end() == []


LINES = [
    b"data: a",
    b"data:",
    b"data",
    b": c",
    b"event: error",
    b'{"a":1}',
    b"[DONE]",
    b"error: {}",
    "data: 语👓".encode(),
]
BITS = st.sampled_from([*LINES, b"{", b"}", b"x", b" ", b"\n", b"\r", b"\r\n", b"\n\n", b"\xef\xbb\xbf"])


@given(st.lists(BITS | st.binary(max_size=6), max_size=30).map(b"".join), st.data())
def test_how_the_bytes_are_cut_makes_no_difference(body: bytes, draw: st.DataObject) -> None:
    cuts = sorted(draw.draw(st.lists(st.integers(0, len(body)), max_size=12)))
    pieces = [body[a:b] for a, b in zip([0, *cuts], [*cuts, len(body)], strict=True)]
    assert decode(*pieces) == decode(body)
