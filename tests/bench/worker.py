"""A client in a process of its own, so that neither the imports nor the garbage of one cost the others.

`worker.py CLIENT URL CA` reads one JSON command a line and answers each with one line of JSON; CLIENT is one of the
modules `client_*`, URL the base URL that it calls, CA the PEM file of whoever vouches for the server.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import sys
import time
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

KEY = "sk-bench"
MODEL = "qwen-vl-plus"
PROMPT = "这是什么?用一两句话回答。"


class Client(Protocol):
    """A client for one base URL, warm from its first answer on."""

    async def answer(self, picture: bytes, take: Callable[[str], None]) -> None:
        """Ask, with the picture if there is one, and give each text to `take` as it comes."""


def run(client: Client) -> None:
    """Do the commands of standard input, with an event loop that lives as long."""
    with asyncio.Runner() as runner:
        serve(
            request=lambda picture: runner.run(request(client, picture)),
            stream=lambda: runner.run(stream(client)),
            paced=lambda: runner.run(paced(client)),
        )


def serve(**works: Callable[..., Any]) -> None:
    """Do the commands of standard input: `{"work": NAME, "size": BYTES}`, with a picture of that size."""
    for line in sys.stdin:
        command = json.loads(line)
        picture = [os.urandom(command["size"])] if "size" in command else []
        print(json.dumps(works[command["work"]](*picture)), flush=True)


async def request(client: Client, picture: bytes) -> float:
    """Return the seconds from the call to the server's reading of the last byte."""
    texts: list[str] = []
    before = time.monotonic_ns()
    await client.answer(picture, texts.append)
    return (int(texts[0].partition("|")[0]) - before) / 1e9


async def stream(client: Client) -> tuple[float, int]:
    """Return the CPU seconds that an answer takes, and the number of its characters without the stamp."""
    texts: list[str] = []
    before = time.process_time()
    await client.answer(b"", texts.append)
    spent = time.process_time() - before
    return spent, len("".join(texts).partition("|")[2])


async def paced(client: Client) -> list[float]:
    """Return the seconds from the server's writing of each event to the callback with its text."""
    late: list[float] = []

    def take(text: str) -> None:
        now = time.monotonic_ns()
        if text:  # the last one only says that it was the last
            late.append((now - int(text.partition("|")[0])) / 1e9)

    await client.answer(b"", take)
    return late


if __name__ == "__main__":
    importlib.import_module(sys.argv[1]).main(*sys.argv[2:])
