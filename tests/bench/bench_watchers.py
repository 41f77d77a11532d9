"""Pages that watch while an answer streams: what each costs the daemon, and that one which is stalled harms none."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from measure import Quality, Ratio
from mock_model import characters
from processes import HERE, daemon, mock_model, stream_url

from glassd.cli.daemon_socket import request

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

RATE = 100
"""Events of the answer a second: a fast model's."""
EVENTS = 300
ROUNDS = 3
CONFIG = """
model:
  endpoints: [{{url: "{model}", text: streaming}}]
displays: [{{driver: json}}]
budgets: {{hour: {{asks: 100000}}}}
api: {{listen: "127.0.0.1:{port}", open: true}}
log: {{level: error}}
"""


class _Watched(NamedTuple):
    """One answer: the CPU that the daemon took for each second of it, its memory at the end, and what came across."""

    cpu_ms: float
    mib: float
    whole: float
    """The share of the answer's characters that the listeners got."""
    delay_ms: float
    """From the writing of an event at the model server until a listener had it, p95."""


def watchers() -> Iterator[Ratio | Quality]:
    """CPU and memory of the daemon while an answer streams, by how many pages watch it."""
    with (
        mock_model() as model,
        tempfile.TemporaryDirectory() as folder,
        _board(Path(folder), stream_url(model.plain, EVENTS, RATE)) as board,
    ):
        board.answer(_Pages(1))  # warms up
        rounds = [[board.answer(pages) for pages in _CASES] for _ in range(ROUNDS)]
    found = dict(zip(_CASES, (_middle(each) for each in zip(*rounds, strict=True)), strict=True))
    none, many = found[_Pages(0)], found[_Pages(50)]
    for count in (1, 10, 50):
        name = f"{count} page{'s' * (count > 1)} on a streaming answer, beside none"
        yield Ratio(f"{name}: CPU a second", found[_Pages(count)].cpu_ms, none.cpu_ms, "ms")
        yield Ratio(f"{name}: memory", found[_Pages(count)].mib, none.mib, "MiB")
    one, half = found[_Pages(1)].cpu_ms, found[_Pages(25)].cpu_ms
    yield Ratio("50 pages, beside one: CPU a second", many.cpu_ms, one, "ms", must=3)
    # What each takes: the same where it grows with their number, three times as much where with its square.
    name = "CPU a second of each page, 26th to 50th beside 2nd to 25th"
    yield Ratio(name, (many.cpu_ms - half) / 25, max(half - one, 1) / 24, "ms", must=2)
    for form in ("lines", "socket"):
        yield Ratio(f"50 pages by {form}, beside sse: CPU a second", found[_Pages(50, form)].cpu_ms, many.cpu_ms, "ms")
    stalled = found[_Pages(50, stalled=1)]
    yield Ratio("50 pages and a stalled one, beside 50: delay, p95", stalled.delay_ms, many.delay_ms, "ms")
    yield Quality("50 pages and a stalled one: what the 50 got", stalled.whole, "of the answer", must=1.0)


class _Pages(NamedTuple):
    """Who watches."""

    number: int
    form: str = "sse"
    stalled: int = 0


_CASES = (
    _Pages(0),
    _Pages(1),
    _Pages(10),
    _Pages(25),
    _Pages(50),
    _Pages(50, "lines"),
    _Pages(50, "socket"),
    _Pages(50, stalled=1),
)


def _middle(figures: Sequence[_Watched]) -> _Watched:
    middle = _Watched(*map(median, zip(*figures, strict=True)))
    return middle._replace(cpu_ms=min(each.cpu_ms for each in figures))  # what else runs can only add to it


class _Board:
    """A daemon on a model that streams."""

    def __init__(self, pid: int, port: int) -> None:
        self._pid = pid
        self._port = port

    def answer(self, watching: _Pages) -> _Watched:
        """Have one answer stream with these watching."""
        with self._watching(watching) as pages:
            before, begun = self._cpu_s(), time.monotonic()
            with request("POST", "/api/ask", {"prompt": "?", "model": "text", "frames": "none"}) as response:
                response.read()
            spent, seconds = self._cpu_s() - before, time.monotonic() - begun
            mib = self._resident_mib()
            told = [json.loads(line) for line in pages.stdout or ()]
        got = sum(each["characters"] for each in told)
        delays = sorted(delay for each in told for delay in each["delays"]) or [0.0]
        whole = got / (watching.number * characters(EVENTS)) if watching.number else 1.0
        return _Watched(spent / seconds * 1000, mib, whole, delays[int(0.95 * len(delays))] * 1000)

    @contextmanager
    def _watching(self, pages: _Pages) -> Iterator[subprocess.Popen[str]]:
        words = [str(self._port), str(pages.number), str(pages.stalled), pages.form]
        command = [sys.executable, str(HERE / "watchers.py"), *words]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n", "the watchers did not come to listen"
            yield process

    def _cpu_s(self) -> float:
        # In nanoseconds for each thread (the kernel's sched-stats.rst); /proc/PID/stat counts hundredths of a second.
        threads = Path(f"/proc/{self._pid}/task").glob("*/schedstat")
        return sum(int(each.read_text("ascii").split()[0]) for each in threads) / 1e9

    def _resident_mib(self) -> float:
        status = Path(f"/proc/{self._pid}/status").read_text("ascii")
        return int(status.partition("VmRSS:")[2].split()[0]) / 1024


@contextmanager
def _board(folder: Path, model: str) -> Iterator[_Board]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    config = folder / "glassd.yaml"
    config.write_text(CONFIG.format(model=model, port=port), encoding="utf-8")
    os.environ["GLASSD_SOCKET"] = str(folder / "glassd.sock")
    try:
        with daemon(config) as (process, _):
            yield _Board(process.pid, port)
    finally:
        del os.environ["GLASSD_SOCKET"]
