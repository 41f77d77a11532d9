"""A line of mixed directions into runs from left to right, as far as short lines of an answer need it.

Two levels, the line's own direction and the other one, in place of the whole of UAX #9: what is embedded in what is
embedded does not occur, for explicit marks are taken out before. Numbers inside a right-to-left run keep their order,
which whoever shapes the run sees to.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

_RIGHT_TO_LEFT = frozenset({"R", "AL", "AN"})


class Run(NamedTuple):
    """Graphemes of one direction, in reading order."""

    graphemes: tuple[str, ...]
    right_to_left: bool


def has_right_to_left(line: str) -> bool:
    """Tell whether any character of a line runs from right to left; most lines need no more than this."""
    return not line.isascii() and any(unicodedata.bidirectional(c) in _RIGHT_TO_LEFT for c in line)


def begins_right_to_left(line: str) -> bool:
    """Tell whether the first letter of a line with a direction runs from right to left (UAX #9, P2 and P3)."""
    kinds = (unicodedata.bidirectional(c) for c in line)
    return next((kind in ("R", "AL") for kind in kinds if kind in ("L", "R", "AL")), False)


def visual_runs(graphemes: Sequence[str], base: bool) -> list[Run]:
    """Return the runs of a line in the order in which they stand from left to right; `base` is right to left."""
    directions = [_direction(grapheme) for grapheme in graphemes]
    runs: list[tuple[list[str], bool]] = []
    for at, grapheme in enumerate(graphemes):
        direction = directions[at]
        if direction is None:  # it goes with its neighbours where they agree, else with the line (N1, N2)
            before = next((d for d in reversed(directions[:at]) if d is not None), base)
            after = next((d for d in directions[at + 1 :] if d is not None), base)
            direction = before if before == after else base
        if runs and runs[-1][1] == direction:
            runs[-1][0].append(grapheme)
        else:
            runs.append(([grapheme], direction))
    found = [Run(tuple(run), direction) for run, direction in runs]
    return found[::-1] if base else found


def _direction(grapheme: str) -> bool | None:
    """Return whether a grapheme runs from right to left; None where it has no direction of its own."""
    kind = unicodedata.bidirectional(grapheme[0])
    if kind in _RIGHT_TO_LEFT:
        return True
    return False if kind in ("L", "EN") else None
