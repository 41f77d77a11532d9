"""An answer on its way: what an event costs in bulk, and how long a paced one takes from the server to the callback."""

from __future__ import annotations

import statistics
from contextlib import ExitStack
from typing import TYPE_CHECKING

from measure import Ratio, by_turns
from mock_model import characters
from processes import Worker, mock_model, stream_url

if TYPE_CHECKING:
    from collections.abc import Iterator

EVENTS = 5000
ROUNDS = 9
PACED_EVENTS = 100
RATE = 100
"""Events a second."""
PACED_ROUNDS = 5


def stream_in_bulk() -> Iterator[Ratio]:
    """CPU for one event, in every thread of the client's process."""
    with mock_model() as server, ExitStack() as running:
        url = stream_url(server.plain, EVENTS, 0)
        names = ("client_ours", "client_sdk", "client_loop")
        workers = [running.enter_context(Worker(name, url, server.ca)) for name in names]
        medians = by_turns(ROUNDS, *(lambda worker=worker: _cpu_an_event(worker) for worker in workers))
        ours, sdk, loop = (1e6 * seconds for seconds in medians)
    yield Ratio("stream in bulk, CPU an event, beside the SDK", ours, sdk, "us", must=1 / 25)
    yield Ratio("stream in bulk, CPU an event, beside aiohttp + msgspec", ours, loop, "us", must=1.5, aim=1)


def stream_at_a_pace() -> Iterator[Ratio]:
    """From the server's write to the callback, at 100 events a second."""
    with mock_model() as server, ExitStack() as running:
        url = stream_url(server.plain, PACED_EVENTS, RATE)
        names = ("client_ours", "client_sdk", "client_socket")
        workers = [running.enter_context(Worker(name, url, server.ca)) for name in names]
        medians = by_turns(PACED_ROUNDS, *(lambda worker=worker: median_delay(worker) for worker in workers))
        ours, sdk, limit = (1e6 * seconds for seconds in medians)
    yield Ratio("stream at 100 events/s, write to callback, beside the SDK", ours, sdk, "us", must=0.55)
    yield Ratio("stream at 100 events/s, likewise, beside a blocking recv", ours, limit, "us", aim=2)


def median_delay(worker: Worker) -> float:
    """Return the median of the seconds from the server's write of each event of one paced stream to its callback."""
    delays: list[float] = worker.do("paced")
    if len(delays) != PACED_EVENTS:
        raise ValueError(f"{len(delays)} of {PACED_EVENTS} events came")
    return statistics.median(delays)


def _cpu_an_event(worker: Worker) -> float:
    seconds, length = worker.do("stream")
    if length != characters(EVENTS):
        raise ValueError(f"an answer of {length} characters in place of {characters(EVENTS)}")
    return float(seconds) / EVENTS
