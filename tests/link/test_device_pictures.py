"""The device end's pictures: in chunks, with holes, lost and given up (docs/link.md, 7)."""

from __future__ import annotations

import binascii
from typing import TYPE_CHECKING, Any

import pytest
from device_end import STREAM, Camera, Capture, Released, Session
from far_host import JPEG, FarHost, Heard, begun, in_session, names, of, parse
from hypothesis import given
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Sequence

NO_MEMORY, CAMERA_FAILED = 2, 4


@pytest.fixture
def far() -> FarHost:
    """A host in a session."""
    return in_session()


def places(heard: list[Heard]) -> list[int]:
    return [each["index"] for each in heard if each.name == "CHUNK"]


def taken(
    far: FarHost, next_: int, limit: int | None = None, missing: Sequence[int] = (), picture: int = 0
) -> list[Heard]:
    far.say("TAKEN", picture=picture, next=next_, limit=next_ + 64 if limit is None else limit, missing=missing)
    return far.hear()


def test_a_picture_is_told_then_its_chunks_then_its_check(far: FarHost) -> None:
    data = JPEG[:1050]
    heard = begun(far, data)
    assert names(heard) == ["ACK", "PICTURE", *["CHUNK"] * 11, "END"]
    says = {
        "picture": 0,
        "request": 1,
        "size": 1050,
        "chunk": 100,
        "width": 1600,
        "height": 1200,
        "format": 1,
        "time": 77,
    }
    assert of(heard, "PICTURE") == [{"sequence": 0, **says}]
    assert b"".join(each["data"] for each in of(heard, "CHUNK")) == data
    assert [len(each["data"]) for each in of(heard, "CHUNK")] == [100] * 10 + [50]
    assert of(heard, "END") == [{"sequence": 1, "picture": 0, "check": binascii.crc32(data)}]


@pytest.mark.parametrize(("size", "chunks"), [(1, 1), (99, 1), (100, 1), (101, 2), (200, 2)])
def test_the_last_chunk_is_what_is_left(far: FarHost, size: int, chunks: int) -> None:
    heard = begun(far, JPEG[:size])
    assert b"".join(each["data"] for each in of(heard, "CHUNK")) == JPEG[:size]
    assert len(places(heard)) == chunks
    assert len(of(heard, "END")) == 1


def test_64_chunks_go_before_the_first_taken_then_up_to_its_limit(far: FarHost) -> None:
    data = bytes(64 * 400)
    assert places(begun(far, data, chunk=64)) == list(range(64))
    assert places(taken(far, 16, 70)) == list(range(64, 70))
    assert places(taken(far, 70, 134)) == list(range(70, 134))
    assert places(taken(far, 134, 0xFFFF)) == list(range(134, 198)), "never more than 64"
    assert [each % 256 for each in range(198, 262)] == places(taken(far, 198)), "the index is modulo 256"
    for next_ in (262, 326):
        taken(far, next_)
    assert names(taken(far, 390)) == ["CHUNK"] * 10 + ["END"]


def test_missing_chunks_go_again_before_new_ones(far: FarHost) -> None:
    begun(far)
    heard = taken(far, 10, 74, [10, 12, 63])
    assert places(heard) == [10, 12, 63, *range(64, 74)]
    assert [each["data"] for each in of(heard, "CHUNK")[:3]] == [JPEG[n * 100 : n * 100 + 100] for n in (10, 12, 63)]
    assert places(taken(far, 10, 74)) == [], "once for each time that they are asked for"
    assert places(taken(far, 10, 74, [12])) == [12]


def test_what_is_missing_adds_up_and_what_the_host_has_meanwhile_does_not_go(far: FarHost) -> None:
    begun(far)
    far.say("TAKEN", picture=0, next=5, limit=64, missing=[5, 7])
    far.say("TAKEN", picture=0, next=5, limit=64, missing=[9])
    far.say("TAKEN", picture=0, next=8, limit=64, missing=[60])
    assert places(far.hear()) == [9, 60]


def test_a_chunk_missing_around_the_turn_of_the_index_goes_again(far: FarHost) -> None:
    begun(far, bytes(64 * 400), chunk=64)
    for next_ in (64, 128, 192, 250):
        taken(far, next_)
    assert places(taken(far, 250, 314, [250, 255, 256, 313])) == [250, 255, 0, 57]


@pytest.mark.parametrize(
    "said",
    [
        {"picture": 1, "next": 1, "limit": 65, "missing": [1]},
        {"picture": 0, "next": 65, "limit": 129, "missing": [65]},
        {"picture": 0, "next": 0xFFFF, "limit": 0xFFFF, "missing": [0xFFFF]},
        {"picture": 0, "next": 0, "limit": 64, "missing": [64, 1000, 0xFFFF]},
    ],
    ids=["another-picture", "not-sent", "far-beyond", "missing-beyond"],
)
def test_a_taken_that_cannot_be_is_ignored(far: FarHost, said: dict[str, Any]) -> None:
    begun(far)
    far.say("TAKEN", **said)
    assert far.hear() == []


def test_a_taken_that_goes_back_is_ignored(far: FarHost) -> None:
    begun(far)
    taken(far, 20)
    assert taken(far, 19, 83, [19]) == []


