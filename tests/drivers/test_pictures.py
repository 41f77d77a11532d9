from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING

import cv2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from recordings import encoded

from glassd_drivers.pictures import JpegStream, PictureError, media_type_and_size

if TYPE_CHECKING:
    from collections.abc import Callable

    from glassd_drivers.pictures import PictureFacts

PROGRESSIVE = (cv2.IMWRITE_JPEG_PROGRESSIVE, 1)
RESTARTS = (cv2.IMWRITE_JPEG_RST_INTERVAL, 1)
JPEG = encoded(".jpg", 1, 40, 30)
PNG = encoded(".png", 1, 40, 30)


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(*chunks: bytes) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


@given(st.integers(1, 80), st.integers(1, 80), st.sampled_from([(), PROGRESSIVE, RESTARTS, PROGRESSIVE + RESTARTS]))
def test_a_jpeg_tells_its_size_whatever_its_scans(width: int, height: int, options: tuple[int, ...]) -> None:
    assert media_type_and_size(encoded(".jpg", 7, width, height, *options)) == ("image/jpeg", width, height)


@given(st.integers(1, 80), st.integers(1, 80))
def test_a_png_tells_its_size(width: int, height: int) -> None:
    assert media_type_and_size(encoded(".png", 7, width, height)) == ("image/png", width, height)


@pytest.mark.parametrize("picture", [JPEG, PNG], ids=["jpeg", "png"])
def test_every_truncation_is_found(picture: bytes) -> None:
    for end in range(len(picture)):
        with pytest.raises(PictureError):
            media_type_and_size(picture[:end])


def test_what_a_camera_pads_after_a_jpeg_is_let_pass() -> None:
    assert media_type_and_size(JPEG + bytes(300)) == ("image/jpeg", 40, 30)


def test_a_thumbnail_in_the_headers_is_not_taken_for_the_picture() -> None:
    thumbnail = encoded(".jpg", 2, 8, 6)
    segment = b"\xff\xe1" + struct.pack(">H", len(thumbnail) + 8) + b"Exif\0\0" + thumbnail
    assert media_type_and_size(JPEG[:2] + segment + JPEG[2:]) == ("image/jpeg", 40, 30)


def test_fill_bytes_before_a_marker_are_let_pass() -> None:
    assert media_type_and_size(JPEG[:2] + b"\xff\xff\xff" + JPEG[2:-2] + b"\xff" + JPEG[-2:]) == ("image/jpeg", 40, 30)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "0 bytes"),
        (b"GIF89a" + bytes(100), "neither"),
        (b"\xff\xd8\xff\xd9", "without a picture"),
        (b"\xff\xd8" + bytes(50), "no marker"),
        (b"\x89PNG", "cut off"),
        (JPEG[:-2] + b"\xff\xd8\xff", "cut off"),
        (JPEG.replace(struct.pack(">HH", 30, 40), bytes(4)), "0x0"),
        (PNG[:50] + bytes([PNG[50] ^ 1]) + PNG[51:], "checksum"),
        (png(chunk(b"IEND", b"")), "header"),
        (png(chunk(b"IHDR", struct.pack(">IIBBBBB", 3, 3, 8, 2, 0, 0, 0)), chunk(b"IEND", b"")), "without a picture"),
        (png(chunk(b"IHDR", struct.pack(">IIBBBBB", 0, 3, 8, 2, 0, 0, 0)), chunk(b"IEND", b"")), "0x3"),
        (png(chunk(b"IHDR", bytes(4))), "4 bytes"),
    ],
)
def test_what_is_wrong_is_said(data: bytes, says: str) -> None:
    with pytest.raises(PictureError, match=says):
        media_type_and_size(data)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (JPEG[:2] + 5_000 * b"\xff\xfe\x00\x02" + JPEG[2:], "over 4096 segments"),
        (PNG[:33] + 11_000 * chunk(b"tEXt", b"") + PNG[33:], "over 10000 chunks"),
    ],
    ids=["JPEG", "PNG"],
)
def test_a_picture_of_more_parts_than_anybody_writes_is_walked_no_further(data: bytes, says: str) -> None:
    with pytest.raises(PictureError, match=says):
        media_type_and_size(data)


def test_one_pixel_is_a_picture_unless_the_caller_asks_for_more() -> None:
    pixel = encoded(".png", 1, 1, 1)
    assert media_type_and_size(pixel) == ("image/png", 1, 1)
    with pytest.raises(PictureError, match="1x1 pixels, at least 16"):
        media_type_and_size(pixel, min_side=16)


def damaged(base: bytes) -> st.SearchStrategy[bytes]:
    """The picture with some of its bytes replaced, and perhaps cut short."""

    def damage(changes: list[tuple[int, int]], end: int) -> bytes:
        data = bytearray(base)
        for at, value in changes:
            data[at] = value
        return bytes(data[:end])

    change = st.tuples(st.integers(0, len(base) - 1), st.integers(0, 255))
    return st.builds(damage, st.lists(change, max_size=8), st.integers(0, len(base)))


@given(
    st.one_of(
        st.binary(), st.binary().map(JPEG[:2].__add__), st.binary().map(PNG[:8].__add__), damaged(JPEG), damaged(PNG)
    )
)
def test_any_bytes_are_a_picture_or_a_picture_error(data: bytes) -> None:
    try:
        facts = media_type_and_size(data)
    except PictureError:
        return
    assert facts.width >= 1
    assert facts.height >= 1


STREAM = [
    encoded(".jpg", number, *size, *options)
    for number in (1, 2)
    for size in ((40, 30), (8, 8))
    for options in ((), RESTARTS)
]


@given(st.lists(st.tuples(st.sampled_from([*STREAM, PNG]), st.integers(0, 1000), st.integers(0, 9)), max_size=6))
def test_a_stream_is_told_what_each_of_its_pictures_says(pictures: list[tuple[bytes, int, int]]) -> None:
    """Whole, cut off or padded, of whatever size: with the headers of the picture before known, or without."""
    stream = JpegStream()
    for picture, cut, padding in pictures:
        data = picture[: len(picture) - cut] + bytes(padding)
        assert told(stream.facts, data) == (told(media_type_and_size, data) if not data.startswith(PNG[:4]) else None)


def told(facts: Callable[[bytes], PictureFacts], data: bytes) -> PictureFacts | None:
    try:
        return facts(data)
    except PictureError:
        return None
