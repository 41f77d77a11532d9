"""The looks at a few candidates, and the choice among them: done on a thread, for it decodes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from glassd.frames.choice import Choice, best
from glassd.frames.grey import UnreadableFrameError
from glassd.frames.look import Look, look

if TYPE_CHECKING:
    from collections.abc import Sequence

    from glassd.frames.weights import Weights
    from glassd_drivers.contracts import Frame


def weigh(candidates: Sequence[Frame], instant: float, weights: Weights) -> Choice:
    """Return which of the candidates is the picture of an instant; the nearest, where none of them can be looked at.

    Blocks for 1 to 2 ms a candidate at 720p.
    """
    looks = [_look(frame) for frame in candidates]
    seen = [place for place, there in enumerate(looks) if isinstance(there, Look)]
    if not seen:
        nearest = min(range(len(candidates)), key=lambda place: weights.distance(candidates[place].instant, instant))
        return Choice(nearest, tuple(f"{'chosen: the nearest, ' * (i == nearest)}{why}" for i, why in enumerate(looks)))
    choice = best(
        [(candidates[place], there) for place in seen if isinstance(there := looks[place], Look)],
        instant,
        weights,
    )
    reasons = dict(zip(seen, choice.reasons, strict=True))
    return Choice(seen[choice.index], tuple(reasons.get(place, str(why)) for place, why in enumerate(looks)))


def _look(frame: Frame) -> Look | str:
    try:
        return look(frame)
    except UnreadableFrameError as error:
        return f"out: {error}"
