"""What a JPEG or PNG says of itself: its media type and its size, read from its headers without decoding a pixel.

The whole structure is walked (a JPEG's segments and scans, a PNG's chunks), so that a file which was cut off on its
way is found before anything is done with it. Nothing is allocated: the walk only looks at the bytes.
"""

from __future__ import annotations

import re
import struct
import zlib
from typing import TYPE_CHECKING, Final, NamedTuple, TypeGuard

if TYPE_CHECKING:
    from collections.abc import Iterator

    from glassd_drivers.contracts import MediaType, RawType


class PictureError(ValueError):
    """Not a whole picture. The text says in half a sentence what is wrong with it: `cut off in its scan`."""


class PictureFacts(NamedTuple):
    """What a picture says of itself; width and height are pixels, as stored (an EXIF rotation is not applied)."""

    media_type: MediaType
    width: int
    height: int


def media_type_and_size(data: bytes, min_side: int = 1) -> PictureFacts:
    """Return a whole picture's media type, width and height; raise PictureError for anything else.

    Bytes after the end of a JPEG are let pass: cameras pad their frames. `min_side` is the least width and height
    in pixels that is good enough for the caller.
    """
    if not data:
        raise PictureError("empty: 0 bytes")
    if data.startswith(_SOI):
        facts = PictureFacts("image/jpeg", *_jpeg_size(data))
    elif data.startswith(_PNG_SIGNATURE):
        facts = PictureFacts("image/png", *_png_size(data))
    elif _SOI.startswith(data) or _PNG_SIGNATURE.startswith(data):
        raise PictureError(f"cut off after {len(data)} bytes")
    else:
        raise PictureError("neither a JPEG nor a PNG picture")
    if min(facts.width, facts.height) < min_side:
        raise PictureError(f"too small: {facts.width}x{facts.height} pixels, at least {min_side} a side are needed")
    return facts


class JpegStream:
    """What the pictures of one camera's stream say of themselves, for a tenth of what `media_type_and_size` takes.

    A camera sends the same headers with every picture: they are walked once, and known again by their bytes. Of such a
    picture only its end is looked for.
    """

    def __init__(self) -> None:
        self._known: tuple[bytes, PictureFacts] | None = None

    def facts(self, data: bytes) -> PictureFacts:
        """Return what one picture says; raise PictureError where it is not whole, or no JPEG."""
        if self._known is not None:
            head, facts = self._known
            if data.startswith(head):
                if data.rfind(_END, len(head)) < 0:
                    raise PictureError("a JPEG that is cut off in its scan")
                return facts
        facts = media_type_and_size(data)
        if facts.media_type != "image/jpeg":
            raise PictureError("not a JPEG picture")
        self._known = data[: _jpeg_head_end(data)], facts
        return facts


# -- raw pixels: what V4L2 says of these formats -----------------------------------------------------------------------


class _Layout(NamedTuple):
    """How a raw type lays out its samples: bytes for each two pixels, and of what its sides are multiples."""

    bytes_per_two: int
    across: int = 1
    down: int = 1


_LAYOUTS: Final[dict[RawType, _Layout]] = {
    "raw/yuyv": _Layout(4, across=2),
    "raw/uyvy": _Layout(4, across=2),
    "raw/nv12": _Layout(3, across=2, down=2),
    "raw/grey": _Layout(2),
}


def is_raw(media_type: MediaType | RawType) -> TypeGuard[RawType]:
    """Tell whether a frame of this type is raw."""
    return media_type in _LAYOUTS


def raw_bytes(media_type: RawType, width: int, height: int) -> int:
    """Return how many bytes a raw frame has, rows tightly packed."""
    return width * height * _LAYOUTS[media_type].bytes_per_two // 2


