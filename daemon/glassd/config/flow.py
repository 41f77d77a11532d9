"""Mends what stands between { } or [ ]: full-width signs, forgotten spaces, question marks, a brace left open."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from glassd.config.quotes import closing_quote

if TYPE_CHECKING:
    from glassd.config.source import Source

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_REST_OF_KEY = re.compile(r"[A-Za-z0-9_.-]+:(\s|$)")
_NEXT_KEY = re.compile(r"\s*[A-Za-z_][A-Za-z0-9_.-]*\s*[:：]")
_OTHER_COMMAS = "，、;；"
_CLOSING = {"{": "}", "[": "]"}
_WIDE_CLOSING = {"｝": "}", "］": "]"}


def mend_flow(source: Source, line: int, column: int, indent: int) -> int:
    """Mend a flow that begins at a column of a line, below a key at `indent`; return the number of its last line."""
    return _Flow(source, line, column, indent).run()


class _Flow:
    """Goes through a flow sign by sign, over as many lines as it has."""

    def __init__(self, source: Source, line: int, column: int, indent: int) -> None:
        self._source = source
        self._begin = (line, column)
        self._line = line
        self._column = column
        self._indent = indent
        self._open: list[str] = []
        self._token = ""  # the plain text since the last sign of YAML's
        self._questioned = False
        self._in_value = False

    def run(self) -> int:
        while True:
            while self._column < len(self._text):
                self._sign()
                if not self._open:
                    return self._line
            if not self._goes_on():
                return self._left_open()
            self._line += 1
            self._column = 0

    @property
    def _text(self) -> str:
        return self._source.lines[self._line]

    def _goes_on(self) -> bool:
        """Tell whether the next line is still inside: it is deeper, or closes what is open."""
        rest = self._source.lines[self._line + 1 : self._line + 2]
        if not rest:
            return False
        indent = len(rest[0]) - len(rest[0].lstrip())
        return not rest[0].strip() or indent > self._indent or rest[0].lstrip()[0] in "}]"

    def _left_open(self) -> int:
        line, column = self._begin
        self._source.flaw(line, column, f"expected a closing {_CLOSING[self._open[0]]}")
        self._source.lose(line, column)
        for later in range(line + 1, self._line + 1):
            self._source.lines[later] = ""
        return self._line

    def _sign(self) -> None:
        char = self._text[self._column]
        at = self._column
        self._column += 1
        if char in "\"'" and not self._token:
            self._quoted(at, char)
        elif char == "#" and (at == 0 or self._text[at - 1].isspace()):
            self._column = len(self._text)
        elif char in "{[":
            self._open.append(char)
            self._next_token()
        elif char in "}]" or char in _WIDE_CLOSING:
            self._close(at, char)
        elif char == ",":
            self._next_token()
        elif char in _OTHER_COMMAS and _NEXT_KEY.match(self._text, at + 1):
            name = "the full-width comma ，" if char == "，" else char
            self._source.flaw(self._line, at, f"expected an ordinary comma, got {name}")
            self._source.put(self._line, at, ",")
            self._next_token()
        elif char in ":：" and self._open[-1] == "{":
            self._colon(at, char)
        elif char == "?":
            self._question(at)
        elif char.isspace():
            self._source.put(self._line, at, " ")
            self._token += " " if self._token else ""
        else:
            self._token += char

    def _next_token(self, *, is_value: bool = False) -> None:
        self._token = ""
        self._questioned = False
        self._in_value = is_value

    def _quoted(self, at: int, quote: str) -> None:
        end = closing_quote(self._text, at + 1, quote)
        if end is None:
            self._source.flaw(self._line, at, f"expected a closing {quote}")
            end = len(self._text) - 1
            closing = "".join(_CLOSING[opening] for opening in reversed(self._open))
            self._source.lose(self._line, at, end + 1)
            self._source.put(self._line, end + 1, closing)
        self._token = quote
        self._column = end + 1

    def _close(self, at: int, char: str) -> None:
        if char in _WIDE_CLOSING:
            self._source.flaw(self._line, at, f"expected an ordinary {_WIDE_CLOSING[char]}, got the full-width {char}")
            self._source.put(self._line, at, _WIDE_CLOSING[char])
        self._open.pop()
        self._token = char

    def _colon(self, at: int, char: str) -> None:
        is_key = _WORD.fullmatch(self._token.strip()) is not None
        after = self._text[at + 1 : at + 2]
        is_address = self._in_value and after.isdigit()  # localhost:8734
        if char == "：" and is_key:
            self._source.flaw(self._line, at, "expected an ordinary colon and a space, got the full-width colon ：")
            self._source.put(self._line, at, ":")
            if after.strip():
                self._source.insert_space(self._line, at + 1)
            self._next_token(is_value=True)
        elif char == ":" and (not after.strip() or self._token[:1] in ("'", '"')):
            self._next_token(is_value=True)
        elif (
            char == ":"
            and is_key
            and not is_address
            and after not in "/,}]{[:"
            and not _REST_OF_KEY.match(self._text, at + 1)
        ):
            self._source.flaw(self._line, at, f"expected a space after the colon, got {self._token.strip()}:{after}")
            self._source.insert_space(self._line, at + 1)
            self._next_token(is_value=True)
        else:
            self._token += char

    def _question(self, at: int) -> None:
        if not self._questioned:
            begin = at - len(self._token)
            self._source.flaw(
                self._line, max(begin, 0), 'expected quotes around a text with a ? in it between { }: "what is this?"'
            )
            self._questioned = True
        self._source.lose(self._line, at, at + 1)
        self._token += "?"
