"""What an ask leaves in memory: nothing, at once, for a daemon of months cannot wait for the garbage collector.

The collector looks through what has become old only once that has grown by a quarter: hundreds of asks, each with its
picture in base64.
"""

from __future__ import annotations

import asyncio
import gc
import tracemalloc
from typing import TYPE_CHECKING

import pytest
from asking import ask, client, gather, model
from fault_server import (
    STREAM,
    At,
    FaultServer,
    Line,
    Script,
    answers,
    chunk,
    delta,
    reads_some_and,
    refuses,
    sends,
    well,
)

from glassd.answer import Outcome, OutcomeKind
from glassd_drivers.contracts import Frame
from virtual import run

if TYPE_CHECKING:
    from collections.abc import Iterator


SIZE_BYTES = 2 * 1024 * 1024
PICTURE = Frame(b"\xff\xd8" + bytes(SIZE_BYTES) + b"\xff\xd9", "image/jpeg", 640, 480, 0.0, "camera")
WORDS = chunk(delta("一只"))
ENDS: dict[str, tuple[Script, OutcomeKind]] = {
    "well": (well, OutcomeKind.FINISHED),
    "an error": (refuses(500), OutcomeKind.FAILED),
    "an error before the upload's end": (reads_some_and(refuses(413)), OutcomeKind.FAILED),
    "a redirect": (answers(302, Location="http://127.0.0.1:1/"), OutcomeKind.FAILED),
    "no head": (sends(then="reset"), OutcomeKind.FAILED),
    "a head that is none": (sends(b"SSH-2.0-x\r\n\r\n", then="stall"), OutcomeKind.FAILED),
    "cut off": (sends(STREAM, WORDS, then="close"), OutcomeKind.CUT_OFF),
    "reset": (sends(STREAM, WORDS, then="reset"), OutcomeKind.CUT_OFF),
    "a chunk that is none": (sends(STREAM, WORDS, b"zz\r\n", then="stall"), OutcomeKind.CUT_OFF),
    "a stall": (sends(STREAM, WORDS, then="stall"), OutcomeKind.CUT_OFF),
}


@pytest.fixture
def _no_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    tracemalloc.start()
    yield
    tracemalloc.stop()
    gc.enable()


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.usefixtures("_no_collector")
def test_an_ask_that_is_over_holds_nothing_of_its_picture(end: str) -> None:
    script, kind = ENDS[end]

    at: At = "head" if end == "an error before the upload's end" else "request"

    async def main() -> None:
        async with FaultServer(script, at=at) as server, client(model(server.url())) as opened:
            told = await gather(opened, ask("?", PICTURE))
            assert isinstance(told[-1], Outcome)
            assert told[-1].kind is kind
            before, _ = tracemalloc.get_traced_memory()
            await gather(opened, ask("?", PICTURE))
            after, _ = tracemalloc.get_traced_memory()
            assert after - before < SIZE_BYTES

    run(main())


@pytest.mark.usefixtures("_no_collector")
def test_an_ask_that_is_cancelled_holds_nothing_of_its_picture() -> None:
    async def main() -> None:
        came = asyncio.Event()

        async def stall(line: Line) -> None:
            came.set()
            await line.gone()

        async with FaultServer(stall) as server, client(model(server.url())) as opened:

            async def cancelled() -> int:
                came.clear()
                asking = asyncio.create_task(gather(opened, ask("?", PICTURE)), name="an ask")
                await came.wait()
                asking.cancel()
                await asyncio.wait([asking])
                return tracemalloc.get_traced_memory()[0]

            before = await cancelled()
            assert await cancelled() - before < SIZE_BYTES

    run(main())