def check_raw(size: int, media_type: RawType, width: int, height: int) -> None:
    """Raise PictureError unless so many bytes are a whole raw frame of width and height pixels, rows tightly packed."""
    layout = _LAYOUTS[media_type]
    if min(width, height) < 1 or width % layout.across or height % layout.down:
        raise PictureError(f"no {media_type} has {width}x{height} pixels")
    if size != (whole := raw_bytes(media_type, width, height)):
        raise PictureError(f"{size} bytes of {media_type}: {width}x{height} pixels have {whole}")


# -- JPEG: ITU-T T.81, annex B -----------------------------------------------------------------------------------------

SOS: Final = 0xDA
SOF: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""The markers of frame headers; the three are DHT, JPG and DAC (table B.1)."""

_SOI = b"\xff\xd8"
_EOI = 0xD9
_END = bytes((0xFF, _EOI))  # in entropy-coded data FF is followed by 00 or RST (B.1.1.5): there, these are its end
_RST = frozenset(range(0xD0, 0xD8))
_STAND_ALONE = _RST | {0x01}  # markers without a length: RST and TEM (B.1.1.3)
_STUFFED = 0x00  # FF 00 within a scan is a data byte FF (B.1.1.5)
_MARKER_IN_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7]")  # neither stuffed nor RST: found in C, among hundreds of FF
_FILLS = re.compile(rb"\xff*")  # any marker may have fill bytes before it (B.1.1.2)
JPEG_SEGMENTS_LIMIT: Final = 4096
"""The most that are walked: pictures have tens, those with profiles and previews hundreds, and each takes a µs."""


class JpegSegment(NamedTuple):
    """One marker of a JPEG with what belongs to it: bytes `start` to `end` of the file, what it says from `body` on.

    Fill bytes before the marker are part of it; of a scan, its entropy-coded data too.
    """

    marker: int
    start: int
    body: int
    end: int


def jpeg_segments(data: bytes) -> Iterator[JpegSegment]:
    """Yield each segment of a JPEG after its start-of-image marker, the end-of-image marker the last.

    Raise PictureError where the JPEG is broken or cut off, or has more of them than any camera makes.
    """
    at = len(_SOI)
    for _ in range(JPEG_SEGMENTS_LIMIT):
        start = at
        marker, at = _jpeg_marker(data, at)
        if marker == _EOI or marker in _STAND_ALONE:
            yield JpegSegment(marker, start, at, at)
            if marker == _EOI:
                return
            continue
        body, end = at + 2, _jpeg_segment_end(data, at)
        if marker == SOS:
            end = _jpeg_scan_end(data, end)
        yield JpegSegment(marker, start, body, end)
        at = end
    raise PictureError(f"a JPEG of over {JPEG_SEGMENTS_LIMIT} segments")


def _jpeg_size(data: bytes) -> tuple[int, int]:
    size: tuple[int, int] | None = None
    scanned = False
    for marker, _, body, end in jpeg_segments(data):
        if marker in SOF and size is None:
            size = _jpeg_frame_size(data[body:end])
        scanned |= marker == SOS
    if size is None or not scanned:
        raise PictureError("a JPEG without a picture in it")
    return size


def _jpeg_head_end(data: bytes) -> int:
    """Return where the first scan's entropy-coded data begins, in a JPEG that is whole."""
    scan = next(segment for segment in jpeg_segments(data) if segment.marker == SOS)
    return _jpeg_segment_end(data, scan.body - 2)


def _jpeg_marker(data: bytes, at: int) -> tuple[int, int]:
    """Return the marker at `at` and where what follows it begins."""
    start = at
    fills = _FILLS.match(data, at)
    at = start if fills is None else fills.end()
    if at >= len(data):
        raise PictureError("a JPEG that is cut off: no end-of-image marker")
    if at == start or data[at] == _STUFFED:
        raise PictureError(f"a broken JPEG: no marker at byte {start}")
    return data[at], at + 1


