"""Mends what a keyboard does to YAML, line by line, before YAML sees it: tabs, full-width signs, forgotten spaces.

Each is noted with its fix. The lines of block scalars and of long quoted texts are the wearer's own words: only their
indentation is looked at.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from glassd.config.flow import mend_flow
from glassd.config.quotes import closing_quote
from glassd.config.source import has_content, indent_unit

if TYPE_CHECKING:
    from collections.abc import Collection

    from glassd.config.source import Source

_INDENT = re.compile(r"[\s\u3000]*")
_DASHES = re.compile(r"(?:- +)*")
_BULLET = re.compile(r"([-－–—−‐•·*])([ \t\u3000\xa0]*)(?=([A-Za-z_][A-Za-z0-9_.-]*)\s*[:：])")
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_COLONS = {":": ":", "：": "the full-width colon ：", "=": "="}
_WIDE_SPACES = "\u3000\xa0"
_WIDE_BRACES = str.maketrans("｛｝［］", "{}[]")
_BLOCK_SCALAR = re.compile(r"[|>][-+0-9]*\s*(#.*)?")
_VARIABLE = re.compile(r"\$\{[^}\s]{0,200}\}?")
_COMMENT = re.compile(r"(^|\s)#")


def mend_lines(source: Source, item_keys: Collection[str] = (), sections: Collection[str] = ()) -> None:
    """Note and mend, in place, every slip that stands in one line.

    `item_keys` are those of the items of lists, so that `- url:x` is a slip where they hold `url`. `sections` are the
    keys that stand at the left edge, so that one that opens nothing elsewhere is a slip.
    """
    _keep_one_document(source)
    for number in range(len(source.lines)):
        _lose_variables(source, number)
    _Mender(source, item_keys, sections).run()


def _keep_one_document(source: Source) -> None:
    """Blank the marks of the document, and all that follows a second one."""
    begun = False
    for number, line in enumerate(source.lines):
        if re.match(r"(---|\.\.\.)(\s|$)", line):
            rest = [number, *range(number + 1, len(source.lines))]
            if begun and any(has_content(source.lines[later]) for later in rest[1:]):
                source.flaw(number, 0, "expected one document, got a second one; nothing after this line is read")
            if begun:
                for later in rest:
                    source.lines[later] = ""
                return
            source.put(number, 0, "   ")
            begun = begun or has_content(source.lines[number])
        elif line.startswith("%") and not begun:
            source.flaw(number, 0, "expected no directive; remove this line, the file is read as YAML 1.2 anyway")
            source.lines[number] = ""
        else:
            begun = begun or has_content(line)


class _Mender:
    """Goes down the lines and knows what the line above has left open."""

    def __init__(self, source: Source, item_keys: Collection[str], sections: Collection[str]) -> None:
        self._source = source
        self._item_keys = item_keys
        self._sections = sections
        self._unit = indent_unit(source)
        self._columns: dict[str, int] = {}  # indentation as it was written → the column that it was taken for
        self._open_columns: list[int] = []  # of the keys that the last line is below, and its own
        self._above = 0  # the content column of the last line
        self._dash: int | None = None  # the column of the items' dashes, in the list that the last line is in
        self._opens = False  # the last line was a key alone
        self._value_above = False
        self._item: list[str] = []  # the keys of the item that the last line is in, at its own level
        self._item_column = 0  # where these keys stand

    def run(self) -> None:
        number = 0
        while number < len(self._source.lines):
            if has_content(self._source.lines[number]):
                number = self._line(number)
            else:
                self._source.lines[number] = ""
            number += 1

    def _line(self, number: int) -> int:
        """Mend a line; return the number of the last line of its value."""
        source = self._source
        indent = self._indent(number)
        indent = self._section(number, indent)
        self._dash_sign(number, indent)
        indent = self._lost_dash(number, indent)
        column = indent + len(_match(_DASHES, source.lines[number], indent))
        is_item = column > indent
        if is_item or (self._dash is not None and indent <= self._dash):
            self._dash = indent if is_item else None
        self._open_columns = [*(at for at in self._open_columns if at < column), column]
        continues = self._value_above and column > self._above
        start = self._key(number, column, is_item=is_item, continues=continues)
        line = source.lines[number]
        after_key = start > column
        if is_item or column < self._item_column:
            self._item, self._item_column = [], column if is_item else 0
        if after_key and column == self._item_column:
            self._item.append(_match(_KEY, line, column))
        self._above, self._opens = column, after_key and not _strip_comment(line[start:]).strip()
        self._value_above = not self._opens
        while line[start : start + 1] == " ":
            start += 1
        last = self._value(number, start, column if after_key else indent)
        source.inside.update(range(number + 1, last + 1))
        return last

    def _indent(self, number: int) -> int:
        """Make the indentation spaces alone; return its width."""
        line = self._source.lines[number]
        written = _match(_INDENT, line, 0)
        odd = re.search(r"[^ ]", written)
        if odd is None:
            self._columns = {known: at for known, at in self._columns.items() if at < len(written)}
            return len(written)
        sign = {"\t": "a tab", "\u3000": "a full-width space"}.get(odd[0], f"the space U+{ord(odd[0]):04X}")
        self._source.flaw(number, odd.start(), f"expected ordinary spaces for indentation, got {sign}")
        if self._dash is not None and line.lstrip().startswith("- ") and not self._opens:
            width = self._dash
        elif not self._opens and (guess := len(written) * self._unit) in self._open_columns:
            width = guess
        elif written in self._columns:
            width = self._columns[written]
        else:
            width = self._columns[written] = self._above + self._unit if self._opens else self._above
        self._source.reindent(number, len(written), width)
        return width

    def _section(self, number: int, indent: int) -> int:
        """Move a section to the left edge that opens nothing where it stands; return its indentation."""
        lines = self._source.lines
        name, colon, rest = lines[number].strip().partition(":")
        if indent and colon and name in self._sections and not _strip_comment(f" {rest}").strip():
            below = next((at for at in range(number + 1, len(lines)) if has_content(lines[at])), None)
            if below is None or (self._source.indent(below) <= indent and not self._source.is_item(below)):
                self._source.set_right(number, 0)
                return 0
        return indent

    def _dash_sign(self, number: int, indent: int) -> None:
        """Mend the dash of an item that begins with a key: another sign, another space after it, or none."""
        found = _BULLET.match(self._source.lines[number], indent)
        if found is None or (self._value_above and indent > self._above):
            return
        sign, space, key = found.groups()
        if (sign != "-" or not space) and key not in self._item_keys:
            return
        if sign != "-":
            self._source.flaw(number, indent, f"expected an ordinary dash and a space before an item, got {sign}")
        elif not space or space.strip(" "):
            what = "none" if not space else "a tab" if "\t" in space else "a full-width one"
            self._source.flaw(number, indent, f"expected an ordinary space after the dash, got {what}")
        self._source.put(number, indent, "-" + " " * len(space))
        if not space:
            self._source.insert_space(number, indent + 1)

    def _lost_dash(self, number: int, indent: int) -> int:
        """Give a line a dash that begins with the first key of the item above it; return its indentation."""
        if self._dash is None or indent != self._item_column or len(self._item) < 2:  # else it is a key twice
            return indent
        if _match(_KEY, self._source.lines[number], indent) != self._item[0] or indent != self._dash + 2:
            return indent
        self._source.give_dash(number, self._dash)
        return self._dash

    def _key(self, number: int, column: int, *, is_item: bool, continues: bool) -> int:
        """Mend the colon after a key; return the column after it, or `column` where there is no key."""
        source = self._source
        key = _match(_KEY, source.lines[number], column)
        colon = column + len(key)
        colon += len(_match(_INDENT, source.lines[number], colon))
        sign = source.lines[number][colon : colon + 1]
        after = source.lines[number][colon + 1 : colon + 2]
        is_text = continues or (is_item and key not in self._item_keys)
        if not key or sign not in _COLONS or _has_colon_in_it(source.lines[number], column, key, self._item_keys):
            return self._other_key(number, column)
        if sign != ":":
            if continues or (sign == "=" and is_text):
                return column
            source.flaw(number, colon, f"expected an ordinary colon and a space, got {_COLONS[sign]}")
            source.put(number, colon, ":")
            if after.strip():
                source.insert_space(number, colon + 1)
        elif after and after in _WIDE_SPACES:
            source.flaw(number, colon + 1, "expected an ordinary space after the colon, got a full-width one")
            source.put(number, colon + 1, " ")
        elif after == "\t":
            source.put(number, colon + 1, " ")
        elif after.strip():
            if is_text or after in ":\\" or source.lines[number].startswith("//", colon + 1):
                return column
            source.flaw(number, colon, f"expected a space after the colon, got {key}:{after}")
            source.insert_space(number, colon + 1)
        return colon + 1

    def _other_key(self, number: int, column: int) -> int:
        """Return the column after a key of another form: a number, a quoted text."""
        found = re.compile(r"""("[^"]*"|'[^']*'|[^\s"'#\[\]{}&*!|>@`%][^:#]*?)\s*:(?=\s|$)""").match(
            self._source.lines[number], column
        )
        return found.end() if found else column

    def _value(self, number: int, start: int, column: int) -> int:
        """Mend a value that begins at a column of a line; return the number of its last line."""
        source = self._source
        line = source.lines[number]
        first = line[start : start + 1]
        if first in ("｛", "［"):
            source.flaw(number, start, "expected ordinary braces { } or brackets [ ], got full-width ones")
            source.put(number, start, line[start:].translate(_WIDE_BRACES))
            first = source.lines[number][start]
        if first in ("{", "["):
            return mend_flow(source, number, start, column)
        if first in ("'", '"'):
            return self._quoted(number, start, column)
        if _BLOCK_SCALAR.fullmatch(line, start):
            return self._block(number, column)
        self._spaces_for_tabs(number, start)
        return number

    def _quoted(self, number: int, start: int, column: int) -> int:
        lines = self._source.lines
        quote = lines[number][start]
        if (end := closing_quote(lines[number], start + 1, quote)) is not None:
            self._spaces_for_tabs(number, end + 1)
            return number
        last = number
        for later in range(number + 1, len(lines)):
            if lines[later].strip() and self._source.indent(later) <= column:
                break
            last = later
            if (end := closing_quote(lines[later], 0, quote)) is not None:
                if has_content(lines[later][end + 1 :]):
                    break
                return later
        self._source.flaw(number, start, f"expected a closing {quote} on this line")
        self._source.lose(number, start)
        lines[number + 1 : last + 1] = [""] * (last - number)
        return last

    def _block(self, number: int, column: int) -> int:
        """Pass over a block scalar; only a tab where its indentation should be is a slip."""
        lines = self._source.lines
        last = number
        for later in range(number + 1, len(lines)):
            written = _match(_INDENT, lines[later], 0)
            if not lines[later].strip():
                continue
            spaces = len(written) - len(written.lstrip(" "))
            if spaces <= column and spaces < len(written):
                self._source.flaw(later, spaces, "expected ordinary spaces for indentation, got a tab or a wide space")
                self._source.reindent(later, len(written), column + self._unit)
            elif spaces <= column:
                break
            last = later
        return last

    def _spaces_for_tabs(self, number: int, start: int) -> None:
        """Make tabs spaces where YAML 1.2 takes both and its older readers do not."""
        line = self._source.lines[number]
        self._source.lines[number] = line[:start] + line[start:].replace("\t", " ")


def _lose_variables(source: Source, number: int) -> None:
    for found in _VARIABLE.finditer(_strip_comment(source.lines[number])):
        source.flaw(
            number,
            found.start(),
            "expected the value itself, for variables such as ${NAME} are not replaced: a key is named as a credential "
            "(docs/keys.md), another value goes into a file in conf.d",
        )
        source.lose(number, found.start(), found.end())


def _has_colon_in_it(line: str, column: int, key: str, known: Collection[str]) -> bool:
    """Tell whether a key is one of several words with colons between them, such as `KEY:ENTER: main`."""
    return key not in known and re.compile(r"[\w.-]+(:[\w.-]+)+:(\s|$)").match(line, column) is not None


def _match(pattern: re.Pattern[str], line: str, column: int) -> str:
    found = pattern.match(line, column)
    return found[0] if found else ""


def _strip_comment(line: str) -> str:
    """Return the line up to its comment; a # in quotes ends it too early, which only makes the search shorter."""
    found = _COMMENT.search(line)
    return line[: found.start()] if found else line
