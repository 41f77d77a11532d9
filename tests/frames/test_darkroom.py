"""From a frame to the picture that is sent: as it is where it fits, else one decode and one encode."""

from __future__ import annotations

import asyncio
import io
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps
from recordings import encoded, image
from stored_pictures import (
    GPS,
    camera_jpeg,
    chunk,
    exif,
    opened,
    png_bomb,
    png_text,
    quartered,
    quarters_of,
    saved,
    segment,
    with_size,
    with_sof,
)

from glassd.answer import AskError
from glassd.frames.darkroom import Counts, Darkroom
from glassd.frames.develop import DECODE_LIMIT_BYTES, PIXELS_LIMIT
from glassd.frames.pixels import ENCODES_LIMIT
from glassd.frames.turning import Pose
from glassd.limits import Limits, tokens_of
from glassd.messages.codes import Code
from glassd_drivers.contracts import Frame
from glassd_drivers.pictures import SOS, jpeg_segments, media_type_and_size
from glassd_drivers.units import Size

if TYPE_CHECKING:
    from collections.abc import Callable

USUAL = Limits(32, 1280, size=4_000_000)
AMPLE = Limits(32, 16_384, size=4_000_000)
SMALL = Limits(32, 64)
JPEG = encoded(".jpg", 1, 400, 300)
PNG = encoded(".png", 1, 400, 300)
DONE_ONCE = Counts(decodes=1, encodes=1)
PROGRESSIVE = (cv2.IMWRITE_JPEG_PROGRESSIVE, 1)


def frame(data: bytes, media_type: Any = "image/jpeg", width: int = 0, height: int = 0) -> Frame:
    if not width:
        media_type, width, height = media_type_and_size(data)
    return Frame(data, media_type, width, height, 7.0, "camera")


def developed(what: Frame, limits: Limits | None = USUAL, pose: Pose | None = None) -> tuple[Frame, Counts]:
    """Return what a fresh darkroom makes of a frame, and how much work that was."""
    darkroom = Darkroom()
    if pose is not None:
        darkroom.pose("camera", pose)
    try:
        return asyncio.run(darkroom.develop(what, limits)), darkroom.counts
    finally:
        darkroom.close()


def outcome(what: Frame, limits: Limits) -> tuple[Frame | Code, Counts]:
    """Return what is sent, or why nothing is."""
    darkroom = Darkroom()
    try:
        return asyncio.run(darkroom.develop(what, limits)), darkroom.counts
    except AskError as error:
        return error.problem.code, darkroom.counts
    finally:
        darkroom.close()


def refused(what: Frame, limits: Limits | None = SMALL) -> tuple[Code, str, Counts]:
    darkroom = Darkroom()
    try:
        with pytest.raises(AskError) as caught:
            asyncio.run(darkroom.develop(what, limits))
    finally:
        darkroom.close()
    return caught.value.problem.code, caught.value.problem.message, darkroom.counts


# -- as it is ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("limits", [USUAL, AMPLE, None])
@pytest.mark.parametrize("options", [(), PROGRESSIVE])
def test_a_cameras_jpeg_that_fits_is_sent_as_the_very_same_object(
    limits: Limits | None, options: tuple[int, ...]
) -> None:
    what = frame(encoded(".jpg", 1, 1280, 720, *options))
    sent, counts = developed(what, limits)
    assert sent is what
    assert counts == Counts()


def test_metadata_goes_without_a_decode() -> None:
    for data in (
        saved(quartered(64, 48), exif=exif(1), comment="home"),
        saved(quartered(64, 48), "PNG", pnginfo=png_text(), exif=exif(1)),
    ):
        sent, counts = developed(frame(data))
        assert GPS in data
        assert GPS not in sent.data
        assert counts == Counts(edits=1)
        assert (opened(sent.data) == opened(data)).all()


def test_what_a_frame_says_of_itself_counts_and_not_what_it_was_called() -> None:
    data = encoded(".png", 1, 40, 30)
    sent, _ = developed(Frame(data, "image/jpeg", 99, 98, 7.0, "camera"))
    assert (sent.data, sent.media_type, sent.width, sent.height) == (data, "image/png", 40, 30)
    assert (sent.instant, sent.source) == (7.0, "camera")


