"""Real pseudo-terminals for tests: the far end is what a person types and sees."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import struct
import termios
from typing import TYPE_CHECKING

import pyte

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SEEN_LIMIT_S = 10.0


class Person:
    """Sits at a terminal: types, and sees what a terminal emulator shows. Used inside an event loop."""

    def __init__(self, columns: int = 80, rows: int = 24) -> None:
        self.hand, self.terminal = os.openpty()
        os.set_blocking(self.hand, False)
        self.screen = pyte.HistoryScreen(columns, rows, history=1000)
        self.raw = b""
        self._stream = pyte.ByteStream(self.screen)
        self._news = asyncio.Event()
        self.resize(columns, rows)
        asyncio.get_running_loop().add_reader(self.hand, self._look)

    def resize(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("4H", rows, columns, 0, 0))
        self.screen.resize(rows, columns)

    def type(self, text: str) -> None:
        os.write(self.hand, text.encode())

    def rows(self) -> list[str]:
        return [row.rstrip() for row in self.screen.display]

    async def sees(self, holds: Callable[[], bool]) -> None:
        """Wait until what stands on the screen is so."""
        async with asyncio.timeout(SEEN_LIMIT_S):
            while not holds():
                self._news.clear()
                await self._news.wait()

    async def sees_text(self, text: str) -> None:
        await self.sees(lambda: any(text in row for row in self.rows()))

    def leave(self) -> None:
        """Hang up, as a closed window or a lost connection does."""
        if self.hand >= 0:
            asyncio.get_running_loop().remove_reader(self.hand)
            os.close(self.hand)
            os.close(self.terminal)
            self.hand = -1

    def _look(self) -> None:
        try:
            data = os.read(self.hand, 65536)
        except OSError:
            return
        self.raw += data
        self._stream.feed(data)
        self._news.set()


@contextlib.contextmanager
def standing_in_for(number: int, fd: int) -> Iterator[None]:
    """Make `fd` the process's standard input or output for a while."""
    kept = os.dup(number)
    os.dup2(fd, number)
    try:
        yield
    finally:
        os.dup2(kept, number)
        os.close(kept)
