"""The pictures that a camera shows: numbered ones that it draws itself, or those that a test hands it.

A drawn picture carries its number as eight blocks along its upper edge, which survive any encoding, and has a texture,
so that its JPEG is about as large as a photograph's.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from glassd_drivers.pictures import media_type_and_size
from glassd_drivers.units import Size
from rig.camera.formats import Encoding, uncompressed_bytes

if TYPE_CHECKING:
    from collections.abc import Sequence

DRAWN = {Encoding.MJPEG: 8, Encoding.YUYV: 4}
"""How many pictures are drawn of an encoding and a size."""
_NUMBER_BITS = 8
_NUMBER_BAND = 8  # the blocks take an eighth of the height
_TEXTURE_CONTRAST = 0.9
_JPEG_QUALITY = 80


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture on its way, and which of the pictures that are shown it is."""

    index: int
    data: bytes


class Album:
    """The pictures of each encoding and size, in turn and over again."""

    def __init__(self) -> None:
        self._shown: dict[tuple[Encoding, Size], tuple[bytes, ...]] = {}
        self._turns: dict[tuple[Encoding, Size], int] = {}

    def show(self, pictures: Sequence[bytes], encoding: Encoding, size: Size | None, sizes: Sequence[Size]) -> None:
        """Show these from the next picture on, in the size that they have, one of `sizes`, or in `size`, unexamined.

        Other sizes go on with their own. Raises ValueError for pictures that no camera could send.
        """
        if not pictures:
            raise ValueError("no pictures to show: a camera that shows none is one that freezes")
        found = {size or _size(picture, encoding, sizes) for picture in pictures}
        if len(found) > 1:
            raise ValueError(f"the pictures differ in size: {', '.join(map(str, sorted(found)))}; show each apart")
        (common,) = found
        if common not in sizes:
            raise ValueError(f"the camera has no size {common}, only {', '.join(map(str, sizes))}")
        largest = max(map(len, pictures))
        if largest > uncompressed_bytes(common):
            limit = uncompressed_bytes(common)
            raise ValueError(f"a picture has {largest} bytes: a driver sets aside {limit} bytes for {common}")
        if not all(pictures):
            raise ValueError("a picture is empty: no camera sends one")
        self._shown[encoding, common] = tuple(pictures)
        self._turns[encoding, common] = 0

    def next(self, encoding: Encoding, size: Size) -> Picture:
        """Return the picture whose turn it is."""
        pictures = self._shown.get((encoding, size)) or drawn(encoding, size)
        index = self._turns.get((encoding, size), 0) % len(pictures)
        self._turns[encoding, size] = index + 1
        return Picture(index, pictures[index])


@functools.cache
def drawn(encoding: Encoding, size: Size) -> tuple[bytes, ...]:
    """Return the numbered pictures of an encoding and a size: the one at index n shows n."""
    return tuple(encoded(drawing(number, size), encoding) for number in range(DRAWN[encoding]))


def number_in(jpeg: bytes) -> int:
    """Return the number that a drawn picture carries, of a JPEG made of it at any size."""
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE)
    if picture is None:
        raise ValueError(f"no JPEG that can be decoded: {len(jpeg)} bytes")
    height, width = picture.shape
    row = picture[height // _NUMBER_BAND // 2]
    blocks = (row[(2 * bit + 1) * width // (2 * _NUMBER_BITS)] for bit in range(_NUMBER_BITS))
    return sum(1 << bit for bit, grey in enumerate(blocks) if grey > 127)


def _size(picture: bytes, encoding: Encoding, sizes: Sequence[Size]) -> Size:
    if encoding is Encoding.MJPEG:
        media_type, *size = media_type_and_size(picture)
        if media_type != "image/jpeg":
            raise ValueError(f"a picture is {media_type}, not a JPEG")
        return Size(*size)
    for one in sizes:
        if len(picture) == uncompressed_bytes(one):
            return one
    raise ValueError(f"a picture has {len(picture)} bytes: no size of the camera has so many at two a pixel")


def drawing(number: int, size: Size) -> Any:
    """Draw a picture: slopes of colour, a texture, a large numeral, and the number in blocks."""
    width, height = size
    rows, columns = np.mgrid[0:height, 0:width]
    slopes = np.stack([columns * 255 // width, rows * 255 // height, (rows + columns + 16 * number) % 256], axis=-1)
    random = np.random.default_rng(number)
    texture = cv2.GaussianBlur(random.integers(0, 256, (height, width, 3)).astype(np.float32), (0, 0), 1.2)
    picture = np.clip(slopes + (texture - 128) * _TEXTURE_CONTRAST, 0, 255).astype(np.uint8)
    where, scale = (width // 3, height * 2 // 3), height / 90
    cv2.putText(picture, str(number), where, cv2.FONT_HERSHEY_SIMPLEX, scale, (255, 255, 255), max(2, height // 40))
    for bit in range(_NUMBER_BITS):
        left, right = bit * width // _NUMBER_BITS, (bit + 1) * width // _NUMBER_BITS
        picture[: height // _NUMBER_BAND, left:right] = 255 if number >> bit & 1 else 0
    return picture


def encoded(picture: Any, encoding: Encoding) -> bytes:
    if encoding is Encoding.YUYV:
        return bytes(cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_YUYV).tobytes())
    done, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    assert done
    return bytes(data.tobytes())
