"""What the browser's fake camera films: numbered pictures, which a test knows again in what arrives at the model.

The upper half is eight bars: a light one, a dark one, then the six binary digits of the number, the highest first. The
lower half is a chessboard, so that the pictures count as sharp.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

WIDTH, HEIGHT = 320, 240
PICTURES = 64
FPS = 20
_BARS = 8
_LIGHT, _DARK = 220, 40


def make_film(path: Path) -> Path:
    """Write the film as YUV4MPEG2, which Chromium plays round and round as its camera."""
    rows, columns = np.indices((HEIGHT // 2, WIDTH)) // 20
    board = np.where((rows + columns) % 2, _LIGHT, _DARK).astype(np.uint8)
    grey = b"\x80" * (WIDTH * HEIGHT // 2)
    with path.open("wb") as file:
        file.write(b"YUV4MPEG2 W%d H%d F%d:1 Ip A1:1 C420jpeg\n" % (WIDTH, HEIGHT, FPS))
        for number in range(PICTURES):
            bits = [1, 0, *(number >> place & 1 for place in range(5, -1, -1))]
            bar = np.repeat(np.array([_LIGHT if bit else _DARK for bit in bits], np.uint8), WIDTH // _BARS)
            file.write(b"FRAME\n" + np.vstack([np.tile(bar, (HEIGHT // 2, 1)), board]).tobytes() + grey)
    return path


def number_in(picture: bytes) -> int:
    """Return the number of the film's picture in JPEG bytes; fail where it is none of them."""
    pixels = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert pixels is not None, "these bytes are no picture"
    height, width = pixels.shape
    bits = [
        int(pixels[height // 4, (2 * bar + 1) * width // (2 * _BARS)] > (_LIGHT + _DARK) / 2) for bar in range(_BARS)
    ]
    assert bits[:2] == [1, 0], f"the bars are {bits}: this is no picture of the film"
    return int("".join(map(str, bits[2:])), 2)
