"""A PNG's chunks: what they say that matters before it is sent, and which of them leave the board.

W3C PNG specification, third edition, clause 11.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from glassd.frames.exif import UPRIGHT, orientation
from glassd_drivers.pictures import PictureError, media_type_and_size, png_chunks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from glassd_drivers.pictures import PngChunk

_OF_THE_PICTURE: Final = frozenset({b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"sBIT"})
"""The chunks that say what the pixels are. All others may tell of its maker: text, time, EXIF, profiles by name."""
_SIGNATURE_BYTES: Final = 8
_WITH_ALPHA: Final = (4, 6)
"""The colour types with an alpha channel (11.2.1)."""


@dataclass(frozen=True, slots=True)
class PngHeader:
    """What the chunks of a PNG say; `orientation` is EXIF's, `deep` whether it has 16 bits a sample.

    `transparent` is whether some of it may be.
    """

    data: bytes
    chunks: Sequence[PngChunk]
    width: int
    height: int
    orientation: int
    deep: bool
    transparent: bool


def read_png(data: bytes) -> PngHeader:
    """Return what the chunks of a whole PNG say; raise PictureError where it is broken."""
    if (facts := media_type_and_size(data)).media_type != "image/png":
        raise PictureError("no PNG")
    chunks = list(png_chunks(data))
    depth, colour = struct.unpack_from("BB", chunks[0].body, 8)
    exif = next((bytes(chunk.body) for chunk in chunks if chunk.kind == b"eXIf"), None)
    return PngHeader(
        data,
        chunks,
        facts.width,
        facts.height,
        UPRIGHT if exif is None else orientation(exif),
        deep=depth == 16,
        transparent=colour in _WITH_ALPHA or any(chunk.kind == b"tRNS" for chunk in chunks),
    )


def stripped(header: PngHeader) -> bytes:
    """Return the PNG without what is not of the picture; the identical object where there is nothing of the kind."""
    kept = [chunk for chunk in header.chunks if chunk.kind in _OF_THE_PICTURE]
    if len(kept) == len(header.chunks) and kept[-1].end == len(header.data):
        return header.data
    view = memoryview(header.data)
    return b"".join([view[:_SIGNATURE_BYTES], *(view[chunk.start : chunk.end] for chunk in kept)])
