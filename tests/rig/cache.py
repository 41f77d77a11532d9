"""What takes long to make is made once: a folder for each kind and key, made whole or not at all."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

KEPT = 3
"""How many folders of a kind stay in a place, those last used: another tree of this user has other keys."""


def root() -> Path:
    """Return the cache's folder: $GLASSD_CACHE/rig, else ~/.cache/glassd/rig."""
    return Path(os.environ.get("GLASSD_CACHE") or Path.home() / ".cache" / "glassd") / "rig"


def key(*inputs: str | Path) -> str:
    """Return what changes with any of these texts, files, and folders of files."""
    digest = hashlib.sha256()
    for part in inputs:
        for name, data in _contents(part):
            digest.update(f"{name}\0{len(data)}\0".encode() + data)
    return digest.hexdigest()[:16]


def made(kind: str, name: str, make: Callable[[Path], None], within: Path | None = None) -> Path:
    """Return the folder of that kind and key; where there is none, `make` fills a new one. One process at a time.

    What stands on another is made within it, and goes with it: made anew, that would be another.
    """
    top = root()
    top.mkdir(parents=True, exist_ok=True)
    place = within or top
    folder = place / f"{kind}-{name}"
    with (top / f"{kind}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            unfinished = top / f"unfinished-{kind}"
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir()
            make(unfinished)
            unfinished.rename(folder)
        os.utime(folder)
        for old in sorted(place.glob(f"{kind}-*"), key=lambda path: path.stat().st_mtime)[:-KEPT]:
            shutil.rmtree(old)
    return folder


def _contents(part: str | Path) -> Iterable[tuple[str, bytes]]:
    if isinstance(part, str):
        yield "", part.encode()
    elif part.is_dir():
        for path in sorted(part.rglob("*")):
            if path.is_file():
                yield str(path.relative_to(part)), path.read_bytes()
    else:
        yield part.name, part.read_bytes()
