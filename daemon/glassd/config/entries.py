"""Divides lines that YAML cannot read into the entries or items that their indentation shows.

Lines that stand where they cannot be meant to are set right first: too far left or right, or without their dash.
"""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING

from glassd.config.source import has_content, indent_unit

if TYPE_CHECKING:
    from collections.abc import Collection

    from glassd.config.source import Source

KEY = re.compile(r"""("(?:[^"\\]|\\.)*"|'[^']*'|[^\s"'#\[\]{}&*!|>@`%,?-][^:#]*?)\s*:(?:\s+|$)""")
"""A key and its colon."""
_OPENING = re.compile(r":\s*(#.*)?$")


class Divider:
    """Knows one file. `sections` are the keys that stand at the left edge."""

    def __init__(self, source: Source, sections: Collection[str]) -> None:
        self._source = source
        self._indent = source.indent
        self._is_item = source.is_item
        self._sections = sections
        self._unit = indent_unit(source)

    def parts(self, start: int, end: int) -> list[tuple[int, int]]:
        """Return the ranges of lines that the least indentation divides, once every line stands where it belongs."""
        content = [
            line
            for line in range(start, end)
            if line not in self._source.inside and has_content(self._source.lines[line])
        ]
        if not content:
            return []
        self._give_first_dash(content)
        base = self._align(content)
        firsts = [content[0]]
        within: list[int] = []  # the lines of the last entry that follow its first one
        below: int | None = None  # the first of these that is deeper
        for line, following in itertools.zip_longest(content[1:], content[2:]):
            if self._indent(line) == base:
                self._bring_in(line, firsts[-1], within, following)
            elif below is not None and self._is_entry(line, firsts[-1], below, following):
                self._source.set_right(line, base)
            if self._indent(line) > base or self._goes_on_with_list(line, firsts[-1], within):
                within.append(line)
                below = line if below is None and self._indent(line) > base else below
            else:
                firsts.append(line)
                within, below = [], None
        return list(zip(firsts, [*firsts[1:], end], strict=True))

    def _give_first_dash(self, content: list[int]) -> None:
        """Give the first of several items the dash that it lost: the others begin with the same key."""
        first = content[0]
        above, item = next((pair for pair in itertools.pairwise(content) if self._is_item(pair[1])), (first, first))
        is_below_a_key = self._is_item(first) or self._opens(above)
        if item != first and not is_below_a_key and self._key(first) == self._key(item) is not None:
            self._source.give_dash(first, self._indent(item))

    def _align(self, content: list[int]) -> int:
        """Set lines right that stand left of the first one, or the first ones, whichever are the odd ones."""
        base, least = self._indent(content[0]), min(map(self._indent, content))
        if least == base:
            return self._align_first_item(content)
        until = next(at for at, line in enumerate(content) if self._indent(line) < base)
        early = [line for line in content[:until] if self._indent(line) == base]
        late = [line for line in content if self._indent(line) == least]
        if len(early) < len(late) or (len(early) == len(late) and base % self._unit):
            for line in early:
                self._source.set_right(line, least)
            return least
        for line in content:
            if self._indent(line) < base:
                self._source.set_right(line, base)
        return base

    def _align_first_item(self, content: list[int]) -> int:
        """Set the first item right where it alone stands left of all others."""
        first, *rest = content
        if rest and self._is_item(first) and not self._opens(first):
            next_ = min(rest, key=self._indent)
            dash = self._indent(next_)
            # Its other keys tell which of the two is the odd one; where it has none, the number of the others does.
            others = [line for line in rest if self._is_item(line) and self._indent(line) == dash]
            keys_agree = self._indent(rest[0]) == dash + 2 if rest[0] != next_ else len(others) > 1
            if self._is_item(next_) and dash > self._indent(first) and keys_agree:
                self._source.set_right(first, dash)
        return self._indent(first)

    def _bring_in(self, line: int, entry: int, within: list[int], following: int | None) -> None:
        """Set a line right that stands as far left as an entry, but belongs into it."""
        base = self._indent(entry)
        key = self._key(line)
        if self._is_item(line):
            first = next((other for other in within if self._is_item(other)), None)
            if first is not None and not self._is_item(entry) and not self._opens(within[-1]):
                self._indent_as(line, self._indent(first))
        elif self._is_item(entry) and key:
            if key in (self._key(other) for other in (entry, *within)):
                self._source.give_dash(line, base)
            else:
                self._indent_as(line, base + 2)
        elif key and key not in self._sections and not self._opens(line) and following is not None:
            deep = self._indent(following)
            if deep > base and deep in map(self._indent, within):
                self._indent_as(line, deep + (2 if self._is_item(following) else 0))

    def _indent_as(self, line: int, indent: int) -> None:
        if indent != self._indent(line):
            self._source.set_right(line, indent)

    def _goes_on_with_list(self, line: int, entry: int, within: list[int]) -> bool:
        """Tell whether a line is an item of the list below a key: that list may stand as deep as the key."""
        if not self._is_item(line) or self._is_item(entry):
            return False
        return self._opens(within[-1] if within else entry) or any(map(self._is_item, within))

    def _is_entry(self, line: int, entry: int, below: int, following: int | None) -> bool:
        """Tell whether a line that stands between an entry and what is below it is an entry too."""
        base, deep, wanted = self._indent(entry), self._indent(below), self._indent(line)
        if not base < wanted < deep:
            return False
        if self._is_item(entry) != self._is_item(below):
            return self._is_item(line) == self._is_item(entry)
        if self._opens(line) and following is not None:
            wanted = self._indent(following) - self._unit
        return abs(wanted - base) < abs(deep - wanted)

    def _opens(self, line: int) -> bool:
        """Tell whether a line is a key with its value below it."""
        return _OPENING.search(self._source.lines[line]) is not None

    def _key(self, line: int) -> str | None:
        """Return the key that a line begins with, behind its dash; None where it has none."""
        text = self._source.lines[line].strip()
        found = KEY.match(text[1:].lstrip() if self._is_item(line) else text)
        return found[1].strip("\"'") if found else None
