"""Server-sent events: bytes in, events out, no I/O.

Follows the event stream format of the HTML standard (section 9.2.6), and reads beside it what chat-completions servers
really send: a body of bare JSON lines, a body that is one JSON object, a JSON line among the fields, a field `error:`.
All of it is decided on bytes, so a character that is cut between two pieces needs no care.
"""

from __future__ import annotations

from typing import Final

import msgspec

EVENT_LIMIT_BYTES: Final = 4 * 1024 * 1024
"""The most that is kept of an unfinished event; an event of 1 MB has been seen in the field."""
EVENT_LIMIT_LINES: Final = 10_000
"""The most lines that are kept of an unfinished event: one JSON object, printed prettily, has some hundred."""


class Event(msgspec.Struct, frozen=True, gc=False):
    """One event: its data, and its name where the server gave one (`error` is the one that means something here)."""

    data: bytes
    name: bytes = b""


class EventTooLongError(ValueError):
    """An event went past its limits; the stream cannot be read any further."""


class EventDecoder:
    """Incremental decoder: `feed` each piece as it comes, `end` once after the last one."""

    def __init__(self) -> None:
        self.strange_lines = 0
        """Lines that no event stream has; the standard passes over them."""
        self._line: list[bytes] = []  # the pieces of the line that has not ended yet
        self._line_bytes = 0
        self._after_cr = False  # the piece before ended in CR: an LF that follows belongs to it
        self._data: list[bytes] = []  # the data lines of the event that has not ended yet
        self._name = b""
        self._started = False  # a line that is not blank has been seen
        self._whole_body = False  # the body is one JSON object over several lines, not a stream

    def feed(self, piece: bytes) -> list[Event]:
        """Return the events that this piece completes; raise EventTooLongError past the limits."""
        events = self._read(self._complete_lines(piece))
        if self._data and (len(self._data) > EVENT_LIMIT_LINES or sum(map(len, self._data)) > EVENT_LIMIT_BYTES):
            raise EventTooLongError
        return events

    def end(self) -> list[Event]:
        """Return what the end of the body completes: a last line, a last event, a body of one JSON object."""
        events = self._read([b"".join(self._line)] if self._line else [])
        self._line.clear()
        if self._data:
            events.append(self._finish_event())
        return events

    def _complete_lines(self, piece: bytes) -> list[bytes]:
        """Return the lines that this piece completes, without their ends: LF, CR or CRLF, also across two pieces."""
        if self._after_cr and piece:
            self._after_cr = False
            piece = piece.removeprefix(b"\n")
        if b"\r" in piece:
            self._after_cr = piece.endswith(b"\r")
            piece = piece.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        lines = piece.split(b"\n")
        unfinished = lines.pop()
        if lines and self._line:
            lines[0] = b"".join((*self._line, lines[0]))
            self._line.clear()
            self._line_bytes = 0
        if unfinished:
            self._line.append(unfinished)
            self._line_bytes += len(unfinished)
            if self._line_bytes > EVENT_LIMIT_BYTES:
                raise EventTooLongError
        return lines

    def _read(self, lines: list[bytes]) -> list[Event]:
        if not self._started:
            lines = self._from_first_line(lines)
        if self._whole_body:
            self._data.extend(lines)
            return []
        events: list[Event] = []
        data = self._data
        for line in lines:
            if line.startswith(b"data: "):
                self._take_data(line[6:], events)
            elif line:
                self._read_other(line, events)
            elif data:
                events.append(self._finish_event())
            else:
                self._name = b""
        return events

    def _from_first_line(self, lines: list[bytes]) -> list[bytes]:
        """Return the lines from the first on that is not blank; see from it what sort of body this is."""
        for number, line in enumerate(lines):
            if text := line.removeprefix(b"\xef\xbb\xbf").strip():
                self._started = True
                self._whole_body = text.startswith(b"{") and not text.endswith(b"}")
                return [text, *lines[number + 1 :]]
        return []

    def _read_other(self, line: bytes, events: list[Event]) -> None:
        text = line.strip()
        if (text.startswith(b"{") and text.endswith(b"}")) or text == b"[DONE]":
            events.append(Event(text))  # no field of the standard begins like this: a JSON line printed bare
            return
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            self._take_data(value, events)
        elif field == b"event":
            self._name = value
        elif field == b"error":  # llama.cpp's builds of 2025
            events.append(Event(value, b"error"))
        elif field not in _SILENT_FIELDS:
            self.strange_lines += 1

    def _take_data(self, value: bytes, events: list[Event]) -> None:
        """Add a data line to the event that has not ended yet.

        Some servers leave the blank lines out, or put spaces on them. No JSON goes on with `{` or `[DONE]` right after
        a `}`, so there the event before has ended.
        """
        data = self._data
        if data and data[-1].endswith(b"}") and data[0].startswith(b"{") and value.startswith((b"{", b"[DONE]")):
            events.append(self._finish_event())
        data.append(value)

    def _finish_event(self) -> Event:
        data = self._data
        event = Event(data[0] if len(data) == 1 else b"\n".join(data), self._name)
        data.clear()
        self._name = b""
        return event


_SILENT_FIELDS = (b"", b"id", b"retry")  # a comment is a line whose field has no name
