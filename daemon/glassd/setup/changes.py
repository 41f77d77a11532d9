"""Changes to the system that are undone as a whole, unless they are kept."""

from __future__ import annotations

import contextlib
import signal
from contextlib import ExitStack
from typing import TYPE_CHECKING, Self

from glassd.files import write_whole

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType


class Changes:
    """Makes changes; a block that ends by an exception, Ctrl-C's too, leaves everything as it was before."""

    def __init__(self) -> None:
        self._undo = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._undo.pop_all()
            return
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C would leave half of it
        try:
            self._undo.close()
        finally:
            signal.signal(signal.SIGINT, before)

    def to_undo(self, undo: Callable[[], object]) -> None:
        """Have something done, after what was told before, if the changes are not kept."""
        self._undo.callback(undo)

    def write(self, path: Path, data: bytes, mode: int, folder_mode: int = 0o755) -> None:
        """Put a file in place as a whole: whoever reads it sees the old one or the new one."""
        self.folder(path.parent, folder_mode)
        before = path.read_bytes() if path.exists() else None
        if before is None:
            self.to_undo(lambda: path.unlink(missing_ok=True))
        else:
            old_mode = path.stat().st_mode & 0o7777
            self.to_undo(lambda: write_whole(path, before, old_mode))
        write_whole(path, data, mode)

    def folder(self, path: Path, mode: int) -> None:
        """Make a folder and those above it, where they are not there; only a new one gets the mode."""
        if path.is_dir():
            return
        self.folder(path.parent, 0o755)
        path.mkdir()
        path.chmod(mode)  # whatever the umask takes away
        self.to_undo(lambda: _remove_empty(path))

    def remove(self, path: Path) -> None:
        """Take a file away."""
        before, mode = path.read_bytes(), path.stat().st_mode & 0o7777
        self.to_undo(lambda: write_whole(path, before, mode))
        path.unlink()


def beside(path: Path) -> Path:
    """Return a free name for the old version of a file: glassd.yaml.old, then glassd.yaml.old2 and so on."""
    names = (path.with_name(f"{path.name}.old{number if number > 1 else ''}") for number in range(1, 10_000))
    return next(name for name in names if not name.exists())


def _remove_empty(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.rmdir()
