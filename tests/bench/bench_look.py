"""The look at a candidate frame, beside what is usually done: the variance of the Laplacian of the whole picture."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import cv2
import numpy as np
from measure import Ratio, by_turns, photograph

from glassd.frames.look import look
from glassd_drivers.contracts import Frame

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROUNDS = 25
REPEATS = 5
CAMERA_QUALITY = 85


def sharpness_of_candidates() -> Iterator[Ratio]:
    """CPU for one 720p JPEG in hand, in every thread of the process: its sharpness and, for ours, its exposure too."""
    jpeg = cv2.imencode(".jpg", photograph(1280, 720), [cv2.IMWRITE_JPEG_QUALITY, CAMERA_QUALITY])[1].tobytes()
    frame = Frame(jpeg, "image/jpeg", 1280, 720, 0.0, "bench")
    ours, colour, grey = by_turns(
        ROUNDS,
        lambda: _spent(lambda: look(frame)),
        lambda: _spent(lambda: _usual(jpeg, cv2.IMREAD_COLOR)),
        lambda: _spent(lambda: _usual(jpeg, cv2.IMREAD_GRAYSCALE)),
    )
    yield Ratio("sharpness of a 720p frame, CPU, beside full decode", ours, colour, "ms", must=1 / 2.5)
    yield Ratio("sharpness of a 720p frame, CPU, beside full grey decode", ours, grey, "ms")


def _usual(jpeg: bytes, how: int) -> float:
    picture = np.asarray(cv2.imdecode(np.frombuffer(jpeg, np.uint8), how))
    grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY) if picture.ndim == 3 else picture
    return float(cv2.Laplacian(grey, cv2.CV_64F).var())


def _spent(work: Callable[[], object]) -> float:
    """Return the milliseconds of CPU that it takes once."""
    before = time.process_time()
    for _ in range(REPEATS):
        work()
    return (time.process_time() - before) * 1000 / REPEATS
