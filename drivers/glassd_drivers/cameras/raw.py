"""Raw frames: which of a camera's uncompressed formats there is a media type for, and their rows without padding.

A driver may pad each row of a picture (`bytesperline` of struct v4l2_pix_format); a frame is handed on tightly packed.
Source: the kernel's V4L2 documentation, "Image Formats".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

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

_BYTES_OF_A_PIXEL = {"raw/yuyv": 2, "raw/uyvy": 2, "raw/nv12": 1, "raw/grey": 1}


def frame_bytes(media_type: RawType, size: Size) -> int:
    """Return how many bytes a frame has, tightly packed."""
    return _row_bytes(media_type, size) * _rows(media_type, size)


def packed(data: bytes, media_type: RawType, size: Size, bytes_per_line: int) -> bytes | None:
    """Return a picture's rows without what pads them, None where bytes are missing."""
    row, rows = _row_bytes(media_type, size), _rows(media_type, size)
    if bytes_per_line <= row:
        return data[: row * rows] if len(data) >= row * rows else None
    if len(data) < bytes_per_line * (rows - 1) + row:
        return None
    view = memoryview(data)
    return b"".join(view[at : at + row] for at in range(0, bytes_per_line * rows, bytes_per_line))


def _row_bytes(media_type: RawType, size: Size) -> int:
    return size.width * _BYTES_OF_A_PIXEL[media_type]


def _rows(media_type: RawType, size: Size) -> int:
    return size.height + size.height // 2 if media_type == "raw/nv12" else size.height
