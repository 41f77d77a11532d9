from __future__ import annotations

import contextlib
import io
import itertools
import zlib
from typing import TYPE_CHECKING, Any, cast

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from skimage import data

from glassd.frames.grey import PIXELS_LIMIT, SCANS_LIMIT, UnreadableFrameError, eighth_grey, quarter_grey
from glassd_drivers.contracts import Frame

if TYPE_CHECKING:
    from glassd_drivers.contracts import MediaType

WIDTH, HEIGHT = 640, 360
PICTURE: Any = cv2.resize(cast("Any", data.astronaut)()[..., ::-1], (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
SMALL = cv2.resize(PICTURE, (64, 48))


def framed(data: bytes, media_type: str = "image/jpeg", width: int = WIDTH, height: int = HEIGHT) -> Frame:
    return Frame(data, cast("MediaType", media_type), width, height, 0.0, "camera")


def encoded(kind: str, picture: Any = PICTURE, *options: int) -> bytes:
    return cv2.imencode(kind, picture, options)[1].tobytes()


def through_pillow(mode: str, **options: Any) -> bytes:
    file = io.BytesIO()
    Image.fromarray(PICTURE[..., ::-1]).convert(mode).save(file, "JPEG", **options)
    return file.getvalue()


def raw(kind: str) -> bytes:
    how = {"yuyv": "YUYV", "uyvy": "UYVY", "nv12": "I420"}.get(kind)
    code = cv2.COLOR_BGR2GRAY if how is None else getattr(cv2, f"COLOR_BGR2YUV_{how}")
    rows = np.asarray(cv2.cvtColor(PICTURE, code))
    if kind == "nv12":  # its chroma alternates, where that of I420 is plane by plane
        return rows[:HEIGHT].tobytes() + np.stack(list(rows[HEIGHT:].reshape(2, -1)), axis=1).tobytes()
    return rows.tobytes()


FORMS = {
    "image/jpeg": encoded(".jpg"),
    "image/png": encoded(".png"),
    **{f"raw/{kind}": raw(kind) for kind in ("yuyv", "uyvy", "nv12", "grey")},
}


@pytest.mark.parametrize("media_type", FORMS)
@pytest.mark.parametrize(("reduced", "by"), [(quarter_grey, 4), (eighth_grey, 8)])
def test_whatever_its_form_a_frame_is_the_same_small_grey_picture(media_type: str, reduced: Any, by: int) -> None:
    grey = reduced(framed(FORMS[media_type], media_type))
    assert grey.shape == (HEIGHT // by, WIDTH // by)
    assert grey.dtype == np.uint8
    expected = cv2.resize(
        cv2.cvtColor(PICTURE, cv2.COLOR_BGR2GRAY), (WIDTH // by, HEIGHT // by), interpolation=cv2.INTER_AREA
    )
    video = media_type in ("raw/yuyv", "raw/uyvy", "raw/nv12")  # black is 16 there, white 235
    levels = (grey - 16.0) * 255 / 219 if video else grey * 1.0
    assert np.abs(levels - expected).mean() < 9


@pytest.mark.parametrize("sides", [(643, 361), (17, 16), (16, 19)])
@pytest.mark.parametrize("media_type", ["image/jpeg", "image/png", "raw/grey"])
def test_sides_that_are_no_multiples_are_rounded(sides: tuple[int, int], media_type: str) -> None:
    picture = cv2.resize(PICTURE, sides)
    grey_picture = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    kinds = {"image/jpeg": ".jpg", "image/png": ".png"}
    data = encoded(kinds[media_type], picture) if media_type in kinds else grey_picture.tobytes()
    for reduced, by in ((quarter_grey, 4), (eighth_grey, 8)):
        height, width = reduced(framed(data, media_type, *sides)).shape
        assert abs(width - sides[0] / by) < 1
        assert abs(height - sides[1] / by) < 1


def test_an_orientation_in_the_metadata_is_not_obeyed() -> None:
    plain = encoded(".jpg")
    turned = b"MM\x00\x2a\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00\x00\x00\x00\x00"
    exif = b"Exif\x00\x00" + turned
    segment = b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif
    oriented = plain[:2] + segment + plain[2:]
    obeyed = np.asarray(cv2.imdecode(np.frombuffer(oriented, np.uint8), cv2.IMREAD_GRAYSCALE))
    assert obeyed.shape == (WIDTH, HEIGHT)
    assert np.array_equal(quarter_grey(framed(oriented)), quarter_grey(framed(plain)))


@pytest.mark.parametrize(
    "data",
    [
        encoded(".jpg", PICTURE, cv2.IMWRITE_JPEG_PROGRESSIVE, 1),
        through_pillow("CMYK"),
        through_pillow("L"),
        encoded(".png", PICTURE.astype(np.uint16) * 257),
        encoded(".png", cv2.cvtColor(PICTURE, cv2.COLOR_BGR2BGRA)),
    ],
    ids=["progressive", "CMYK", "grey", "16-bit PNG", "transparent PNG"],
)
def test_uncommon_pictures_are_looked_at_as_any(data: bytes) -> None:
    grey = quarter_grey(framed(data, "image/jpeg" if data.startswith(b"\xff") else "image/png"))
    assert grey.shape == (HEIGHT // 4, WIDTH // 4)
    assert grey.dtype == np.uint8
    usual = quarter_grey(framed(encoded(".jpg"))).astype(float)
    assert np.corrcoef(grey.ravel(), usual.ravel())[0, 1] > 0.9


def claiming(width: int, height: int, precision: int = 8) -> bytes:
    """Return a small JPEG whose frame header claims something else."""
    data = encoded(".jpg", SMALL)
    at = data.index(b"\xff\xc0") + 4
    return data[:at] + bytes([precision]) + height.to_bytes(2, "big") + width.to_bytes(2, "big") + data[at + 5 :]


def png_claiming(width: int, height: int) -> bytes:
    data = encoded(".png", SMALL)
    header = b"IHDR" + width.to_bytes(4, "big") + height.to_bytes(4, "big") + data[24:29]
    return data[:12] + header + zlib.crc32(header).to_bytes(4, "big") + data[33:]


def with_scans(more: int) -> bytes:
    """Return a progressive JPEG with its last scan repeated."""
    data = encoded(".jpg", SMALL, cv2.IMWRITE_JPEG_PROGRESSIVE, 1)
    last = data.rindex(b"\xff\xda")
    return data[:-2] + data[last:-2] * more + data[-2:]


@pytest.mark.parametrize(
    ("data", "media_type", "reason"),
    [
        (b"", "image/jpeg", "0 bytes"),
        (bytes(10_000), "image/jpeg", "neither"),
        (encoded(".jpg")[:-5000], "image/jpeg", "cut off"),
        (encoded(".png")[:-5000], "image/png", "cut off"),
        (claiming(10_000, 10_000), "image/jpeg", f"at most {PIXELS_LIMIT}"),
        (claiming(65_535, 65_535), "image/jpeg", f"at most {PIXELS_LIMIT}"),
        (png_claiming(10_000, 10_000), "image/png", f"at most {PIXELS_LIMIT}"),
        (claiming(64, 48, precision=12), "image/jpeg", "OpenCV cannot"),
        (claiming(8, 8), "image/jpeg", "too small"),
        (with_scans(SCANS_LIMIT), "image/jpeg", "scans"),
        (raw("yuyv")[:-1], "raw/yuyv", "cut off"),
        (b"", "raw/nv12", "cut off"),
    ],
    ids=[
        "nothing", "zeros", "JPEG cut off", "PNG cut off", "100 megapixels", "4 gigapixels", "PNG of 100 megapixels",
        "12-bit JPEG", "a few pixels", "many scans", "raw cut off", "raw of nothing",
    ],
)  # fmt: skip
def test_what_cannot_be_looked_at_is_refused_with_the_reason(data: bytes, media_type: str, reason: str) -> None:
    with pytest.raises(UnreadableFrameError, match=reason):
        quarter_grey(framed(data, media_type))


def test_a_few_more_scans_than_usual_are_let_pass() -> None:
    assert quarter_grey(framed(with_scans(20))).shape == (12, 16)


@pytest.mark.parametrize("sides", [(100_000, 100_000), (-640, -360), (0, 360), (8, 8)])
def test_the_size_that_a_raw_frame_claims_is_not_believed(sides: tuple[int, int]) -> None:
    with pytest.raises(UnreadableFrameError, match="too"):
        quarter_grey(framed(raw("grey"), "raw/grey", *sides))


def looked_at(data: bytes, media_type: str = "image/jpeg") -> None:
    """Look at it, either way; only the error of its own may come."""
    for reduced in (quarter_grey, eighth_grey):
        with contextlib.suppress(UnreadableFrameError):
            assert reduced(framed(data, media_type)).size


@given(st.binary(max_size=400), st.sampled_from([b"", b"\xff\xd8", b"\x89PNG\r\n\x1a\n"]))
def test_random_bytes_give_a_picture_or_a_reason(data: bytes, start: bytes) -> None:
    looked_at(start + data)


@given(
    st.sampled_from([encoded(".jpg", SMALL), encoded(".jpg", SMALL, cv2.IMWRITE_JPEG_PROGRESSIVE, 1)]),
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=6),
    st.floats(0.5, 1),
)
def test_a_damaged_frame_gives_a_picture_or_a_reason(
    whole: bytes, damage: list[tuple[float, int]], kept: float
) -> None:
    data = bytearray(whole)
    for place, value in damage:
        data[int(place * len(data))] = value
    looked_at(bytes(data[: max(2, round(kept * len(data)))]))


@given(st.sampled_from(list(FORMS)[2:]), st.integers(-5, 700), st.integers(-5, 400), st.integers(0, 2**16))
def test_raw_bytes_of_any_size_give_a_picture_or_a_reason(kind: str, width: int, height: int, size: int) -> None:
    frame = framed(bytes(itertools.islice(itertools.cycle(b"abc"), size)), kind, width, height)
    try:
        grey = quarter_grey(frame)
    except UnreadableFrameError:
        return
    assert grey.shape == (height // 4, width // 4)
