"""Scene change: how well it is told on clips whose truth is known, and what one glance costs."""

from __future__ import annotations

import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from measure import Quality, Ratio, by_turns, photograph

sys.path.append(str(Path(__file__).parents[1]))

from clips import Score, clips, score
from glassd.frames.glance import glance
from glassd.frames.grey import eighth_grey
from glassd.frames.scene import Scene
from glassd_drivers.contracts import Frame

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SEEDS = range(1001, 1007)
"""None of those that the thresholds were chosen by."""
RATE = 2.0
ROUNDS = 25
REPEATS = 5


def scene_change() -> Iterator[Quality]:
    """Precision and recall over clips of every kind, then what was told of each kind."""
    kinds: defaultdict[str, Score] = defaultdict(Score)
    for seed in SEEDS:
        for clip in clips(seed):
            scene = Scene()
            frames = clip.frames(RATE)
            told = [frame.instant for frame in frames if scene.see(glance(eighth_grey(frame)), frame.instant)]
            kinds[clip.name] += score(clip, told)
    total = sum(kinds.values(), Score())
    of = f"of {total.told + total.false} told"
    yield Quality("scene change, precision", total.precision, of, must=0.85)
    yield Quality("scene change, recall", total.recall, f"of {total.told + total.missed} changes", must=0.85)
    for name, each in kinds.items():
        right = each.recall if each.told + each.missed else float(not each.false)
        of = f"{each.told} told, {each.missed} missed, {each.false} false, {len(SEEDS)} clips"
        yield Quality(f"  {name}", right, of)


def scene_glance() -> Iterator[Ratio]:
    """CPU for one 720p JPEG in hand, decoded and compared, beside a full decode and the difference of thumbnails."""
    one, other = (_jpeg(photograph(1320, 760)[by : by + 720, by : by + 1280]) for by in (0, 20))
    scene = Scene()
    frames = [Frame(jpeg, "image/jpeg", 1280, 720, 0.0, "bench") for jpeg in (one, other)]
    instants = iter(np.arange(0, 1e6, 0.5))
    small = _small(one)

    def ours() -> None:
        for frame in frames:
            scene.see(glance(eighth_grey(frame)), float(next(instants)))

    def usual() -> None:
        for jpeg in (one, other):
            cv2.absdiff(small, _small(jpeg)).mean()

    one_glance, one_difference = by_turns(ROUNDS, lambda: _spent(ours) / 2, lambda: _spent(usual) / 2)
    yield Ratio("a glance at a 720p frame, CPU, beside a full decode", one_glance * 1000, one_difference * 1000, "ms")


def _jpeg(picture: np.ndarray) -> bytes:
    return cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 85])[1].tobytes()


def _small(jpeg: bytes) -> np.ndarray:
    picture = np.asarray(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR))
    return np.asarray(cv2.resize(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), (80, 45), interpolation=cv2.INTER_AREA))


def _spent(work: Callable[[], object]) -> float:
    """Return the seconds of CPU that it takes once, in every thread of the process."""
    before = time.process_time()
    for _ in range(REPEATS):
        work()
    return (time.process_time() - before) / REPEATS
