"""Config values that carry their unit: `3s`, `250ms`, `1920x1080`, `15`.

Each is a plain number or tuple after validation; the text form is what a config file holds.
"""

from __future__ import annotations

import re
from typing import Annotated, NamedTuple

from pydantic import BeforeValidator, ValidationInfo, WithJsonSchema

_SECONDS = {"ms": 0.001, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
# Digits are ASCII and few: what a config file says must fit a float, and mean the same to every reader.
_NUMBER = r"([0-9]{1,12}(?:\.[0-9]{1,9})?)"
DURATION_PATTERN = rf"{_NUMBER}\s*(ms|s|min|h|d)"
_MILLISECONDS = {"d": 86_400_000, "h": 3_600_000, "min": 60_000, "s": 1000}
_BYTES = {"B": 1, "KB": 1000, "MB": 1000**2, "GB": 1000**3, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}
_BYTE_COUNT_PATTERN = rf"{_NUMBER}\s*(B|KB|MB|GB|KiB|MiB|GiB)"
_PIXELS_PATTERN = r"([0-9]{1,5})\s*[x×]\s*([0-9]{1,5})"


class Size(NamedTuple):
    """Width and height in pixels."""

    width: int
    height: int

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"


def duration_text(seconds: float) -> str:
    """Return a duration as a file holds it, to the millisecond: 2h, 5min, 90s, 1.5s, 250ms."""
    ms = round(seconds * 1000)
    for unit, size in _MILLISECONDS.items():
        if ms and ms % size == 0:
            return f"{ms // size}{unit}"
    return f"{ms / 1000:.3f}".rstrip("0") + "s" if ms > 1000 else f"{ms}ms"


def read_duration(text: str) -> float | None:
    """Return the seconds of a duration with its unit, None where the text is none."""
    match = re.fullmatch(DURATION_PATTERN, text.strip())
    return float(match[1]) * _SECONDS[match[2]] if match else None


def read_bytes(text: str) -> int | None:
    """Return a number of bytes with its unit, None where the text is none."""
    match = re.fullmatch(_BYTE_COUNT_PATTERN, text.strip())
    return round(float(match[1]) * _BYTES[match[2]]) if match else None


def bytes_text(count: int) -> str:
    """Return a number of bytes as a file holds it: 64MiB, 20MB, 1500B."""
    unit = next(unit for unit in reversed(_BYTES) if count % _BYTES[unit] == 0)
    return f"{count // _BYTES[unit]}{unit}"


def _duration(value: object, info: ValidationInfo) -> object:
    if isinstance(value, str) and (seconds := read_duration(value)) is not None:
        return seconds
    if isinstance(value, float) and info.mode == "python":
        return value  # from a program, which counts in seconds
    raise ValueError("a duration with its unit, such as 250ms, 3s, 5min or 2h")


def _byte_count(value: object) -> object:
    if isinstance(value, str) and (count := read_bytes(value)) is not None:
        return count
    raise ValueError("a number of bytes with its unit, such as 64KB or 32MiB")


def _size(value: object) -> object:
    if isinstance(value, Size):
        return value
    if isinstance(value, str) and (match := re.fullmatch(_PIXELS_PATTERN, value.strip())):
        size = Size(int(match[1]), int(match[2]))
        if size.width > 0 and size.height > 0:
            return size
    raise ValueError("a size in pixels, such as 1920x1080")


Duration = Annotated[
    float,
    BeforeValidator(_duration),
    WithJsonSchema({"type": "string", "pattern": f"^{DURATION_PATTERN}$", "examples": ["250ms", "3s", "5min"]}),
]
"""Seconds."""

ByteCount = Annotated[
    int,
    BeforeValidator(_byte_count),
    WithJsonSchema({"type": "string", "pattern": f"^{_BYTE_COUNT_PATTERN}$", "examples": ["32MiB"]}),
]
"""Bytes."""

PixelSize = Annotated[
    Size,
    BeforeValidator(_size),
    WithJsonSchema({"type": "string", "pattern": f"^{_PIXELS_PATTERN}$", "examples": ["1920x1080"]}),
]
"""Width and height in pixels."""
