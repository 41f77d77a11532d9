"""The fonts that a display of pixels is drawn with: one after the other, until one has the character.

The first is the wearer's own choice or, without one, the font for Chinese that the Debian package brings along; behind
it stand the usual ones for what it lacks. What none of them has is drawn as the nearest that one has: the bare letter,
the one emoji of several joined ones, the plain form of a fancy one; and an empty box for what is left.
"""

from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from glassd_drivers.contracts import PermanentFault
from glassd_drivers.displays.coverage import Coverage, FontError, read_coverage
from glassd_drivers.near import near

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

FOLDER = Path("/usr/share/fonts/truetype")
DEFAULT_FONTS = (
    "wqy/wqy-microhei.ttc#1",  # fonts-wqy-microhei: Han, kana, Hangul, Latin, Cyrillic; face 1 has Latin of one width
    "dejavu/DejaVuSans.ttf",  # fonts-dejavu-core: Arabic, Hebrew, arrows, mathematics
    "tlwg/Loma.ttf",  # fonts-tlwg-loma-ttf: Thai
    "ancient-scripts/Symbola_hint.ttf",  # fonts-symbola: emoji in outlines, symbols
    "droid/DroidSansFallbackFull.ttf",  # fonts-droid-fallback: rarer Han
)
"""Under FOLDER, with the Debian packages that they are from; those that are not there are passed over."""
WITHOUT_FONT = (
    "no font is installed that this can be drawn with: apt install fonts-wqy-microhei, or name one with `font`"
)

_JOINER = "\u200d"


class Face(Struct, frozen=True):
    """One face of a font file, and what it covers."""

    path: Path
    number: int
    coverage: Coverage

    def covers(self, text: str) -> bool:
        """Tell whether it has a glyph for each character; one that joins others needs none."""
        return all(c in self.coverage or c == _JOINER for c in text)

    def of_size(self, size: int) -> Any:
        """Return Pillow's font, `size` pixels to the em; raise PermanentFault."""
        from PIL import ImageFont  # noqa: PLC0415  Pillow takes a while to load, and `glassd check` needs none

        try:
            return ImageFont.truetype(self.path, size, index=self.number)
        except OSError as error:
            raise PermanentFault(f"{self.path} is no font that can be drawn with ({error}): correct `font`") from error


class Fonts:
    """The faces in their order. At least one is there."""

    def __init__(self, faces: Sequence[Face]) -> None:
        self.faces = tuple(faces)

    def choices(self, grapheme: str) -> Iterator[tuple[Face, str]]:
        """Yield the faces to draw a grapheme with, and what to draw for it, the truest first; none where none has it.

        Some fonts say that they have a character and draw nothing (WenQuanYi Micro Hei: ℃); then the next one serves.
        """
        first, *others = filter(None, (*near(grapheme), unicodedata.normalize("NFKC", grapheme)))
        for text in (first, *sorted(others, key=len)):  # it has the grapheme's own room, and no more
            for face in self.faces:
                if face.covers(text):
                    yield face, text

    def covering(self, text: str) -> Face | None:
        """Return the first face that has all of a text; None where no single one has."""
        return next((face for face in self.faces if face.covers(text)), None)


def load_fonts(chosen: Sequence[Path] = (), folder: Path = FOLDER) -> Fonts:
    """Return the chosen fonts, and the usual ones behind them; raise PermanentFault, which says what to do.

    Reads files: call it on the driver's thread.
    """
    faces = [_face(path) for path in chosen]
    for name in DEFAULT_FONTS:
        path = folder / name
        if _split(path)[0].exists():
            faces.append(_face(path))
    if not faces:
        raise PermanentFault(WITHOUT_FONT)
    return Fonts(faces)


def _face(path: Path) -> Face:
    file, number = _split(path)
    try:
        return Face(file, number, read_coverage(file, number))
    except OSError as error:
        raise PermanentFault(f"the font {file} cannot be read ({error.strerror}): correct `font`") from error
    except FontError as error:
        raise PermanentFault(f"the font {file} {error}: correct `font`") from error


def _split(path: Path) -> tuple[Path, int]:
    name, mark, number = path.name.rpartition("#")
    if mark and number.isascii() and number.isdigit():
        return path.with_name(name), int(number)
    return path, 0
