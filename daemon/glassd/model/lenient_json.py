"""JSON as servers really send it: every value that can be made sense of, and text that can be written out again.

This is the second, slower way, for what a strict decoder refuses: halves of surrogate pairs, bytes that are no UTF-8,
line breaks that stand bare in a string, NaN, numbers past all measure, several values in one payload.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any, Final

VALUES_LIMIT: Final = 1000
"""The most values that one payload may hold."""


class NotJsonError(ValueError):
    """The payload is not JSON, or not all of it."""


def values(payload: bytes) -> list[Any]:
    """Return the values that a payload holds, one after the other; raise NotJsonError where anything else is in it."""
    text = payload.decode("utf-8-sig", "replace")
    found: list[Any] = []
    at = _skip_gap(text, 0)
    try:
        while at < len(text) and len(found) < VALUES_LIMIT:
            value, at = _DECODER.raw_decode(text, at)
            found.append(value)
            at = _skip_gap(text, at)
    except (ValueError, RecursionError) as error:
        raise NotJsonError from error
    if not found or at < len(text):
        raise NotJsonError
    return found


def text_of(value: Any) -> str | None:
    """Return the value if it is text."""
    return value if isinstance(value, str) else None


def mended(text: str) -> str:
    """Return the text with orphaned halves of surrogate pairs as U+FFFD, so that it can be written anywhere."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def mended_object(value: Any) -> dict[str, Any] | None:
    """Return an object that can be written out again as it came; None for any other value."""
    if not isinstance(value, dict):
        return None
    try:
        written: dict[str, Any] = json.loads(mended(json.dumps(value, ensure_ascii=False, allow_nan=False)))
    except (ValueError, RecursionError):
        return None
    return written


_GAP = re.compile(r"(?:[\s\0,]|data:)*")  # some proxies put their own `data:` before a server's


def _skip_gap(text: str, at: int) -> int:
    gap = _GAP.match(text, at)
    return gap.end() if gap else at


def _int(digits: str) -> int | None:
    try:
        return int(digits)
    except ValueError:  # more digits than Python converts
        return None


def _float(digits: str) -> float | None:
    number = float(digits)
    return number if math.isfinite(number) else None


_DECODER = json.JSONDecoder(
    strict=False,  # a line break or a tab that stands bare in a string is taken for what it is
    parse_int=_int,
    parse_float=_float,
    parse_constant=lambda _: None,
)
