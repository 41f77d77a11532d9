"""A JPEG's headers: what they say that matters before it is sent, and the few edits that are allowed on them.

The compressed picture is never touched. What may change around it: application data and comments are dropped (APP1 to
APP15, COM: places, names, serial numbers, thumbnails), the standard Huffman tables are put in where a camera leaves
them out, and what follows the end of the image is cut. A JPEG that needs none of it stays the very same object.
ITU-T T.81, annex B has the markers, annex K.3 the tables.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from glassd.frames.exif import UPRIGHT, orientation
from glassd_drivers.pictures import SOF, SOS, PictureError, jpeg_segments

if TYPE_CHECKING:
    from collections.abc import Sequence

    from glassd_drivers.pictures import JpegSegment

SCANS_LIMIT: Final = 64
"""Of a progressive JPEG: encoders write about ten, and each one more costs a decoder a pass over the whole picture."""
_BASELINE: Final = frozenset({0xC0, 0xC1})
_PROGRESSIVE: Final = frozenset({0xC2, 0xC6, 0xCA, 0xCE})
_DECODABLE: Final = _BASELINE | {0xC2}
_HUFFMAN: Final = frozenset({0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7})
_DHT, _DQT, _COM = 0xC4, 0xDB, 0xFE
_APP1, _APP14, _APP15 = 0xE1, 0xEE, 0xEF
_EXIF: Final = b"Exif\0\0"
_ADOBE: Final = b"Adobe"
_YCBCR: Final = 1


@dataclass(frozen=True, slots=True)
class JpegHeader:
    """What the headers of a JPEG say.

    `orientation` is EXIF's, 1 to 8. `plain` is whether any reader shows its colours and levels alike: 8 bits, grey or
    YCbCr, in a coding that all of them know. `quality` is the encoder's, as its table of luminance tells it (None: no
    table). `coded` are the bytes of its scans, `coefficients` those that a decoder holds for the whole picture at once:
    none but for a progressive one.
    """

    data: bytes
    segments: Sequence[JpegSegment]
    width: int
    height: int
    components: int
    orientation: int
    plain: bool
    quality: int | None
    coded: int
    coefficients: int


@dataclass(frozen=True, slots=True)
class Edits:
    """What was changed: segments dropped, whether tables were put in, bytes cut after the end."""

    dropped: int = 0
    tables: bool = False
    cut: int = 0


def read_jpeg(data: bytes) -> JpegHeader:
    """Return what the headers of a whole JPEG say; raise PictureError for a broken one, or a kind that few decode."""
    segments = list(jpeg_segments(data))
    frame = next((segment for segment in segments if segment.marker in SOF), None)
    scans = [segment for segment in segments if segment.marker == SOS]
    if frame is None or not scans:
        raise PictureError("a JPEG without a picture in it")
    if len(scans) > SCANS_LIMIT:
        raise PictureError(f"a JPEG of {len(scans)} scans, at most {SCANS_LIMIT} are read")
    precision, height, width, components, ids = _frame_header(data, frame)
    if frame.marker not in _DECODABLE or precision != 8:
        raise PictureError(f"a JPEG that models do not read (coding SOF{frame.marker - 0xC0}, {precision} bits)")
    adobe = _adobe_transform(data, segments)
    return JpegHeader(
        data,
        segments,
        width,
        height,
        components,
        _orientation(data, segments),
        components == 1 or (components == 3 and ids != b"RGB" and adobe in (None, _YCBCR)),
        _quality(data, segments),
        sum(scan.end - scan.start for scan in scans),
        2 * width * height * components if frame.marker in _PROGRESSIVE else 0,
    )


def mended(header: JpegHeader) -> tuple[bytes, Edits]:
    """Return the JPEG after the edits that it needs, and which; the identical object where there are none."""
    data, segments = header.data, header.segments
    kept = [segment for segment in segments if not _is_extra(segment.marker)]
    tables = any(segment.marker in _HUFFMAN for segment in segments) and not any(
        segment.marker == _DHT for segment in segments
    )
    edits = Edits(len(segments) - len(kept), tables, len(data) - segments[-1].end)
    if edits == Edits():
        return data, edits
    view = memoryview(data)
    pieces: list[bytes | memoryview] = [view[:2]]
    for segment in kept:
        if tables and segment.marker == SOS:
            pieces.append(STANDARD_TABLES)
            tables = False
        pieces.append(view[segment.start : segment.end])
    return b"".join(pieces), edits


def _is_extra(marker: int) -> bool:
    return _APP1 <= marker <= _APP15 or marker == _COM


def _frame_header(data: bytes, frame: JpegSegment) -> tuple[int, int, int, int, bytes]:
    """Return precision, height, width, number of components and their ids (B.2.2)."""
    header = data[frame.body : frame.end]
    if len(header) < 6 or len(header) < 6 + 3 * header[5]:
        raise PictureError("a broken JPEG: its frame header is too short")
    height, width = int.from_bytes(header[1:3], "big"), int.from_bytes(header[3:5], "big")
    if not (width and height):
        raise PictureError(f"a JPEG of {width}x{height} pixels")
    return header[0], height, width, header[5], header[6 : 6 + 3 * header[5] : 3]


def _orientation(data: bytes, segments: Sequence[JpegSegment]) -> int:
    for segment in segments:
        if segment.marker == _APP1 and data.startswith(_EXIF, segment.body):
            return orientation(data[segment.body + len(_EXIF) : segment.end])
    return UPRIGHT


def _adobe_transform(data: bytes, segments: Sequence[JpegSegment]) -> int | None:
    """Return the colour transform that Adobe's APP14 tells (T.872, 6.5.3); None where there is none.

    Without it three components are taken for YCbCr: so where it says the same it may go, and where it does not the
    colours would go with it.
    """
    for segment in segments:
        body = data[segment.body : segment.end]
        if segment.marker == _APP14 and body.startswith(_ADOBE) and len(body) >= 12:
            return body[11]
    return None


def _quality(data: bytes, segments: Sequence[JpegSegment]) -> int | None:
    """Return the quality at which libjpeg's table weighs as much; below 25 and above 97 it is off by more than 2."""
    for segment in segments:
        table = data[segment.body : segment.end][:65]
        if segment.marker == _DQT and len(table) == 65 and table[0] == 0:  # 8 bits, destination 0: luminance
            scale = 100 * sum(table[1:]) / _LUMINANCE_SUM
            return max(1, min(100, round(5000 / scale if scale > 100 else (200 - scale) / 2)))
    return None


