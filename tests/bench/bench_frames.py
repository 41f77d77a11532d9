"""A camera's frame on its way into the ring, beside the usual loop that decodes each frame and encodes it again."""

from __future__ import annotations

import asyncio
import itertools
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import pan
from measure import Ratio, by_turns
from pan import FRAMES

from glassd.frames.ring import Ring
from glassd_drivers.cameras.clip import FASTEST_FPS, ClipCamera, ClipConfig
from glassd_drivers.host import Host

if TYPE_CHECKING:
    from collections.abc import Iterator

ROUNDS = 5


def frame_path() -> Iterator[Ratio]:
    """CPU for one frame from a recorded MJPEG stream, in every thread of the process."""
    with tempfile.TemporaryDirectory() as folder:
        video = Path(folder) / "view.avi"
        pan.as_video(video)
        ours, theirs = by_turns(ROUNDS, lambda: _through_the_ring(video), lambda: _decode_and_encode(video))
    yield Ratio("a 720p MJPEG frame kept, CPU, beside decode and encode", ours * 1000, theirs * 1000, "ms", must=1 / 15)


def _through_the_ring(video: Path) -> float:
    async def run() -> float:
        # A clock that is always late: the clip waits for nothing, just as the other loop does not.
        late = itertools.count()
        context = Host(lambda: float(next(late))).context("camera", lambda _state, _detail: None)
        camera = ClipCamera(ClipConfig(path=video, fps=FASTEST_FPS), context)
        ring = Ring(seconds=3.0, size=64 * 1024 * 1024)
        await camera.open()
        frames = camera.frames()
        before = time.process_time()
        for _ in range(FRAMES):
            ring.add(await anext(frames))
        spent = time.process_time() - before
        await frames.aclose()
        await camera.close()
        return spent / FRAMES

    return asyncio.run(run())


def _decode_and_encode(video: Path) -> float:
    capture = cv2.VideoCapture(str(video))
    kept = b""
    before = time.process_time()
    for _ in range(FRAMES):
        there, picture = capture.read()
        if not there:
            raise EOFError(video)
        kept = cv2.imencode(".jpg", picture)[1].tobytes()
    spent = time.process_time() - before
    capture.release()
    assert kept
    return spent / FRAMES
