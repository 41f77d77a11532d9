"""The pictures of an ask: none, the one that was in view at its instant, or a burst of several from there on."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from glassd.answer import AskError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from glassd.config.triggers import Frames
    from glassd.scheduler.boxes import Eyes
    from glassd_drivers.contracts import Frame


def instants(frames: Frames, instant: float) -> Iterator[float]:
    """Yield the instants of the pictures, evenly from the first to the last."""
    step = frames.over / (frames.count - 1) if frames.count > 1 else 0.0
    for index in range(frames.count):
        yield instant + index * step


async def look(eyes: Eyes, frames: Frames, instant: float) -> list[Frame]:
    """Return the pictures in their order; none without a camera; raise AskError where there is not one of them.

    The first one's instant is pinned; a later one is picked once its instant has come, while the eyes stay open. A
    burst that misses some of its pictures goes with those that it has.
    """
    if frames.count == 1:
        frame = await eyes.pick(instant)
        return [] if frame is None else [frame]
    async with eyes.several():
        return await _burst(eyes, frames, instant)


async def _burst(eyes: Eyes, frames: Frames, first: float) -> list[Frame]:
    picked: list[Frame] = []
    missed: AskError | None = None
    for instant in instants(frames, first):
        await _until(instant)
        try:
            frame = await eyes.pick(instant)
        except AskError as error:
            missed = missed or error
            continue
        if frame is None:
            return []
        if frame not in picked:  # of a slow camera, one picture may be the nearest of two instants
            picked.append(frame)
    if not picked and missed is not None:
        raise missed
    return picked


async def _until(instant: float) -> None:
    loop = asyncio.get_running_loop()
    if (left := instant - loop.time()) > 0:
        await asyncio.sleep(left)
