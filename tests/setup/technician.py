"""A person who runs `glassd setup` at a terminal of their own, and types the answers."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import termios
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import boards
from running import LIMIT_S
from ttys import Person

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


class Technician(Person):
    """Sits at a board, at its controlling terminal."""

    def __init__(self, folder: Path, board: str, *arguments: str, **environment: str) -> None:
        super().__init__(rows=60)
        self.folder = folder
        command = [sys.executable, "-X", "dev", "-W", "error", boards.__file__, str(folder), board, *arguments]
        self._process = subprocess.Popen(
            command,
            stdin=self.terminal,
            stdout=self.terminal,
            stderr=self.terminal,
            start_new_session=True,
            env={**os.environ, "PYTHONIOENCODING": "utf-8", "LANG": "en_US.UTF-8", "LC_ALL": "", **environment},
        )

    async def answers(self, *pairs: tuple[str, str]) -> None:
        """Wait for each question, by a part of it at the end of what is said, and type the answer."""
        for question, answer in pairs:
            await self.is_asked(question)
            await self._enters(f"{answer}\n")

    async def _enters(self, line: str) -> None:
        """Type a line, and wait until the terminal has taken it: so that no question is answered twice."""
        before = len(self.raw)
        self.type(line)
        await self.sees(lambda: b"\n" in self.raw[before:])

    async def is_asked(self, question: str) -> None:
        """Wait until the cursor stands behind a question."""
        try:
            await self.sees(lambda: question in self._line())
        except TimeoutError:
            raise AssertionError(f"{question!r} was never asked; there is:\n{self.transcript()}") from None

    async def listens(self) -> None:
        """Wait until nothing of what is typed is shown: so a key is hidden, and a button waited for."""
        await self.sees(lambda: not termios.tcgetattr(self.terminal)[3] & termios.ECHO)

    async def presses(self, text: str) -> None:
        """Type a line where nothing of it is shown."""
        await self.listens()
        self.type(f"{text}\n")

    async def ends(self) -> int:
        """Wait for the end, and return the exit status."""
        status = await asyncio.to_thread(self._process.wait, LIMIT_S)
        await asyncio.sleep(0)
        self._look()
        return status

    def transcript(self) -> str:
        """Return all that stood on the terminal."""
        return self.raw.decode(errors="replace").replace("\r\n", "\n")

    def leave(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait(LIMIT_S)
        super().leave()

    def _line(self) -> str:
        """Return the row that the cursor is in, while something is asked there."""
        row = self.rows()[self.screen.cursor.y]
        return row if self.screen.cursor.x > 0 else ""


@asynccontextmanager
async def technician(folder: Path, board: str, *arguments: str, **environment: str) -> AsyncIterator[Technician]:
    """Sit somebody down at a new board, or at one that is there."""
    if not (folder / "dev").exists():
        boards.make(folder)
    person = Technician(folder, board, *arguments, **environment)
    try:
        yield person
    finally:
        person.leave()
