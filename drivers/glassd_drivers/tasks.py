"""The tasks of one owner: each has a name, is held until it ends, and ends with its owner at the latest."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine


class Tasks:
    """Those of `owner`, whose name theirs begin with. `failed` is told the error of one that ends with one: a bug."""

    def __init__(self, owner: str, failed: Callable[[Exception], None]) -> None:
        self._owner = owner
        self._failed = failed
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Have a task do some work."""
        task = asyncio.create_task(work, name=f"{self._owner}: {name}")
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    async def close(self, limit_s: float) -> None:
        """Cancel all of them and wait for their ends, at most `limit_s` seconds."""
        tasks = set(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=limit_s)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and isinstance(error := task.exception(), Exception):
            self._failed(error)
