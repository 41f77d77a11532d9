"""Weeks of work in minutes: many asks, and what the process holds afterwards. SOAK=full is `make soak`."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from running import Daemon, Events, ModelServer, photographs

if TYPE_CHECKING:
    from collections.abc import Callable

ASKS = 5000 if os.environ.get("SOAK") == "full" else 30
WARM_UP = 20
"""Asks, 80 ms each and more, until what is kept for good (the ring, caches, pools of threads) has its size."""
POOL_GROWTH = 5
"""Threads: a pool gets another one where all it has are busy at once, which chance may bring about after the warm-up. A
thread left by each ask would be 30."""
GROWTH_LIMIT_MIB = 10
"""Of resident memory over the whole run: allocators keep some (1 to 4 MiB were seen over 30 to 600 asks). A frame kept
for each ask would be 0.5 MiB each, its request 0.7 MiB more: 30 asks show it."""

CONFIG = """
model:
  endpoints:
    - url: {url}
      vision: qwen-vl-plus
camera: {{driver: clip, path: {pictures}, fps: 20, keep: 1s}}
displays:
  - driver: terminal
triggers:
  - when: main press
    ask: 这是什么
  - when: main long
    do: cancel
"""
"""The ring is full before the warm-up is over: at these pictures it holds 10 MiB a second, and would go on filling for
three seconds by itself. With a long press, a press is known at its release: so each is over
before the next one is played."""


class Held(NamedTuple):
    """What a process holds of the system."""

    descriptors: int
    threads: int
    resident_mib: float


def held(pid: int) -> Held:
    status = dict(re.findall(r"(\w+):\s+(\d+)", Path(f"/proc/{pid}/status").read_text(encoding="ascii")))
    return Held(len(list(Path(f"/proc/{pid}/fd").iterdir())), int(status["Threads"]), int(status["VmRSS"]) / 1024)


def forget(server: ModelServer, events: Events) -> None:
    """Keep nothing of an ask on this side either."""
    events.all.clear()
    for file in server.folder.iterdir():
        file.unlink()


@pytest.mark.soak
def test_many_asks_leave_nothing_behind(tmp_path: Path, model: ModelServer, start: Callable[..., Daemon]) -> None:
    daemon = start(
        CONFIG.format(url=model.url, pictures=photographs(tmp_path / "pictures", "astronaut.png", "retina.jpg"))
    )
    daemon.camera_ready()
    with daemon.events() as events:
        before = Held(0, 0, 0.0)
        for number in range(WARM_UP + ASKS):
            if number == WARM_UP:
                before = held(daemon.process.pid)
            model.answer_next("这是一张照片。")
            assert daemon.get("/api/press", body={"button": "main", "gesture": "press"})[0] == 200
            ended = events.until(event="ask")
            assert ended["outcome"] == "finished", ended
            forget(model, events)
        after = held(daemon.process.pid)
    assert daemon.stop() == 0
    assert after.descriptors <= before.descriptors
    assert after.threads <= before.threads + POOL_GROWTH
    assert after.resident_mib - before.resident_mib <= GROWTH_LIMIT_MIB
    assert not [line for line in daemon.log.all if "Traceback" in line or "ERROR" in line]
