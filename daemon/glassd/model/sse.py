"""Server-sent events: bytes in, events out, no I/O.

Follows the event stream format of the HTML standard (section 9.2.6), and reads beside it what chat-completions servers
really send: a body of bare JSON lines, a body that is one JSON value, a JSON line among the fields, a field `error:`.
All of it is decided on bytes, so a character that is cut between two pieces needs no care.
"""

from __future__ import annotations

from typing import Final

import msgspec

EVENT_LIMIT_BYTES: Final = 4 * 1024 * 1024
"""The longest line, and the most data in one event; an event of 1 MB has been seen in the field."""
EVENT_LIMIT_LINES: Final = 10_000
"""The most lines of data in one event: one JSON object, printed prettily, has some hundred."""


class Event(msgspec.Struct, frozen=True, gc=False):
    """One event: its data, and its name where the server gave one (`error` is the one that means something here)."""

    data: bytes
    name: bytes = b""


def is_done(data: bytes) -> bool:
    """Whether this is what ends a stream: `[DONE]`, in either case, with spaces or quotes around it."""
    text = data.strip(b' \t\r\n\0"')
    return len(text) == len(_DONE) and text.upper() == _DONE


class EventDecoder:
    """Incremental decoder: `feed` each piece as it comes, `end` once after the last one.

    The same bytes give the same events, however they are cut into pieces.
    """

    def __init__(self) -> None:
        self.strange_lines = 0
        """Lines that no event stream has; the standard passes over them."""
        self._line = bytearray()  # of the line that has not ended yet
        self._after_cr = False  # the piece before ended in CR: an LF that follows belongs to it
        self._first: bytes | None = None  # the first data line of the event that has not ended yet
        self._rest: list[bytes] = []  # the data lines after it
        self._rest_bytes = 0
        self._name = b""
        self._long_line = False  # both: past the limit, and nothing from there on is read
        self._long_event = False
        self._started = False  # a line that is not blank has been seen
        self._whole_body = False  # the body is one JSON value over several lines, not a stream

    @property
    def too_long(self) -> bool:
        """Whether a line or an event went past its limit: nothing from there on is read."""
        return self._long_line or self._long_event

    def feed(self, piece: bytes) -> list[Event]:
        """Return the events that this piece completes."""
        return [] if self.too_long else self._read(self._complete_lines(piece))

    def end(self) -> list[Event]:
        """Return what the end of the body completes: a last line, a last event, a body of one JSON value."""
        if self.too_long:
            return []
        events = self._read([bytes(self._line)] if self._line else [])
        self._line.clear()
        if not self.too_long:
            self._finish_event(events)
        return events

    def _complete_lines(self, piece: bytes) -> list[bytes]:
        """Return the lines that this piece completes, without their ends: LF, CR or CRLF, also across two pieces."""
        if self._after_cr and piece:
            self._after_cr = False
            piece = piece.removeprefix(b"\n")
        if b"\r" in piece:
            self._after_cr = piece.endswith(b"\r")
            piece = piece.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        may_be_long = len(self._line) + len(piece) > EVENT_LIMIT_BYTES
        lines = piece.split(b"\n")
        unfinished = lines.pop()
        if lines and self._line:
            lines[0] = bytes(self._line) + lines[0]
            self._line.clear()
        self._line += unfinished
        if may_be_long:
            for number, line in enumerate(lines):
                if len(line) > EVENT_LIMIT_BYTES:
                    self._long_line = True
                    return lines[:number]
            self._long_line = len(self._line) > EVENT_LIMIT_BYTES
        return lines

    def _read(self, lines: list[bytes]) -> list[Event]:
        if not self._started:
            lines = self._from_first_line(lines)
        events: list[Event] = []
        if self._whole_body:
            lines = self._rest_of_body(lines, events)
        first = self._first  # a local, for this loop runs for every line of every answer
        for line in lines:
            if first is None and line[:6] == b"data: ":
                first = line[6:]
            elif line:
                self._first = first
                self._read_other(line, events)
                first = self._first
                if self._long_event:
                    break
            elif first is not None and not self._rest and not self._name:
                events.append(Event(first))
                first = None
            else:
                self._first, first = first, None
                self._finish_event(events)
        self._first = first
        return events

    def _from_first_line(self, lines: list[bytes]) -> list[bytes]:
        """Return the lines from the first on that is not blank; see from it what sort of body this is."""
        for number, line in enumerate(lines):
            if text := line.removeprefix(_BOM).strip():
                self._started = True
                self._whole_body = text.startswith((b"{", b"[")) and not _is_bare_json(text)
                return [text, *lines[number + 1 :]]
        return []

    def _rest_of_body(self, lines: list[bytes], events: list[Event]) -> list[bytes]:
        """Take the lines of a body that is one JSON value; return those from where it turns out to be a stream."""
        for number, line in enumerate(lines):
            if line.startswith((b"data:", b"event:")):  # no line of JSON
                self._whole_body = False
                self._finish_event(events)
                return lines[number:]
            self._add_data(line)
            if self._long_event:
                break
        return []

    def _read_other(self, line: bytes, events: list[Event]) -> None:
        """Read a line that is neither blank nor the only data of its event in the usual spelling."""
        line = line.removeprefix(_BOM)  # some begin each event with one
        text = line.strip()
        if _is_bare_json(text) or is_done(text):
            self._finish_event(events)
            events.append(Event(text))  # no field of the standard begins like this: a JSON line printed bare
            return
        field, _, value = line.partition(b":")
        field = field.strip()
        value = value.removeprefix(b" ")
        if field == b"data":
            self._take_data(value, events)
        elif field == b"event":
            self._name = value.strip()
        elif field == b"error":  # llama.cpp's builds of 2025
            self._finish_event(events)
            events.append(Event(value, b"error"))
        elif field not in _SILENT_FIELDS:
            self.strange_lines += 1

    def _take_data(self, value: bytes, events: list[Event]) -> None:
        """Add a data line to the event that has not ended yet.

        Some servers leave the blank lines out, or put spaces on them. No JSON goes on with `{` or `[DONE]` right after
        a `}`, so there the event before has ended.
        """
        if self._first is not None and self._first.startswith(b"{"):
            last = self._rest[-1] if self._rest else self._first
            if last.endswith(b"}") and (value.startswith(b"{") or is_done(value)):
                self._finish_event(events)
        self._add_data(value)

    def _add_data(self, value: bytes) -> None:
        if self._first is None:
            self._first = value
            return
        self._rest.append(value)
        self._rest_bytes += len(value)
        if len(self._rest) >= EVENT_LIMIT_LINES or len(self._first) + self._rest_bytes > EVENT_LIMIT_BYTES:
            self._long_event = True

    def _finish_event(self, events: list[Event]) -> None:
        """End the event, if it has any data; its name ends with it."""
        if self._first is not None:
            events.append(Event(b"\n".join((self._first, *self._rest)), self._name))
        self._first = None
        self._rest.clear()
        self._rest_bytes = 0
        self._name = b""


_BOM = b"\xef\xbb\xbf"
_DONE = b"[DONE]"
_SILENT_FIELDS = (b"", b"id", b"retry")  # a comment is a line whose field has no name


def _is_bare_json(text: bytes) -> bool:
    return (text.startswith(b"{") and text.endswith(b"}")) or (text.startswith(b"[") and text.endswith(b"]"))
