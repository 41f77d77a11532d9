"""A frame made to fit its model, beside the usual way: decode, resize, encode, all of it at full size."""

from __future__ import annotations

import asyncio
import time
from functools import partial
from typing import TYPE_CHECKING

import cv2
import numpy as np
from measure import Ratio, by_turns
from views import camera_jpegs

from glassd.config.model import Endpoint
from glassd.frames.darkroom import Darkroom
from glassd.frames.sizing import fitted
from glassd.model.pictures import limits_of
from glassd_drivers.contracts import Frame
from glassd_drivers.units import Size

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from glassd.ask import Detail
    from glassd.limits import Limits

SIZES = {"VGA": Size(640, 480), "720p": Size(1280, 720), "1080p": Size(1920, 1080), "12 MP": Size(4032, 3024)}
MODEL = "qwen-vl-plus"
DETAILS: tuple[Detail, ...] = ("auto", "scene")
ROUNDS = 15
AS_IT_IS_REPEATS = 50
"""Of what takes microseconds, in each turn."""
AS_IT_IS_MUST = 1 / 10
SCALED_DECODE_MUST = 1.0
"""Where the decode gives a part of the sides alone; elsewhere both do the same work, and we send fewer bytes."""


def sizing() -> Iterator[Ratio]:
    """CPU of all threads from the camera's JPEG to the one that is sent, and its bytes; both in the same size."""
    endpoint = Endpoint(url="https://server/v1", vision=MODEL)
    for name, size in SIZES.items():
        jpeg = camera_jpegs(size)[0]
        for detail in DETAILS:
            limits = limits_of(endpoint, MODEL, "dashscope", detail)
            target = fitted(size, limits)
            ours, theirs, sent, usual = asyncio.run(_measured(jpeg, size, target, limits))
            must = AS_IT_IS_MUST if target == size else SCALED_DECODE_MUST if size.width > 1.9 * target.width else None
            what = f"{name}, {detail}, {'as it is' if target == size else f'to {target}'}, beside"
            yield Ratio(f"{what} decode, resize, encode", ours * 1e3, theirs * 1e3, "ms", must)
            yield Ratio(f"{what} the default quality", sent / 1e3, usual / 1e3, "KB")


async def _measured(jpeg: bytes, size: Size, target: Size, limits: Limits) -> tuple[float, float, int, int]:
    darkroom = Darkroom()
    frame = Frame(jpeg, "image/jpeg", *size, 0.0, "bench")
    repeats = AS_IT_IS_REPEATS if target == size else 1
    loop = asyncio.get_running_loop()

    def ours() -> bytes:
        for _ in range(repeats):
            sent = asyncio.run_coroutine_threadsafe(darkroom.develop(frame, limits), loop).result()
        return sent.data

    def theirs() -> bytes:
        picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
        assert picture is not None
        return cv2.imencode(".jpg", cv2.resize(picture, target))[1].tobytes()

    measures = partial(_cpu_s, ours, repeats), partial(_cpu_s, theirs, 1)
    spent, usual = await asyncio.to_thread(by_turns, ROUNDS, *measures)
    sizes = len(await asyncio.to_thread(ours)), len(theirs())
    darkroom.close()
    return spent, usual, *sizes


def _cpu_s(work: Callable[[], bytes], repeats: int) -> float:
    before = time.process_time()
    work()
    return (time.process_time() - before) / repeats
