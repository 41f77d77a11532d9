"""Blocking device calls on one daemon thread of a driver's own, so that the event loop never waits for a device.

    thread = DeviceThread("camera uvc")
    await thread.call(self._open_device)                  # one call at a time, in order, result or exception comes back
    async for picture in thread.stream(self._read_once):  # a loop on the thread, its items newest-wins
        ...
    await thread.close(self._release_device)              # bounded: a stuck call is left behind, never waited out

A blocking call cannot be cancelled, only abandoned. So a call that takes hold of something keeps it in the driver
(`self._device = …`, on the thread) instead of returning it, and `close` is given the function that lets go: it runs
on the thread after whatever is under way there, even where nobody waits any more. Then cancelling an open at any
instant leaks nothing, and the device is let go of as soon as the stuck call returns.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import queue
import threading
from collections import deque
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from glassd_drivers.contracts import TransientFault

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

CLOSE_LIMIT_S = 0.8
"""How long `close` waits for the call under way; below the second that a driver's own close may take."""
CALLS_LIMIT = 16
"""How many calls may wait behind the one under way; more only pile up behind a device that is stuck."""
LEFT_BEHIND_LIMIT = 4
"""How many threads of one name may be left behind in stuck calls; no more are started until one of them ends."""
HANDOFF_ITEMS = 2
"""How many items of a stream wait for the event loop; past that the oldest is dropped for the newest."""
JOIN_LIMIT_S = 0.05
"""How long the event loop may wait for a thread that has nothing left to do but end."""

P = ParamSpec("P")
R = TypeVar("R")

_log = logging.getLogger(__name__)


class DeviceThread:
    """One daemon thread that makes the blocking calls of one driver, in order; it starts with the first call.

    `name` is for the thread's name and for errors. One object serves one life of a driver.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._calls: queue.SimpleQueue[_Call | None] = queue.SimpleQueue()  # bounded by whoever puts into it, here
        self._thread: threading.Thread | None = None
        self._ending = threading.Event()
        self._ended = asyncio.Event()

    async def call(self, fn: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run `fn(*args, **kwargs)` on the thread and return its result, or raise what it raised.

        Cancelling drops a call that has not begun, and abandons one that has: it runs to its end and nobody hears of
        it. Raises TransientFault after `close`, when CALLS_LIMIT calls wait already, and where LEFT_BEHIND_LIMIT
        threads of earlier lives are stuck.
        """
        return await self._submit(lambda: fn(*args, **kwargs))

    async def stream(self, fn: Callable[[], R | None], depth: int = HANDOFF_ITEMS) -> AsyncGenerator[R]:
        """Call `fn` again and again on the thread, and yield what it returns; None means nothing came this time.

        `fn` blocks for its next item, at most about as long as `close` may wait. A slow reader misses items, the oldest
        first: at most `depth` of them wait. What `fn` raises is raised here, after the items before it. Ending
        the iteration ends the loop after the call under way. Raises TransientFault when `close` is called meanwhile.
        """
        loop = asyncio.get_running_loop()
        lock = threading.Lock()
        items: deque[R] = deque(maxlen=depth)
        stop = threading.Event()
        news = asyncio.Event()

        def pump() -> None:
            while not (stop.is_set() or self._ending.is_set()):
                item = fn()
                if item is None:
                    continue
                with lock:
                    was_empty = not items
                    items.append(item)
                if was_empty:  # else the reader has been woken already: one wake-up waits in the loop, not one an item
                    loop.call_soon_threadsafe(news.set)

        def next_item() -> R | None:
            with lock:
                return items.popleft() if items else None

        pumping = self._submit(pump)
        pumping.add_done_callback(lambda _: news.set())
        try:
            while True:
                await news.wait()
                news.clear()
                while (item := next_item()) is not None:
                    yield item
                if pumping.done():
                    pumping.result()
                    raise TransientFault(f"{self._name}: closed while it was read")
        finally:
            stop.set()
            if not pumping.cancel() and not pumping.cancelled():
                pumping.exception()  # taken note of: asyncio warns of an exception that nobody looked at

    async def close(self, release: Callable[[], object] | None = None, limit_s: float = CLOSE_LIMIT_S) -> bool:
        """End the thread within `limit_s` seconds; return whether it has ended. Never raises.

        Calls that have not begun are refused. `release` is the last call that the thread makes; it is made late where
        a call is stuck, and not at all where the thread never made one. False means that a stuck call was left behind.
        """
        if self._thread is None:
            self._ending.set()
            return True
        if not self._ending.is_set():
            self._ending.set()
            self._refuse_waiting()
            if release is not None:
                self._calls.put(_Call(Future(), lambda: self._release(release)))
            self._calls.put(None)
        try:
            async with asyncio.timeout(limit_s):
                await self._ended.wait()
        except TimeoutError:
            _log.debug("%s: a device call is stuck; its thread is left to end by itself", self._name)
            return False
        self._thread.join(JOIN_LIMIT_S)
        return True

    def _submit(self, fn: Callable[[], R]) -> asyncio.Future[R]:
        if self._ending.is_set():
            raise TransientFault(f"{self._name}: closed")
        if self._thread is None and _alive(self._name) >= LEFT_BEHIND_LIMIT:
            raise TransientFault(
                f"{self._name}: the device is stuck, {LEFT_BEHIND_LIMIT} calls never returned; plug it in anew"
            )
        if self._calls.qsize() >= CALLS_LIMIT:
            raise TransientFault(f"{self._name}: the device is stuck, {CALLS_LIMIT} calls wait for it")
        future: Future[R] = Future()
        self._calls.put(_Call(future, fn))
        if self._thread is None:
            loop = asyncio.get_running_loop()
            self._thread = threading.Thread(target=self._run, args=(loop,), name=self._name, daemon=True)
            self._thread.start()
        return asyncio.wrap_future(future)

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        while (call := self._calls.get()) is not None:
            call.make()
        with contextlib.suppress(RuntimeError):  # a call that was stuck outlived its event loop
            loop.call_soon_threadsafe(self._ended.set)

    def _refuse_waiting(self) -> None:
        with contextlib.suppress(queue.Empty):
            while True:
                call = self._calls.get_nowait()
                if call is not None and call.future.set_running_or_notify_cancel():
                    call.future.set_exception(TransientFault(f"{self._name}: closed"))

    def _release(self, release: Callable[[], object]) -> None:
        try:
            release()
        except Exception:  # noqa: BLE001 - a close never raises: what a device says when let go of is for the log
            _log.exception("%s: letting go of the device failed", self._name)


def _alive(name: str) -> int:
    return sum(thread.name == name for thread in threading.enumerate())


class _Call:
    """One call to be made on the thread, and the future of its result."""

    def __init__(self, future: Future[Any], fn: Callable[[], object]) -> None:
        self.future = future
        self._fn = fn

    def make(self) -> None:
        if not self.future.set_running_or_notify_cancel():
            return
        try:
            result = self._fn()
        except StopIteration as stop:  # an asyncio future cannot carry this one
            error = RuntimeError("a device call raised StopIteration")
            error.__cause__ = stop
            self.future.set_exception(error)
        except BaseException as error:  # noqa: BLE001 - whatever it is, it belongs to the one that awaits the call
            self.future.set_exception(error)
        else:
            self.future.set_result(result)
