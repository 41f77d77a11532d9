"""How much of a view is another than before: a few hundred cells of a frame, and the share of them that differs.

Light is no content. Tones are logarithms, in which a gain is an offset that is taken away, and so are the bands that a
lamp on 50 or 60 Hz draws across the rows of a rolling shutter; of cells that are burnt or black only one side is known,
and only that is compared. A head sways: the two views are laid over each other first, as far as a tenth of their width.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

CELLS: Final = 80
"""Cells along the longer side of a view, about: an eighth of VGA. Letters are lost in them, lines of print are not."""
REACH: Final = 0.1
"""How far a view may have moved and still be the same, as a part of its longer side."""
LEAST_CELLS: Final = 16
"""Cells a side below which there is too little to compare: frames of less than 128 pixels a side."""

_BLOCKS: Final = (8, 12)
"""Rows and columns of blocks; a block differs or does not."""
_BLACK: Final = 10
_BURNT: Final = 235
"""Levels at and beyond which a cell's tone is not known any more, but on which side of it the true one is."""
_FLOOR: Final = 3.0
"""Levels added before the logarithm, which has no value at 0."""
_FAINT: Final = 0.06
"""The contrast that is no content yet, as a logarithm: 6 %. A sensor's noise stays below it, for a cell is the mean of
many of its pixels."""
_LEVEL_WEIGHT: Final = 0.25
"""What another brightness of a whole block weighs beside another pattern: 19 % more light make a plain one differ."""
_BAND_ROWS: Final = 5
"""Rows of cells over which a lamp's bands are hardly another: three bands in 45 rows are usual."""
_EDGE: Final = 0.2
"""Contrast from cell to cell above which an edge counts no more, or one window would outweigh all else in a view."""
_DIFFERS: Final = 0.5
"""Unexplained part of a block's contrast from which on it differs: 0 is the same, 1 has nothing to do with it."""
_BLANK: Final = 0.95
"""Share of black, or of burnt, cells from which on there is no view."""


@dataclass(frozen=True, slots=True)
class Glance:
    """What is kept of one view; `blank` where it shows nothing: a covered lens, a lamp in the face."""

    tone: NDArray[np.float32]
    black: NDArray[np.bool_]
    burnt: NDArray[np.bool_]
    edges: NDArray[np.complexfloating[Any, Any]]

    @property
    def blank(self) -> bool:
        """Whether there is nothing to be seen."""
        return max(float(self.black.mean()), float(self.burnt.mean())) > _BLANK


