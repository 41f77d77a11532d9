"""Tools to draw pictures that look taken: uneven surfaces, signs in perspective, and what a small camera adds.

Scenes are drawn at twice the size of the picture and reduced at the end, which smooths every edge.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Canvas = NDArray[np.uint8]
    Point = tuple[float, float]
    """From the left and from the top, in pixels of the picture."""
    Area = tuple[float, float, float, float]
    """Left, top, right, bottom, in pixels of the picture."""
    Shade = tuple[float, float, float]
    """Blue, green, red, 0 to 255."""

WIDTH_PX: Final = 1280
HEIGHT_PX: Final = 720
SCALE: Final = 2
"""Canvas pixels for one pixel of the picture."""
JPEG_QUALITY: Final = 88


def canvas(top: Shade, bottom: Shade) -> Canvas:
    """Return a canvas whose colour runs from `top` to `bottom`."""
    share = np.linspace(0, 1, HEIGHT_PX * SCALE)[:, np.newaxis, np.newaxis]
    column = np.array(top) * (1 - share) + np.array(bottom) * share
    return np.repeat(column, WIDTH_PX * SCALE, axis=1).astype(np.uint8)


def grain(rng: np.random.Generator, height: int, width: int, coarse_px: int, octaves: int = 4) -> NDArray[np.float32]:
    """Return a field of about -1 to 1 that varies over `coarse_px`, half of it, a quarter …: clouds, walls."""
    field = np.zeros((height, width), np.float32)
    for octave in range(octaves):
        step = max(1, coarse_px >> octave)
        spots = rng.uniform(-1, 1, (height // step + 2, width // step + 2)).astype(np.float32)
        field += np.asarray(cv2.resize(spots, (width, height), interpolation=cv2.INTER_CUBIC), np.float32) / 2**octave
    return field / np.float32(2)


def roughen(area: Canvas, rng: np.random.Generator, strength: float, coarse_px: int = 64, octaves: int = 4) -> None:
    """Make an area's brightness uneven in place, by about `strength` levels."""
    height, width = area.shape[:2]
    if not (height and width):
        return  # it lies beyond the picture's edge
    uneven = area + strength * grain(rng, height, width, coarse_px, octaves)[..., np.newaxis]
    area[:] = np.clip(uneven, 0, 255).astype(np.uint8)


def box(image: Canvas, area: Area, shade: Shade) -> Canvas:
    """Fill a rectangle and return the part of the canvas that it covers."""
    left, top, right, bottom = (max(0, round(side * SCALE)) for side in area)
    covered = image[top:bottom, left:right]
    covered[:] = shade
    return covered


def polygon(image: Canvas, corners: Sequence[Point], shade: Shade) -> None:
    """Fill a polygon."""
    points = np.round(np.array(corners) * SCALE).astype(np.int32)
    cv2.fillPoly(image, [points], shade, cv2.LINE_AA)


def letters(image: Canvas, text: str, at: Point, size: float, shade: Shade) -> None:
    """Write Latin letters from their left base point; a `size` of 1 is about 22 pixels high."""
    origin = (round(at[0] * SCALE), round(at[1] * SCALE))
    cv2.putText(image, text, origin, cv2.FONT_HERSHEY_DUPLEX, size * SCALE, shade, round(3 + 6 * size), cv2.LINE_AA)


def paste(image: Canvas, sheet: Canvas, corners: Sequence[Point]) -> None:
    """Lay a sheet into the scene so that its corners (from the top left, clockwise) lie on the given ones."""
    height, width = sheet.shape[:2]
    if sheet.ndim == 2:
        sheet = np.asarray(cv2.cvtColor(sheet, cv2.COLOR_GRAY2BGR), np.uint8)
    flat = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    turn = cv2.getPerspectiveTransform(flat, (np.array(corners) * SCALE).astype(np.float32))
    size = (image.shape[1], image.shape[0])
    laid = cv2.warpPerspective(sheet, turn, size, flags=cv2.INTER_AREA)
    cover = cv2.warpPerspective(np.full((height, width), 255, np.uint8), turn, size)[..., np.newaxis] / np.float32(255)
    image[:] = (image * (1 - cover) + laid * cover).astype(np.uint8)


def shadows(image: Canvas, polygons: Sequence[Sequence[Point]], depth: float, soft_px: float) -> None:
    """Darken polygons, with soft rims; `depth` is the share of light that they take."""
    mask = np.zeros((HEIGHT_PX, WIDTH_PX), np.uint8)
    for corners in polygons:
        cv2.fillPoly(mask, [np.round(corners).astype(np.int32)], (255,), cv2.LINE_AA)
    soft = cv2.resize(cv2.GaussianBlur(mask, (0, 0), soft_px), (image.shape[1], image.shape[0]))
    image[:] = (image * (1 - np.float32(depth / 255) * soft.astype(np.float32)[..., np.newaxis])).astype(np.uint8)


def photograph(image: Canvas, rng: np.random.Generator, blur_px: float = 0.6, swing_px: int = 1) -> bytes:
    """Return the scene as a camera's JPEG: defocus, a swing of the head to the side, dim corners, noise."""
    small = cv2.resize(image, (WIDTH_PX, HEIGHT_PX), interpolation=cv2.INTER_AREA)
    small = cv2.blur(cv2.GaussianBlur(small, (0, 0), blur_px), (swing_px, 1))
    taken = small.astype(np.float64)
    y, x = np.mgrid[-1 : 1 : HEIGHT_PX * 1j, -1 : 1 : WIDTH_PX * 1j]
    taken *= (1 - 0.16 * (x**2 + y**2))[..., np.newaxis]
    # Noise of a small sensor: finer in brightness than in colour.
    taken += rng.normal(0, 2.2, (HEIGHT_PX, WIDTH_PX, 1)) + rng.normal(0, 0.8, taken.shape)
    pixels = np.clip(taken, 0, 255).astype(np.uint8)
    done, data = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    assert done, "OpenCV always encodes JPEG"
    return data.tobytes()
