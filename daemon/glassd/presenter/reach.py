"""How far markup looks ahead before it is decided."""

from __future__ import annotations

import re
from typing import Final

from glassd.presenter.graphemes import GRAPHEME_LIMIT, Graphemes

LOOK_AHEAD: Final = 64
"""Graphemes."""
REACH_LIMIT: Final = 512
"""Code points of such a look-ahead: graphemes may be long."""


def reach(text: str) -> tuple[str, bool]:
    """Return the first LOOK_AHEAD graphemes of a text, and whether there is more than those.

    What is returned with True stays the same however much the text goes on.
    """
    if len(text) <= LOOK_AHEAD:
        return text, False
    if re.match(_SINGLE, text):
        return text[:LOOK_AHEAD], True
    length = 0
    for count, grapheme in enumerate(Graphemes().feed(text[: REACH_LIMIT + GRAPHEME_LIMIT]), 1):
        length += len(grapheme)
        if count == LOOK_AHEAD or length >= REACH_LIMIT:
            return text[:length], True
    return text, False


# A text, which `re` compiles when the first text comes and then keeps: a start need not wait for that.
_SINGLE = (
    "[ -~\n\u2010-\u2027\u2030-\u205e\u3001-\u3029\u3041-\u3096\u30a1-\u30fa\u4e00-\u9fff\uff01-\uff60]"
    f"{{{LOOK_AHEAD + 1}}}"
)
"""Characters that never join another one: no grapheme needs to be looked for among them."""
