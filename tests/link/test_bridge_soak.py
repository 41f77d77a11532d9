"""The line dies and returns, again and again: pulled out, reset, hung, garbled. SOAK=full is `make soak`.

The three drivers live under the daemon's own supervisors, the display behind its compositor, and the camera is asked
all the time. What is printed is how long the newest screen took from the line's return to the display.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import statistics
import sys
import time
from functools import partial
from typing import TYPE_CHECKING, Any, Self

import pytest
from bridges import emulated, made

from glassd.presenter.compositor import Compositor
from glassd_drivers import registry
from glassd_drivers.contracts import DeviceState, DriverError, Edge, EdgeKind, Screen
from glassd_drivers.harness import Holdings
from glassd_drivers.host import Host
from glassd_drivers.supervise import Backoff, DeviceStatus, Supervisor

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from emulator import Emulator

    from glassd_drivers.contracts import Buttons, StillCamera

LOSSES = 1000 if os.environ.get("SOAK") == "full" else 12
SEED = 6
LIMIT_S = 20.0
"""Real seconds for what must come."""


class Wearer:
    """What a daemon does with a bridge, without the rest of it."""

    def __init__(self, bridge: Emulator) -> None:
        self.bridge = bridge
        self.edges: list[Edge] = []
        self.pictures = 0
        self._states: dict[str, DeviceState] = {}
        self._news = asyncio.Event()
        self._compositor = Compositor(registry.profile("glass3"), time.monotonic)
        self._number = 0
        host = Host(time.monotonic)
        serve: dict[Any, Callable[[Any], Any]] = {
            "cameras": self._take_pictures,
            "buttons": self._hear,
            "displays": self._compositor.serve,
        }
        self._supervisors: list[Supervisor[Any]] = [
            Supervisor(role, partial(made, role, "bridge", host, device=bridge.path), each, self._told)
            for role, each in serve.items()
        ]

    async def __aenter__(self) -> Self:
        self._tasks = [asyncio.create_task(each.run()) for each in self._supervisors]
        await self.until(self.is_ready)
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.wait(self._tasks)

    def is_ready(self) -> bool:
        return list(self._states.values()) == [DeviceState.READY] * 3

    def is_lost(self) -> bool:
        return DeviceState.READY not in self._states.values()

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(LIMIT_S):
            while not holds():
                self._news.clear()
                await self._news.wait()

    async def sees(self, mark: object = "") -> float:
        """Put a new screen, and return when the display shows it whole, by the monotonic clock."""
        self._number += 1
        rows = [f"screen {self._number}", f"{mark}", *["一样" for _ in range(8)]]
        self._compositor.put(Screen(tuple(rows)))
        return float((await asyncio.to_thread(self.bridge.until, "screen", rows=rows))["t"])

    async def presses(self) -> None:
        """Press, and have the two edges of it come, once."""
        before = len(self.edges)
        self.bridge.order("press main 20")
        await self.until(lambda: len(self.edges) >= before + 2)
        assert [edge.kind for edge in self.edges[before:]] == [EdgeKind.DOWN, EdgeKind.UP]

    def _told(self, status: DeviceStatus) -> None:
        self._states[status.name] = status.state
        self._news.set()

    async def _hear(self, buttons: Buttons) -> None:
        async for edge in buttons.edges():
            self.edges.append(edge)
            self._news.set()

    async def _take_pictures(self, camera: StillCamera) -> None:
        asking = asyncio.create_task(self._ask(camera))
        try:
            await camera.watch()
        finally:
            asking.cancel()
            await asyncio.wait([asking])

    async def _ask(self, camera: StillCamera) -> None:
        while True:
            with contextlib.suppress(DriverError):  # the line dies in mid-picture: that is what this is about
                await camera.take(time.monotonic())
                self.pictures += 1
                self._news.set()
            await asyncio.sleep(0)


async def loses(wearer: Wearer, how: str) -> float:
    """Have the line die and return; return when it returned, by the monotonic clock."""
    bridge = wearer.bridge
    if how == "unplugged":
        bridge.order("unplug")
        await wearer.until(wearer.is_lost)
        return float(bridge.order("replug")["t"])
    if how == "hung":
        bridge.order("die")
        await wearer.until(wearer.is_lost)
        return float(bridge.order("revive")["t"])
    return float(bridge.order("reset")["t"])


@pytest.mark.soak
@pytest.mark.timeout(0)
def test_whatever_ends_the_line_it_is_back_with_the_newest_screen_and_nothing_is_left_behind(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = random.Random(SEED)
    took: dict[str, list[float]] = {}

    async def main() -> None:
        with emulated(tmp_path) as bridge:
            async with Wearer(bridge) as wearer:  # what libraries and pools keep is not counted
                await wearer.sees()
            before = Holdings()
            async with Wearer(bridge) as wearer:
                for loss in range(LOSSES):
                    how = rng.choice(("unplugged", "reset", "hung"))
                    # One that is lost within a second of its return is waited for longer; and anywhere in a picture.
                    await asyncio.sleep(Backoff().settled + rng.random() / 10)
                    if rng.random() < 0.3:
                        bridge.order(f"noise {rng.randrange(1, 2000)}")
                    returned = await loses(wearer, how)
                    shown = await wearer.sees(f"{how} {loss}")
                    took.setdefault(how, []).append(shown - returned)
                    await wearer.until(wearer.is_ready)
                    await wearer.presses()
                had = wearer.pictures
                await wearer.until(lambda: wearer.pictures > had)
            await before.same_again(f"{LOSSES} losses")

    asyncio.run(main())
    with capsys.disabled():
        for how, seconds in sorted(took.items()):
            ordered = sorted(seconds)
            median, most = statistics.median(ordered), ordered[-1]
            late = ordered[int(len(ordered) * 0.95)]
            sys.stdout.write(
                f"\n{how} {len(ordered)} times: back after {median:.2f} s in the median, {late:.2f} s in 95 %, "
                f"{most:.2f} s at the most"
            )
