"""What terminal text has to obey: no control characters, widths in cells as a terminal counts them."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from glassd_drivers.contracts import Mark, Sign

_UNPRINTABLE = frozenset({"Cc", "Cs", "Zl", "Zp"})  # controls, lone surrogates, line and paragraph separators
_BIDI_CONTROLS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def printable(line: str) -> str:
    """Return `line` without the characters that would steer a terminal instead of standing in a line of text."""
    if line.isprintable():  # which is stricter, and a hundred times as fast
        return line
    return "".join(
        character
        for character in line
        if unicodedata.category(character) not in _UNPRINTABLE and character not in _BIDI_CONTROLS
    )


def fitted(line: str, columns: int) -> str:
    """Return the start of a printable `line` that fits into `columns` half-width cells."""
    if len(line) <= columns and line.isascii():
        return line
    import wcwidth  # noqa: PLC0415  its tables take a twentieth of a start, and this is on the display's own thread

    if wcwidth.width(line) <= columns:
        return line
    return wcwidth.clip(line, 0, columns, control_codes="ignore")


def mark_words(mark: Mark) -> str:
    """Return a mark as people read it: `cut off`."""
    return mark.value.replace("_", " ")


def sign_words(sign: Sign) -> str:
    """Return a sign as people read it: `no network`."""
    return sign.value.replace("_", " ")
