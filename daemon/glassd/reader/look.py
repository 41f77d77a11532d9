"""What OpenCV can honestly say of a picture: its codes, main colours, light, sharpness and size. Nothing is guessed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from glassd.messages.codes import Code
from glassd.reader.codes import FoundCode, read_codes
from glassd.reader.colours import Colour, main_colours
from glassd_drivers.pictures import PictureError, media_type_and_size

if TYPE_CHECKING:
    from cv2.typing import MatLike
    from numpy.typing import NDArray

PIXELS_LIMIT: Final = 25_000_000
"""The largest picture that is decoded: about 100 MB of pixels, more than the cameras of glasses give."""


class Light(StrEnum):
    """How light a picture is as a whole."""

    BLACK = "black"  # nothing to be seen
    DARK = "dark"
    MEDIUM = "medium"
    BRIGHT = "bright"


class Sharpness(StrEnum):
    """How sharp the sharpest parts of a picture are."""

    SHARP = "sharp"
    SOFT = "soft"
    BLURRED = "blurred"
    PLAIN = "plain"  # nothing in it to judge by


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found in one picture; width and height are pixels, the right way up. `codes` are untrusted text."""

    width: int
    height: int
    codes: tuple[FoundCode, ...]
    colours: tuple[Colour, ...]
    light: Light
    sharpness: Sharpness


class UnreadablePictureError(Exception):
    """A picture that cannot be looked at; `code` says which way."""

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(message)
        self.code = code


def look(data: bytes) -> Findings:
    """Return what there is to say of a JPEG or PNG; raise UnreadablePictureError for what is none, or too large.

    Blocks for a tenth of a second to a few seconds, by the picture's size and how hidden its codes are.
    """
    picture = _decode(data)
    grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    height, width = grey.shape
    thumb = np.asarray(_shrink(picture, COLOUR_SIDE_PX), np.uint8)
    return Findings(
        width=width,
        height=height,
        codes=read_codes(grey),
        colours=main_colours(thumb),
        light=light_of(thumb),
        sharpness=sharpness_of(grey),
    )


# -- light and sharpness -----------------------------------------------------------------------------------------------

COLOUR_SIDE_PX: Final = 320
"""The longer side at which colours and light are judged: noise is averaged out, areas of different colour are not."""
SHARPNESS_SIDE_PX: Final = 640
"""The longer side at which sharpness is judged, so that it means the same for every camera."""
TILES: Final = 8
"""The picture is judged in so many rows and columns of tiles: one thing in focus makes a sharp picture."""
CONTRAST_LEAST: Final = 10.0
"""The least standard deviation of luma (of 255) that lets a tile's sharpness be judged: noise alone stays below."""
SHARP_LEAST: Final = 0.05
SOFT_LEAST: Final = 0.025
"""Laplacian variance over luma variance in the sharpest tiles. Measured on 26 photographs: as they are 0.05 to 0.5,
blurred by a Gaussian of 5 pixels at most 0.03, a motion-blurred one 0.02."""


def light_of(picture: MatLike) -> Light:
    """Judge the light of a BGR picture by its percentiles, for one lamp in the dark makes no bright picture.

    Black is where every channel is dark: luma counts blue at a ninth, and would take navy for it.
    """
    if np.percentile(picture.max(axis=2), 95) < 20:
        return Light.BLACK
    middle, high = np.percentile(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), (50, 95))
    if middle < 50 and high < 150:
        return Light.DARK
    return Light.BRIGHT if middle >= 150 else Light.MEDIUM


def sharpness_of(grey: MatLike) -> Sharpness:
    """Judge the sharpness of a grey picture by the sharpest tenth of those tiles that have something in them."""
    small = cv2.GaussianBlur(_shrink(grey, SHARPNESS_SIDE_PX), (0, 0), 1.0)  # a sensor's noise is no sharpness
    edges = cv2.Laplacian(small, cv2.CV_32F)
    ratios = []
    for rows in np.array_split(np.arange(small.shape[0]), TILES):
        for columns in np.array_split(np.arange(small.shape[1]), TILES):
            if not (rows.size and columns.size):
                continue
            tile = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
            if (contrast := float(small[tile].std())) >= CONTRAST_LEAST:
                ratios.append(float(edges[tile].var()) / contrast**2)
    if not ratios:
        return Sharpness.PLAIN
    sharpest = float(np.percentile(ratios, 90))
    if sharpest >= SHARP_LEAST:
        return Sharpness.SHARP
    return Sharpness.SOFT if sharpest >= SOFT_LEAST else Sharpness.BLURRED


# -- from bytes to pixels ----------------------------------------------------------------------------------------------


def _decode(data: bytes) -> NDArray[np.uint8]:
    """Return the picture as 8-bit BGR, the right way up, on white where it is transparent."""
    try:
        facts = media_type_and_size(data)
    except PictureError as error:
        raise UnreadablePictureError(Code.PICTURE_BROKEN, f"the picture is not whole: {error}") from error
    if facts.width * facts.height > PIXELS_LIMIT:
        message = f"the picture has {facts.width}x{facts.height} pixels; at most {PIXELS_LIMIT} are looked at"
        raise UnreadablePictureError(Code.PICTURE_TOO_BIG, message)
    # IMREAD_COLOR turns a JPEG by its EXIF orientation, IMREAD_UNCHANGED keeps the transparency of a PNG.
    how = cv2.IMREAD_COLOR if facts.media_type == "image/jpeg" else cv2.IMREAD_UNCHANGED
    try:
        picture = cv2.imdecode(np.frombuffer(data, np.uint8), how)
    except cv2.error as error:
        raise UnreadablePictureError(Code.PICTURE_BROKEN, "the picture cannot be decoded") from error
    if picture is None:  # the stubs know no None, imdecode does
        raise UnreadablePictureError(Code.PICTURE_BROKEN, "the picture cannot be decoded")
    return np.asarray(_bgr(picture), np.uint8)


def _bgr(picture: MatLike) -> MatLike:
    if picture.dtype == np.uint16:
        picture = cv2.convertScaleAbs(picture, alpha=1 / 257)
    if picture.ndim == 2:
        return cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR)
    if picture.shape[2] == 4:
        alpha = cv2.cvtColor(picture[..., 3], cv2.COLOR_GRAY2BGR)
        return cv2.add(cv2.multiply(picture[..., :3], alpha, scale=1 / 255), cv2.bitwise_not(alpha))
    return picture


def _shrink(picture: MatLike, side: int) -> MatLike:
    """Return the picture with its longer side at most `side` pixels."""
    height, width = picture.shape[:2]
    scale = side / max(height, width)
    if scale >= 1:
        return picture
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
