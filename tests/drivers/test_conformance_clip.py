"""The clip camera passes the kit over a folder, a video of JPEGs, and a video that has to be decoded."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import pytest
from recordings import encoded, video

from glassd_drivers.testing import Kit, Rig

if TYPE_CHECKING:
    from collections.abc import Callable

MISSING = {"path": "/nowhere/clip"}


class Recording(Rig):
    """A folder of its own for one recording, that is there as long as the rig."""

    async def __aenter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory()
        self.config = {"path": str(self.record(Path(self._folder.name))), "fps": 100.0}
        return self

    async def __aexit__(self, *_: object) -> None:
        self._folder.cleanup()

    def record(self, folder: Path) -> Path:
        raise NotImplementedError


class Folder(Recording):
    def record(self, folder: Path) -> Path:
        for number, ending in enumerate((".jpg", ".png")):
            (folder / f"{number}{ending}").write_bytes(encoded(ending, number))
        return folder

    async def unplug(self) -> None:
        self._folder.cleanup()


class Mjpeg(Recording):
    def record(self, folder: Path) -> Path:
        return video(folder / "clip.avi", "MJPG", frames=4)


class Mpeg4(Recording):
    def record(self, folder: Path) -> Path:
        return video(folder / "clip.mp4", "mp4v", frames=4)


KITS = [
    Kit("cameras", "clip", Folder, MISSING),
    Kit("cameras", "clip", Mjpeg, MISSING, losable=False),
    Kit("cameras", "clip", Mpeg4, MISSING, losable=False),
]


@pytest.mark.parametrize(
    ("kit", "check"),
    [pytest.param(kit, check, id=f"{kit.rig.__name__}-{check.__name__}") for kit in KITS for check in kit.checks()],
)
def test_clip_conforms(kit: Kit, check: Callable[[Kit], Any]) -> None:
    check(kit)
