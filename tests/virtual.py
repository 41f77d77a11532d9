"""A virtual clock for asyncio: time jumps to the next timer whenever nothing else is left to do.

`run(coro)` is `asyncio.run` on that clock. `loop.time()` starts at `START` seconds, so that a test can tell it from
the real CLOCK_MONOTONIC. Sockets and pipes within the process work, for their bytes are ready before any timer is due;
what another process or a thread does takes real time, and belongs in a test on the real clock.
"""

from __future__ import annotations

import asyncio
import selectors
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

T = TypeVar("T")
START = 1000.0
IDLE_LIMIT_S = 20.0
"""Real seconds that a test may wait for file descriptors when no timer is set: past that it hangs, and fails."""


class _JumpingSelector(selectors.DefaultSelector):
    """Never sleeps until a timer: it moves the clock there instead."""

    def __init__(self) -> None:
        super().__init__()
        self.now = START

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        if timeout is None:
            ready = super().select(IDLE_LIMIT_S)
            if not ready:
                raise TimeoutError("the test waits for something that never comes")
            return ready
        self.now += max(timeout, 0.0)
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose seconds pass only when all is idle."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now


async def passes(seconds: float) -> None:
    """Let time pass, as the clock of the running loop has it."""
    loop = asyncio.get_running_loop()
    passed = loop.create_future()
    timer = loop.call_later(seconds, passed.set_result, None)
    try:
        await passed
    finally:
        timer.cancel()


def run(main: Coroutine[object, object, T]) -> T:
    """Run a coroutine to its end on the virtual clock."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)
