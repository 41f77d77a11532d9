"""What a camera would send, in any size: a photograph, and a drawn shelf with print on it, with a sensor's grain."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from measure import photograph

from glassd.demo.pictures import render

if TYPE_CHECKING:
    from glassd_drivers.units import Size

CAMERA_QUALITY = 85
GRAIN = 3.0
"""Of a sensor, in levels of 255: a picture that was only made larger is smoother than any camera's."""


def camera_jpegs(size: Size) -> list[bytes]:
    """Return the views in this size, each as a camera's JPEG."""
    with tempfile.TemporaryDirectory() as folder:
        shelf = cv2.imread(str(next(path for path in render(Path(folder)) if "shelf" in path.name)))
    assert shelf is not None
    return [_as_jpeg(photograph(*size)), _as_jpeg(cv2.resize(shelf, size, interpolation=cv2.INTER_CUBIC))]


def _as_jpeg(picture: Any) -> bytes:
    height, width = picture.shape[:2]
    grain = np.random.default_rng(0).normal(0, GRAIN, (height, width, 1))
    grainy = np.clip(picture + grain, 0, 255).astype(np.uint8)
    return cv2.imencode(".jpg", grainy, [cv2.IMWRITE_JPEG_QUALITY, CAMERA_QUALITY])[1].tobytes()