def glance(grey: NDArray[np.uint8]) -> Glance:
    """Return what is kept of a grey picture, best one at an eighth of its size; ValueError for a too small one."""
    by = max(1, round(max(grey.shape) / CELLS))
    height, width = (side // by for side in grey.shape)
    if min(height, width) < LEAST_CELLS:
        raise ValueError(f"too small for a scene: {width}x{height} cells, at least {LEAST_CELLS} a side are compared")
    cells = grey[: height * by, : width * by].reshape(height, by, width, by).mean(axis=(1, 3), dtype=np.float32)
    cells = _smooth(_smooth(cells).T).T
    tone = np.log(cells + _FLOOR)
    across = np.diff(tone, axis=1)[:-1]
    down = np.diff(tone, axis=0)
    down -= np.median(down, axis=1, keepdims=True)  # bands are edges too, and do not sway with the head
    edges = np.clip(across, -_EDGE, _EDGE) + 1j * np.clip(down[:, :-1], -_EDGE, _EDGE)
    return Glance(
        tone=tone,
        black=cells <= _BLACK,
        burnt=cells >= _BURNT,
        edges=np.fft.fft2(edges, _padded(tone.shape)),
    )


def difference(one: Glance, other: Glance) -> float:
    """Return the share of a view, 0 to 1, that is another in the other one. Takes 1 to 3 ms."""
    if one.tone.shape != other.tone.shape:
        return 1.0
    moved = _moved(one, other)
    share = _differing(one, other, moved)
    # In a plain view noise may decide how it moved: then it may as well have stayed.
    return min(share, _differing(one, other, (0, 0))) if share and moved != (0, 0) else share


def _smooth(cells: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the cells with each column weighed 1-2-1 with its neighbours: print would else flicker as a head sways."""
    wide = np.pad(cells, ((1, 1), (0, 0)), mode="edge")
    return np.asarray((wide[:-2] + 2 * wide[1:-1] + wide[2:]) / 4, np.float32)


def _padded(shape: tuple[int, ...]) -> tuple[int, int]:
    """Return the size in which a view can move as far as it may without coming round on the other side."""
    reach = round(REACH * max(shape))
    return shape[0] + reach, shape[1] + reach


def _moved(one: Glance, other: Glance) -> tuple[int, int]:
    """Return by how many rows and columns the other view has moved, by the correlation of their edges."""
    reach = round(REACH * max(one.tone.shape))
    shifts = np.arange(-reach, reach + 1)
    match = np.fft.ifft2(np.conj(one.edges) * other.edges).real[np.ix_(shifts, shifts)]
    down, across = np.unravel_index(int(match.argmax()), match.shape)
    return int(shifts[down]), int(shifts[across])


def _differing(one: Glance, other: Glance, moved: tuple[int, int]) -> float:
    """Return the share of blocks that differ where the views lie over each other, each a cell to and fro at best."""
    here, there = _overlap(one.tone.shape, moved)
    light = _light(one, other, here, there)
    mean = _BlockMean(one.tone[here].shape)
    contrast = mean.variance(one.tone[here]) + mean.variance(other.tone[there]) + 2 * _FAINT**2
    unexplained = []
    for place in _around(there):
        least, most = one.burnt[here] | other.black[place], one.black[here] | other.burnt[place]
        change = other.tone[place] - one.tone[here] - light
        change[(least & (change > 0)) | (most & (change < 0))] = 0
        level = mean(change) ** 2
        pattern = mean(change**2) - level
        level *= _LEVEL_WEIGHT
        unexplained.append((pattern + level) / (contrast + level))
    return float(np.mean(np.min(unexplained, axis=0) > _DIFFERS))


def _light(one: Glance, other: Glance, here: _Place, there: _Place) -> NDArray[np.float32]:
    """Return what the light alone has changed, row by row: the middle change of what is neither black nor burnt."""
    change = other.tone[there] - one.tone[here]
    known = ~(one.black[here] | one.burnt[here] | other.black[there] | other.burnt[there])
    gain = np.median(change[known]) if known.mean() > 1 - _BLANK else np.median(change)
    rows = np.median(np.where(known, change - gain, 0), axis=1)
    # Bands are soft and several rows high; a single row that stands out is one of print, between ink and paper.
    rows = np.convolve(np.pad(rows, _BAND_ROWS // 2, mode="edge"), np.full(_BAND_ROWS, 1 / _BAND_ROWS), mode="valid")
    return np.asarray(gain + rows[:, None], np.float32)


_Place = tuple[slice, slice]


def _overlap(shape: tuple[int, ...], moved: tuple[int, int]) -> tuple[_Place, _Place]:
    """Return where in each of two views is what both show, less a cell all round."""
    here = [slice(max(0, -by) + 1, side - max(0, by) - 1) for side, by in zip(shape, moved, strict=True)]
    there = [slice(at.start + by, at.stop + by) for at, by in zip(here, moved, strict=True)]
    return (here[0], here[1]), (there[0], there[1])


def _around(place: _Place) -> Iterator[_Place]:
    rows, columns = place
    for down in (-1, 0, 1):
        for across in (-1, 0, 1):
            yield (
                slice(rows.start + down, rows.stop + down),
                slice(columns.start + across, columns.stop + across),
            )


class _BlockMean:
    """The mean of each block of an array of this shape."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self._starts = [
            np.linspace(0, side, count, endpoint=False).astype(int) for side, count in zip(shape, _BLOCKS, strict=True)
        ]
        sides = [np.diff([*starts, side]) for starts, side in zip(self._starts, shape, strict=True)]
        self._sizes = np.outer(*sides).astype(np.float32)

    def __call__(self, cells: NDArray[np.float32]) -> NDArray[np.float32]:
        rows = np.add.reduceat(cells, self._starts[0], axis=0)
        return np.asarray(np.add.reduceat(rows, self._starts[1], axis=1) / self._sizes, np.float32)

    def variance(self, cells: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return each block's variance."""
        cells = cells - cells.mean()  # the difference of two large numbers would lose what is asked for
        return self(cells**2) - self(cells) ** 2