_LUMINANCE_SUM: Final = 3688
"""Of the luminance quantization table in K.1, which libjpeg scales by the quality (50: as it is)."""


# -- the standard Huffman tables: T.81, K.3 ----------------------------------------------------------------------------


def _table(kind: int, counts: str, values: str) -> bytes:
    return bytes([kind]) + bytes.fromhex(counts) + bytes.fromhex(values)


def _segment(*tables: bytes) -> bytes:
    body = b"".join(tables)
    return bytes([0xFF, _DHT]) + (len(body) + 2).to_bytes(2, "big") + body


_DC: Final = "000102030405060708090a0b"
_LUMINANCE_AC: Final = """
01020300041105122131410613516107227114328191a1082342b1c11552d1f02433627282090a161718191a25262728292a3435363738393a
434445464748494a535455565758595a636465666768696a737475767778797a838485868788898a92939495969798999aa2a3a4a5a6a7a8a9aa
b2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae1e2e3e4e5e6e7e8e9eaf1f2f3f4f5f6f7f8f9fa
"""
_CHROMINANCE_AC: Final = """
000102031104052131061241510761711322328108144291a1b1c109233352f0156272d10a162434e125f11718191a262728292a35363738393a
434445464748494a535455565758595a636465666768696a737475767778797a82838485868788898a92939495969798999aa2a3a4a5a6a7a8a9
aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae2e3e4e5e6e7e8e9eaf2f3f4f5f6f7f8f9fa
"""
STANDARD_TABLES: Final = _segment(
    _table(0x00, "00010501010101010100000000000000", _DC),  # table K.3: luminance, DC
    _table(0x10, "0002010303020403050504040000017d", _LUMINANCE_AC),  # K.5
    _table(0x01, "00030101010101010101010000000000", _DC),  # K.4: chrominance, DC
    _table(0x11, "00020102040403040705040400010277", _CHROMINANCE_AC),  # K.6
)
"""One DHT segment with all four, as Motion-JPEG streams mean them where they send none."""
