"""Pictures and videos for the drivers' tests, made by OpenCV: real bytes of real codecs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt


def image(seed: int, width: int = 64, height: int = 48) -> npt.NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 255, (height, width, 3), dtype=np.uint8)


def encoded(ending: str, seed: int = 1, width: int = 64, height: int = 48, *options: int) -> bytes:
    done, data = cv2.imencode(ending, image(seed, width, height), options)
    assert done
    return data.tobytes()


def video(path: Path, codec: str, frames: int, fps: float = 15.0) -> Path:
    backend = cv2.CAP_OPENCV_MJPEG if codec == "MJPG" else cv2.CAP_FFMPEG
    writer = cv2.VideoWriter(str(path), backend, cv2.VideoWriter.fourcc(*codec), fps, (64, 48))
    assert writer.isOpened()
    for seed in range(frames):
        writer.write(image(seed))
    writer.release()
    return path
