"""How far markup looks ahead before it is decided."""

from __future__ import annotations

import re
from typing import Final

from glassd.presenter.graphemes import GRAPHEME_LIMIT, SINGLES, Graphemes

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
    if re.fullmatch(SINGLES, text[: LOOK_AHEAD + 1]):
        return text[:LOOK_AHEAD], True
    length = 0
    for count, grapheme in enumerate(Graphemes().feed(text[: REACH_LIMIT + GRAPHEME_LIMIT]), 1):
        length += len(grapheme)
        if count == LOOK_AHEAD or length >= REACH_LIMIT:
            return text[:length], True
    return text, False
