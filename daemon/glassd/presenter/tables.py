"""What Unicode says of text, as wcwidth and uniseg have it: graphemes, widths in cells, classes of line breaking.

The tables take a tenth of a start, and no screen needs them before there is text on it: they are loaded after READY
(`late.py`), and whoever needs them imports them where that is.
"""

from __future__ import annotations

from uniseg.linebreak import line_break  # type: ignore[import-untyped]  # it has annotations, but no py.typed
from wcwidth import iter_graphemes, wcswidth

__all__ = ["iter_graphemes", "line_break", "wcswidth"]
