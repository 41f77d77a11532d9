"""The bridge's line at work: both ends, on a pty with a line's rate, beside what such a line carries.

Each line of the table is measured with a picture on the line, for that is when the others have to wait.
"""

from __future__ import annotations

import asyncio
import random
import sys
import tempfile
import time
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from measure import Ratio

TESTS = Path(__file__).parent.parent
sys.path += [str(TESTS), str(TESTS / "link")]

from emulator import Emulator  # noqa: E402 - the path is what pytest sets by itself

from glassd_drivers.contracts import Screen  # noqa: E402
from glassd_drivers.link.bridge import Bridge, open_bridge  # noqa: E402
from glassd_drivers.link.camera_role import Pictures, Wish  # noqa: E402
from glassd_drivers.link.config import BridgeConfig  # noqa: E402
from glassd_drivers.link.events import CameraMode  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence

    from glassd_drivers.link.events import EdgeSeen

USUAL_RATE: Final = 921_600
RATES: Final = (USUAL_RATE, 3_000_000)
BITS_A_BYTE: Final = 10
"""On a line of 8N1."""
CHUNK: Final = 1024
PICTURE_BYTES: Final = 100_000
GOODPUT_S: Final = 6.0
ERRORS_S: Final = 12.0
BIT_ERRORS: Final = 1e-5
PRESSES: Final = 300
SCREENS: Final = 200
DRIFT_PPM: Final = 100
CLOCK_SETTLES_S: Final = 5.0
ROWS: Final = 10


def bridge_goodput() -> Iterator[Ratio]:
    """Print how long a megabyte of pictures takes beside what the line carries."""
    for rate in RATES:
        ours = asyncio.run(_seconds_a_megabyte(rate, GOODPUT_S))
        limit = BITS_A_BYTE * 1e6 / rate
        yield Ratio(f"pictures at {rate:,} baud, beside the line's limit", ours, limit, "s/MB", 1 / 0.96, 1 / 0.98)
    clean = asyncio.run(_seconds_a_megabyte(USUAL_RATE, ERRORS_S))
    torn = asyncio.run(_seconds_a_megabyte(USUAL_RATE, ERRORS_S, f"errors {BIT_ERRORS}"))
    yield Ratio("pictures with one bit of 100,000 wrong, beside none", torn, clean, "s/MB", 1 / 0.8, 1 / 0.9)


def bridge_latency() -> Iterator[Ratio]:
    """Print how late presses and screens come while pictures are on the line, and how wrong their instants are."""
    chunk_s = CHUNK * BITS_A_BYTE / USUAL_RATE
    late, wrong = asyncio.run(_presses())
    allowed = chunk_s + 0.010
    yield Ratio(
        "edge to event under pictures, p99, beside a chunk + 10 ms",
        1e3 * _p99(late),
        1e3 * allowed,
        "ms",
        1.0,
        (chunk_s + 0.005) / allowed,
    )
    yield Ratio("instant of an edge, clock 100 ppm off, worst, beside 2 ms", 1e3 * max(wrong), 2.0, "ms", 1.0, 0.25)
    screens = 1e3 * _p99(asyncio.run(_screens()))
    yield Ratio("screen to display under pictures, p99, beside 60 ms", screens, 60, "ms", 1.0, 0.5)


@asynccontextmanager
async def _streaming(rate: int, *orders: str) -> AsyncIterator[tuple[Emulator, Bridge, Pictures]]:
    """Have a bridge that streams pictures at this rate; `orders` are carried out once it does."""
    at_once = ("--exposure", "0", "--delay", "0", "--screen-ms", "0")
    options = ("--rates", str(rate), "--pictures", str(PICTURE_BYTES), *at_once)
    with tempfile.TemporaryDirectory() as folder, Emulator(Path(folder) / "bridge", *options) as emulator:
        async with open_bridge(BridgeConfig(device=emulator.path), time.monotonic) as bridge:
            await bridge.ready()
            with Pictures(bridge, Wish(CameraMode.STREAM)) as pictures:
                await pictures.get()  # at the base rate, it may be
                await pictures.get()
                for order in orders:
                    await asyncio.to_thread(emulator.order, order)
                yield emulator, bridge, pictures


async def _seconds_a_megabyte(rate: int, seconds: float, *orders: str) -> float:
    async with _streaming(rate, *orders) as (_, _, pictures):
        await pictures.get()
        begin = end = time.monotonic()
        size = 0
        while end - begin < seconds:
            size += len((await pictures.get()).data)
            end = time.monotonic()
        return (end - begin) / size * 1e6


async def _presses() -> tuple[list[float], list[float]]:
    """Return how many seconds after they were made edges came, and how wrong their instants were."""
    chance = random.Random(1)
    async with _streaming(USUAL_RATE, f"drift {DRIFT_PPM}") as (emulator, bridge, pictures):
        async with _emptied(pictures.get):
            await asyncio.sleep(CLOCK_SETTLES_S)
            came: list[tuple[float, EdgeSeen]] = []
            while len(came) < 2 * PRESSES:
                await asyncio.to_thread(emulator.order, f"{'up' if len(came) % 2 else 'down'} main")
                edge = await bridge.edges.get()
                came.append((time.monotonic(), edge))
                await asyncio.sleep(chance.uniform(0.002, 0.02))
        made = [event["t"] for event in emulator.all("edge")]
    late = [at - began for (at, _), began in zip(came, made, strict=True)]
    wrong = [abs(edge.instant - began) for (_, edge), began in zip(came, made, strict=True)]
    return late, wrong


async def _screens() -> list[float]:
    """Return how many seconds it takes a screen, of which all rows have changed, to be on the display."""
    chance = random.Random(2)
    async with _streaming(USUAL_RATE) as (emulator, bridge, pictures):
        given = []
        async with _emptied(pictures.get):
            for number in range(SCREENS):
                given.append(time.monotonic())
                await bridge.show(Screen(tuple(f"{number} {row} 这是一家咖啡店的招牌" for row in range(ROWS))))
                await asyncio.sleep(chance.uniform(0.002, 0.05))
        shown = [event["t"] for event in emulator.all("screen")][-SCREENS:]
    return [at - began for at, began in zip(shown, given, strict=True)]


@asynccontextmanager
async def _emptied(get: Callable[[], Awaitable[object]]) -> AsyncIterator[None]:
    """Take what comes meanwhile, as the ring does."""

    async def take() -> None:
        while True:
            await get()

    task = asyncio.create_task(take(), name="ring")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _p99(figures: Sequence[float]) -> float:
    return sorted(figures)[int(len(figures) * 0.99)]
