"""Which characters a font file has a glyph for. Bytes of a file in, a set of ranges out.

FreeType, which draws them, shows an empty box where there is none, and Pillow does not say so. Read from the font's own
table `cmap`, in the two of its formats that today's fonts have for Unicode.
Source: ISO/IEC 14496-22 (OpenType), "cmap", "Collections".
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

FILE_LIMIT_BYTES = 64 << 20
"""Of a font file; a collection of all CJK styles has 20 MB."""
RANGES_LIMIT = 100_000
"""Of one font; those that hold all of Han have some thousands."""

_UNICODE = ((3, 10), (0, 6), (0, 4), (3, 1), (0, 3))  # (platform, encoding), the fullest first


class FontError(ValueError):
    """The file is no font that can be used; the text is a few words that say why."""


class Coverage:
    """The characters that one face has glyphs for."""

    def __init__(self, ranges: list[tuple[int, int]]) -> None:
        ranges.sort()
        self._starts = [start for start, _ in ranges]
        self._ends = [end for _, end in ranges]

    def __contains__(self, character: str) -> bool:
        code = ord(character)
        at = bisect_right(self._starts, code) - 1
        return at >= 0 and code <= self._ends[at]


def read_coverage(path: Path, face: int = 0) -> Coverage:
    """Return what a face of a font file covers; raise OSError, and FontError for a file that is no such font."""
    with path.open("rb") as file:
        data = file.read(FILE_LIMIT_BYTES + 1)
    if len(data) > FILE_LIMIT_BYTES:
        raise FontError(f"is larger than {FILE_LIMIT_BYTES >> 20} MiB")
    return coverage(data, face)


def coverage(data: bytes, face: int = 0) -> Coverage:
    """Return what a face of a font covers; raise FontError."""
    try:
        return Coverage(_ranges(data, face))
    except (struct.error, IndexError) as error:
        raise FontError("is cut short or damaged") from error


def _ranges(data: bytes, face: int) -> list[tuple[int, int]]:
    cmap = _table(data, b"cmap", _face_offset(data, face))
    (count,) = struct.unpack_from(">H", data, cmap + 2)
    records = [struct.unpack_from(">HHI", data, cmap + 4 + 8 * i) for i in range(count)]
    offsets = {(platform, encoding): offset for platform, encoding, offset in records}
    for kind in _UNICODE:
        if kind in offsets:
            at = cmap + offsets[kind]
            (layout,) = struct.unpack_from(">H", data, at)
            if layout == 12:
                return _segmented_coverage(data, at)
            if layout == 4:
                return _segment_mapping(data, at)
    raise FontError("has no table of Unicode characters")


def _face_offset(data: bytes, face: int) -> int:
    if data[:4] != b"ttcf":
        if face:
            raise FontError(f"has one face, and no number {face}")
        return 0
    (count,) = struct.unpack_from(">I", data, 8)
    if face >= count:
        raise FontError(f"has {count} faces, and no number {face}")
    (offset,) = struct.unpack_from(">I", data, 12 + 4 * face)
    return int(offset)


def _table(data: bytes, name: bytes, face: int) -> int:
    if data[face : face + 4] not in (b"\0\1\0\0", b"OTTO", b"true"):
        raise FontError("is no TrueType or OpenType font")
    (count,) = struct.unpack_from(">H", data, face + 4)
    for i in range(count):
        tag, _, offset, _ = struct.unpack_from(">4sIII", data, face + 12 + 16 * i)
        if tag == name:
            return int(offset)
    raise FontError("has no table of characters")


def _segmented_coverage(data: bytes, at: int) -> list[tuple[int, int]]:
    """Format 12: groups of characters, none of which is without a glyph."""
    (count,) = struct.unpack_from(">I", data, at + 12)
    if count > RANGES_LIMIT:
        raise FontError("is cut short or damaged")
    groups = (struct.unpack_from(">II", data, at + 16 + 12 * i) for i in range(count))
    return [(start, end) for start, end in groups]


def _segment_mapping(data: bytes, at: int) -> list[tuple[int, int]]:
    """Format 4: segments, of which a glyph of 0 in the array behind them is none."""
    (twice,) = struct.unpack_from(">H", data, at + 6)
    count, ends = twice // 2, at + 14
    starts, deltas, offsets = ends + twice + 2, ends + 2 * twice + 2, ends + 3 * twice + 2
    found = []
    for i in range(count):
        (end,) = struct.unpack_from(">H", data, ends + 2 * i)
        (start,) = struct.unpack_from(">H", data, starts + 2 * i)
        (delta,) = struct.unpack_from(">H", data, deltas + 2 * i)
        (offset,) = struct.unpack_from(">H", data, offsets + 2 * i)
        last = min(end, 0xFFFE)  # 0xFFFF is no character: it closes the table
        if not offset:
            missing = (0x10000 - delta) & 0xFFFF  # the one that the delta takes to glyph 0
            found += [(a, b) for a, b in ((start, min(last, missing - 1)), (max(start, missing + 1), last)) if a <= b]
            continue
        array = offsets + 2 * i + offset
        for code in range(start, last + 1):
            (glyph,) = struct.unpack_from(">H", data, array + 2 * (code - start))
            if glyph:
                found.append((code, code))
    return found
