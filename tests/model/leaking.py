"""Ask many times over connections that fail in all ways, in a process of its own, and tell what has grown meanwhile.

Run by test_leaks.py; writes one JSON object.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import random
import sys
import tracemalloc
import warnings
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parent.parent))

from asking import ask, client, model
from fault_server import ANSWER, LAST_CHUNK, STREAM, FaultServer, Line, chunk, refuses, sends, well

from glassd_drivers.contracts import Frame
from virtual import passes, run

if TYPE_CHECKING:
    from glassd.model.client import Client

ROUNDS = 3
ASKS = 60
BIG = Frame(bytes(1_500_000), "image/jpeg", 640, 480, 0.0, "camera")
FAULTS = [
    well,
    well,
    sends(then="close"),
    sends(then="reset"),
    sends(then="stall"),
    sends(STREAM, then="stall"),
    sends(STREAM, chunk(ANSWER[:60]), then="reset"),
    sends(STREAM, chunk(ANSWER[:60]), then="stall"),
    sends(STREAM, chunk(ANSWER), b"no chunk\r\n"),
    sends(STREAM, chunk(ANSWER), LAST_CHUNK, b"HTTP/1.1 200 OK\r\n\r\nunasked"),
    sends(b"HTTP/1.1 100 Continue\r\n\r\n", then="close"),
    sends(b"220 mail.example ESMTP\r\n"),
    refuses(401),
    refuses(429),
    refuses(500),
]


async def one(opened: Client, luck: random.Random) -> None:
    """Ask once; one ask in three is left early."""
    leaves = luck.choice([None, None, luck.randrange(3)])
    async with aclosing(opened.ask(ask("?", *luck.choice([(), (BIG,)])))) as events:
        count = 0
        async for _ in events:
            if count == leaves:
                break
            count += 1


async def main() -> dict[str, list[int]]:
    luck = random.Random(3)
    grown: dict[str, list[int]] = {"files": [], "tasks": [], "bytes": []}

    async def script(line: Line) -> None:
        if luck.random() < 0.8:
            await line.body()
        await luck.choice(FAULTS)(line)

    async with FaultServer(script, at="head") as first, FaultServer(script, at="head") as second:
        for _ in range(ROUNDS):
            async with client(model(first.url(), second.url())) as opened:
                for _ in range(ASKS // 4):
                    opened.warm()
                    await asyncio.gather(*[one(opened, luck) for _ in range(4)])
            async with asyncio.timeout(60):
                while first.tasks() or second.tasks():
                    await passes(0.01)
            await passes(0.1)
            gc.collect()
            grown["files"].append(len(os.listdir("/proc/self/fd")))  # noqa: PTH208  no file of the disk
            grown["tasks"].append(len(asyncio.all_tasks()))
            grown["bytes"].append(tracemalloc.get_traced_memory()[0])
    return grown


if __name__ == "__main__":
    warnings.simplefilter("error")
    unraised: list[str] = []
    sys.unraisablehook = lambda what: unraised.append(repr(what.exc_value))
    tracemalloc.start()
    told = run(main())
    gc.collect()
    sys.stdout.write(json.dumps({**told, "unraised": unraised}))
