"""Codes as a camera may see them: on an uneven ground, turned, tilted, blurred, noisy, in shadow, white on black."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Picture = NDArray[np.uint8]

HOLLOW = bytes.fromhex("ffd8 ffc0000b080010001001011100 ffda0008010100003f00 ffd9")
"""A JPEG whose structure is whole, with no picture in it."""


@dataclass(frozen=True)
class View:
    """How a code is seen: its width in pixels, degrees of rotation, shares of tilt, blur in pixels, levels of noise."""

    size_px: int = 300
    angle: float = 0
    tilt: float = 0
    blur_px: float = 0
    noise: float = 0
    contrast: float = 1
    shade: bool = False
    inverted: bool = False
    seed: int = 0


def seen(code: Picture, view: View, width: int = 1280, height: int = 720) -> Picture:
    """The code in the middle of a picture of uneven colours."""
    rng = np.random.default_rng(view.seed)
    spots = rng.integers(40, 220, (height // 40 + 1, width // 40 + 1, 3)).astype(np.uint8)
    ground = cv2.resize(spots, (width, height), interpolation=cv2.INTER_CUBIC).astype(np.float64)
    code = cv2.bitwise_not(code) if view.inverted else code  # type: ignore[assignment]  # OpenCV's stubs widen it
    turn = cv2.getPerspectiveTransform(_corners(code.shape[1], code.shape[0]), _laid(code, view, width, height) * 2)
    size = (width * 2, height * 2)
    laid = cv2.resize(cv2.warpPerspective(code, turn, size), (width, height), interpolation=cv2.INTER_AREA)
    cover = cv2.warpPerspective(np.full_like(code, 255), turn, size)
    share = cv2.resize(cover, (width, height), interpolation=cv2.INTER_AREA)[..., np.newaxis] / 255
    faded = (128 + (laid.astype(np.float64) - 128) * view.contrast)[..., np.newaxis]
    picture: Any = ground * (1 - share) + faded * share
    if view.shade:
        picture *= np.linspace(1, 0.3, width)[np.newaxis, :, np.newaxis]
    if view.blur_px:
        picture = cv2.GaussianBlur(picture, (0, 0), view.blur_px)
    picture += rng.normal(0, view.noise, picture.shape)
    return np.asarray(np.clip(picture, 0, 255), np.uint8)


def jpeg(picture: Any, quality: int = 90) -> bytes:
    return cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


def png(picture: Any) -> bytes:
    return cv2.imencode(".png", picture)[1].tobytes()


def _corners(width: float, height: float) -> NDArray[np.float32]:
    return np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)


def _laid(code: Picture, view: View, width: int, height: int) -> NDArray[np.float32]:
    high = view.size_px * code.shape[0] / code.shape[1]
    corners = _corners(view.size_px, high) - np.array([view.size_px / 2, high / 2], np.float32)
    corners[0] *= 1 - view.tilt
    corners[3] *= 1 - 0.6 * view.tilt
    turn = np.deg2rad(view.angle)
    turned = corners @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    return np.asarray(turned + np.array([width / 2, height / 2]), np.float32)
