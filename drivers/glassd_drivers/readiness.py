"""Wait for a file descriptor to have bytes, in the event loop and without a thread.

A driver that reads this way needs no queue of its own: what it has not read yet waits in the kernel, whose buffer is
bounded.
"""

from __future__ import annotations

import asyncio
from typing import NoReturn

from glassd_drivers.contracts import TransientFault


class Readiness:
    """One reader's wait for one file descriptor, which stays the caller's to close."""

    def __init__(self, fd: int, name: str) -> None:
        self._fd = fd
        self._name = name
        self._waiter: asyncio.Future[None] | None = None
        self._closed = False

    async def wait(self) -> None:
        """Return once a read would not block; raise TransientFault once closed.

        A file on a disk, or /dev/null, cannot be waited for (epoll says EPERM), and never blocks: it is ready at once,
        after a turn of the event loop for the others.
        """
        if self._closed:
            raise self._fault()
        loop = asyncio.get_running_loop()
        try:
            loop.add_reader(self._fd, self._wake)
        except PermissionError:
            await asyncio.sleep(0)
            return
        self._waiter = loop.create_future()
        try:
            await self._waiter
        finally:
            if not self._closed:  # else `close` has done it, and the number may be another file's by now
                loop.remove_reader(self._fd)

    async def closed(self) -> NoReturn:
        """Wait until closed, then raise TransientFault: for a reader that has seen the end of its bytes."""
        if not self._closed:
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        raise self._fault()

    def close(self) -> None:
        """Wake the one who waits; call it before the file descriptor is closed."""
        self._closed = True
        if self._waiter is not None and not self._waiter.done():
            asyncio.get_running_loop().remove_reader(self._fd)
            self._waiter.set_exception(self._fault())

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _fault(self) -> TransientFault:
        return TransientFault(f"{self._name}: closed while it was read")
