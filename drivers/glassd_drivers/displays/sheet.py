"""Where things stand on a display of pixels: the band of signs, then the lines, in one grid of cells.

┌──────────────────────────┐
│ signs               page │   two thirds of a line
│ line                     │
│ line                     │   `rows` of them
└──────────────────────────┘
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from glassd_drivers.contracts import Area

if TYPE_CHECKING:
    from glassd_drivers.contracts import Profile

LEAST_CELL = 4
"""Pixels: a Han character in fewer than 8 by 8 is none."""
CELL = 16
"""Pixels of a cell where neither a display nor its profile says how large it is: that of Glass3."""
BAND = 2 / 3
"""How high the band of signs is, in lines."""
TYPE = 0.8
"""How much of a line's height the type may take; the rest keeps one line off the next."""


class Sheet(Struct, frozen=True):
    """One profile on one display, in pixels. `band` and `line` are heights, `size` is that of the type to its em."""

    width: int
    height: int
    left: int
    top: int
    columns: int
    rows: int
    cell: int
    size: int
    band: int
    line: int

    @property
    def line_width(self) -> int:
        """How wide a line is."""
        return self.columns * self.cell

    def line_top(self, row: int) -> int:
        """Return where a line begins; rows are counted from 0."""
        return self.top + self.band + row * self.line


def picture_size(profile: Profile) -> tuple[int, int]:
    """Return the width and height, in pixels, of a picture of a profile: its own where it has them.

    What it lacks is made for type of its own size, or of 2 x CELL pixels.
    """
    cell = -(-profile.font // 2) or profile.width // profile.columns or CELL
    line = -(-2 * cell // TYPE)
    return profile.width or profile.columns * cell, profile.height or round((profile.rows + BAND) * line)


def lay_out(profile: Profile, width: int, height: int, safe: Area | None = None) -> Sheet | None:
    """Return the profile's place on a display of `width` by `height` pixels; None where its lines do not fit.

    The place is the area `safe` of it or, without one, the profile's own where the display has the profile's size; else
    all of it.
    """
    if safe is None:
        safe = profile.safe if (profile.width, profile.height) == (width, height) else None
    area = safe or Area(0, 0, width, height)
    line = int(area.height / (profile.rows + BAND))
    cell = min(area.width // profile.columns, int(line * TYPE / 2))
    if profile.font:
        cell = min(cell, -(-profile.font // 2))
    if cell < LEAST_CELL or area.left + area.width > width or area.top + area.height > height:
        return None
    return Sheet(
        width=width,
        height=height,
        left=area.left + (area.width - profile.columns * cell) // 2,
        top=area.top,
        columns=profile.columns,
        rows=profile.rows,
        cell=cell,
        size=2 * cell,
        band=area.height - profile.rows * line,
        line=line,
    )
