"""The ring of encoded frames: what a streaming camera has shown lately, bounded in seconds and in bytes."""

from __future__ import annotations

from collections import deque
from itertools import islice, pairwise
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from glassd_drivers.contracts import Frame


INTERVALS = 5
"""How many intervals between frames tell the next one: few, for a camera slows down in the dark."""


class Ring:
    """Frames in the order of their instants, the oldest dropped first. The newest one is always kept."""

    def __init__(self, seconds: float, size: int) -> None:
        """Hold frames of the last `seconds`, `size` bytes of them at most."""
        self._seconds = seconds
        self._size = size
        self._held = 0
        self._frames: deque[Frame] = deque()

    def add(self, frame: Frame) -> None:
        """Take a frame in. One older than the newest (a queued buffer after a pause) finds its place by its stamp."""
        place = len(self._frames)
        while place and self._frames[place - 1].instant > frame.instant:
            place -= 1
        self._frames.insert(place, frame)
        self._held += len(frame.data)
        newest = self._frames[-1].instant
        while len(self._frames) > 1 and (self._held > self._size or newest - self._frames[0].instant > self._seconds):
            self._held -= len(self._frames.popleft().data)

    def clear(self) -> None:
        """Forget all frames."""
        self._frames.clear()
        self._held = 0

    @property
    def newest(self) -> Frame | None:
        """The frame with the latest instant."""
        return self._frames[-1] if self._frames else None

    @property
    def interval(self) -> float | None:
        """Seconds from one frame to the next, as the newest few have it; None where there are too few."""
        newest = list(islice(reversed(self._frames), INTERVALS + 1))
        return median(after.instant - before.instant for after, before in pairwise(newest)) if newest[1:] else None

    def __iter__(self) -> Iterator[Frame]:
        return iter(self._frames)

    def __len__(self) -> int:
        return len(self._frames)

    @property
    def held_bytes(self) -> int:
        """How many bytes of frames are held."""
        return self._held
