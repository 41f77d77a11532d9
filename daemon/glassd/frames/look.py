"""The cheap look at a frame: how sharp it is beside others of its scene, and how it is exposed.

One scale only, that of a quarter-size grey: what is blurred there is blurred for the model too, and a sensor's noise is
averaged out of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from glassd.frames.grey import quarter_grey

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from glassd_drivers.contracts import Frame

DARK_MOST: Final = 16
"""The highest level, of 255, that is as good as black: where video's limited range has its black."""
BRIGHT_LEAST: Final = 250
"""The lowest level that is as good as white: a JPEG's ringing keeps burnt areas from all being 255."""
CONTRAST_LEAST: Final = 8.0
"""Levels that are added to a grey's own contrast, so that noise on a bare wall or in the dark is no sharpness."""


TILES: Final = 8
"""The picture is looked at in so many rows and columns of tiles."""


class Tile(NamedTuple):
    """One part of a picture: how much detail it has, and its mean level of 255.

    `detail` compares the same part of frames of one scene and means nothing by itself: the variance of the Laplacian of
    the smoothed grey over that of the grey.
    """

    detail: float
    level: float


@dataclass(frozen=True, slots=True)
class Look:
    """What one look at a frame says.

    `tiles` are its parts, row by row; none of a frame too small for them. `dark` and `bright` are the shares of pixels
    that are as good as black and white, `mean` the mean level of 255.
    """

    tiles: tuple[Tile, ...]
    dark: float
    bright: float
    mean: float

    @property
    def detail(self) -> float:
        """The mean detail of the tiles."""
        return sum(tile.detail for tile in self.tiles) / len(self.tiles) if self.tiles else 0.0

    def __str__(self) -> str:
        return f"detail {self.detail:.3f}, mean {self.mean:.0f}, dark {self.dark:.0%}, bright {self.bright:.0%}"


def look(frame: Frame) -> Look:
    """Look at a frame; raise UnreadableFrameError for one that cannot be decoded. Blocks for 1 to 2 ms at 720p."""
    grey = quarter_grey(frame)
    return Look(
        tiles=_tiles(grey),
        dark=float(np.mean(grey <= DARK_MOST)),
        bright=float(np.mean(grey >= BRIGHT_LEAST)),
        mean=float(grey.mean()),
    )


def _tiles(grey: NDArray[np.uint8]) -> tuple[Tile, ...]:
    """Return the tiles of a grey, which is smoothed by 1-2-1 either way.

    Smoothed, because the Laplacian of the bare grey takes noise for detail.
    """
    # Whole numbers of 16ths of a level. The Laplacian is within four times 16 * 255, which 16 bits hold.
    rows = grey.astype(np.int16)
    rows = rows[:-2] + 2 * rows[1:-1] + rows[2:]
    smooth = rows[:, :-2] + 2 * rows[:, 1:-1] + rows[:, 2:]
    middle = smooth[1:-1, 1:-1]
    if min(middle.shape) < TILES:
        return ()
    edges = 4 * middle - smooth[:-2, 1:-1] - smooth[2:, 1:-1] - smooth[1:-1, :-2] - smooth[1:-1, 2:]
    energy, _ = _variance_and_mean(edges)
    contrast, level = _variance_and_mean(middle)
    detail = energy / (contrast + (16 * CONTRAST_LEAST) ** 2)
    return tuple(map(Tile, detail.ravel().tolist(), (level / 16).ravel().tolist()))


def _variance_and_mean(values: NDArray[np.int16]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the variance and the mean of each tile."""
    height, width = (side // TILES for side in values.shape)
    tiles = values[: height * TILES, : width * TILES].reshape(TILES, height, TILES, width).astype(np.float32)
    mean = tiles.mean(axis=(1, 3))
    return np.einsum("ijkl,ijkl->ik", tiles, tiles) / (height * width) - mean**2, mean
