"""The text of one file on its way to YAML: its lines, mended as far as reading on needs it, and what was wrong.

A flaw is noted once, then mended in the lines, so that it hides no other one. A mend that changes a value leaves a blot
there: the value counts as lost. A mend that inserts a space is taken back when a place is told.
"""

from __future__ import annotations

import codecs
import re

from msgspec import Struct, field

from glassd.config.mistakes import MAX_MISTAKES, Place, TooManyMistakesError

BLOT = "\U0010fffd"
"""Stands in the lines where a value could not be read: the last private character, which is refused in a file."""

# What is refused, not all but what is allowed: a class up to U+10FFFC takes ten times as long to compile.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff\U0010fffd-\U0010ffff]")


class Flaw(Struct, frozen=True):
    """A mistake of writing. `about` is the place of the key that it concerns, where that is not its own."""

    place: Place
    text: str
    about: Place


class Source(Struct):
    """One file's lines. Indexes of lines and columns count from 0, places from 1."""

    file: str
    lines: list[str]
    flaws: list[Flaw] = []
    inside: set[int] = field(default_factory=set)
    """Lines that go on with a value begun above them: of a block scalar, a quoted text or a flow."""
    _inserted: dict[int, list[int]] = {}
    _moved: dict[int, int] = {}

    def place(self, line: int, column: int) -> Place:
        """Return the place in the file as it was written."""
        before = sum(at < column for at in self._inserted.get(line, ()))
        return Place(self.file, line + 1, max(column + self._moved.get(line, 0) - before, 0) + 1)

    def flaw(self, line: int, column: int, text: str, *, about: Place | None = None) -> None:
        """Note a mistake of writing."""
        place = self.place(line, column)
        self.add(Flaw(place, text, about or place))

    def add(self, flaw: Flaw) -> None:
        """Note a mistake of writing; raise TooManyMistakesError where reading on would tell nobody anything."""
        self.flaws.append(flaw)
        if len(self.flaws) >= MAX_MISTAKES:
            raise TooManyMistakesError

    def put(self, line: int, column: int, text: str) -> None:
        """Write over as many characters."""
        old = self.lines[line]
        self.lines[line] = old[:column] + text + old[column + len(text) :]

    def insert_space(self, line: int, column: int) -> None:
        """Insert one space."""
        old = self.lines[line]
        self.lines[line] = f"{old[:column]} {old[column:]}"
        self._inserted.setdefault(line, []).append(column)

    def reindent(self, line: int, old: int, new: int) -> None:
        """Replace the first `old` characters of a line by `new` spaces."""
        self.lines[line] = " " * new + self.lines[line][old:]
        self._moved[line] = self._moved.get(line, 0) + old - new

    def indent(self, line: int) -> int:
        """Return the width of a line's indentation."""
        return len(self.lines[line]) - len(self.lines[line].lstrip())

    def is_item(self, line: int) -> bool:
        """Tell whether a line begins with the dash of an item."""
        text = self.lines[line].lstrip()
        return text.startswith("- ") or text == "-"

    def set_right(self, line: int, indent: int) -> None:
        """Note that a line is indented wrongly, and indent it as it should be."""
        old = self.indent(line)
        spaces = f"{indent} space" if indent == 1 else f"{indent} spaces"
        self.flaw(line, old, f"expected the same indentation as the lines it belongs to ({spaces}), got {old}")
        self.reindent(line, old, indent)

    def give_dash(self, line: int, dash: int) -> None:
        """Note that a line that begins an item has no dash, and put one at a column."""
        indent = self.indent(line)
        self.flaw(line, indent, "expected a dash before the first key of an item (- key: value), got none")
        self.reindent(line, indent, dash + 2)
        self.put(line, dash, "-")

    def lose(self, line: int, column: int, end: int | None = None) -> None:
        """Give a value up: blot out what stands from a column to another one, or to the end of the line."""
        end = len(self.lines[line]) if end is None else end
        self.put(line, column, BLOT * max(end - column, 1))


def read_source(data: bytes, file: str) -> Source:
    """Return the lines of a file; text that is not what YAML allows is noted as a flaw, and mended."""
    source = Source(file, [""])
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\x00" in data[:2]:
        source.flaw(0, 0, "expected UTF-8 text, got UTF-16; save the file as UTF-8", about=Place(""))
        return source
    data = data.removeprefix(codecs.BOM_UTF8)
    text_is_whole = True
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        text_is_whole = False
        text = data.decode(errors="replace").replace("\ufffd", BLOT)
        source.lines = _split(data[: error.start].decode())
        hint = " (GBK?)" if _decodes_as(data, "gb18030") else ""
        reason = f"expected UTF-8 text, got the byte 0x{data[error.start]:02x}{hint}; save the file as UTF-8"
        source.flaw(len(source.lines) - 1, len(source.lines[-1]), reason, about=Place(""))
    source.lines = _split(text)
    for number, line in enumerate(source.lines):
        for match in _UNPRINTABLE.finditer(line):
            if match[0] != BLOT or text_is_whole:
                source.flaw(number, match.start(), f"expected plain text, got the character U+{ord(match[0]):04X}")
            source.put(number, match.start(), BLOT if line[: match.start()].strip() else " ")
    return source


def has_content(text: str) -> bool:
    """Tell whether a line, or the rest of one, holds more than a comment."""
    return bool(text.strip()) and not text.lstrip().startswith("#")


def indent_unit(source: Source) -> int:
    """Return by how many spaces a level is indented in most lines of a file."""
    widths = [len(line) - len(line.lstrip(" ")) for line in source.lines if line.strip()]
    widths = [width for width in widths if width]
    fits = (unit for unit in (4, 2, 3) if sum(width % unit == 0 for width in widths) * 5 >= len(widths) * 4)
    return next(fits, 2)


def _split(text: str) -> list[str]:
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _decodes_as(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True
