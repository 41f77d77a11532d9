"""The stream of pictures that cameras send over HTTP (multipart/x-mixed-replace): bytes in, parts out, no I/O.

No standard says what such a stream is beyond RFC 2046, 5.1, and servers take liberties with that. What is read here
besides: boundaries that are announced with their leading dashes, lines that end with LF alone, parts with and without a
Content-Length, parts whose Content-Length is wrong. Whatever a part is, the next delimiter begins another one, so a
broken part costs itself and not the stream.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

HEAD_LIMIT_BYTES: Final = 8 * 1024
"""How long the headers of one part may be."""
BOUNDARY_LIMIT_CHARS: Final = 200
"""The longest boundary. RFC 2046 allows 70."""
_DASHES_LIMIT: Final = 72
_PADDING_LIMIT: Final = 16
_LENGTH_LIMIT_DIGITS: Final = 12


class Part(NamedTuple):
    """One whole part. `headers` has lower-case names; `instant` is when the first byte of `data` came."""

    headers: dict[str, str]
    data: bytes
    instant: float


class Dropped(NamedTuple):
    """A part that was passed over; `reason` is half a sentence."""

    reason: str


def boundary_of(content_type: str) -> str | None:
    """Return the boundary that the Content-Type of a multipart stream names; None where it names no usable one."""
    kind, _, parameters = content_type.partition(";")
    match = re.search(r'(?i)(?:^|;)\s*boundary\s*=\s*(?:"([^"]*)"|([^;\s]+))', parameters)
    if not kind.strip().lower().startswith("multipart/") or match is None:
        return None
    boundary = (match[1] or match[2] or "").strip()
    return boundary if boundary.isascii() and 0 < len(boundary) <= BOUNDARY_LIMIT_CHARS else None


class MultipartParser:
    """Takes a stream apart, however its bytes are split. Holds at most one part, its headers, and what `feed` got."""

    def __init__(self, boundary: str, part_limit: int) -> None:
        """Read parts between lines of `boundary`, each of at most `part_limit` bytes."""
        token = boundary.lstrip("-") or boundary
        # RFC 2046, 5.1.1: CRLF, two dashes, the boundary, padding, CRLF; two dashes more after the last part.
        line = rb"-{2,%d}%b(?:--)?[ \t]{0,%d}\r?\n" % (_DASHES_LIMIT, re.escape(token.encode()), _PADDING_LIMIT)
        self._delimiter = re.compile(rb"\n" + line)
        self._delimiter_limit = len(token) + _DASHES_LIMIT + _PADDING_LIMIT + 5
        self._part_limit = part_limit
        self._buffer = bytearray(b"\n")  # so that a delimiter on the first line has a line end before it, as all others
        self._searched = 0  # where the next search for a delimiter goes on
        self._read: Callable[[float], bool] = self._seek
        self._headers: dict[str, str] = {}
        self._length = 0
        self._instant = 0.0
        self._out: list[Part | Dropped] = []

    def feed(self, data: bytes, instant: float) -> list[Part | Dropped]:
        """Return the parts that end in these bytes, which came at `instant`."""
        self._buffer += data
        while self._read(instant):
            """One more piece of the stream is read."""
        out, self._out = self._out, []
        return out

    def _seek(self, _instant: float) -> bool:
        """Pass over everything up to a delimiter."""
        if (match := self._delimiter.search(self._buffer)) is None:
            del self._buffer[: -self._delimiter_limit]
            return False
        del self._buffer[: match.end()]
        self._read = self._head
        return True

    def _head(self, _instant: float) -> bool:
        """Read the headers of a part and the empty line after them."""
        match = _EMPTY_LINE.search(self._buffer, 0, HEAD_LIMIT_BYTES)
        if match is None:
            if len(self._buffer) < HEAD_LIMIT_BYTES:
                return False
            return self._drop(f"its headers are over {HEAD_LIMIT_BYTES // 1024} KiB")
        self._headers = _headers(bytes(self._buffer[: match.start()]))
        # The line end is left: a part that is empty has its delimiter right after it.
        del self._buffer[: match.end() - 1]
        length = _length(self._headers.get("content-length", ""))
        if length is not None and length > self._part_limit:
            return self._drop(self._too_big())
        self._length = length or 0
        self._read = self._first_byte
        return True

    def _first_byte(self, instant: float) -> bool:
        """Note when the first byte of a part came: its headers may have been sent long before it."""
        if len(self._buffer) == 1:
            return False
        self._instant = instant
        self._searched = 0
        self._read = self._counted_body if self._length else self._open_body
        return True

    def _counted_body(self, _instant: float) -> bool:
        """Read as many bytes as the headers said."""
        end = 1 + self._length
        if len(self._buffer) < end:
            return False
        self._give(1, end)
        self._buffer[:end] = b"\n"  # the line end before the delimiter may be missing
        self._read = self._seek
        return True

    def _open_body(self, _instant: float) -> bool:
        """Read up to the next delimiter."""
        match = self._delimiter.search(self._buffer, self._searched)
        if match is None:
            if len(self._buffer) - self._delimiter_limit > self._part_limit + 2:  # the line ends on both sides
                return self._drop(self._too_big())
            self._searched = max(0, len(self._buffer) - self._delimiter_limit)
            return False
        end = match.start()
        if end > 1 and self._buffer[end - 1] == _CR:
            end -= 1
        if end - 1 > self._part_limit:
            return self._drop(self._too_big())
        self._give(1, max(1, end))
        del self._buffer[: match.end()]
        self._read = self._head
        return True

    def _give(self, begin: int, end: int) -> None:
        with memoryview(self._buffer) as view:
            self._out.append(Part(self._headers, bytes(view[begin:end]), self._instant))

    def _drop(self, reason: str) -> bool:
        self._out.append(Dropped(reason))
        self._read = self._seek
        return True

    def _too_big(self) -> str:
        return f"it is over {self._part_limit / 1024**2:g} MiB"


_CR: Final = 0x0D
_EMPTY_LINE: Final = re.compile(rb"(?:\A|\n)\r?\n")


def _headers(block: bytes) -> dict[str, str]:
    fields = (line.partition(":") for line in block.decode("latin-1").split("\n"))
    return {name.strip().lower(): value.strip() for name, colon, value in fields if colon}


def _length(text: str) -> int | None:
    """Return a Content-Length; None for one that is no number, which is then as good as absent."""
    if not (text.isascii() and text.isdigit()):
        return None
    return int(text.lstrip("0")[:_LENGTH_LIMIT_DIGITS] or "0")
