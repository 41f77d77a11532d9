"""How many bytes a picture will have as a JPEG, before it is encoded: so that a cap is met by the first encode.

A JPEG that is encoded again in its own size hardly shrinks until its quantization is nearly doubled, for its
coefficients lie on the old steps; one in another size shrinks evenly. The figures are envelopes, on the safe side, of
what was measured on photographs and drawn pictures at qualities 60 to 95, 1280x720 and 4000x3000.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from glassd_drivers.units import Size

LEAST_QUALITY: Final = 40
"""The lowest JPEG quality: below it a smaller picture shows more."""
AIM: Final = 0.97
"""The part of a cap that is aimed at."""
_AGAIN: Final = (
    (1.0, 1.0),
    (1.7, 0.98),
    (2.0, 0.80),
    (2.4, 0.58),
    (3.0, 0.52),
    (3.4, 0.50),
    (4.0, 0.44),
    (5.7, 0.39),
    (8.0, 0.26),
    (14.0, 0.20),
)
"""Encoded again in its own size: by how much the quantization grows, and what part of the bytes is left at most."""
_QUALITY_EXPONENT: Final = 0.55
"""In another size, bytes fall at least with this power of the quantization."""
_PIXELS_EXPONENT: Final = 0.73
"""Bytes fall at least with this power of the pixels."""
_UNKNOWN_QUALITY: Final = 85


@dataclass(frozen=True, slots=True)
class Forecast:
    """What is known of a picture: that it has about `size` bytes at `quality`, and whether that is its own JPEG."""

    size: float
    quality_then: int
    again: bool = False

    @classmethod
    def of(cls, quality: int | None, size: int, stored: Size, kept: Size, target: Size) -> Forecast | None:
        """Return the forecast for a part of a stored JPEG of `size` bytes in another size; None without its quality."""
        if quality is None:
            return None
        part = kept.width * kept.height / (stored.width * stored.height)
        scaled = target.width * target.height / (kept.width * kept.height)
        return cls(size * part * math.pow(scaled, _PIXELS_EXPONENT), quality, again=scaled == 1)

    @classmethod
    def unknown(cls) -> Forecast:
        """Return the forecast for a picture of which nothing is known yet but to be `corrected`."""
        return cls(1.0, _UNKNOWN_QUALITY)

    def bytes_at(self, quality: int) -> float:
        """Return how many bytes it has at a quality, at most."""
        coarser = quantization(quality) / quantization(self.quality_then)
        if not self.again or coarser < 1:
            return self.size * math.pow(coarser, -_QUALITY_EXPONENT)
        return self.size * _left(coarser)

    def corrected(self, quality: int, size: int) -> Forecast:
        """Return the forecast after it was seen to have `size` bytes at a quality."""
        return replace(self, size=self.size * size / self.bytes_at(quality))

    def quality(self, cap: int, most: int) -> int:
        """Return the highest quality, `most` or below, at which it keeps to a cap; LEAST_QUALITY where none does."""
        fitting = (quality for quality in range(most, LEAST_QUALITY, -1) if self.bytes_at(quality) <= AIM * cap)
        return next(fitting, min(most, LEAST_QUALITY))

    def pixels(self, cap: int, quality: int, size: Size) -> int:
        """Return with how many pixels, fewer than `size` has, it keeps to a cap at a quality."""
        part = min(1.0, AIM * cap / self.bytes_at(quality))
        return max(1, int(size.width * size.height * math.pow(part, 1 / _PIXELS_EXPONENT)))


def quantization(quality: int) -> float:
    """Return libjpeg's factor on its tables at a quality, in percent (jcparam.c, jpeg_quality_scaling)."""
    return 5000 / quality if quality < 50 else max(1, 200 - 2 * quality)


def _left(coarser: float) -> float:
    """Return what part of the bytes is left, between the measured points."""
    if coarser >= _AGAIN[-1][0]:
        return _AGAIN[-1][1]
    at = bisect_right(_AGAIN, coarser, key=lambda point: point[0])
    (low, before), (high, after) = list(pairwise(_AGAIN))[at - 1]
    return before + (after - before) * (coarser - low) / (high - low)
