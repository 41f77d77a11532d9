"""The keys that a person pressed at a terminal, from the bytes it sends: bytes in, names of keys out, no I/O.

A key is named `enter`, `space`, `esc`, `tab`, `backspace`, `up`, `down`, `left`, `right`, or is the one printable
character that it makes. Other keys (function keys, Ctrl with a letter, Alt's escape) are passed over.
Sources: ECMA-48 clause 5.4 (control sequences), the cursor keys' two forms CSI A and SS3 A of the VT100, and F1 to F5
of the Linux console (CSI [ A to CSI [ E: drivers/tty/vt/defkeymap.map).
"""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMED_KEYS = frozenset({"enter", "space", "esc", "tab", "backspace", "up", "down", "left", "right"})
SEQUENCE_LIMIT = 32
"""Characters of a control sequence; what is longer is none, and is forgotten."""

_ESC = "\x1b"
_CONTROLS = {"\r": "enter", "\n": "enter", " ": "space", "\t": "tab", "\x7f": "backspace", "\b": "backspace"}
_CONSOLE_FUNCTION_KEY = "\x1b[["  # a final byte by ECMA-48, and yet one more character follows
_CURSOR = {"A": "up", "B": "down", "C": "right", "D": "left"}


def is_key(name: str) -> bool:
    """Return whether `name` is a key as this module names them."""
    return name in NAMED_KEYS or (len(name) == 1 and name.isprintable() and name != " ")


class KeyParser:
    """Parses what one terminal sends, however it is cut into pieces."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="ignore")
        self._sequence = ""

    @property
    def undecided(self) -> bool:
        """Whether an ESC has come that is the key, or begins a sequence: the next bytes tell, or their absence."""
        return bool(self._sequence)

    def feed(self, data: bytes) -> Iterator[str]:
        """Yield the keys that the bytes so far complete."""
        for character in self._decoder.decode(data):
            yield from self._take(character)

    def settle(self) -> Iterator[str]:
        """Yield `esc` where a lone ESC has been waiting: nothing came after it in time. Half a sequence is dropped."""
        if self._sequence == _ESC:
            yield "esc"
        self._sequence = ""

    def _take(self, character: str) -> Iterator[str]:
        if character == _ESC:
            yield from self.settle()
            self._sequence = _ESC
        elif not self._sequence:
            yield from self._plain(character)
        elif self._sequence == _ESC and character not in "[O":
            yield from self.settle()
            yield from self._plain(character)
        else:
            self._sequence += character
            if len(self._sequence) > 2 and self._ends(character):
                if len(self._sequence) == 3 and character in _CURSOR:
                    yield _CURSOR[character]
                self._sequence = ""

    def _ends(self, character: str) -> bool:
        """Whether `character` is the last of the sequence: SS3 has one, CSI its final byte 4/0 to 7/14."""
        if self._sequence == _CONSOLE_FUNCTION_KEY:
            return False
        return self._sequence[1] == "O" or "@" <= character <= "~" or len(self._sequence) > SEQUENCE_LIMIT

    def _plain(self, character: str) -> Iterator[str]:
        if key := _CONTROLS.get(character):
            yield key
        elif character.isprintable():
            yield character
