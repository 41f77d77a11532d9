"""From a press to its frame in hand: what choosing takes, besides the wait for a frame that is still to come."""

from __future__ import annotations

import asyncio
import random
import statistics
import time
from typing import TYPE_CHECKING, ClassVar, Literal

import cv2
import pan
from measure import Ratio

from glassd.config.schema import Camera
from glassd.frames.view import View
from glassd_drivers.contracts import CONTRACT, DriverConfig, Frame

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

PRESSES = 60
RATE = 30
GOAL_MS = 5


class _Panning:
    """A camera that gives the pictures of a pan, 30 a second, and notes when each one came."""

    contract: ClassVar[int] = CONTRACT
    kind: ClassVar[Literal["stream"]] = "stream"
    Config: ClassVar[type[DriverConfig]] = DriverConfig

    def __init__(self) -> None:
        self.came: dict[float, float] = {}
        self._jpegs = [cv2.imencode(".jpg", picture)[1].tobytes() for picture in pan.pictures()]

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def frames(self) -> AsyncIterator[Frame]:
        due = time.monotonic()
        while True:
            for jpeg in self._jpegs:
                due += 1 / RATE
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                self.came[due] = time.monotonic()
                yield Frame(jpeg, "image/jpeg", 1280, 720, due, "pan")


def press_to_frame() -> Iterator[Ratio]:
    """A camera of 720p at 30 fps, presses at random instants; beside decoding one frame whole, which is usual."""
    taken, waited = asyncio.run(_presses())
    taken.sort()
    whole = _whole_decode_ms()
    yield Ratio("press to frame in hand, p50, beside a full decode", taken[len(taken) // 2], whole, "ms", goal=GOAL_MS)
    p95 = taken[int(len(taken) * 0.95)]
    yield Ratio("press to frame in hand, p95, beside a full decode", p95, whole, "ms", goal=GOAL_MS)
    yield Ratio("the wanted wait for a nearer frame, p50, beside a frame", statistics.median(waited), 1000 / RATE, "ms")


async def _presses() -> tuple[list[float], list[float]]:
    """Return the milliseconds that each press took besides its wait, and those of the wait."""
    camera = _Panning()
    view = View(Camera(driver="pan", options=DriverConfig()), time.monotonic)
    serving = asyncio.create_task(view.serve(camera))
    rng = random.Random(1)
    taken, waited = [], []
    await asyncio.sleep(1.0)
    for _ in range(PRESSES):
        await asyncio.sleep(rng.uniform(0.1, 0.2))
        press = time.monotonic()
        view.pin(press)
        picked = await view.choose(press)
        done = time.monotonic()
        view.unpin(press)
        wait = max(0.0, max(camera.came[frame.instant] for frame in picked.candidates) - press)
        taken.append((done - press - wait) * 1000)
        waited.append(wait * 1000)
    serving.cancel()
    await asyncio.wait([serving])
    return taken, waited


def _whole_decode_ms() -> float:
    jpeg = cv2.imencode(".jpg", next(pan.pictures()))[1]
    spent = []
    for _ in range(20):
        before = time.perf_counter()
        cv2.imdecode(jpeg, cv2.IMREAD_COLOR)
        spent.append((time.perf_counter() - before) * 1000)
    return statistics.median(spent)
