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

    `must` is the highest quotient ours / theirs that `make bench CHECK=1` accepts, None for one that only informs;
    `aim` is the one that we would like to see, `goal` the highest figure of our own that we would.
    """

    name: str
    ours: float
    theirs: float
    unit: str
    must: float | None = None
    aim: float | None = None
    goal: float | None = None

    @property
    def quotient(self) -> float:
        """Ours as a part of theirs."""
        return self.ours / self.theirs

    @property
    def holds(self) -> bool:
        """Whether it is as it must be."""
        return self.must is None or self.quotient <= self.must

    def __str__(self) -> str:
        verdict = "" if self.must is None else f"  must be <= {self.must:.3g}: {'holds' if self.holds else 'BROKEN'}"
        aim = "" if self.aim is None else f"  aim {self.aim:.3g}: {'met' if self.quotient <= self.aim else 'not met'}"
        goal = (
            ""
            if self.goal is None
            else f"  goal {self.goal:.3g} {self.unit}: {'met' if self.ours <= self.goal else 'not met'}"
        )
        figures = f"{self.ours:9.3g} : {self.theirs:9.3g} {self.unit:3} = {self.quotient:6.3f}"
        return f"{self.name:58} {figures}{verdict}{aim}{goal}"


@dataclass(frozen=True, slots=True)
class Quality:
    """How often something is right, for which there is nothing to measure beside: a share from 0 to 1."""

    name: str
    share: float
    of: str
    must: float | None = None
    """The lowest share that `make bench CHECK=1` accepts."""

    @property
    def holds(self) -> bool:
        """Whether it is as it must be."""
        return self.must is None or self.share >= self.must

    def __str__(self) -> str:
        verdict = "" if self.must is None else f"  must be >= {self.must:.3g}: {'holds' if self.holds else 'BROKEN'}"
        return f"{self.name:58} {self.share:9.3f}  {self.of}{verdict}"


def by_turns(rounds: int, *measures: Callable[[], float]) -> list[float]:
    """Return the median of what each measurement returns, all called in turn; a first round warms up and is dropped."""
    figures = [[measure() for measure in measures] for _ in range(rounds + 1)][1:]
    return [statistics.median(each) for each in zip(*figures, strict=True)]


def photograph(width: int, height: int) -> Any:
    """Return a real photograph in this size, as OpenCV has pictures."""
    picture: Any = data.astronaut()  # type: ignore[no-untyped-call]  # it is untyped
    return cv2.cvtColor(cv2.resize(picture, (width, height)), cv2.COLOR_RGB2BGR)