def _jpeg_segment_end(data: bytes, at: int) -> int:
    length = int.from_bytes(data[at : at + 2], "big")
    if at + 2 > len(data) or at + length > len(data):
        raise PictureError("a JPEG that is cut off in its headers")
    if length < 2:
        raise PictureError(f"a broken JPEG: a segment of length {length} at byte {at}")
    return at + length


def _jpeg_frame_size(header: bytes) -> tuple[int, int]:
    if len(header) < 6:
        raise PictureError("a broken JPEG: its frame header is too short")
    height, width = struct.unpack_from(">HH", header, 1)  # after the sample precision (B.2.2)
    if not (width and height):
        raise PictureError(f"a JPEG of {width}x{height} pixels")
    return width, height


def _jpeg_scan_end(data: bytes, at: int) -> int:
    """Return where the next marker after the entropy-coded data at `at` begins."""
    if (marker := _MARKER_IN_SCAN.search(data, at)) is not None:
        return marker.start()
    raise PictureError("a JPEG that is cut off in its scan")


# -- PNG: W3C PNG specification, clause 5 ------------------------------------------------------------------------------

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CHUNK_OVERHEAD = 12  # length, type, CRC (5.3)

PNG_CHUNKS_LIMIT: Final = 10_000
"""The most that are walked: encoders write tens, thousands in a large picture, and each takes a µs."""


class PngChunk(NamedTuple):
    """One chunk of a PNG: bytes `start` to `end` of the file, with its length, its type and its checksum."""

    kind: bytes
    body: memoryview
    start: int
    end: int


def png_chunks(data: bytes) -> Iterator[PngChunk]:
    """Yield each chunk of a PNG up to IEND, that one too.

    Raise PictureError where the PNG is broken or cut off, or has more of them than any encoder writes.
    """
    at = len(_PNG_SIGNATURE)
    for _ in range(PNG_CHUNKS_LIMIT):
        kind, body, end = _png_chunk(data, at)
        yield PngChunk(kind, body, at, end)
        if kind == b"IEND":
            return
        at = end
    raise PictureError(f"a PNG of over {PNG_CHUNKS_LIMIT} chunks")


def _png_size(data: bytes) -> tuple[int, int]:
    size: tuple[int, int] | None = None
    pixels = False
    for kind, body, _, _ in png_chunks(data):
        if (kind == b"IHDR") != (size is None):
            raise PictureError("a broken PNG: its header is not its first chunk")
        if kind == b"IHDR":
            size = _png_header_size(body)
        pixels |= kind == b"IDAT"
    if size is None or not pixels:
        raise PictureError("a PNG without a picture in it")
    return size


def _png_chunk(data: bytes, at: int) -> tuple[bytes, memoryview, int]:
    """Return the type and body of the chunk at `at`, and where the next one begins."""
    if at + _CHUNK_OVERHEAD > len(data):
        raise PictureError("a PNG that is cut off: no end chunk")
    length = int.from_bytes(data[at : at + 4], "big")
    end = at + _CHUNK_OVERHEAD + length
    kind = data[at + 4 : at + 8]
    if not kind.isalpha():
        raise PictureError(f"a broken PNG: no chunk at byte {at}")
    if end > len(data):
        raise PictureError("a PNG that is cut off within a chunk")
    view = memoryview(data)
    critical = kind[:1].isupper()  # decoders refuse a damaged critical chunk, and pass over a damaged other one (5.4)
    if critical and zlib.crc32(view[at + 4 : end - 4]) != int.from_bytes(data[end - 4 : end], "big"):
        raise PictureError(f"a damaged PNG: wrong checksum of the chunk at byte {at}")
    return kind, view[at + 8 : end - 4], end


def _png_header_size(body: memoryview) -> tuple[int, int]:
    if len(body) != 13:
        raise PictureError(f"a broken PNG: a header of {len(body)} bytes")
    width, height = struct.unpack_from(">II", body)
    if not (0 < width < 2**31 and 0 < height < 2**31):
        raise PictureError(f"a PNG of {width}x{height} pixels")
    return width, height
