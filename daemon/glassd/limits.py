"""What a model takes of one picture, and what a picture costs it: words that who asks and who sizes share."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

LEAST_SIDE_PX: Final = 11
"""The least side of a picture: models refuse one of 10 px or less (Bailian's error page, InvalidParameter)."""
RATIO_LIMIT: Final = 200.0
"""How many times longer than the other the longer side may be (Bailian's page on vision models)."""
DELIMITER_TOKENS: Final = 2
"""Beside the patches a picture costs its two delimiters (Qwen-VL: vision_start, vision_end)."""


class Limits(Struct, frozen=True):
    """What a picture must keep to at one model for one purpose.

    `patch` is the side, in pixels, of the square that costs one token; `tokens` the most that the picture may cost,
    delimiters included. `pixels`, `side` (the longer one, in pixels) and `size` (bytes of the encoded picture) are hard
    caps, None where there is none; `ratio` is how many times longer than the other a side may be. `quality` is the JPEG
    quality to encode with, where it must be encoded.
    """

    patch: int
    tokens: int
    pixels: int | None = None
    side: int | None = None
    size: int | None = None
    ratio: float = RATIO_LIMIT
    quality: int = 85


def tokens_of(width: int, height: int, patch: int) -> int:
    """Return what a picture costs: the server rounds each side to whole patches, one at least."""
    return _patches(width, patch) * _patches(height, patch) + DELIMITER_TOKENS


def _patches(side: int, patch: int) -> int:
    return max(1, (2 * side + patch) // (2 * patch))  # half a patch counts as one, to be on the safe side
