"""Which size a picture is sent in: the largest within its model's limits. Pure arithmetic on pixels.

A model cuts a picture into square patches, each of which costs a token, and rounds the sides to whole patches by
stretching the picture a second time. So what must be made smaller is made so in whole patches, as long as that neither
bends the picture by more than BEND_LIMIT nor costs much of it; else the size is free, and bends it by half a pixel.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from glassd.limits import DELIMITER_TOKENS, LEAST_SIDE_PX, tokens_of
from glassd_drivers.units import Size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from glassd.limits import Limits

BEND_LIMIT: Final = 0.01
"""How much the ratio of the sides may change where the sides are whole patches."""
WORTH_WHOLE_PATCHES: Final = 0.75
"""Whole patches must have this part of the pixels that a free size would have: a second stretching at the server costs
less than a quarter of the picture."""


class UnfitError(ValueError):
    """No size of this shape keeps to the limits. The text says in half a sentence why."""


def fitted(size: Size, limits: Limits) -> Size:
    """Return the size in which a picture of `size` is sent: never larger, and `size` itself where that fits.

    What holds of a smaller one: it costs at most `limits.tokens` and keeps to the caps on pixels, sides and ratio. Its
    sides are multiples of the patch with a ratio within BEND_LIMIT of the picture's, or else the shorter is within half
    a pixel of exact; from 50 px on that is within 1 % as well. Raise UnfitError where a side would be under
    LEAST_SIDE_PX, or the shape is too narrow.
    """
    short, long = sorted(size)
    if long > limits.ratio * short:
        raise UnfitError(f"{size} pixels: one side is over {limits.ratio:g} times the other")
    if short < LEAST_SIDE_PX:
        raise UnfitError(f"{size} pixels: at least {LEAST_SIDE_PX} a side are needed")
    if _fits(size, limits):
        return size
    free = _free(size, limits)
    whole = max(_whole_patches(size, limits), key=lambda whole: (_pixels(whole), -_bend(size, whole)), default=None)
    if whole is not None and _pixels(whole) >= WORTH_WHOLE_PATCHES * _pixels(free):
        return whole
    if min(free) < LEAST_SIDE_PX:
        raise UnfitError(f"{size} pixels: made small enough, one side would be under {LEAST_SIDE_PX}")
    return free


def reachable_tokens(size: Size, limits: Limits) -> int:
    """Return the most that a picture of `size` can cost, when nothing but the caps makes it smaller."""
    best = fitted(size, replace(limits, tokens=tokens_of(*size, limits.patch)))
    return tokens_of(*best, limits.patch)


def _fits(size: Size, limits: Limits) -> bool:
    return (
        tokens_of(*size, limits.patch) <= limits.tokens
        and (limits.pixels is None or _pixels(size) <= limits.pixels)
        and (limits.side is None or max(size) <= limits.side)
    )


def _free(size: Size, limits: Limits) -> Size:
    """Return the largest size of exactly this shape, but for the rounding of the shorter side."""
    most = max(size)
    fits, too_large = 0, most  # by bisection: the cost never falls as the size grows
    while too_large - fits > 1:
        side = (fits + too_large) // 2
        if _fits(_scaled(size, side), limits):
            fits = side
        else:
            too_large = side
    return _scaled(size, fits) if fits else Size(1, 1)


def _scaled(size: Size, longer: int) -> Size:
    """Return the size with its longer side changed to this many pixels."""
    most, least = max(size), min(size)
    shorter = max(1, (2 * longer * least + most) // (2 * most))
    return Size(longer, shorter) if size.width >= size.height else Size(shorter, longer)


def _whole_patches(size: Size, limits: Limits) -> Iterator[Size]:
    """Yield each size in whole patches that fits and keeps the shape."""
    patch = limits.patch
    cells = limits.tokens - DELIMITER_TOKENS
    for rows in range(1, min(size.height // patch, cells) + 1):
        exact = rows * size.width / size.height
        for columns in (int(exact), int(exact) + 1):
            candidate = Size(columns * patch, rows * patch)
            if (
                0 < columns <= size.width // patch
                and min(candidate) >= LEAST_SIDE_PX
                and _bend(size, candidate) <= BEND_LIMIT
                and max(candidate) <= limits.ratio * min(candidate)
                and _fits(candidate, limits)
            ):
                yield candidate


def _bend(size: Size, other: Size) -> float:
    """Return by which part the ratio of the sides differs."""
    return abs(other.width * size.height / (other.height * size.width) - 1)


def _pixels(size: Size) -> int:
    return size.width * size.height
