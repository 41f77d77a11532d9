"""The device end's camera: requests, pictures in chunks, holes, what is given up (docs/link.md, 7)."""

from __future__ import annotations

import binascii
from typing import TYPE_CHECKING, Any

import pytest
from device_end import OFF, STILL, STREAM, Camera, Capture, DeviceEnd, Facts, Released, Session
from far_host import MS, FarHost, Heard, in_session, names, parse
from hypothesis import given
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Sequence

NO_CAMERA, NO_MEMORY, NO_SUCH_SIZE, CAMERA_FAILED = 1, 2, 3, 4
JPEG = bytes(range(256)) * 40


@pytest.fixture
def far() -> FarHost:
    """A host in a session."""
    return in_session()


def places(heard: list[Heard]) -> list[int]:
    return [each["index"] for each in heard if each.name == "CHUNK"]


def of(heard: list[Heard], name: str) -> list[dict[str, Any]]:
    return [each.fields for each in heard if each.name == name]


def taken(
    far: FarHost, next_: int, limit: int | None = None, missing: Sequence[int] = (), picture: int = 0
) -> list[Heard]:
    far.say("TAKEN", picture=picture, next=next_, limit=next_ + 64 if limit is None else limit, missing=missing)
    return far.hear()


def begun(far: FarHost, data: bytes = JPEG, chunk: int = 100) -> list[Heard]:
    """Ask for a still and have it begun."""
    far.ask(chunk=chunk)
    far.end.picture(data, 1600, 1200, 77)
    far.end.calls()
    return far.hear()


# --- requests


def test_a_still_is_asked_for_once(far: FarHost) -> None:
    far.ask(request=9, mode=STILL, width=800, height=600, quality=80)
    assert far.end.calls() == [Camera(9, STILL, 800, 600, 80, 0), Capture(9, STILL, 800, 600, 80, 0)]
    far.end.picture(b"x")
    far.hear()
    far.tell("DONE", picture=0, result=0)
    far.passes(500)
    assert far.calls(Capture) == []


def test_a_stream_goes_on_at_its_interval_until_the_next_camera(far: FarHost) -> None:
    far.end.answer(b"jpeg")
    far.ask(mode=STREAM, interval=200)
    times: list[int] = []
    for _ in range(900):
        far.tell("DONE", picture=len(times) - 1 & 0x7F, result=0)
        heard = far.passes(1)
        times += [far.now // MS] * len(of(heard, "PICTURE"))
        far.say("ACK", buttons=0, display=0, control=2 * len(times) & 0xFF)
    assert times == [1, 200, 400, 600, 800]
    far.ask(mode=OFF)
    far.calls(Camera)
    far.passes(900)
    assert far.calls(Capture) == []


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({"mode": STILL, "width": 640, "height": 480}, NO_SUCH_SIZE),
        ({"mode": STREAM, "width": 800, "height": 0}, NO_SUCH_SIZE),
        ({"mode": 3}, NO_CAMERA),
        ({"mode": 255, "width": 1, "height": 1}, NO_CAMERA),
    ],
)
def test_what_the_camera_cannot_is_refused_and_the_camera_is_off(
    far: FarHost, asked: dict[str, int], reason: int
) -> None:
    far.ask(mode=STREAM)
    far.end.calls()
    far.ask(request=5, **asked)
    assert of(far.hear(), "FAILED") == [{"sequence": 0, "request": 5, "reason": reason}]
    assert [each.mode for each in far.calls(Camera)] == [OFF]  # type: ignore[union-attr]


@pytest.mark.parametrize(("features", "mode"), [(0, STILL), (0, STREAM), (STILL, STREAM), (STREAM, STILL)])
def test_a_mode_that_the_camera_does_not_have_is_refused(features: int, mode: int) -> None:
    far = in_session(DeviceEnd(Facts(features=features)))
    far.ask(mode=mode)
    assert of(far.hear(), "FAILED") == [{"sequence": 0, "request": 1, "reason": NO_CAMERA}]


def test_a_quality_beyond_100_is_100(far: FarHost) -> None:
    far.ask(quality=255)
    assert far.calls(Camera)[0].quality == 100  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("asked", "largest", "chunk_max", "chunk"),
    [
        (0, 4102, 0, 64),
        (63, 4102, 0, 64),
        (512, 4102, 0, 512),
        (65535, 4102, 0, 1024),
        (1024, 600, 0, 594),
        (1024, 0, 0, 122),
        (512, 4102, 256, 256),
    ],
)
def test_a_chunk_is_as_asked_but_fits_both_ends(asked: int, largest: int, chunk_max: int, chunk: int) -> None:
    far = in_session(DeviceEnd(Facts(chunk_max=chunk_max)), largest=largest)
    heard = begun(far, chunk=asked)
    assert of(heard, "PICTURE")[0]["chunk"] == chunk
    assert {len(each["data"]) for each in of(heard, "CHUNK")[:-1]} == {chunk}


