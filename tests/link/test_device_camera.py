"""The device end's camera: what is asked for, and what is said of what cannot be (docs/link.md, 7)."""

from __future__ import annotations

import pytest
from device_end import OFF, STILL, STREAM, Camera, Capture, DeviceEnd, Facts, Released
from far_host import MS, FarHost, begun, in_session, names, of

NO_CAMERA, NO_MEMORY, NO_SUCH_SIZE, CAMERA_FAILED = 1, 2, 3, 4


@pytest.fixture
def far() -> FarHost:
    """A host in a session."""
    return in_session()


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
