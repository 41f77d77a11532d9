"""The pause, kept over a restart: a file in the state folder that is there for as long as it lasts.

Whoever has paused glassd means it; a power cut or an update is not to open the camera again. The file is looked at
before any device is opened.
"""

from __future__ import annotations

import asyncio
import logging
import os
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

log = logging.getLogger(__name__)

NAME: Final = "paused"
WRITE_LIMIT_S: Final = 1.0
"""How long a stop waits for the disk to take it."""
_TEXT: Final = "glassd is paused, also after a restart: `glassd do unpause`, or take this file away before a start.\n"


class PauseFile:
    """The file, written on a thread, where the newest word counts.

    Where the disk does not take it, the pause holds until the process ends, and the log says so.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME
        self._wanted: bool | None = None
        self._writing: asyncio.Task[None] | None = None

    def is_there(self) -> bool:
        """Tell whether glassd was paused when it ended. A folder that cannot be looked into tells nothing."""
        return os.path.lexists(self._path)

    def keep(self, on: bool) -> None:
        """Have it there, or not, from now on. Returns at once."""
        self._wanted = on
        if self._writing is None:
            self._writing = asyncio.create_task(self._write(), name="keep the pause")

    async def close(self) -> None:
        """Wait, bounded, until the disk has it."""
        if self._writing is not None:
            await asyncio.wait([self._writing], timeout=WRITE_LIMIT_S)

    async def _write(self) -> None:
        while self._wanted is not None:
            on, self._wanted = self._wanted, None
            try:
                await asyncio.to_thread(self._put if on else self._take_away)
            except OSError as error:
                what = "is not kept over a restart" if on else "is over, but comes back with a restart"
                log.warning("the pause %s: %s: %s", what, self._path, error.strerror)
        self._writing = None

    def _put(self) -> None:
        self._path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        with self._path.open("w", encoding="utf-8") as file:
            file.write(_TEXT)
            file.flush()
            os.fsync(file.fileno())
        self._settle()

    def _take_away(self) -> None:
        self._path.unlink(missing_ok=True)
        if self._path.parent.exists():
            self._settle()

    def _settle(self) -> None:
        """Have the folder itself on the disk: a name that came or went is of no use before."""
        folder = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
