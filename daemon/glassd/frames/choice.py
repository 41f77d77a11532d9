"""Which of a few frames around an instant is the picture: near it in time, sharp, not black and not burnt.

Every frame scores the part of full sharpness that it has, less its distance in time; the highest score wins. A frame
that is nearly as sharp as the sharpest has it in full, so that in a steady scene, where they differ by noise alone, the
nearest is the picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from glassd.frames.look import Look
    from glassd_drivers.contracts import Frame


@dataclass(frozen=True, slots=True)
class Weights:
    """What "best" weighs."""

    reach: float = 1.0
    """Seconds from the instant that cost as much as all of the sharpness."""
    after: float = 2.0
    """How many times as far a frame after the instant counts: it costs a wait, and a finger that presses moves a
    head."""
    enough: float = 0.85
    """The part of the sharpest frame's sharpness that is as good as it: a steady scene's frames stay above 0.97 in
    noise, and what brings one below 0.85 is blur (12 pixels of motion at 720p and more)."""

    def distance(self, stamp: float, instant: float) -> float:
        """Return the seconds between a frame's stamp and an instant, as they count."""
        return max(instant - stamp, self.after * (stamp - instant))


LOST_MORE: Final = 0.25
"""A frame is black or burnt, and out, when so much more of it (as a share of its pixels) is black or white than of the
least so in the window. Relative, for a street at night and a sheet of paper are as they are; where all are black, none
is out."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The frame that was chosen, by its place among the candidates, and a line about each of them, in their order."""

    index: int
    reasons: tuple[str, ...]


def best(candidates: Sequence[tuple[Frame, Look]], instant: float, weights: Weights = Weights()) -> Choice:
    """Return which of the candidates is the picture of an instant; there is at least one.

    The earlier of two that are as good as each other.
    """
    least_lost = min(_lost(look) for _, look in candidates)
    sound = [i for i, (_, look) in enumerate(candidates) if _lost(look) - least_lost <= LOST_MORE]
    sharpest = max(candidates[i][1].sharpness for i in sound)
    scores = {i: _score(*candidates[i], sharpest, instant, weights) for i in sound}
    index = max(scores, key=lambda i: scores[i])
    reasons = [_reason(*each, sharpest, instant, scores.get(i)) for i, each in enumerate(candidates)]
    reasons[index] = f"chosen: {reasons[index]}"
    return Choice(index, tuple(reasons))


def _lost(look: Look) -> float:
    return look.dark + look.bright


def _score(frame: Frame, look: Look, sharpest: float, instant: float, weights: Weights) -> float:
    full = weights.enough * sharpest
    clear = (
        min(1.0, look.sharpness / full) if full > 0 else 1.0
    )  # a scene without anything in it is as sharp as it gets
    return clear - weights.distance(frame.instant, instant) / weights.reach


def _reason(frame: Frame, look: Look, sharpest: float, instant: float, score: float | None) -> str:
    away = frame.instant - instant
    when = f"{abs(away) * 1000:.0f} ms {'before' if away < 0 else 'after'}"
    if score is None:
        what = "black" if look.dark > look.bright else "burnt"
        return f"{when}, {what} beside the others ({look})"
    share = look.sharpness / sharpest if sharpest > 0 else 1.0
    return f"{when}, {share:.0%} as sharp as the sharpest, score {score:.2f} ({look})"
