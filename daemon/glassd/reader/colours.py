"""The main colours of a picture, by name: each pixel goes to the nearest of a small palette, as the eye tells colours.

Nearness is the distance in CIELAB (CIE 15:2004, ΔE*ab), with lightness at half its weight: under a lamp or in the
shade a thing keeps its colour's name.
"""

from __future__ import annotations

from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

COLOURS_LIMIT: Final = 3
"""The most colours that are named of one picture."""
SHARE_LEAST: Final = 0.12
"""The least share of the picture that makes a colour one of its main ones."""


class Colour(StrEnum):
    """The basic colour terms of English and Chinese (Berlin and Kay's eleven), cyan and beige."""

    BLACK = "black"
    GREY = "grey"
    WHITE = "white"
    RED = "red"
    ORANGE = "orange"
    YELLOW = "yellow"
    GREEN = "green"
    CYAN = "cyan"
    BLUE = "blue"
    PURPLE = "purple"
    PINK = "pink"
    BROWN = "brown"
    BEIGE = "beige"


def main_colours(picture: NDArray[np.uint8]) -> tuple[Colour, ...]:
    """Return the main colours of a BGR picture, the largest share first; at least one, at most COLOURS_LIMIT."""
    nearest = _nearest_names()
    blue, green, red = (picture[..., channel] >> _STEP_BITS for channel in range(3))
    shares = np.bincount(nearest[blue, green, red].ravel(), minlength=len(Colour)) / (blue.size or 1)
    order = [int(at) for at in np.argsort(-shares, kind="stable")[:COLOURS_LIMIT]]
    names = list(Colour)
    return tuple(names[at] for at in order if shares[at] >= SHARE_LEAST) or (names[order[0]],)


# -- the palette -------------------------------------------------------------------------------------------------------

_STEP_BITS: Final = 3  # colours are told apart in steps of 8 levels a channel: a table of 32 x 32 x 32
_LIGHTNESS_WEIGHT: Final = 0.5

_PALETTE: Final = {  # sRGB; a name has several anchors where it spans deep, plain and pale shades
    Colour.BLACK: ("#000000", "#1a1a1a", "#202228"),
    Colour.GREY: ("#4a4a4a", "#6b6b6b", "#8c8c8c", "#adadad", "#c4c4c4", "#7a8088", "#87807a"),
    Colour.WHITE: ("#e4e4e4", "#f4f4f4", "#ffffff", "#f6f2ea", "#e9eef4"),
    Colour.RED: ("#e3171e", "#b0141c", "#7c0f14", "#c8403c"),
    Colour.ORANGE: ("#ff8000", "#e8701a", "#f5a04a", "#ff7f50"),
    Colour.YELLOW: ("#ffe000", "#f2cf3a", "#f7e98a", "#c9b01e"),
    Colour.GREEN: ("#00a040", "#0b5d1e", "#6abf4b", "#a9cf54", "#4f6b35", "#9cc49a", "#2e3d24"),
    Colour.CYAN: ("#00bcc8", "#007f86", "#8fdde0"),
    Colour.BLUE: ("#1560d8", "#0a2f8a", "#101c48", "#4d8fdc", "#9cc6ee", "#5a7ea6", "#0000ff", "#00008b", "#aed6ea"),
    Colour.PURPLE: ("#7a1fa2", "#4b1570", "#a070d0", "#c9b0e0"),
    Colour.PINK: ("#f06aa8", "#f9b4c6", "#d8407c", "#e8909c"),
    Colour.BROWN: ("#7a4a20", "#4a2c14", "#a0703c", "#c09468", "#8a5a44", "#c8843e"),
    Colour.BEIGE: ("#f3e2c0", "#e2cfa8", "#fbdcb4", "#f5f5dc"),
}


@cache
def _nearest_names() -> NDArray[np.intp]:
    """Return the table from a coarse blue, green, red to the place of its name in Colour."""
    anchors = [(at, anchor) for at, name in enumerate(Colour) for anchor in _PALETTE[name]]
    palette = _lab(np.array([[int(anchor[i : i + 2], 16) for i in (5, 3, 1)] for _, anchor in anchors]))
    steps = (np.arange(256 >> _STEP_BITS) << _STEP_BITS) + (1 << _STEP_BITS) / 2
    grid = _lab(np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(-1, 3))
    nearest = np.stack([((grid - colour) ** 2).sum(axis=1) for colour in palette]).argmin(axis=0)
    names: NDArray[np.intp] = np.array([at for at, _ in anchors], np.intp)[nearest]
    return names.reshape((steps.size,) * 3)


def _lab(bgr: NDArray[Any]) -> NDArray[np.float32]:
    """Return rows of blue, green, red (0 to 255) as rows of L*, weighted, a* and b*."""
    lab = cv2.cvtColor((bgr / 255).astype(np.float32)[np.newaxis], cv2.COLOR_BGR2Lab)[0]
    return np.asarray(lab, np.float32) * np.array([_LIGHTNESS_WEIGHT, 1, 1], np.float32)
