"""Raw frames: which of a camera's uncompressed formats there is a media type for, and their rows without padding.

A driver may pad each row of a picture (`bytesperline` of struct v4l2_pix_format); a frame is handed on tightly packed.
Source: the kernel's V4L2 documentation, "Image Formats".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from glassd_drivers.pictures import raw_bytes

if TYPE_CHECKING:
    from glassd_drivers.contracts import RawType
    from glassd_drivers.units import Size

RAW_TYPES: Final[dict[str, RawType]] = {
    "YUYV": "raw/yuyv",
    "UYVY": "raw/uyvy",
    "NV12": "raw/nv12",
    "GREY": "raw/grey",
}
"""The media type of each format, by its four characters, the one to be preferred first."""

_IN_A_ROW: Final[dict[RawType, int]] = {"raw/yuyv": 2, "raw/uyvy": 2, "raw/nv12": 1, "raw/grey": 1}
"""Bytes of a row for each pixel across; NV12 has half as many rows again, for its colours."""


def packed(data: bytes, media_type: RawType, size: Size, bytes_per_line: int) -> bytes | None:
    """Return a picture's rows without what pads them, None where bytes are missing."""
    whole, row = raw_bytes(media_type, *size), size.width * _IN_A_ROW[media_type]
    if bytes_per_line <= row:
        return data[:whole] if len(data) >= whole else None
    rows = whole // row
    if len(data) < bytes_per_line * (rows - 1) + row:
        return None
    view = memoryview(data)
    return b"".join(view[at : at + row] for at in range(0, bytes_per_line * rows, bytes_per_line))
