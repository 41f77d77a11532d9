"""The one thing of EXIF that matters here: which way up a picture is."""

from __future__ import annotations

import struct
from typing import Final

UPRIGHT: Final = 1
_ORIENTATION: Final = 0x0112
_SHORT: Final = 3
_ENTRY_BYTES: Final = 12
_ENTRIES_LIMIT: Final = 256
"""How many entries of the first directory are looked at; cameras write some ten."""


def orientation(tiff: bytes) -> int:
    """Return the orientation, 1 to 8, of an EXIF block without its name; UPRIGHT where it tells none or is broken.

    TIFF 6.0, section 2: byte order, 42, offset of the first directory; a directory is a count and entries of 12 bytes.
    """
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None:
        return UPRIGHT
    try:
        magic, at = struct.unpack_from(f"{order}HI", tiff, 2)
        (count,) = struct.unpack_from(f"{order}H", tiff, at)
        for entry in range(at + 2, at + 2 + _ENTRY_BYTES * min(count, _ENTRIES_LIMIT), _ENTRY_BYTES):
            tag, kind, number, value = struct.unpack_from(f"{order}HHIH", tiff, entry)
            if tag == _ORIENTATION:
                told = magic == 42 and kind == _SHORT and number == 1 and 1 <= value <= 8
                return value if told else UPRIGHT
    except struct.error:
        return UPRIGHT
    return UPRIGHT