def test_there_is_one_capture_at_a_time_and_a_replaced_one_is_not_sent(far: FarHost) -> None:
    far.ask(request=1)
    far.ask(request=2)
    far.ask(request=3)
    assert [each.request for each in far.calls(Capture)] == [1]  # type: ignore[union-attr]
    far.end.picture(b"of request 1")
    assert far.end.calls() == [Released(0)]
    far.end.poll(far.now)
    assert [each.request for each in far.calls(Capture)] == [3]  # type: ignore[union-attr]
    far.end.picture(b"of request 3")
    assert [each["request"] for each in of(far.hear(), "PICTURE")] == [3]


def test_a_replaced_capture_that_fails_says_nothing(far: FarHost) -> None:
    far.ask(request=1)
    far.ask(request=2, mode=OFF)
    far.end.failed(CAMERA_FAILED)
    assert names(far.hear()) == ["ACK"]


def test_a_picture_that_nobody_asked_for_is_released_at_once(far: FarHost) -> None:
    far.end.picture(b"x")
    far.end.failed(1)
    assert far.end.calls() == [Released(0)]
    begun(far)
    far.end.picture(b"y")
    assert far.end.calls() == [Released(2)], "while another is on the line"


def test_a_capture_outlives_its_session_without_effect(far: FarHost) -> None:
    far.ask()
    far.say("BYE")
    far.greet()
    far.end.calls()
    far.ask(request=2)
    assert far.calls(Capture) == []
    far.end.picture(b"old")
    far.end.poll(far.now)
    assert [type(each) for each in far.end.calls()] == [Released, Capture]


def test_a_failed_still_is_told_and_a_failed_stream_tries_again_after_a_second(far: FarHost) -> None:
    far.ask(request=4)
    far.end.failed(NO_MEMORY)
    assert of(far.hear(), "FAILED") == [{"sequence": 0, "request": 4, "reason": NO_MEMORY}]
    far.say("ACK", buttons=0, display=0, control=1)
    far.ask(request=5, mode=STREAM)
    far.end.calls()
    far.end.failed(CAMERA_FAILED)
    assert of(far.passes(999), "FAILED") == [{"sequence": 1, "request": 5, "reason": CAMERA_FAILED}] * 2, (
        "once, and again until it is had"
    )
    assert far.calls(Capture) == []
    far.passes(1)
    assert [each.request for each in far.calls(Capture)] == [5]  # type: ignore[union-attr]


def test_requests_wait_while_the_host_does_not_take_the_answers(far: FarHost) -> None:
    for n in range(20):
        far.tell("CAMERA", request=n, mode=9, width=0, height=0, quality=0, chunk=64, interval=0)
    heard = far.hear()
    failed = [each["request"] for each in of(heard, "FAILED")]
    assert failed == list(range(6))
    assert heard[0]["control"] == 6, "those that it could answer are taken"
    far.say("ACK", buttons=0, display=0, control=6)
    far.tell("CAMERA", sequence=6, request=6, mode=9, width=0, height=0, quality=0, chunk=64, interval=0)
    assert [each["request"] for each in of(far.hear(), "FAILED")] == [6]


@pytest.mark.parametrize(("unheard", "captures"), [(3, 1), (4, 0)])
def test_a_picture_is_taken_if_all_that_will_be_said_of_it_has_room(far: FarHost, unheard: int, captures: int) -> None:
    for _ in range(unheard):
        far.ask(mode=9)
    far.ask(request=2)
    assert len(far.calls(Capture)) == captures
    far.hear()
    far.say("ACK", buttons=0, display=0, control=unheard)
    far.end.poll(far.now)
    assert len(far.calls(Capture)) == 1 - captures


def test_what_will_be_said_of_a_picture_keeps_its_room(far: FarHost) -> None:
    far.ask(request=1)
    for _ in range(6):
        far.tell("CAMERA", request=2, mode=9, width=0, height=0, quality=0, chunk=64, interval=0)
    heard = far.hear()
    assert heard[0]["control"] == 4, "of six queued messages, three are kept for PICTURE, END and FAILED"
    assert len(of(heard, "FAILED")) == 3


# --- pictures


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
