"""How late a camera stamps its frames, told from flashes of a display in its view. Numbers in, a number out, no I/O.

A frame stamped s shows the world of s - L. Of two frames in a row, the first before a flash at f and the second after
it, the first has a stamp up to f + L and the second a later one: each flash lets L lie within one interval between two
frames. Flashes at random phases of the camera leave only what lies in all of these intervals: less than one interval.

An exposure that automatically follows the light takes every change back, so no level is compared with one of long
before: a flash is a step within two frames, for a frame that was exposed half before it and half after shows half of
it. And it must stand out: of what else happens in the time of a flash nothing may be half as large and go the same way.
A number is given only where nearly all flashes agree on one; what else moves the light of a room does not do that.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass
from enum import StrEnum
from itertools import accumulate, pairwise
from math import comb
from statistics import median
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

LATENCY_LIMIT_S: Final = 1.0
"""The longest latency that is looked for."""
LEAST_HOLD_S: Final = 0.7
"""How long at least a flash must last: then no other that goes the same way is within LATENCY_LIMIT_S of it."""
SLOWEST_INTERVAL_S: Final = 0.105
"""Between two frames: with fewer of them a flash could not be told from chance."""
CHANCE: Final = 1e-3
"""How likely as many flashes as needed may agree where each one is seen anywhere. That each also stood out by chance is
a good deal less likely."""
LEAST_STEP: Final = 2.0
"""The least change that counts, of the 255 levels of a picture's mean: 1 % of the picture from black to white."""
CLEAR: Final = 2.0
"""How many times as large as all else that goes the same way a flash must be."""
FRAMES_BEFORE: Final = 2
"""How many frames of before a flash are looked at: the last one may show a little of it already."""
FRAMES_BEYOND: Final = 3
"""How many frames are looked at beyond LATENCY_LIMIT_S: a change that goes on there is no step."""
SLACK: Final = 0.2
"""The part of an interval by which a stamp may be off, as those of frames that came over a network are."""


class Flash(NamedTuple):
    """The display turned bright, or dark, at an instant."""

    instant: float
    bright: bool


class Level(NamedTuple):
    """The mean grey level of a frame, 0 to 255, and the frame's stamp."""

    stamp: float
    grey: float


class Reason(StrEnum):
    """Why there is no number."""

    NO_DISPLAY = "display_away"
    STOPPED = "frames_stopped"
    SLOW = "camera_slow"
    UNSEEN = "display_not_in_view"
    UNCLEAR = "other_light_changes"
    FEW = "too_few_seen"


class NotMeasuredError(Exception):
    """The flashes tell no latency; `reason` says why."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds from the world to the stamp, as `seen` of the flashes tell it.

    It is off by `uncertainty` at most, half an interval between two frames.
    """

    seconds: float
    uncertainty: float
    seen: int


class _Seen(NamedTuple):
    """What one flash says: the latency is within `low` and `high`.

    `step` is how many levels it changed, `clear` whether nothing else did as much.
    """

    low: float
    high: float
    step: float
    clear: bool


def estimate(flashes: Sequence[Flash], levels: Sequence[Level]) -> Latency:
    """Return the latency that flashes show in a camera's frames; raise NotMeasuredError where they show none.

    Flashes last LEAST_HOLD_S at least, bright and dark in turn, each by chance a different while: so they come at any
    phase of the camera and of whatever flickers. Frames in any order, from before the first flash to LATENCY_LIMIT_S
    after the last one.
    """
    levels = sorted({level.stamp: level for level in levels}.values())
    interval = _interval(flashes, levels)
    needed = _needed(len(flashes), LATENCY_LIMIT_S / interval)
    ends = [*(flash.instant for flash in flashes[1:]), math.inf]
    looks = [_look(flash, end, levels, interval) for flash, end in zip(flashes, ends, strict=True)]
    seen = [look for look in looks if look is not None]
    if len(seen) < needed:
        raise NotMeasuredError(Reason.STOPPED)
    changing = [look for look in seen if look.step >= LEAST_STEP]
    if len(changing) < needed:
        raise NotMeasuredError(Reason.FEW if len(changing) > len(flashes) // 2 else Reason.UNSEEN)
    clear = [look for look in changing if look.clear]
    if len(clear) < needed:
        raise NotMeasuredError(Reason.UNCLEAR)
    slack = SLACK * interval
    seconds = _common(clear, slack)
    agreeing = [look for look in clear if look.low - slack <= seconds <= look.high + slack]
    # A camera that is later than LATENCY_LIMIT_S shows each flash where another one would be, but not the first two.
    if len(agreeing) < max(needed, len(clear) - 1) or not set(looks[:2]) <= set(agreeing):
        raise NotMeasuredError(Reason.UNCLEAR)
    return Latency(max(0.0, seconds), interval / 2, len(agreeing))


def _interval(flashes: Sequence[Flash], levels: Sequence[Level]) -> float:
    """Return the seconds from one frame to the next; raise NotMeasuredError where they are too many, or frames end."""
    steps = [after.stamp - before.stamp for before, after in pairwise(levels)]
    if not flashes or not steps or levels[-1].stamp < flashes[-1].instant:
        raise NotMeasuredError(Reason.STOPPED)
    if (interval := median(steps)) > SLOWEST_INTERVAL_S:
        raise NotMeasuredError(Reason.SLOW)
    return interval


def _needed(flashes: int, places: float) -> int:
    """Return how many flashes must agree, where each may be seen at so many places: more of them in few places."""
    each = (1 + 2 * SLACK) / places
    enough = (n for n in range(flashes // 2 + 1, flashes) if comb(flashes, n) * places * each**n <= CHANCE)
    return next(enough, flashes)


def _look(flash: Flash, end: float, levels: Sequence[Level], interval: float) -> _Seen | None:
    """Return where a flash that lasts until `end` most likely is in the frames; None where many of them are missing."""
    first = max(0, bisect_right(levels, flash.instant, key=_stamp) - FRAMES_BEFORE)
    window = levels[first : bisect_right(levels, flash.instant + LATENCY_LIMIT_S, key=_stamp) + FRAMES_BEYOND]
    if len(window) < LATENCY_LIMIT_S / interval * 3 / 4:
        return None
    sign = 1 if flash.bright else -1
    steps = [sign * (after.grey - before.grey) for before, after in zip(window, window[2:], strict=False)]
    at = max(range(len(steps)), key=steps.__getitem__)
    before, between, after = window[at : at + 3]
    shows_the_flash = sign * (between.grey - (before.grey + after.grey) / 2) >= 0
    before, after = (before, between) if shows_the_flash else (between, after)
    low, high = before.stamp - flash.instant, after.stamp - flash.instant
    # Once the next flash is seen, the exposure takes it back by steps that go the same way as this one.
    lasts = max(0, bisect_right(window, end + low, key=_stamp) - 2)
    others = max((step for place, step in enumerate(steps[:lasts]) if abs(place - at) > 1), default=0.0)
    return _Seen(low, high, steps[at], clear=low <= LATENCY_LIMIT_S and steps[at] >= CLEAR * others)


def _common(seen: Sequence[_Seen], slack: float) -> float:
    """Return the latency that most flashes allow, in the middle of where they do."""
    begins, ends = [(look.low - slack, 1) for look in seen], [(look.high + slack, -1) for look in seen]
    edges = sorted(begins + ends)
    counts = list(accumulate(change for _, change in edges))
    most = counts.index(max(counts))
    return (edges[most][0] + edges[most + 1][0]) / 2


def _stamp(level: Level) -> float:
    return level.stamp
