"""Which of a few frames around an instant is the picture: near it in time, sharp, not black and not burnt.

Every frame scores the part of full sharpness that it has, less its distance in time; the highest score wins. A frame
that is nearly as sharp as the sharpest has it in full, so that in a steady scene, where they differ by noise alone, the
nearest is the picture.

How sharp one is beside the others is told by the parts of the picture that show the same in all of them: blur of a head
that moves is everywhere, a hand or a page that turns is not, and says nothing about sharpness.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from glassd.frames.weights import USUAL, Weights

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from glassd.frames.look import Look
    from glassd_drivers.contracts import Frame


LOST_MORE: Final = 0.25
"""A frame is black or burnt, and out, when so much more of it (as a share of its pixels) is black or white than of the
least so in the window. Relative, for a street at night and a sheet of paper are as they are; where all are black, none
is out."""


SAME_LEVELS: Final = 16.0
"""Levels, of 255, by which a tile's mean may differ between frames that show the same in it, when what all of the
picture changed by (gain, flicker) is taken off."""

TILES_LEAST: Final = 4
"""Tiles with any detail that must show the same in all frames; fewer tell nothing of a picture."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The frame that was chosen, by its place among the candidates, and a line about each of them, in their order."""

    index: int
    reasons: tuple[str, ...]


def best(candidates: Sequence[tuple[Frame, Look]], instant: float, weights: Weights = USUAL) -> Choice:
    """Return which of the candidates is the picture of an instant; there is at least one.

    The earlier of two that are as good as each other.
    """
    least_lost = min(_lost(look) for _, look in candidates)
    sound = [i for i, (_, look) in enumerate(candidates) if _lost(look) - least_lost <= LOST_MORE]
    shares = dict(zip(sound, sharpness([candidates[i][1] for i in sound]), strict=True))
    scores = {
        i: min(1.0, share / weights.enough) - weights.distance(candidates[i][0].instant, instant) / weights.reach
        for i, share in shares.items()
    }
    index = max(scores, key=lambda i: scores[i])
    reasons = [_reason(*each, instant, shares.get(i), scores.get(i)) for i, each in enumerate(candidates)]
    reasons[index] = f"chosen: {reasons[index]}"
    return Choice(index, tuple(reasons))


def sharpness(looks: Sequence[Look]) -> list[float]:
    """Return how sharp each of some frames is, as a part of the sharpest; all are alike where nothing tells.

    The median over the tiles that show the same in all frames; those without detail count little, and none counts more
    than the upper quarter of them.
    """
    details = np.array([[tile.detail for tile in look.tiles] for look in looks])
    levels = np.array([[tile.level for tile in look.tiles] for look in looks])
    if details.size:
        levels -= levels[0]
        levels -= np.median(levels, axis=1, keepdims=True)
        details = details[:, np.ptp(levels, axis=0) <= SAME_LEVELS]
    most = details.max(axis=0) if details.size else np.zeros(0)
    if np.count_nonzero(most) < TILES_LEAST:
        return [1.0] * len(looks)
    details, most = details[:, most > 0], most[most > 0]
    counts = np.minimum(most, np.quantile(most, 0.75))
    shares = np.array([_median(parts / most, counts) for parts in details])
    return [float(share) for share in shares / shares.max()] if shares.any() else [1.0] * len(looks)


def _median(values: NDArray[np.float64], counts: NDArray[np.float64]) -> float:
    """Return the median of values of which each counts so much."""
    order = np.argsort(values)
    total = np.cumsum(counts[order])
    return float(values[order][np.searchsorted(total, total[-1] / 2)])


def _lost(look: Look) -> float:
    return look.dark + look.bright


def _reason(frame: Frame, look: Look, instant: float, share: float | None, score: float | None) -> str:
    away = frame.instant - instant
    when = f"{abs(away) * 1000:.0f} ms {'before' if away < 0 else 'after'}"
    if share is None or score is None:
        what = "black" if look.dark > look.bright else "burnt"
        return f"{when}, {what} beside the others ({look})"
    return f"{when}, {share:.0%} as sharp as the sharpest, score {score:.2f} ({look})"
