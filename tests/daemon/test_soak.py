"""A day's work in minutes: many asks, and what the process holds afterwards. SOAK=full is `make soak`."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import NamedTuple

import pytest
from running import Daemon, photographs

ASKS = 3000 if os.environ.get("SOAK") == "full" else 30
WARM_UP = 10
"""Asks until what is kept for good (the ring, caches, pools of threads) has its size."""
GROWTH_LIMIT_MIB = 24
"""Of resident memory over the whole run: allocators keep some; a frame kept for each ask would be 60 KB each."""


class Held(NamedTuple):
    """What a process holds of the system."""

    descriptors: int
    threads: int
    resident_mib: float


def held(pid: int) -> Held:
    status = dict(re.findall(r"(\w+):\s+(\d+)", Path(f"/proc/{pid}/status").read_text(encoding="ascii")))
    return Held(len(list(Path(f"/proc/{pid}/fd").iterdir())), int(status["Threads"]), int(status["VmRSS"]) / 1024)


@pytest.mark.soak
def test_many_asks_leave_nothing_behind(tmp_path: Path) -> None:
    pictures = photographs(tmp_path / "pictures", "astronaut.png", "coffee.png", "retina.jpg")
    config = tmp_path / "glassd.yaml"
    config.write_text(
        "model: {endpoints: [{url: reader}]}\n"
        f"camera: {{driver: clip, path: {pictures}, fps: 20}}\n"
        "displays: [{driver: terminal}]\n"
        "triggers: [{when: main press, ask: '这是什么'}, {when: main long, do: cancel}]\n"
        "gestures: {double: 20ms, long: 100ms}\n",
        encoding="utf-8",
    )
    daemon = Daemon(tmp_path, config)
    try:
        daemon.told("READY=1")
        daemon.camera_ready()
        with daemon.events() as events:
            before = Held(0, 0, 0.0)
            for number in range(WARM_UP + ASKS):
                if number == WARM_UP:
                    before = held(daemon.process.pid)
                assert daemon.get("/api/press", body={"button": "main", "gesture": "press"})[0] == 200
                events.until(event="ask", outcome="finished")
                events.all.clear()
            after = held(daemon.process.pid)
        assert daemon.stop() == 0
    finally:
        daemon.close()
    assert after.descriptors <= before.descriptors
    assert after.threads <= before.threads
    assert after.resident_mib - before.resident_mib <= GROWTH_LIMIT_MIB
    assert not [line for line in daemon.log.all if "Traceback" in line or "ERROR" in line]
