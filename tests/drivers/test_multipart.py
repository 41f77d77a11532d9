"""Streams of pictures taken apart: as servers in the field write them, however they are split, whatever else comes."""

from __future__ import annotations

import itertools
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassd_drivers.cameras.multipart import (
    BOUNDARY_LIMIT_CHARS,
    HEAD_LIMIT_BYTES,
    Dropped,
    MultipartParser,
    Part,
    boundary_of,
)

LIMIT = 4096
JPEG = b"\xff\xd8picture\r\nof\n--bytes\xff\xd9"

USTREAMER = (
    b"--boundarydonotcross\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\nX-Timestamp: 1795811852.853000\r\n\r\n"
    b"%b\r\n--boundarydonotcross\r\nContent-Type: image/jpeg\r\nContent-Length: 3\r\nX-Timestamp: 1795811853.845000"
    b"\r\n\r\nabc\r\n--boundarydonotcross\r\n"
) % (len(JPEG), JPEG)
USTREAMER_ADVANCED = (
    b"--boundarydonotcross\r\nContent-Type: image/jpeg\r\nX-Timestamp: 1795811852.853000\r\n\r\n"
    b"%b\r\n--boundarydonotcross\r\nContent-Type: image/jpeg\r\nX-Timestamp: 1795811853.845000\r\n\r\n"
    b"abc\r\n--boundarydonotcross\r\nContent-Type: image/jpeg\r\nX-Timestamp: 1795811853.945000\r\n\r\n"
) % JPEG
MOTION = (
    b"\r\n--boundarydonotcross\r\nContent-type: image/jpeg\r\nContent-Length:     %d\r\n\r\n%b\r\n"
    b"--boundarydonotcross\r\nContent-type: image/jpeg\r\nContent-Length:     3\r\n\r\nabc\r\n"
) % (len(JPEG), JPEG)
LINE_FEEDS = (
    b"--boundarydonotcross\nContent-Type: image/jpeg\n\n%b\n--boundarydonotcross\n\nabc\n--boundarydonotcross--\n"
    % JPEG
)
NO_LINE_END_AFTER_A_PART = (
    b"--boundarydonotcross\r\ncontent-length:%d\r\n\r\n%b--boundarydonotcross\r\ncontent-length:3\r\n\r\nabc"
) % (len(JPEG), JPEG)
WRONG_LENGTH = (
    b"--boundarydonotcross\r\nContent-Length: 2\r\n\r\nlonger than two\r\n--boundarydonotcross\r\n"
    b"Content-Length: %d\r\n\r\n%b\r\n--boundarydonotcross\r\nContent-Length: -5\r\n\r\nabc\r\n--boundarydonotcross\r\n"
) % (len(JPEG), JPEG)


def parts(stream: bytes, boundary: str = "boundarydonotcross", cuts: tuple[int, ...] = ()) -> list[bytes | str]:
    """Return what a stream holds, cut in pieces at some places."""
    return [item.data if isinstance(item, Part) else item.reason for item in items(stream, boundary, cuts)]


def items(stream: bytes, boundary: str, cuts: tuple[int, ...] = ()) -> list[Part | Dropped]:
    parser = MultipartParser(boundary, LIMIT)
    at = [0, *sorted(cut % (len(stream) + 1) for cut in cuts), len(stream)]
    found = []
    for number, (begin, end) in enumerate(itertools.pairwise(at)):
        found += parser.feed(stream[begin:end], float(number))
    return found


@pytest.mark.parametrize("stream", [USTREAMER, USTREAMER_ADVANCED, MOTION, LINE_FEEDS, NO_LINE_END_AFTER_A_PART])
@pytest.mark.parametrize("boundary", ["boundarydonotcross", "--boundarydonotcross"])
def test_the_streams_of_the_field_are_taken_apart_byte_for_byte(stream: bytes, boundary: str) -> None:
    assert parts(stream, boundary) == [JPEG, b"abc"]
    assert parts(stream, boundary, tuple(range(len(stream)))) == [JPEG, b"abc"]


def test_a_part_with_a_wrong_length_costs_itself_and_not_the_next_one() -> None:
    assert parts(WRONG_LENGTH) == [b"lo", JPEG, b"abc"]


def test_the_headers_of_a_part_come_with_it() -> None:
    first, second = items(USTREAMER, "boundarydonotcross")
    assert isinstance(first, Part)
    assert isinstance(second, Part)
    assert first.headers["x-timestamp"] == "1795811852.853000"
    assert second.headers == {"content-type": "image/jpeg", "content-length": "3", "x-timestamp": "1795811853.845000"}


@pytest.mark.parametrize("length", [b"Content-Length: 5\r\n", b""])
def test_a_parts_instant_is_that_of_its_first_byte_however_early_its_headers_came(length: bytes) -> None:
    parser = MultipartParser("frame", LIMIT)
    assert parser.feed(b"--frame\r\nContent-Type: image/jpeg\r\n" + length + b"\r\n", 1.0) == []
    assert parser.feed(b"p", 2.0) == []
    (part,) = parser.feed(b"arts\r\n--frame\r\n", 3.0)
    assert isinstance(part, Part)
    assert (part.data, part.instant) == (b"parts", 2.0)


_chunk = st.binary(max_size=60)
_body = st.one_of(_chunk, st.just(b"\r\n--frame"), st.just(b"--frame\r\n"), st.just(JPEG))
_name = st.text("abcXYZ-", min_size=1, max_size=8)


