"""The headers of a JPEG: what they say, and the edits that are allowed."""

from __future__ import annotations

import cv2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from recordings import encoded
from stored_pictures import GPS, exif, opened, quartered, saved, segment, with_sof

from glassd.frames.jpeg import STANDARD_TABLES, Edits, mended, read_jpeg
from glassd_drivers.pictures import SOS, PictureError, jpeg_segments

PROGRESSIVE = (cv2.IMWRITE_JPEG_PROGRESSIVE, 1)
RESTARTS = (cv2.IMWRITE_JPEG_RST_INTERVAL, 1)
OPTIMIZED = (cv2.IMWRITE_JPEG_OPTIMIZE, 1)
JPEG = encoded(".jpg", 1, 40, 30)
DHT = 0xC4
EXTRA = st.tuples(st.sampled_from([*range(0xE1, 0xF0), 0xFE]), st.binary(max_size=60))


def scans(data: bytes) -> list[bytes]:
    return [data[each.body : each.end] for each in jpeg_segments(data) if each.marker == SOS]


def without_tables(data: bytes) -> bytes:
    for each in reversed([each for each in jpeg_segments(data) if each.marker == DHT]):
        data = data[: each.start] + data[each.end :]
    return data


@pytest.mark.parametrize("options", [(), PROGRESSIVE, RESTARTS, OPTIMIZED, (*PROGRESSIVE, *RESTARTS)])
def test_a_jpeg_that_needs_no_edit_stays_the_very_same_object(options: tuple[int, ...]) -> None:
    jpeg = encoded(".jpg", 3, 50, 40, *options)
    data, edits = mended(read_jpeg(jpeg))
    assert data is jpeg
    assert edits == Edits()


@given(st.lists(EXTRA, max_size=6), st.lists(EXTRA, max_size=3), st.binary(max_size=40))
def test_application_data_comments_and_what_follows_the_end_go_and_nothing_else_changes(
    first: list[tuple[int, bytes]], later: list[tuple[int, bytes]], after: bytes
) -> None:
    scan = next(each for each in jpeg_segments(JPEG) if each.marker == SOS)
    pieces = [*(segment(*each) for each in first)], [*(segment(*each) for each in later)]
    stuffed = JPEG[:2] + b"".join(pieces[0]) + JPEG[2 : scan.start] + b"".join(pieces[1]) + JPEG[scan.start :] + after
    data, edits = mended(read_jpeg(stuffed))
    assert data == JPEG
    assert edits == Edits(dropped=len(first) + len(later), cut=len(after))


def test_a_phones_place_and_maker_are_gone_and_its_scan_is_untouched() -> None:
    jpeg = saved(quartered(64, 48), exif=exif(1), comment="home", icc_profile=b"profile" * 9)
    assert GPS in jpeg
    data, edits = mended(read_jpeg(jpeg))
    assert scans(data) == scans(jpeg)
    assert edits.dropped == 3
    assert [each.marker for each in jpeg_segments(data) if each.marker >= 0xE0] == [0xE0]
    assert (opened(data) == opened(jpeg)).all()


@pytest.mark.parametrize("options", [(), RESTARTS])
def test_the_tables_that_a_camera_leaves_out_are_put_in(options: tuple[int, ...]) -> None:
    """OpenCV writes the standard ones itself: so they are compared with what it had written."""
    jpeg = encoded(".jpg", 5, 64, 48, *options)
    camera = without_tables(jpeg)
    data, edits = mended(read_jpeg(camera))
    assert edits == Edits(tables=True)
    assert scans(data) == scans(jpeg)
    assert len(data) == len(camera) + len(STANDARD_TABLES)
    assert tables_of(data) == tables_of(jpeg)
    assert (opened(data) == opened(jpeg)).all()
    assert mended(read_jpeg(data))[0] is data


def tables_of(data: bytes) -> dict[int, bytes]:
    found = {}
    for each in jpeg_segments(data):
        body = data[each.body : each.end] if each.marker == DHT else b""
        while body:
            length = 17 + sum(body[1:17])
            found[body[0]], body = body[1:length], body[length:]
    return found


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_orientation_is_that_of_exif(orientation: int) -> None:
    assert read_jpeg(saved(quartered(64, 48), exif=exif(orientation))).orientation == orientation


@given(st.binary(max_size=200), st.sampled_from([b"II*\0", b"MM\0*", b""]))
def test_any_bytes_for_exif_tell_an_orientation(block: bytes, start: bytes) -> None:
    jpeg = JPEG[:2] + segment(0xE1, b"Exif\0\0" + start + block) + JPEG[2:]
    assert read_jpeg(jpeg).orientation in range(1, 9)


@given(st.integers(25, 97))
def test_the_quality_is_read_from_the_tables(quality: int) -> None:
    found = read_jpeg(encoded(".jpg", 1, 16, 16, cv2.IMWRITE_JPEG_QUALITY, quality)).quality
    assert found is not None
    assert abs(found - quality) <= 2


def test_colours_that_need_the_metadata_are_told_from_those_that_do_not() -> None:
    picture = quartered(64, 48)
    assert read_jpeg(saved(picture)).plain
    assert read_jpeg(saved(picture, mode="L")).plain
    assert not read_jpeg(saved(picture, mode="CMYK")).plain
    assert not read_jpeg(saved(picture, keep_rgb=True)).plain
    adobe = segment(0xEE, b"Adobe" + bytes(6) + b"\x01")
    assert read_jpeg(JPEG[:2] + adobe + JPEG[2:]).plain
    assert not read_jpeg(JPEG[:2] + adobe[:-1] + b"\x00" + JPEG[2:]).plain


def test_a_progressive_one_is_known_to_be_held_whole_by_its_decoder() -> None:
    assert read_jpeg(JPEG).coefficients == 0
    assert read_jpeg(encoded(".jpg", 1, 40, 30, *PROGRESSIVE)).coefficients == 40 * 30 * 3 * 2


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (with_sof(JPEG, 0xC3), "SOF3"),
        (with_sof(JPEG, 0xC9), "SOF9"),
        (with_sof(JPEG, 0xC1, 12), "12 bits"),
        (JPEG[:-2], "cut off"),
        (JPEG[:200], "cut off"),
        (b"\xff\xd8\xff\xd9", "without a picture"),
    ],
)
def test_what_models_do_not_read_is_refused_by_name(data: bytes, says: str) -> None:
    with pytest.raises(PictureError, match=says):
        read_jpeg(data)


@given(st.lists(st.tuples(st.integers(2, len(JPEG) - 1), st.integers(0, 255)), max_size=8), st.integers(2, len(JPEG)))
def test_damage_is_either_refused_or_leaves_a_jpeg_that_needs_no_second_edit(
    changes: list[tuple[int, int]], end: int
) -> None:
    broken = bytearray(JPEG)
    for at, value in changes:
        broken[at] = value
    try:
        data, _ = mended(read_jpeg(bytes(broken[:end])))
    except PictureError:
        return
    assert mended(read_jpeg(data))[0] is data
