"""Reads a whole file, whatever is wrong with it: a part that is no YAML is taken apart until the faulty line is alone.

Each entry is read for itself, so one fault costs one value, and the keys around it keep their places.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from glassd.config.compose import MAX_DEPTH, TooDeepError, UnreadableError, compose
from glassd.config.entries import KEY, Divider
from glassd.config.mistakes import readable
from glassd.config.source import Flaw, has_content
from glassd.config.tree import Entry, Lost, Mapping, Node, Scalar, Sequence

if TYPE_CHECKING:
    from collections.abc import Collection

    from glassd.config.source import Source

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_NO_START = "@`%,]}|>"
_INNER_QUOTE = {"'": "''", '"': '\\"'}
_BACKSLASH = (
    'expected a backslash only before n, t, \\, " or u0041 between double quotes; between single ones it is itself'
)


def read_tree(source: Source, sections: Collection[str] = ()) -> Node | None:
    """Return what the mended lines of a source hold, None for nothing; what cannot be read is a flaw.

    `sections` are the keys that stand at the left edge.
    """
    return _Reader(source, sections).block(0, len(source.lines), 0)


class _Reader:
    def __init__(self, source: Source, sections: Collection[str]) -> None:
        self._source = source
        self._divider = Divider(source, sections)

    def block(self, start: int, end: int, depth: int) -> Node | None:
        """Return the value in lines `start` to `end`."""
        try:
            return compose(self._source, start, end, depth)
        except UnreadableError as error:
            if isinstance(error, TooDeepError) or depth >= MAX_DEPTH:
                text = f"expected values at most {MAX_DEPTH} levels deep"
                self._source.flaw(error.line, error.column, text)
                return Lost(self._source.place(error.line, error.column))
            fault = error
        parts = self._divider.parts(start, end)
        if not parts:
            return self._lost(fault.line, fault.column, "expected YAML that can be read")
        if len(parts) == 1:
            return self._part(*parts[0], depth, fault)
        read = [self.block(*part, depth) for part in parts]
        return self._joined(
            [(self._source.indent(first), first, node) for (first, _), node in zip(parts, read, strict=True)]
        )

    def _part(self, start: int, end: int, depth: int, fault: UnreadableError) -> Node | None:
        """Return what a single entry or item holds, which as a whole is no YAML."""
        source = self._source
        line = source.lines[start]
        indent = self._source.indent(start)
        if self._source.is_item(start):
            place = source.place(start, indent)
            source.put(start, indent, " ")
            item = self.block(start, end, depth + 1)
            return Sequence(place, (Scalar(place, None, "") if item is None else item,))
        match = KEY.match(line, indent)
        if match is None:
            return self._no_key(start, fault)
        key = match[1].strip("\"'")
        place = source.place(start, indent)
        below = [
            number
            for number in range(start + 1, end)
            if number not in source.inside and has_content(source.lines[number])
        ]
        if has_content(line[match.end() :]):
            if below and self._reads_alone(start, below[0]):
                return self._deeper_than_siblings(start, below[0], end, depth)
            node: Node | None = self._bad_value(start, match.end(), fault)
        else:
            node = self.block(start + 1, end, depth + 1)
        return Mapping(place, {key: Entry(place, Scalar(place, None, "") if node is None else node)})

    def _deeper_than_siblings(self, start: int, below: int, end: int, depth: int) -> Node | None:
        """Return an entry with what was put below its value: entries like it, that are indented too far."""
        source = self._source
        indent = self._source.indent(start)
        shift = self._source.indent(below) - indent
        source.set_right(below, indent)
        for line in range(below + 1, end):
            if self._source.indent(line) >= shift:
                source.reindent(line, shift, 0)
        return self.block(start, end, depth + 1)

    def _joined(self, parts: list[tuple[int, int, Node | None]]) -> Node | None:
        """Return the one mapping or sequence that the entries or items make."""
        nodes = [(indent, line, node) for indent, line, node in parts if node is not None]
        kind = next((type(node) for *_, node in nodes if isinstance(node, Mapping | Sequence)), None)
        if kind is Sequence:
            items = [item for *_, node in nodes for item in (node.items if isinstance(node, Sequence) else (node,))]
            return Sequence(items[0].place, tuple(items))
        entries: dict[str, Entry] = {}
        torn = False
        for indent, line, node in nodes:
            if isinstance(node, Mapping):
                torn = torn or node.torn
                for key, entry in node.entries.items():
                    self._join_entry(entries, key, entry)
            else:
                torn = True
                if not isinstance(node, Lost):
                    entries.update(self._stray(line, indent).entries)
        return Mapping(nodes[0][2].place, entries, torn=torn) if nodes else None

    def _join_entry(self, entries: dict[str, Entry], key: str, entry: Entry) -> None:
        if key not in entries:
            entries[key] = entry
            return
        first, again = entries[key].place, entry.place
        text = f"expected this key once, it stands in line {first.line} already"
        self._source.add(Flaw(again, text, first))

    def _no_key(self, start: int, fault: UnreadableError) -> Node:
        """Return what is left of a line that is neither an item nor has a key."""
        source = self._source
        indent = self._source.indent(start)
        place = source.place(start, indent)
        line = source.lines[start].strip()
        if re.match(r"\?(\s|$)|[\[{].*[}\]]\s*:", line):
            self._lost(start, indent, "expected a key of one word")
        elif line[0] in "{[\"'":
            self._bad_value(start, indent, fault)
        else:
            return self._stray(start, indent)
        return Mapping(place, torn=True)

    def _stray(self, line: int, indent: int) -> Mapping:
        """Tell of a line that is no entry; where it is one word, it may have been meant as a key."""
        text = self._source.lines[line].strip()
        lost = self._lost(line, indent, f"expected key: value, got {readable(text)}")
        if _WORD.fullmatch(text):
            return Mapping(lost.place, {text: Entry(lost.place, lost)})
        return Mapping(lost.place, torn=True)

    def _bad_value(self, line: int, column: int, fault: UnreadableError) -> Lost:
        """Tell what is wrong with a value that stands at a column of a line, and give it up."""
        text = self._source.lines[line][column:]
        first = text[:1]
        if first == '"' and "\\" in text:
            return self._lost(fault.line, fault.column, _BACKSLASH)
        if first in _INNER_QUOTE:
            why = f"expected nothing after the closing {first}; one inside the text is written {_INNER_QUOTE[first]}"
            return self._lost(fault.line, fault.column, why)
        if first in ("{", "["):
            why = "expected key: value, key: value between { }, and quotes around a text that holds , : [ ] { or }"
            return self._lost(fault.line, fault.column, why)
        if first and first in _NO_START:
            return self._lost(line, column, f"expected quotes around a text that begins with {first}")
        if re.search(r":(\s|$)", text):
            return self._lost(line, column, "expected quotes around a text that holds a colon and a space")
        return self._lost(line, column, "expected a value that YAML can read; quotes around a text make it one")

    def _lost(self, line: int, column: int, text: str) -> Lost:
        self._source.flaw(line, column, text)
        return Lost(self._source.place(line, column))

    def _reads_alone(self, start: int, end: int) -> bool:
        noted = len(self._source.flaws)
        try:
            compose(self._source, start, end)
        except UnreadableError:
            return False
        finally:
            del self._source.flaws[noted:]
        return True
