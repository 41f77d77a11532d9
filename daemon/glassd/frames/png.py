"""A PNG's chunks: what they say that matters before it is sent, and which of them leave the board.

W3C PNG specification, third edition, clause 11.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from glassd.frames.exif import UPRIGHT, orientation
from glassd_drivers.pictures import PictureError, png_chunks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from glassd_drivers.pictures import PngChunk

_OF_THE_PICTURE: Final = frozenset({b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"sBIT"})
"""The chunks that say what the pixels are. All others may tell of its maker: text, time, EXIF, profiles by name."""
_SIGNATURE_BYTES: Final = 8


@dataclass(frozen=True, slots=True)
class PngHeader:
    """What the chunks of a PNG say; `orientation` is EXIF's, `deep` whether it has 16 bits a sample."""

    data: bytes
    chunks: Sequence[PngChunk]
    width: int
    height: int
    orientation: int
    deep: bool


def read_png(data: bytes) -> PngHeader:
    """Return what the chunks of a whole PNG say; raise PictureError where it is broken."""
    chunks = list(png_chunks(data))
    if len(chunks[0].body) != 13 or chunks[0].kind != b"IHDR" or not any(chunk.kind == b"IDAT" for chunk in chunks):
        raise PictureError("a PNG without a picture in it")
    width, height, depth = struct.unpack_from(">IIB", chunks[0].body)
    if not (0 < width < 2**31 and 0 < height < 2**31):
        raise PictureError(f"a PNG of {width}x{height} pixels")
    exif = next((bytes(chunk.body) for chunk in chunks if chunk.kind == b"eXIf"), None)
    return PngHeader(data, chunks, width, height, UPRIGHT if exif is None else orientation(exif), depth == 16)


def stripped(header: PngHeader) -> bytes:
    """Return the PNG without what is not of the picture; the identical object where there is nothing of the kind."""
    kept = [chunk for chunk in header.chunks if chunk.kind in _OF_THE_PICTURE]
    if len(kept) == len(header.chunks) and kept[-1].end == len(header.data):
        return header.data
    view = memoryview(header.data)
    return b"".join([view[:_SIGNATURE_BYTES], *(view[chunk.start : chunk.end] for chunk in kept)])
