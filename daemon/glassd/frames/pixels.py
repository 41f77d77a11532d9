"""The pixel work on a picture: one decode, then crop, size, turn, and one encode. Blocking: it belongs on a thread.

OpenCV and numpy are imported late: a daemon whose pictures all fit never loads them for this.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from glassd.frames.forecast import LEAST_QUALITY, Forecast
from glassd_drivers.pictures import PictureError
from glassd_drivers.units import Size

if TYPE_CHECKING:
    from collections.abc import Callable

    from cv2.typing import MatLike

    from glassd.frames.darkroom import Counts
    from glassd.frames.stored import Stored
    from glassd.frames.turning import Region, Turn
    from glassd_drivers.contracts import RawType

REDUCTIONS: Final = (8, 4, 2, 1)
"""A JPEG can be decoded to sides divided by these, at a part of the cost: each block's transform is scaled."""
SHORT_BY: Final = 0.01
"""By this part what a decode gives may be smaller than the target: 1920x1080 is decoded to 960x540 for 960x544."""
AREA_FROM: Final = 2.0
"""From this division of the sides on each pixel is the mean of its area. Below it bilinear interpolation leaves nothing
out, is as close to Lanczos (SSIM from 0.992, areas from 0.994, on photographs and print) and costs a sixth."""
_WITH_ALPHA: Final = 4 + 3
"""Bytes a pixel while a transparent picture is put on white, and the same from 16 bits a sample."""
_WITH_DEEP_ALPHA: Final = 8 + 4
_BAND_ROWS: Final = 64
ENCODES_LIMIT: Final = 4
"""How often a picture is encoded at most until it keeps to a cap in bytes."""


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be done with the pixels of one picture.

    `region` is what is kept of it, `target` the size of what is sent, upright; `cap` is how many bytes that may have,
    None for no cap. `smaller` returns the size of at most so many pixels in which it can be sent instead; it may raise
    UnfitError.
    """

    stored: Stored
    region: Region
    turn: Turn
    target: Size
    quality: int
    cap: int | None
    smaller: Callable[[int], Size]


def reduction(job: Job) -> int:
    """Return by how much the sides can be divided in the decode, with the target no larger than what is left."""
    if job.stored.kind != "jpeg":
        return 1
    wanted = job.turn.size_of(job.target)
    width, height = (side * (1 + SHORT_BY) for side in job.region.size)
    fitting = (part for part in REDUCTIONS if width >= part * wanted.width and height >= part * wanted.height)
    return next(fitting, 1)


def decoded_bytes(job: Job) -> int:
    """Return how many bytes the decode will hold at its height, from the header alone."""
    part = reduction(job)
    stored = job.stored
    samples = 1 if stored.grey else 3
    if stored.transparent:
        samples = _WITH_ALPHA if stored.plain else _WITH_DEEP_ALPHA
    return -(-stored.size.width // part) * -(-stored.size.height // part) * samples + stored.held


def printed(job: Job, counts: Counts) -> tuple[bytes, Size]:
    """Return the picture as a JPEG, and its size; raise PictureError where it cannot be decoded or made to fit."""
    picture = _sized(_decode(job, counts), job)
    forecast = Forecast.of(job.stored.quality, job.stored.coded, job.stored.size, job.region.size, job.target)
    quality = job.quality if job.cap is None or forecast is None else forecast.quality(job.cap, job.quality)
    for _ in range(ENCODES_LIMIT):
        data = _encode(picture, quality, counts)
        size = Size(picture.shape[1], picture.shape[0])
        if job.cap is None or len(data) <= job.cap:
            return data, size
        forecast = (forecast or Forecast.unknown()).corrected(quality, len(data))
        if quality > LEAST_QUALITY:
            quality = forecast.quality(job.cap, quality - 1)
        else:
            picture = _resized(picture, job.smaller(forecast.pixels(job.cap, quality, size)))
            forecast = None
    raise TooLargeError(f"{len(data)} bytes at {size} pixels and quality {quality}; at most {job.cap} may be sent")


class TooLargeError(PictureError):
    """It cannot be made small enough."""


# -- decode ------------------------------------------------------------------------------------------------------------


def _decode(job: Job, counts: Counts) -> MatLike:
    import cv2  # noqa: PLC0415  a light start
    import numpy as np  # noqa: PLC0415

    counts.decodes += 1
    pixels = np.frombuffer(job.stored.frame.data, np.uint8)
    try:
        if job.stored.raw is not None:
            return _from_raw(pixels, job.stored.raw, job.stored.size)
        if job.stored.transparent:
            return _on_white(cv2.imdecode(pixels, cv2.IMREAD_UNCHANGED))
        colour, grey = {
            1: (cv2.IMREAD_COLOR, cv2.IMREAD_GRAYSCALE),
            2: (cv2.IMREAD_REDUCED_COLOR_2, cv2.IMREAD_REDUCED_GRAYSCALE_2),
            4: (cv2.IMREAD_REDUCED_COLOR_4, cv2.IMREAD_REDUCED_GRAYSCALE_4),
            8: (cv2.IMREAD_REDUCED_COLOR_8, cv2.IMREAD_REDUCED_GRAYSCALE_8),
        }[reduction(job)]
        picture: MatLike | None = cv2.imdecode(
            pixels, (grey if job.stored.grey else colour) | cv2.IMREAD_IGNORE_ORIENTATION
        )
    except cv2.error as error:
        raise PictureError(f"it cannot be decoded ({' '.join(str(error.err).split())})") from error
    if picture is None:  # the stubs know no None, imdecode does
        raise PictureError("it cannot be decoded")
    return picture


def _from_raw(pixels: MatLike, kind: RawType, size: Size) -> MatLike:
    import cv2  # noqa: PLC0415  a light start

    width, height = size
    match kind:
        case "raw/grey":
            return pixels.reshape(height, width)
        case "raw/nv12":
            return cv2.cvtColor(pixels.reshape(height * 3 // 2, width), cv2.COLOR_YUV2BGR_NV12)
        case "raw/yuyv":
            return cv2.cvtColor(pixels.reshape(height, width, 2), cv2.COLOR_YUV2BGR_YUYV)
        case "raw/uyvy":
            return cv2.cvtColor(pixels.reshape(height, width, 2), cv2.COLOR_YUV2BGR_UYVY)


def _on_white(picture: MatLike | None) -> MatLike:
    """Return a picture that is transparent in parts as it looks on white: without, black print on nothing is black."""
    import cv2  # noqa: PLC0415  a light start
    import numpy as np  # noqa: PLC0415

    if picture is None:
        raise PictureError("it cannot be decoded")
    if picture.dtype == np.uint16:
        picture = cv2.convertScaleAbs(picture, alpha=1 / 257)
    if picture.ndim == 2 or picture.shape[2] < 4:
        return picture
    for top in range(0, picture.shape[0], _BAND_ROWS):
        band = picture[top : top + _BAND_ROWS]
        alpha = cv2.merge([band[..., 3]] * 4)
        cv2.add(cv2.multiply(band, alpha, scale=1 / 255), cv2.bitwise_not(alpha), dst=band)
    return cv2.cvtColor(picture, cv2.COLOR_BGRA2BGR)


# -- crop, size, turn --------------------------------------------------------------------------------------------------


def _sized(picture: MatLike, job: Job) -> MatLike:
    """Return the region in the target's size, upright: turned last, when it is smallest."""
    region = job.region.within(job.stored.size, Size(picture.shape[1], picture.shape[0]))
    picture = picture[region.top : region.top + region.height, region.left : region.left + region.width]
    return _turned(_resized(picture, job.turn.size_of(job.target)), job.turn)


def _resized(picture: MatLike, size: Size) -> MatLike:
    import cv2  # noqa: PLC0415  a light start

    height, width = picture.shape[:2]
    if (width, height) == size:
        return picture
    by_area = max(width / size.width, height / size.height) >= AREA_FROM
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA if by_area else cv2.INTER_LINEAR)


def _turned(picture: MatLike, turn: Turn) -> MatLike:
    import cv2  # noqa: PLC0415  a light start

    if turn.mirrored:
        picture = cv2.flip(picture, 1)
    if turn.quarters:
        quarters = (cv2.ROTATE_90_CLOCKWISE, cv2.ROTATE_180, cv2.ROTATE_90_COUNTERCLOCKWISE)
        picture = cv2.rotate(picture, quarters[turn.quarters - 1])
    return picture


# -- encode ------------------------------------------------------------------------------------------------------------


def _encode(picture: MatLike, quality: int, counts: Counts) -> bytes:
    import cv2  # noqa: PLC0415  a light start

    counts.encodes += 1
    return cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()
