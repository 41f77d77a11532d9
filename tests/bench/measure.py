"""Measuring side by side: what is compared takes turns within one run, so that a ratio holds on a noisy machine."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
from skimage import data

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Ratio:
    """One comparison: the medians of ours and theirs in `unit`, smaller is better.

    `must` is the highest quotient ours / theirs that `make bench CHECK=1` accepts; None for one that only informs.
    """

    name: str
    ours: float
    theirs: float
    unit: str
    must: float | None = None

    @property
    def quotient(self) -> float:
        """Ours as a part of theirs."""
        return self.ours / self.theirs

    @property
    def holds(self) -> bool:
        """Whether it is as it must be."""
        return self.must is None or self.quotient <= self.must

    def __str__(self) -> str:
        verdict = "" if self.must is None else f"  must be <= {self.must:g}: {'holds' if self.holds else 'BROKEN'}"
        return f"{self.name:58} {self.ours:9.3g} : {self.theirs:9.3g} {self.unit:3} = {self.quotient:6.3f}{verdict}"


def by_turns(ours: Callable[[], float], theirs: Callable[[], float], rounds: int) -> tuple[float, float]:
    """Return the medians of what two measurements return, called in turn; the first round warms up and is dropped."""
    pairs = [(ours(), theirs()) for _ in range(rounds + 1)][1:]
    return statistics.median(pair[0] for pair in pairs), statistics.median(pair[1] for pair in pairs)


def photograph(width: int, height: int) -> Any:
    """Return a real photograph in this size, as OpenCV has pictures."""
    picture: Any = data.astronaut()  # type: ignore[no-untyped-call]  # it is untyped
    return cv2.cvtColor(cv2.resize(picture, (width, height)), cv2.COLOR_RGB2BGR)
