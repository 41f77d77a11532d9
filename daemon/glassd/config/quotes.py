"""Where a quoted text of YAML ends."""

from __future__ import annotations


def closing_quote(line: str, start: int, quote: str) -> int | None:
    """Return the column of the quote that closes a text, whose inside begins at `start`; None if none does."""
    column = start
    while column < len(line):
        if line[column] == "\\" and quote == '"':
            column += 1
        elif line[column] == quote:
            if quote == "'" and line[column + 1 : column + 2] == "'":
                column += 1
            else:
                return column
        column += 1
    return None
