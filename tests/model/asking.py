"""Asking a client in tests."""

from __future__ import annotations

import asyncio
import socket
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from glassd.answer import Outcome, Sent
from glassd.ask import Ask, Origin
from glassd.config.model import Deadlines, Endpoint, Model
from glassd.model.client import Client
from glassd_drivers.contracts import Frame

if TYPE_CHECKING:
    from glassd.answer import AnswerEvent, Problem
    from glassd.ask import Picture

PICTURE = Frame(b"\xff\xd8 these bytes are \x00 never looked at \xff\xd9", "image/jpeg", 640, 480, 0.0, "camera")


def no_key(name: str) -> str:
    raise AssertionError(f"nobody asked for the key {name}")


def ask(prompt: str = "这是什么", *pictures: Picture, **more: Any) -> Ask:
    return Ask("1", prompt, Origin.CLI, 0.0, pictures, **more)


def model(*endpoints: dict[str, Any] | str, **deadlines: float) -> Model:
    """Return a section `model` of endpoints, each given by its URL or in full."""
    each = [{"url": item, "vision": "qwen-vl-plus"} if isinstance(item, str) else item for item in endpoints]
    return Model(endpoints=[Endpoint(**item) for item in each], deadlines=Deadlines(**deadlines))


def client(of: Model, **more: Any) -> Client:
    """Return a client whose timings are on the running loop's clock, and whose pauses are full ones."""
    more = {"find_key": no_key, "clock": asyncio.get_running_loop().time, "jitter": float, **more}
    return Client(of, **more)


async def gather(open_client: Client, what: Ask | None = None) -> list[AnswerEvent]:
    """Return all events of one ask, the last of which is its only outcome."""
    async with aclosing(open_client.ask(what or ask())) as events:
        told = [event async for event in events]
    assert [isinstance(event, Outcome) for event in told] == [False] * (len(told) - 1) + [True]
    return told


async def outcome_of(of: Model, what: Ask | None = None, **more: Any) -> Outcome:
    async with client(of, **more) as opened:
        outcome = (await gather(opened, what))[-1]
    assert isinstance(outcome, Outcome)
    return outcome


def problem_of(outcome: Outcome) -> Problem:
    assert outcome.problem is not None
    return outcome.problem


def sent_to(told: list[AnswerEvent]) -> list[str]:
    return [event.endpoint for event in told if isinstance(event, Sent)]


def connections_to(host: str) -> int:
    """Return how many of this process's sockets are connected to an address, from Linux's own table."""
    address, port = host.split(":")
    wanted = f"{socket.inet_aton(address)[::-1].hex().upper()}:{int(port):04X}"
    lines = [line.split() for line in Path("/proc/self/net/tcp").read_text(encoding="ascii").splitlines()]
    owned = {link.readlink().name for link in Path("/proc/self/fd").iterdir() if link.is_symlink()}
    return sum(line[2] == wanted and f"socket:[{line[9]}]" in owned for line in lines)
