"""Pictures and payloads, in virtual time: nothing of a picture is lost, and each comes when it is due."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassd_drivers.pictures import media_type_and_size
from glassd_drivers.units import Size
from rig.camera.formats import SIZES, Encoding, formats_of, uncompressed_bytes
from rig.camera.negotiation import PAYLOAD_BYTES, Setting
from rig.camera.pictures import DRAWN, Album, drawn, number_in
from rig.camera.stream import Behaviour, Payload, PictureStream

VGA = Size(640, 480)
MJPEG = formats_of([Encoding.MJPEG], SIZES)[0]
AT_30 = Setting(1, 1, MJPEG.modes[0], 333_333)
INTERVAL_S = 0.0333333


def showing(*pictures: bytes) -> Album:
    album = Album()
    album.show(pictures, Encoding.MJPEG, VGA, SIZES)
    return album


def one_picture(stream: PictureStream, now: float) -> list[Payload]:
    payloads: list[Payload] = []
    while not payloads or not payloads[-1].last:
        payload = stream.take(now)
        assert payload is not None
        payloads.append(payload)
    return payloads


@given(st.binary(min_size=1, max_size=3 * PAYLOAD_BYTES))
def test_a_picture_is_cut_into_payloads_that_fill_a_transfer_and_nothing_is_lost(picture: bytes) -> None:
    stream = PictureStream(showing(picture), Behaviour())
    stream.start(AT_30, 0.0)
    payloads = one_picture(stream, 0.0)
    assert b"".join(payload.data[2:] for payload in payloads) == picture
    assert {len(payload.data) for payload in payloads[:-1]} <= {PAYLOAD_BYTES}
    assert [payload.first for payload in payloads] == [True] + [False] * (len(payloads) - 1)
    assert [bool(payload.data[1] & 0x02) for payload in payloads] == [payload.last for payload in payloads]


@pytest.mark.parametrize("parts", [1, 2])
def test_a_picture_that_just_fills_its_payloads_ends_with_the_last_of_them(parts: int) -> None:
    stream = PictureStream(showing(bytes(parts * (PAYLOAD_BYTES - 2))), Behaviour())
    stream.start(AT_30, 0.0)
    assert [payload.last for payload in one_picture(stream, 0.0)] == [False] * (parts - 1) + [True]


def test_pictures_take_turns_and_each_toggles_the_frame_id() -> None:
    stream = PictureStream(showing(b"a", b"b", b"c"), Behaviour())
    stream.start(AT_30, 0.0)
    payloads = [one_picture(stream, number * 0.04)[0] for number in range(5)]
    assert [payload.picture.index for payload in payloads] == [0, 1, 2, 0, 1]
    assert [payload.data[1] & 0x01 for payload in payloads] == [1, 0, 1, 0, 1]


def test_pictures_come_at_the_rate_that_was_agreed_on() -> None:
    stream = PictureStream(showing(b"a"), Behaviour())
    stream.start(AT_30, 10.0)
    for number in range(5):
        due = 10.0 + number * INTERVAL_S
        if number:
            assert stream.take(due - 0.001) is None
            assert stream.wait(due - 0.001) == pytest.approx(0.001)
        assert one_picture(stream, due + 0.002)  # a little late, which the next does not add to


def test_what_a_slow_host_missed_it_never_gets() -> None:
    stream = PictureStream(showing(b"a"), Behaviour())
    stream.start(AT_30, 0.0)
    one_picture(stream, 0.0)
    one_picture(stream, 5.0)
    assert stream.take(5.0) is None
    assert stream.wait(5.0) == pytest.approx(INTERVAL_S)


def test_a_rate_that_a_test_asks_for_takes_the_place_of_the_agreed_one() -> None:
    behaviour = Behaviour(rate=2.0)
    stream = PictureStream(showing(b"a"), behaviour)
    stream.start(AT_30, 0.0)
    one_picture(stream, 0.0)
    assert stream.wait(0.0) == pytest.approx(0.5)


def test_a_freeze_lets_the_picture_on_its_way_out_and_begins_no_other() -> None:
    behaviour = Behaviour()
    stream = PictureStream(showing(bytes(2 * PAYLOAD_BYTES)), behaviour)
    stream.start(AT_30, 0.0)
    stream.take(0.0)
    behaviour.frozen = True
    assert one_picture(stream, 0.0)[-1].last
    assert stream.wait(100.0) is None
    assert stream.take(100.0) is None
    behaviour.frozen = False
    assert one_picture(stream, 100.0)[0].first


def test_a_new_start_begins_with_a_whole_picture() -> None:
    stream = PictureStream(showing(bytes(2 * PAYLOAD_BYTES), b"b"), Behaviour())
    stream.start(AT_30, 0.0)
    stream.take(0.0)
    stream.stop()
    assert stream.wait(1.0) is None
    stream.start(AT_30, 1.0)
    assert one_picture(stream, 1.0)[0].picture.data == b"b"


def test_so_does_one_that_no_end_came_before() -> None:
    stream = PictureStream(showing(bytes(2 * PAYLOAD_BYTES), b"b"), Behaviour())
    stream.start(AT_30, 0.0)
    stream.take(0.0)
    stream.start(AT_30, 1.0)
    assert one_picture(stream, 1.0)[0].picture.data == b"b"


def test_what_is_shown_holds_from_the_next_picture_and_for_its_own_size_alone() -> None:
    album = showing(bytes(2 * PAYLOAD_BYTES))
    stream = PictureStream(album, Behaviour())
    stream.start(AT_30, 0.0)
    stream.take(0.0)
    album.show([b"new"], Encoding.MJPEG, VGA, SIZES)
    assert one_picture(stream, 0.0)[-1].picture.data == bytes(2 * PAYLOAD_BYTES)
    assert one_picture(stream, 1.0)[0].picture.data == b"new"
    assert album.next(Encoding.MJPEG, Size(320, 240)).data == drawn(Encoding.MJPEG, Size(320, 240))[0]


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_drawn_pictures_are_real_jpegs_that_carry_their_number(size: Size) -> None:
    pictures = drawn(Encoding.MJPEG, size)
    assert [media_type_and_size(picture)[1:] for picture in pictures] == [size] * DRAWN[Encoding.MJPEG]
    assert [number_in(picture) for picture in pictures] == list(range(len(pictures)))
    assert len({*pictures}) == len(pictures)


def test_drawn_pictures_are_as_large_as_photographs() -> None:
    sizes = [len(picture) for picture in drawn(Encoding.MJPEG, Size(1280, 720))]
    assert min(sizes) > 100_000
    assert max(sizes) < 200_000


def test_drawn_uncompressed_pictures_have_two_bytes_a_pixel() -> None:
    assert {len(picture) for picture in drawn(Encoding.YUYV, VGA)} == {uncompressed_bytes(VGA)}


def test_pictures_stand_for_the_size_that_they_have() -> None:
    album = Album()
    jpegs = drawn(Encoding.MJPEG, Size(320, 240))[5:6]
    album.show(jpegs, Encoding.MJPEG, None, SIZES)
    album.show([b"\x80" * uncompressed_bytes(VGA)], Encoding.YUYV, None, SIZES)
    assert album.next(Encoding.MJPEG, Size(320, 240)).data == jpegs[0]
    assert album.next(Encoding.YUYV, VGA).data == b"\x80" * uncompressed_bytes(VGA)


@pytest.mark.parametrize(
    ("pictures", "encoding", "size", "reason"),
    [
        ([], Encoding.MJPEG, None, "no pictures"),
        ([b""], Encoding.MJPEG, VGA, "empty"),
        ([b"no picture"], Encoding.MJPEG, None, "neither a JPEG"),
        ([b"\x80" * 7], Encoding.YUYV, None, "7 bytes"),
        ([b"x"], Encoding.MJPEG, Size(1, 1), "no size 1x1"),
        ([bytes(VGA.width * VGA.height * 2 + 1)], Encoding.MJPEG, VGA, "sets aside"),
        ([bytes(uncompressed_bytes(size)) for size in SIZES], Encoding.YUYV, None, "differ in size"),
    ],
)
def test_what_no_camera_could_send_is_refused(
    pictures: list[bytes], encoding: Encoding, size: Size | None, reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        Album().show(pictures, encoding, size, SIZES)
