"""A frame as it is stored: what its own bytes say of it, whatever its camera called it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal

from glassd.frames.exif import UPRIGHT
from glassd.frames.jpeg import JpegHeader, mended, read_jpeg
from glassd.frames.png import PngHeader, read_png, stripped
from glassd_drivers.pictures import check_raw, is_raw
from glassd_drivers.units import Size

if TYPE_CHECKING:
    from glassd_drivers.contracts import Frame, RawType

_JPEG: Final = b"\xff\xd8"


@dataclass(frozen=True, slots=True)
class Stored:
    """One frame's facts.

    `raw` is None for an encoded one. `plain` is whether any reader shows it alike (8 bits, grey or RGB), `quality` the
    one that a JPEG was encoded with as far as it tells, `coded` the bytes of its compressed picture alone, `held` those
    that its decoder holds besides the pixels.
    """

    frame: Frame
    kind: Literal["raw", "jpeg", "png"]
    size: Size
    header: JpegHeader | PngHeader | None = None
    orientation: int = UPRIGHT
    plain: bool = True
    grey: bool = False
    transparent: bool = False
    quality: int | None = None
    coded: int = 0
    held: int = 0

    @property
    def raw(self) -> RawType | None:
        """Its raw type."""
        return self.frame.media_type if is_raw(self.frame.media_type) else None

    def cleaned(self) -> Frame:
        """Return the frame without metadata and with all that a reader needs: the identical one where it is so."""
        if isinstance(self.header, JpegHeader):
            data = mended(self.header)[0]
        else:
            assert isinstance(self.header, PngHeader), "a raw frame is encoded instead"
            data = stripped(self.header)
        frame = self.frame
        media_type: Literal["image/jpeg", "image/png"] = "image/jpeg" if self.kind == "jpeg" else "image/png"
        if data is frame.data and (frame.media_type, frame.width, frame.height) == (media_type, *self.size):
            return frame
        return replace(frame, data=data, media_type=media_type, width=self.size.width, height=self.size.height)


def read(frame: Frame) -> Stored:
    """Return what a frame is; raise PictureError for one that is not whole."""
    if is_raw(frame.media_type):
        check_raw(len(frame.data), frame.media_type, frame.width, frame.height)
        size = Size(frame.width, frame.height)
        return Stored(frame, "raw", size, plain=False, grey=frame.media_type == "raw/grey")
    if frame.data.startswith(_JPEG):
        jpeg = read_jpeg(frame.data)
        return Stored(
            frame,
            "jpeg",
            Size(jpeg.width, jpeg.height),
            jpeg,
            jpeg.orientation,
            jpeg.plain,
            grey=jpeg.components == 1,
            quality=jpeg.quality,
            coded=jpeg.coded,
            held=jpeg.coefficients,
        )
    png = read_png(frame.data)
    size = Size(png.width, png.height)
    return Stored(frame, "png", size, png, png.orientation, not png.deep, transparent=png.transparent)
