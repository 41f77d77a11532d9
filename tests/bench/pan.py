"""A slow pan over a real photograph, 720p, as the recordings that a clip camera and OpenCV play."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
from measure import photograph

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FRAMES = 90
"""Three seconds of it."""


def as_video(file: Path) -> None:
    """Write it as MJPEG at 30 fps."""
    writer = cv2.VideoWriter(str(file), cv2.VideoWriter.fourcc(*"MJPG"), 30, (1280, 720))
    for picture in pictures():
        writer.write(picture)
    writer.release()


def as_folder(folder: Path) -> None:
    """Write it as JPEG files."""
    folder.mkdir()
    for number, picture in enumerate(pictures()):
        cv2.imwrite(str(folder / f"{number:02}.jpg"), picture)


def pictures() -> Iterator[Any]:
    """Yield its pictures, as OpenCV has them."""
    wide = photograph(1480, 1480)
    for number in range(FRAMES):
        yield wide[number : number + 720, number : number + 1280]
