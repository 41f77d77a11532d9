"""A frame as a small grey picture, for as little work as it can be had.

A JPEG is decoded at a quarter or an eighth of its size right away (libjpeg's scaled DCT, luma alone); of a raw frame a
few of the pixels are taken, by slices. What a frame claims of itself is checked before a byte is decoded, so that a
bomb costs nothing. OpenCV is loaded for what is compressed alone, and by whoever looks first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from glassd_drivers.pictures import PictureError, media_type_and_size

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from glassd_drivers.contracts import Frame

PIXELS_LIMIT: Final = 25_000_000
"""The largest frame that is decoded. A baseline JPEG of it takes 2 MB, reduced; the worst of its size, a progressive
one in full colour resolution, 150 MB for its coefficients."""
SCANS_LIMIT: Final = 64
"""Scans of a progressive JPEG: encoders write about ten, and each one more costs a pass over the whole picture."""
LEAST_SIDE_PX: Final = 16
"""Below this there is nothing left at an eighth, and no camera's frame to begin with."""
Reduction = Literal[4, 8]


class UnreadableFrameError(ValueError):
    """A frame that cannot be looked at; the text says in half a sentence why."""


def quarter_grey(frame: Frame) -> NDArray[np.uint8]:
    """Return the frame's luma at a quarter of its width and height; raise UnreadableFrameError for one that is broken.

    8 bits, row by row, sides rounded either way. As stored: an EXIF orientation is not obeyed. Blocks for about 1 ms
    at 720p.
    """
    return _reduced(frame, 4)


def eighth_grey(frame: Frame) -> NDArray[np.uint8]:
    """Return the frame's luma at an eighth of its width and height, else as `quarter_grey`."""
    return _reduced(frame, 8)


def _reduced(frame: Frame, by: Reduction) -> NDArray[np.uint8]:
    name: str = frame.media_type
    return _sampled(frame, *_RAW_LUMA[name], by) if name in _RAW_LUMA else _decoded(frame.data, by)


# -- raw frames, their rows without padding ----------------------------------------------------------------------------

_RAW_LUMA: Final = {"raw/yuyv": (2, 0), "raw/uyvy": (2, 1), "raw/nv12": (1, 0), "raw/grey": (1, 0)}
"""Bytes from one luma sample to the next, and where the first one is (the kernel's V4L2_PIX_FMT_* of these names)."""


def _sampled(frame: Frame, step: int, first: int, by: Reduction) -> NDArray[np.uint8]:
    """Return the mean of four samples of each square of `by` pixels: one alone would carry all the sensor's noise."""
    width, height = frame.width, frame.height
    _check_size(width, height)
    row = width * step
    if len(frame.data) < row * height:
        raise UnreadableFrameError(
            f"cut off: {len(frame.data)} bytes, {row * height} are the luma of {width}x{height} pixels"
        )
    rows = np.frombuffer(frame.data, np.uint8, row * height).reshape(height, row)[: height // by * by]
    luma = rows[:, first::step][:, : width // by * by]
    half = by // 2
    total = luma[::by, ::by].astype(np.uint16)
    for down, right in ((0, half), (half, 0), (half, half)):
        total += luma[down::by, right::by]
    return (total >> 2).astype(np.uint8)


# -- JPEG and PNG ------------------------------------------------------------------------------------------------------


def _decoded(data: bytes, by: Reduction) -> NDArray[np.uint8]:
    try:
        facts = media_type_and_size(data)
    except PictureError as error:
        raise UnreadableFrameError(str(error)) from error
    _check_size(facts.width, facts.height)
    coded = np.frombuffer(data, np.uint8)
    if facts.media_type == "image/jpeg" and _scans(coded) > SCANS_LIMIT:
        raise UnreadableFrameError(f"a JPEG of more than {SCANS_LIMIT} scans")
    import cv2  # noqa: PLC0415  40 MiB that raw frames need not pay for

    how = cv2.IMREAD_REDUCED_GRAYSCALE_4 if by == 4 else cv2.IMREAD_REDUCED_GRAYSCALE_8
    try:
        grey = cv2.imdecode(coded, how | cv2.IMREAD_IGNORE_ORIENTATION)
    except cv2.error as error:
        raise UnreadableFrameError("OpenCV cannot decode it") from error
    if grey is None:  # the stubs know no None, imdecode does
        raise UnreadableFrameError("OpenCV cannot decode it")
    return np.asarray(grey, np.uint8)


def _scans(coded: NDArray[np.uint8]) -> int:
    """Return a JPEG's number of scans or more: how often SOS occurs, which FF 00 keeps out of the scans themselves."""
    return int(np.count_nonzero((coded[:-1] == 0xFF) & (coded[1:] == 0xDA)))


def _check_size(width: int, height: int) -> None:
    if min(width, height) < LEAST_SIDE_PX:
        raise UnreadableFrameError(f"too small: {width}x{height} pixels, at least {LEAST_SIDE_PX} a side are looked at")
    if width * height > PIXELS_LIMIT:
        raise UnreadableFrameError(f"too large: {width}x{height} pixels, at most {PIXELS_LIMIT} are looked at")