# -- one decode, one encode --------------------------------------------------------------------------------------------


def raw(kind: str, width: int, height: int) -> Frame:
    """Return a raw frame of the quartered picture, as OpenCV's inverse has it."""
    picture = cv2.cvtColor(quartered(width, height), cv2.COLOR_RGB2BGR)
    match kind:
        case "raw/grey":
            data = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
        case "raw/nv12":
            planes = cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_I420).reshape(-1)
            luma, quarter = width * height, width * height // 4
            u, v = planes[luma : luma + quarter], planes[luma + quarter :]
            data = np.concatenate([planes[:luma], np.stack([u, v], 1).reshape(-1)])
        case _:
            data = cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_YUY2 if kind == "raw/yuyv" else cv2.COLOR_BGR2YUV_UYVY)
    media_type: Any = kind
    return Frame(data.tobytes(), media_type, width, height, 7.0, "camera")


@pytest.mark.parametrize(
    ("what", "limits"),
    [
        (frame(encoded(".jpg", 1, 1920, 1080)), USUAL),
        (frame(encoded(".jpg", 1, 1920, 1080, *PROGRESSIVE)), USUAL),
        (frame(encoded(".png", 1, 1920, 1080)), USUAL),
        (frame(saved(quartered(640, 480), exif=exif(6))), USUAL),
        (frame(saved(quartered(640, 480), mode="CMYK")), USUAL),
        (frame(saved(quartered(640, 480), keep_rgb=True)), USUAL),
        (frame(saved(quartered(1920, 1080), "PNG", "RGBA")), USUAL),
        (frame(saved(quartered(1920, 1080), mode="L")), USUAL),
        (frame(cv2.imencode(".png", image(1).astype(np.uint16) * 257)[1].tobytes()), USUAL),
        (raw("raw/yuyv", 640, 480), USUAL),
        (raw("raw/uyvy", 640, 480), None),
        (raw("raw/nv12", 640, 480), USUAL),
        (raw("raw/grey", 641, 481), None),
    ],
    ids=lambda value: f"{value.media_type} {value.width}" if isinstance(value, Frame) else "",
)
def test_whatever_has_to_be_changed_is_decoded_once_and_encoded_once(what: Frame, limits: Limits | None) -> None:
    sent, counts = developed(what, limits)
    assert counts == DONE_ONCE
    assert media_type_and_size(sent.data) == ("image/jpeg", sent.width, sent.height)
    assert tokens_of(sent.width, sent.height, 32) <= USUAL.tokens
    assert (sent.instant, sent.source) == (what.instant, what.source)
    again, counts = developed(sent, limits)
    assert again is sent
    assert counts == Counts()


@pytest.mark.parametrize("kind", ["raw/yuyv", "raw/uyvy", "raw/nv12"])
def test_a_raw_frame_keeps_its_colours(kind: str) -> None:
    sent, _ = developed(raw(kind, 640, 480), None)
    assert quarters_of(opened(sent.data)) == (0, 1, 2, 3)
    assert (sent.width, sent.height) == (640, 480)


def test_a_jpeg_is_decoded_at_the_part_of_its_size_that_is_enough() -> None:
    """In full this one would hold 192 MB, which is refused."""
    sent, counts = developed(frame(with_size(JPEG, 8000, 8000)))
    assert counts == DONE_ONCE
    assert (sent.width, sent.height) == (1120, 1120)


def test_a_jpeg_whose_tables_are_left_out_is_decoded_all_the_same() -> None:
    whole = encoded(".jpg", 1, 1920, 1080)
    tables = [each for each in jpeg_segments(whole) if each.marker == 0xC4]
    left_out = whole[: tables[0].start] + whole[tables[-1].end :]
    assert developed(frame(left_out))[0].data == developed(frame(whole))[0].data


def test_metadata_does_not_count_in_what_a_picture_is_expected_to_have() -> None:
    data = camera_jpeg(1280, 720)
    stuffed = data[:2] + 10 * segment(0xE1, bytes(60_000)) + data[2:]
    limits = Limits(32, 512, size=len(data))
    assert developed(frame(stuffed), limits)[0].data == developed(frame(data), limits)[0].data


