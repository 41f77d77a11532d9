"""Pictures as they are stored in the world: with metadata, without tables, in every colour space; made by Pillow."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import cv2
import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from skimage import data

QUARTERS = ((200, 40, 40), (40, 200, 40), (40, 40, 200), (220, 220, 60))
"""The colours (red, green, blue) of the quarters of `quartered`: top left, top right, bottom left, bottom right."""
GPS = b"N 39 54 27 E 116 23 50"


def quartered(width: int, height: int) -> Any:
    """Return a picture (RGB) whose quarters tell which way up it is."""
    picture = np.zeros((height, width, 3), np.uint8)
    for number, colour in enumerate(QUARTERS):
        rows = slice(0, height // 2) if number < 2 else slice(height // 2, None)
        columns = slice(0, width // 2) if number % 2 == 0 else slice(width // 2, None)
        picture[rows, columns] = colour
    return picture


def quarters_of(picture: Any) -> tuple[int, ...]:
    """Return which colour each quarter of a picture (RGB) has, by its number in QUARTERS."""
    height, width = picture.shape[:2]
    at = [(y, x) for y in (height // 4, height * 3 // 4) for x in (width // 4, width * 3 // 4)]
    colours = np.array(QUARTERS, float)
    return tuple(int(np.argmin(((colours - picture[y, x].astype(float)) ** 2).sum(axis=1))) for y, x in at)


def saved(picture: Any, kind: str = "JPEG", mode: str = "RGB", **options: Any) -> bytes:
    """Return a picture (RGB) as Pillow stores it."""
    file = io.BytesIO()
    Image.fromarray(picture).convert(mode).save(file, kind, **options)
    return file.getvalue()


def opened(picture: bytes) -> Any:
    """Return a picture's pixels (RGB) as Pillow reads them, its orientation not applied."""
    return np.asarray(Image.open(io.BytesIO(picture)).convert("RGB"))


def exif(orientation: int) -> Image.Exif:
    """Return EXIF as phones write it: an orientation, a maker, a place."""
    block = Image.Exif()
    block[0x0112] = orientation
    block[0x010F] = "Maker"
    block[0x9C9C] = GPS
    return block


def png_text() -> PngInfo:
    """Return the texts that a phone's PNG carries."""
    info = PngInfo()
    info.add_text("Place", GPS.decode())
    info.add_text("Note", GPS.decode(), zip=True)
    info.add_itxt("Author", GPS.decode())
    return info


def segment(marker: int, body: bytes) -> bytes:
    """Return a segment of a JPEG."""
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def chunk(kind: bytes, body: bytes) -> bytes:
    """Return a chunk of a PNG."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def with_size(jpeg: bytes, width: int, height: int) -> bytes:
    """Return a JPEG that claims another size: a bomb, where that is large."""
    at = next(at for at in range(len(jpeg)) if jpeg[at] == 0xFF and jpeg[at + 1] in (0xC0, 0xC2))
    return jpeg[: at + 5] + struct.pack(">HH", height, width) + jpeg[at + 9 :]


def with_sof(jpeg: bytes, marker: int, precision: int = 8) -> bytes:
    """Return a baseline JPEG that claims another coding or precision."""
    at = jpeg.index(b"\xff\xc0")
    return jpeg[: at + 1] + bytes([marker]) + jpeg[at + 2 : at + 4] + bytes([precision]) + jpeg[at + 5 :]


def png_bomb(width: int, height: int) -> bytes:
    """Return a small PNG of many black pixels, 1 bit each."""
    packer = zlib.compressobj(9)
    row = bytes(1 + width // 8)
    packed = b"".join([*(packer.compress(row) for _ in range(height)), packer.flush()])
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def camera_jpeg(width: int, height: int, quality: int = 85) -> bytes:
    """Return a JPEG as a camera sends it: a photograph in that size, with the grain of a sensor."""
    photograph: Any = data.astronaut()  # type: ignore[no-untyped-call]  # it is untyped
    picture = cv2.resize(cv2.cvtColor(photograph, cv2.COLOR_RGB2BGR), (width, height), interpolation=cv2.INTER_CUBIC)
    grain = np.random.default_rng(width).normal(0, 3, (height, width, 1))
    picture = np.clip(picture + grain, 0, 255).astype(np.uint8)
    return cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()
