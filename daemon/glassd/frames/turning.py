"""How a camera sits on the glasses, and which way up a picture is: crop, rotation and mirror, as plain arithmetic."""

from __future__ import annotations

from typing import Final, NamedTuple

from msgspec import Struct

from glassd_drivers.units import Size


class Turn(NamedTuple):
    """What makes a picture upright: mirrored left to right first, if at all, then turned clockwise by quarters."""

    mirrored: bool = False
    quarters: int = 0

    def then_turned(self, quarters: int) -> Turn:
        """Return this turn with a further one clockwise."""
        return Turn(self.mirrored, (self.quarters + quarters) % 4)

    def then_mirrored(self) -> Turn:
        """Return this turn with left and right exchanged after it: mirrored first, it would turn the other way."""
        return Turn(not self.mirrored, -self.quarters % 4)

    def size_of(self, size: Size) -> Size:
        """Return the size that a picture has after it; also the size before it of one that has this one after."""
        return Size(size.height, size.width) if self.quarters % 2 else size


NO_TURN: Final = Turn()
BY_ORIENTATION: Final = {
    1: NO_TURN,
    2: Turn(mirrored=True),
    3: Turn(quarters=2),
    4: Turn(mirrored=True, quarters=2),
    5: Turn(mirrored=True, quarters=3),
    6: Turn(quarters=1),
    7: Turn(mirrored=True, quarters=1),
    8: Turn(quarters=3),
}
"""By EXIF's orientation (TIFF 6.0, tag 274)."""


class Region(NamedTuple):
    """A rectangle of a picture, in its pixels."""

    left: int
    top: int
    width: int
    height: int

    @property
    def size(self) -> Size:
        """Its sides."""
        return Size(self.width, self.height)

    def within(self, size: Size, other: Size) -> Region:
        """Return where it lies in the same picture of another size."""
        left, top = self.left * other.width // size.width, self.top * other.height // size.height
        width = min(other.width - left, max(1, round(self.width * other.width / size.width)))
        height = min(other.height - top, max(1, round(self.height * other.height / size.height)))
        return Region(left, top, width, height)


class Pose(Struct, frozen=True):
    """What is done with each frame of a camera: turned, mirrored, and only its middle kept.

    `crop` is the part of each side that is kept (0.5), or the size in pixels of the picture that is upright.
    """

    crop: float | Size | None = None
    rotate: int = 0
    mirror: bool = False

    def turn(self, orientation: int) -> Turn:
        """Return what makes a frame upright that has an orientation of its own."""
        turn = BY_ORIENTATION[orientation].then_turned(self.rotate // 90)
        return turn.then_mirrored() if self.mirror else turn

    def region(self, size: Size, turn: Turn) -> Region:
        """Return the middle that is kept of a frame of `size`, in its own pixels, before it is turned."""
        wanted = turn.size_of(size)
        if isinstance(self.crop, Size):
            wanted = Size(min(self.crop.width, wanted.width), min(self.crop.height, wanted.height))
        elif self.crop is not None:
            wanted = Size(max(1, round(wanted.width * self.crop)), max(1, round(wanted.height * self.crop)))
        width, height = turn.size_of(wanted)
        return Region((size.width - width) // 2, (size.height - height) // 2, width, height)


AS_IT_IS: Final = Pose()
