"""What may be written on a terminal: text of servers and wearers without what a terminal takes for a command."""

from __future__ import annotations

import json
import unicodedata
from typing import Any, Final

_CONTROLS: Final = [*range(0x20), 0x7F, *range(0x80, 0xA0)]  # C0 without JSON's own escapes, DEL, C1: they are obeyed
STRIPPED: Final[dict[int, Any]] = {code: None for code in _CONTROLS if chr(code) not in "\n\t"}
"""For str.translate: an answer as it comes, without them."""
_LINE_ENDS: Final = (0x2028, 0x2029)
"""With 0x85 among the controls: what a reader that splits lines as Unicode does would take for the end of one."""
_ESCAPED: Final = {code: f"\\u{code:04x}" for code in (*_CONTROLS, *_LINE_ENDS) if code >= 0x7F}
_JOINERS: Final = "\u200c\u200d"
"""They are part of words and of emoji, and move nothing."""
TAB: Final = "    "


def json_line(value: Any) -> str:
    """Return a value as one line of JSON that any terminal can be shown."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).translate(_ESCAPED)


def clean(text: str) -> str:
    """Return a text for a terminal: line ends stay, and what does not print is written as Python escapes it.

    So nothing moves the cursor, sets a title, or turns the line around (the overrides of UAX 9).
    """
    return "".join(_shown(char) for char in text.replace("\r\n", "\n").replace("\t", TAB))


def one_line(text: str) -> str:
    """Return a text for one line of a terminal: every run of blanks and line ends is one blank."""
    return clean(" ".join(text.split()))


def _shown(char: str) -> str:
    if char.isprintable() or char == "\n" or char in _JOINERS:
        return char
    if unicodedata.category(char) == "Zs":
        return "  " if char == "\u3000" else " "
    return char.encode("unicode_escape").decode()
