"""A model client in a process of its own: `asks.py URL` asks once a line of its input, and writes how it ended."""

from __future__ import annotations

import asyncio
import sys

from asking import ask, client, gather, model

from glassd.answer import Outcome


async def main(url: str) -> None:
    # The kernel's own word of a dead connection comes 0.76 to 2 s after it: here mostly later than the deadline.
    async with client(model(url, connect=1.0, first=1.0)) as opened:
        while await asyncio.to_thread(sys.stdin.readline):
            outcome = (await gather(opened, ask()))[-1]
            assert isinstance(outcome, Outcome)
            sys.stdout.write(f"{outcome.problem.code if outcome.problem else outcome.kind}\n")
            sys.stdout.flush()


asyncio.run(main(sys.argv[1]))