def test_a_taken_that_names_more_than_32_names_32(far: FarHost) -> None:
    begun(far)
    assert places(taken(far, 0, 64, list(range(40)))) == list(range(32))


def test_a_picture_is_kept_until_done_and_the_next_has_another_number(far: FarHost) -> None:
    for number in range(130):
        begun(far, b"x" * 64)
        assert far.end.calls() == []
        far.tell("DONE", picture=(number + 1) & 0x7F, result=0)
        assert far.end.calls() == [], "another picture"
        assert places(taken(far, 0, 64, [0], picture=number & 0x7F)) == [0]
        far.tell("DONE", picture=number & 0x7F, result=0)
        assert far.end.calls() == [Released(number)]
        assert taken(far, 0, 64, [0], picture=number & 0x7F) == [
            Heard("ACK", {"buttons": 0, "display": 0, "control": 3 * (number + 1) & 0xFF})
        ]
        far.say("ACK", buttons=0, display=0, control=2 * (number + 1) & 0xFF)


def test_done_in_mid_picture_stops_it_after_the_packet_that_goes(far: FarHost) -> None:
    far.ask(chunk=1000)
    far.end.picture(JPEG)
    data = far.end.transmit(far.now, room=1500)
    far.end.calls()
    far.tell("DONE", picture=0, result=1)
    assert far.end.calls() == []
    data += far.end.transmit(far.now)
    assert data.count(b"\0") == 5
    assert names(parse(data)) == ["ACK", "PICTURE", "CHUNK", "CHUNK", "ACK"]
    assert far.end.calls() == [Released(0)]


def test_a_session_that_ends_in_mid_packet_releases_the_picture_at_once_and_spoils_the_packet(far: FarHost) -> None:
    far.ask(chunk=1000)
    far.end.picture(JPEG)
    before = far.end.transmit(far.now, room=500)
    far.end.calls()
    far.say("BYE")
    assert [type(each) for each in far.end.calls()] == [Released, Camera, Session]
    after = far.end.transmit(far.now)
    assert before[-1] != 0
    assert after[0] == 0, "the packet that was cut ends here"
    assert names(parse(after)) == ["HERE"]


def test_a_picture_that_is_lost_is_told_and_released_and_the_stream_goes_on(far: FarHost) -> None:
    far.ask(mode=STREAM, chunk=1000)
    far.end.picture(JPEG, fails_at=1500)
    data = far.end.transmit(far.now)
    *right, spoilt, failed = [each + b"\0" for each in data.split(b"\0") if each]
    assert names(parse(b"".join(right))) == ["ACK", "PICTURE", "CHUNK"]
    with pytest.raises(AssertionError, match="wrong check"):
        parse(spoilt)
    assert parse(failed) == [Heard("FAILED", {"sequence": 1, "request": 1, "reason": CAMERA_FAILED})]
    assert far.calls(Released) == [Released(0)]
    far.passes(1001)
    assert len(far.calls(Capture)) == 1


def test_a_picture_that_is_lost_after_its_end_is_told_too(far: FarHost) -> None:
    heard = begun(far, b"x" * 300)
    assert names(heard)[-1] == "END"
    far.say("ACK", buttons=0, display=0, control=2)
    far.end.lose()
    assert of(taken(far, 0, 64, [1]), "FAILED") == [{"sequence": 2, "request": 1, "reason": CAMERA_FAILED}]
    assert far.calls(Released) == [Released(0)]


def test_an_empty_picture_and_one_of_too_many_chunks_are_failures(far: FarHost) -> None:
    far.ask(request=1)
    far.end.picture(b"")
    far.ask(request=2, chunk=64)
    far.end.picture(bytes(64 * 0xFFFF + 1))
    assert [(each["request"], each["reason"]) for each in of(far.hear(), "FAILED")] == [
        (1, CAMERA_FAILED),
        (2, NO_MEMORY),
    ]
    assert far.calls(Released) == [Released(0), Released(1)]
    far.ask(request=3, chunk=64)
    far.end.picture(bytes(64 * 0xFFFF))
    assert [each["request"] for each in of(far.hear(), "PICTURE")] == [3]


@given(st.data())
def test_whatever_is_lost_the_picture_can_be_had_whole(data: st.DataObject) -> None:
    far = in_session()
    size = data.draw(st.integers(1, 9000), "size")
    lost = data.draw(st.sets(st.integers(0, 300)), "packets lost")
    heard = begun(far, JPEG[:size], chunk=64)
    count = -(-size // 64)
    had: dict[int, bytes] = {}
    seen = next_ = 0
    while next_ < count:
        for each in of(heard, "CHUNK"):
            seen += 1
            if seen not in lost:
                place = next(p for p in range(next_, count) if p % 256 == each["index"])
                had[place] = each["data"]
        next_ = next(p for p in range(count + 1) if p not in had)
        heard = taken(far, next_, missing=[p for p in range(next_, min(next_ + 64, count)) if p not in had][:32])
        assert all(len(each["data"]) <= 64 for each in of(heard, "CHUNK"))
    assert b"".join(had[p] for p in range(count)) == JPEG[:size]
    assert far.end.faults == 0