@pytest.mark.parametrize("mode", ["RGB", "CMYK", "keep_rgb"])
def test_a_jpeg_in_another_colour_space_keeps_its_colours(mode: str) -> None:
    picture = quartered(2000, 1500)
    data = saved(picture, keep_rgb=True) if mode == "keep_rgb" else saved(picture, mode=mode)
    assert quarters_of(opened(developed(frame(data))[0].data)) == (0, 1, 2, 3)


def test_what_is_transparent_is_sent_as_it_looks_on_white() -> None:
    picture = np.zeros((1500, 2000, 4), np.uint8)  # black print on nothing
    picture[500:1000, 500:1500, 3] = 255
    sent, _ = developed(frame(cv2.imencode(".png", picture)[1].tobytes()))
    told = opened(sent.data)
    assert told[5, 5].min() > 250
    assert told[told.shape[0] // 2, told.shape[1] // 2].max() < 5


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_is_sent_the_right_way_up(orientation: int, mirror: bool, rotate: int) -> None:
    """Pillow has its own way to obey EXIF and to turn."""
    data = saved(quartered(200, 120), exif=exif(orientation))
    upright: Any = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    upright = upright.rotate(-rotate, expand=True)
    upright = ImageOps.mirror(upright) if mirror else upright
    sent, counts = developed(frame(data), USUAL, Pose(rotate=rotate, mirror=mirror))
    assert (sent.width, sent.height) == upright.size
    assert quarters_of(opened(sent.data)) == quarters_of(np.asarray(upright))
    assert (counts.decodes, counts.encodes) in ((0, 0), (1, 1))
    assert (counts.decodes == 0) == (quarters_of(np.asarray(upright)) == (0, 1, 2, 3) and sent.width == 200)


@pytest.mark.parametrize(
    ("crop", "rotate", "kept"),
    [
        (0.5, 0, (160, 120)),
        (Size(100, 80), 0, (100, 80)),
        (Size(100, 80), 90, (100, 80)),
        (Size(100, 9999), 90, (100, 320)),
        (1.0, 0, (320, 240)),
    ],
)
def test_the_middle_is_kept(crop: float | Size, rotate: int, kept: tuple[int, int]) -> None:
    sent, _ = developed(frame(saved(quartered(320, 240))), USUAL, Pose(crop, rotate))
    assert (sent.width, sent.height) == kept
    assert sorted(quarters_of(opened(sent.data))) == [0, 1, 2, 3]


def test_a_pose_is_that_of_one_source() -> None:
    darkroom = Darkroom()
    darkroom.pose("camera", Pose(rotate=90))
    what = Frame(encoded(".jpg"), "image/jpeg", 64, 48, 7.0, "api")
    assert asyncio.run(darkroom.develop(what, USUAL)) is what
    darkroom.close()


def test_the_loop_goes_on_while_pixels_are_worked_on() -> None:
    async def run() -> int:
        darkroom = Darkroom()
        task = asyncio.create_task(darkroom.develop(frame(encoded(".jpg", 1, 1920, 1080)), USUAL))
        turns = 0
        while not task.done():
            await asyncio.sleep(0)
            turns += 1
        darkroom.close()
        return turns

    assert asyncio.run(run()) > 5


def test_the_wearer_does_not_wait_behind_the_pictures_of_an_app() -> None:
    async def run() -> list[str]:
        darkroom = Darkroom()
        ended: list[str] = []
        small = frame(saved(quartered(64, 48), mode="CMYK"))
        large = replace(frame(with_size(JPEG, 4000, 3000)), source="gateway")

        async def develop(what: Frame) -> None:
            await darkroom.develop(what, USUAL)
            ended.append(what.source)

        await asyncio.gather(*(develop(large) for _ in range(12)), develop(small))
        darkroom.close()
        return ended

    assert asyncio.run(run())[-1] == "gateway"


# -- a cap in bytes ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", [0.9, 0.6, 0.4])
@pytest.mark.parametrize(("width", "height"), [(1280, 720), (1920, 1080), (4000, 3000)])
def test_a_cap_in_bytes_is_usually_met_by_the_first_encode(width: int, height: int, part: float) -> None:
    data = camera_jpeg(width, height)
    cap = int(part * len(data))
    sent, counts = developed(frame(data), Limits(32, 16_384, size=cap))
    assert len(sent.data) <= cap
    assert counts == DONE_ONCE


@settings(max_examples=40)
@given(st.integers(60, 500), st.integers(60, 500), st.integers(2000, 100_000), st.sampled_from([".jpg", ".png"]))
def test_any_cap_in_bytes_is_kept_or_the_picture_refused(width: int, height: int, cap: int, ending: str) -> None:
    """Noise: nothing is larger."""
    sent, counts = outcome(frame(encoded(ending, 3, width, height)), Limits(32, 16_384, size=cap))
    if isinstance(sent, Frame):
        assert len(sent.data) <= cap
    else:
        assert sent in (Code.PICTURE_TOO_BIG, Code.PICTURE_SHAPE)
    assert counts.decodes <= 1
    assert counts.encodes <= ENCODES_LIMIT


# -- bad input ---------------------------------------------------------------------------------------------------------

CHANGES = st.lists(st.tuples(st.integers(8, 700), st.integers(0, 255)), max_size=6)


def many_scans() -> bytes:
    """Return a progressive JPEG whose first scan comes a hundred times."""
    jpeg = encoded(".jpg", 1, 40, 30, *PROGRESSIVE)
    scan = next(each for each in jpeg_segments(jpeg) if each.marker == SOS)
    return jpeg[: scan.start] + 100 * jpeg[scan.start : scan.end] + jpeg[scan.end :]


def many_segments() -> bytes:
    return JPEG[:2] + 20_000 * segment(0xFE, b"") + JPEG[2:]


def many_chunks() -> bytes:
    return PNG[:33] + 20_000 * chunk(b"tEXt", b"") + PNG[33:]


@pytest.mark.parametrize(
    ("what", "code", "says"),
    [
        (Frame(b"", "image/jpeg", 0, 0, 0.0, "camera"), Code.PICTURE_BROKEN, "0 bytes"),
        (Frame(bytes(5000), "image/jpeg", 640, 480, 0.0, "camera"), Code.PICTURE_BROKEN, "neither a JPEG nor a PNG"),
        (Frame(JPEG[:999], "image/jpeg", 400, 300, 0.0, "camera"), Code.PICTURE_BROKEN, "cut off"),
        (Frame(PNG[:999], "image/png", 400, 300, 0.0, "camera"), Code.PICTURE_BROKEN, "cut off"),
        (frame(with_sof(JPEG, 0xC3)), Code.PICTURE_BROKEN, "SOF3"),
        (frame(with_sof(JPEG, 0xC1, 12)), Code.PICTURE_BROKEN, "12 bits"),
        (frame(with_size(JPEG, 10_000, 10_000)), Code.PICTURE_TOO_BIG, "10000x10000 pixels are too many"),
        (frame(with_size(encoded(".jpg", 1, 40, 30, *PROGRESSIVE), 7000, 7000)), Code.PICTURE_TOO_BIG, "128 MiB"),
        (frame(png_bomb(10_000, 10_000)), Code.PICTURE_TOO_BIG, "64 megapixels"),
        (frame(png_bomb(60_000, 10)), Code.PICTURE_SHAPE, "over 200 times"),
        (frame(many_scans()), Code.PICTURE_BROKEN, "at most 64 are read"),
        (frame(many_segments(), "image/jpeg", 400, 300), Code.PICTURE_BROKEN, "over 4096 segments"),
        (frame(many_chunks(), "image/png", 400, 300), Code.PICTURE_BROKEN, "over 10000 chunks"),
        (frame(encoded(".png", 1, 400, 10)), Code.PICTURE_SHAPE, "at least 11"),
        (Frame(bytes(100), "raw/yuyv", 640, 480, 0.0, "camera"), Code.PICTURE_BROKEN, "640x480 pixels have 614400"),
        (Frame(bytes(6), "raw/yuyv", 3, 1, 0.0, "camera"), Code.PICTURE_BROKEN, "no raw/yuyv has 3x1"),
    ],
)
def test_a_bad_picture_is_refused_with_its_reason_before_any_pixel_of_it(what: Frame, code: Code, says: str) -> None:
    told, message, counts = refused(what)
    assert told is code
    assert message.startswith("the picture of camera: ")
    assert says in message
    assert counts == Counts()


def test_a_scan_that_is_no_picture_is_refused_or_decoded_as_far_as_it_goes() -> None:
    """Damage within the compressed data is found by the decoder alone, and most decoders go on after it."""
    header_only = with_size(JPEG, 4000, 3000)
    sent, counts = developed(frame(header_only), SMALL)
    assert counts == DONE_ONCE
    assert tokens_of(sent.width, sent.height, 32) <= SMALL.tokens
    damaged = PNG[:60] + encoded(".png", 2, 400, 300)[60:]
    code, _, _ = refused(Frame(damaged, "image/png", 400, 300, 0.0, "camera"))
    assert code is Code.PICTURE_BROKEN


@settings(max_examples=60)
@given(
    st.binary()
    | st.binary().map(JPEG[:2].__add__)
    | st.lists(st.tuples(st.integers(2, 700), st.integers(0, 255)), max_size=6).map(
        lambda changes: changed(JPEG, changes)
    )
    | st.lists(st.tuples(st.integers(8, 700), st.integers(0, 255)), max_size=3).map(
        lambda changes: changed(PNG, changes)
    )
)
def test_any_bytes_are_sent_within_the_limits_or_refused_with_a_reason(data: bytes) -> None:
    sent, _ = outcome(Frame(data, "image/jpeg", 400, 300, 0.0, "camera"), SMALL)
    if isinstance(sent, Frame):
        assert tokens_of(sent.width, sent.height, 32) <= SMALL.tokens
    else:
        assert sent in (Code.PICTURE_BROKEN, Code.PICTURE_TOO_BIG, Code.PICTURE_SHAPE)


def changed(data: bytes, changes: list[tuple[int, int]]) -> bytes:
    broken = bytearray(data)
    for at, value in changes:
        broken[at] = value
    return bytes(broken)


def clear_png(side: int, kind: Any) -> bytes:
    return cv2.imencode(".png", np.zeros((side, side, 4), kind))[1].tobytes()


PEAK = """
import asyncio, resource, sys
import cv2, numpy as np
from glassd.answer import AskError
from glassd.frames.darkroom import Darkroom
from glassd.limits import Limits
from glassd_drivers.contracts import Frame

cv2.imdecode(np.frombuffer(cv2.imencode(".jpg", np.zeros((64, 64, 3), np.uint8))[1], np.uint8), 1)
data = open(sys.argv[1], "rb").read()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    asyncio.run(Darkroom().develop(Frame(data, "image/jpeg", 1, 1, 0.0, "camera"), Limits(32, 1280)))
except AskError as error:
    print(error.problem.code, file=sys.stderr)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024)
"""


@pytest.mark.parametrize(
    "make",
    [
        lambda: png_bomb(10_000, 10_000),
        lambda: with_size(JPEG, 65_000, 65_000),
        lambda: with_size(JPEG, 8000, PIXELS_LIMIT // 8000),
        lambda: png_bomb(6688, 6688),
        lambda: clear_png(4300, np.uint8),
        lambda: clear_png(3300, np.uint16),
        lambda: with_size(encoded(".jpg", 1, 40, 30, *PROGRESSIVE), 4800, 4400),
    ],
    ids=[
        "png over",
        "jpeg over",
        "jpeg at the limit",
        "png at the limit",
        "rgba",
        "deep rgba",
        "progressive at the limit",
    ],
)
def test_the_memory_of_the_largest_pictures_is_bounded(make: Callable[[], bytes], tmp_path: Any) -> None:
    """Two over a limit, which no byte is decoded of, and one of each kind just below."""
    picture = tmp_path / "picture"
    picture.write_bytes(make())
    done = subprocess.run([sys.executable, "-c", PEAK, picture], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 1.25 * DECODE_LIMIT_BYTES, done.stderr