@st.composite
def streams(draw: st.DrawFn) -> tuple[bytes, list[bytes]]:
    """Draw a stream and the parts in it; a part with a length may hold anything, one without no delimiter."""
    end = draw(st.sampled_from([b"\r\n", b"\n"]))
    stream = draw(_chunk.filter(lambda preamble: b"--frame" not in preamble)) + end
    bodies = draw(st.lists(_body, max_size=5))
    for body in bodies:
        counted = bool(body) and (b"--frame" in body or body.endswith(b"\r") or draw(st.booleans()))
        stream += b"--frame" + draw(st.sampled_from([b"", b" ", b"\t"])) + end
        stream += b"".join(name.encode() + b":x" + end for name in draw(st.lists(_name, max_size=3)))
        stream += b"content-LENGTH : %d" % len(body) + end if counted else b""
        stream += end + body + end
    return stream + b"--frame--" + end, bodies


@given(streams(), st.lists(st.integers(0, 2000), max_size=8))
def test_every_part_comes_out_as_it_was_whatever_the_split(drawn: tuple[bytes, list[bytes]], cuts: list[int]) -> None:
    stream, bodies = drawn
    assert parts(stream, "frame", tuple(cuts)) == bodies


_noise = st.lists(
    st.one_of(
        st.binary(max_size=40),
        st.sampled_from([b"\r\n", b"\n", b"--frame", b"\r\n--frame\r\n", b"--", b"\r\n\r\n", b"Content-Length: "]),
        st.integers(-5, 10**15).map(lambda number: b"Content-Length: %d\r\n\r\n" % number),
        st.just(b"x" * (LIMIT // 2)),
        st.just(b"h: x\r\n" * 500),
    ),
    max_size=12,
).map(b"".join)


@given(_noise, st.lists(st.integers(0, 40_000), max_size=8))
def test_whatever_comes_means_the_same_however_it_is_split_and_no_part_is_over_the_limit(
    noise: bytes, cuts: list[int]
) -> None:
    whole = items(noise, "frame")
    split = items(noise, "frame", tuple(cuts))
    assert [item[:-1] for item in split if isinstance(item, Part)] == [i[:-1] for i in whole if isinstance(i, Part)]
    assert [isinstance(item, Part) for item in split] == [isinstance(item, Part) for item in whole]
    assert all(len(item.data) <= LIMIT for item in whole if isinstance(item, Part))


@given(_noise)
def test_after_whatever_came_a_whole_part_is_read_again(noise: bytes) -> None:
    parser = MultipartParser("frame", LIMIT)
    parser.feed(noise, 0.0)
    # What a part under way may still want: the rest of its length, or of its headers, and a delimiter.
    parser.feed(b"\r\n" + b"x" * max(LIMIT, HEAD_LIMIT_BYTES) + b"\r\n--frame\r\n\r\n", 1.0)
    parser.feed(b"\r\n--frame\r\n\r\n\r\n--frame\r\n\r\n", 1.0)
    found = parser.feed(JPEG + b"\r\n--frame\r\n", 2.0)
    assert JPEG in [item.data for item in found if isinstance(item, Part)]


@pytest.mark.parametrize(
    "endless",
    [
        b"preamble without an end ",
        b"-",
        b"--frame\r\nContent-Length: 99999999999999999999\r\n\r\n",
        b"--frame\r\nContent-Length: 4000\r\n\r\n",
        b"--frame\r\n\r\nno length, and no end ",
        b"--frame\r\nheaders: without an end\r\n",
    ],
)
def test_a_stream_without_an_end_takes_no_more_memory_than_one_part(endless: bytes) -> None:
    parser = MultipartParser("frame", LIMIT)
    parser.feed(endless, 0.0)
    filler = b"x" * 1000
    tracemalloc.start()
    try:
        for _ in range(500):
            parser.feed(filler, 0.0)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 16 * LIMIT


@pytest.mark.parametrize(
    ("stream", "reason"),
    [
        (b"--frame\r\nContent-Length: 5000\r\n\r\n", "it is over 0.00390625 MiB"),
        (b"--frame\r\n\r\n" + b"x" * 5000, "it is over 0.00390625 MiB"),
        (b"--frame\r\n" + b"h: x\r\n" * 2000, "its headers are over 8 KiB"),
    ],
)
def test_what_is_too_big_is_dropped_with_a_reason_and_the_stream_goes_on(stream: bytes, reason: str) -> None:
    after = b"\r\n--frame\r\nContent-Length: 3\r\n\r\nabc"
    assert parts(stream + after, "frame") == [reason, b"abc"]


@pytest.mark.parametrize(
    ("content_type", "boundary"),
    [
        ("multipart/x-mixed-replace;boundary=boundarydonotcross", "boundarydonotcross"),
        ("multipart/x-mixed-replace; boundary=--myboundary", "--myboundary"),
        ('multipart/x-mixed-replace; charset=x; Boundary = "a b;c"', "a b;c"),
        ("Multipart/Mixed; boundary=x; y=z", "x"),
        ("multipart/x-mixed-replace", None),
        ("multipart/x-mixed-replace; boundary=", None),
        ('multipart/x-mixed-replace; boundary=""', None),
        ("multipart/x-mixed-replace; noboundary=x", None),
        ("multipart/x-mixed-replace; boundary=é", None),
        ("multipart/x-mixed-replace; boundary=" + "x" * (BOUNDARY_LIMIT_CHARS + 1), None),
        ("image/jpeg; boundary=x", None),
        ("", None),
    ],
)
def test_the_boundary_is_read_as_servers_write_it(content_type: str, boundary: str | None) -> None:
    assert boundary_of(content_type) == boundary


@pytest.mark.parametrize("boundary", ["-", "--", "a.b*c(d", "\\Z"])
def test_a_boundary_is_no_pattern(boundary: str) -> None:
    stream = f"--{boundary}\r\n\r\nabc\r\n--{boundary}--\r\n".encode()
    assert parts(stream, boundary) == [b"abc"]
    assert parts(b"--x\r\n\r\nabc\r\n--x\r\n", boundary) == []
