"""From a button's edge until its ask is handed to the model, beside a bare task that does it without any policy."""

from __future__ import annotations

import asyncio
import tempfile
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from measure import Ratio

from glassd.answer import Delta, Outcome, OutcomeKind, Sent
from glassd.ask import Ask, Origin
from glassd.config.schema import Config
from glassd.journal.journal import Journal
from glassd.model.estimate import Estimate
from glassd.presenter.stage import Stage
from glassd.scheduler.boxes import Boxes
from glassd.scheduler.machine import Scheduler
from glassd.scheduler.runner import Runner
from glassd.service.wall import WallClock
from glassd_drivers.contracts import Edge, EdgeKind, Frame, Profile

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Iterator

    from glassd.answer import AnswerEvent

PRESSES = 400
WARM_UP = 50
GOAL_MS = 2.0
CONFIG = {
    "model": {"endpoints": [{"url": "http://127.0.0.1:9/v1", "vision": "some-model"}]},
    "budgets": {"hour": {"asks": 10**6}, "day": {"tokens": 10**12}},
    "follow_up": {"turns": 4, "pictures": 1},
    "journal": {"keep": "text"},
    "triggers": [
        {"when": "main press", "ask": "It is {time}. What is this?", "if": "not answer shown"},
        {"when": "main press", "ask": "And now?"},
        *({"when": f"b{number} press", "ask": "?"} for number in range(20)),
        *({"when": f"every {60 + number}s", "ask": "?"} for number in range(5)),
    ],
}
_FRAME = Frame(bytes(150_000), "image/jpeg", 1280, 720, 0.0, "camera")


def edge_to_ask() -> Iterator[Ratio]:
    """Milliseconds from an edge until the model is asked, the frame being there; the journal and a display with it."""
    ours, bare = asyncio.run(_measured())
    for name, part in (("p50", 0.5), ("p95", 0.95)):
        yield Ratio(f"edge to ask, {name}", _at(ours, part), _at(bare, part), "ms", goal=GOAL_MS)


def _at(figures: list[float], part: float) -> float:
    return sorted(figures)[int(part * len(figures))] * 1000


class _Neighbours:
    """Eyes that have the frame, and a model that answers at once and remembers when it was asked."""

    def __init__(self) -> None:
        self.asked_at: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self.ended = asyncio.Event()

    def pin(self, instant: float) -> None:
        """There is one frame."""

    unpin = pin

    def shut(self) -> None:
        """It is no pause that is measured."""

    open = shut

    async def pick(self, instant: float) -> Frame:  # noqa: ARG002  an Eyes
        return _FRAME

    @asynccontextmanager
    async def several(self) -> AsyncIterator[None]:
        yield

    def warm(self) -> None:
        """There is no way."""

    async def reachable(self) -> bool:
        return True

    async def ask(self, ask: Ask) -> AsyncGenerator[AnswerEvent]:  # noqa: ARG002  a Model
        self.asked_at.set_result(asyncio.get_running_loop().time())
        yield Sent("http://127.0.0.1:9/v1")
        yield Delta("A green door.")
        yield Outcome(OutcomeKind.FINISHED, text="A green door.", endpoint="http://127.0.0.1:9/v1")


async def _measured() -> tuple[list[float], list[float]]:
    """Press so many times, each time both ways in turn; return the seconds of each."""
    loop = asyncio.get_running_loop()
    ours, bare = [], []
    neighbours = _Neighbours()
    async with _runner(neighbours) as runner:
        for _ in range(WARM_UP + PRESSES):
            neighbours.asked_at = loop.create_future()
            at = loop.time()
            runner.edge(Edge("main", EdgeKind.DOWN, at))
            ours.append(await neighbours.asked_at - at)
            await neighbours.ended.wait()
            neighbours.ended.clear()
            runner.edge(Edge("main", EdgeKind.UP, loop.time()))
            await asyncio.sleep(0.022)  # the contacts come to rest

            neighbours.asked_at = loop.create_future()
            at = loop.time()
            task = asyncio.create_task(_ask_at_once(neighbours))
            bare.append(await neighbours.asked_at - at)
            await task
    return ours[WARM_UP:], bare[WARM_UP:]


async def _ask_at_once(neighbours: _Neighbours) -> None:
    frame = await neighbours.pick(0.0)
    async for _ in neighbours.ask(Ask("bare", "What is this?", Origin.BUTTON, 0.0, (frame,))):
        """It answers at once."""


@asynccontextmanager
async def _runner(neighbours: _Neighbours) -> AsyncIterator[Runner]:
    config, clock = Config.model_validate(CONFIG), asyncio.get_running_loop().time
    wall = WallClock(clock)
    stage = Stage(clock, lambda *_: None)
    stage.add("displays.0", Profile("glass3", columns=30, rows=10, interval=0.2), "zh")
    with tempfile.TemporaryDirectory() as folder:
        journal = Journal(
            Path(folder),
            config,
            clock=clock,
            wall=wall.read,
            find_key=str,
            on_open=lambda *_: None,
            on_trouble=lambda _: None,
        )
        await journal.open()
        boxes = Boxes(neighbours, neighbours, stage, journal, journal, wall.read, lambda _: None)
        runner = Runner(Scheduler(config, estimate=Estimate(config)), boxes, lambda _: neighbours.ended.set())
        runner.ready()
        try:
            yield runner
        finally:
            await runner.close()
            await journal.close()
