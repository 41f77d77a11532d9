"""Measures `camera.latency`: the display flashes before the camera, and the frames show when the camera saw it.

Whoever calls lends the display and the frames, so that both are those of the running daemon, with its user and its
sandbox. It takes nine seconds or so, ten at most once the camera is open.
"""

from __future__ import annotations

import asyncio
import math
import random
from typing import TYPE_CHECKING, Any, Final

from glassd.answer import AskError, Problem
from glassd.frames.latency import (
    LATENCY_LIMIT_S,
    LEAST_HOLD_S,
    Flash,
    Level,
    NotMeasuredError,
    Reason,
    estimate,
)
from glassd.messages.codes import Code

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from glassd_drivers.contracts import Frame

FLASHES: Final = 8
LONGEST_HOLD_S: Final = 1.1
FIRST_LIMIT_S: Final = 5.0
"""How long a camera may take to its first frame, which may open it."""
SETTLE_S: Final = 0.8
"""How long the display is dark before the first flash: the camera's exposure follows."""
TAIL_S: Final = LATENCY_LIMIT_S + 0.4
"""How long frames are looked at after the last flash."""
LEVELS_LIMIT: Final = 4096
"""How many frames are remembered: all of 240 a second; of each there is its mean level alone."""


async def measured(
    flash: Callable[[bool], Awaitable[float | None]],
    newer: Callable[[float], Awaitable[Frame | None]],
    rng: random.Random | None = None,
) -> dict[str, Any]:
    """Return `latency_s`, `uncertainty_s` and the number of `flashes` that told it; or `reason`, why nothing did.

    `flash` turns the display bright or dark and returns at which instant it had taken that, None where it is away.
    `newer` returns the newest frame, as it is stamped, once it is newer than an instant; what it raises is let out.
    """
    if not await _sees(newer):
        return _nothing(Reason.STOPPED)
    levels: list[Level] = []
    watching = asyncio.create_task(_watch(newer, levels), name="levels of the camera's frames")
    flashing = asyncio.create_task(_flash(flash, rng or random.Random()), name="flashes")  # noqa: S311  no secret
    try:
        await asyncio.wait((watching, flashing), return_when=asyncio.FIRST_COMPLETED)
        if watching.done():
            watching.result()
        found = estimate(await flashing, levels)
    except NotMeasuredError as error:
        return _nothing(error.reason)
    finally:
        watching.cancel()
        flashing.cancel()
        await asyncio.gather(watching, flashing, return_exceptions=True)
    return {
        "latency_s": round(found.seconds, 4),
        "uncertainty_s": round(found.uncertainty, 4),
        "flashes": found.seen,
    }


def _nothing(reason: Reason) -> dict[str, Any]:
    return {"latency_s": None, "reason": reason.value}


async def _sees(newer: Callable[[float], Awaitable[Frame | None]]) -> bool:
    """Wait for a first frame, and for what looks at it to be loaded; return whether it came."""
    try:
        async with asyncio.timeout(FIRST_LIMIT_S):
            frame = await newer(-math.inf)
    except TimeoutError:
        return False
    if frame is None:
        raise AskError(Problem(Code.NO_CAMERA, "no camera is configured"))
    await asyncio.to_thread(_grey, frame)
    return True


async def _flash(flash: Callable[[bool], Awaitable[float | None]], rng: random.Random) -> list[Flash]:
    """Flash and return the flashes; raise NotMeasuredError where the display does not take them."""
    flashes: list[Flash] = []
    bright = False
    for at in range(FLASHES + 1):
        if (instant := await flash(bright)) is None:
            raise NotMeasuredError(Reason.NO_DISPLAY)
        if at:
            flashes.append(Flash(instant, bright))
        bright = not bright
        hold = TAIL_S if at == FLASHES else rng.uniform(LEAST_HOLD_S, LONGEST_HOLD_S)
        await asyncio.sleep(hold if at else SETTLE_S)
    return flashes


async def _watch(newer: Callable[[float], Awaitable[Frame | None]], levels: list[Level]) -> None:
    """Note the level of each frame that can be looked at, until there is none or they are too many."""
    stamp = -math.inf
    while len(levels) < LEVELS_LIMIT and (frame := await newer(stamp)) is not None:
        stamp = frame.instant
        if (grey := await asyncio.to_thread(_grey, frame)) is not None:
            levels.append(Level(stamp, grey))


def _grey(frame: Frame) -> float | None:
    """Return the mean grey level of a frame; None for one that is broken."""
    from glassd.frames.grey import UnreadableFrameError, eighth_grey  # noqa: PLC0415  NumPy comes with it

    try:
        return float(eighth_grey(frame).mean())
    except UnreadableFrameError:
        return None
