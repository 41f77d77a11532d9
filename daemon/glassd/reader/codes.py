"""QR codes and bar codes in a picture, by OpenCV's own detectors: several attempts, the likely and cheap ones first.

Nothing is guessed: a QR code carries its own error correction, and a bar code, whose one check digit is weak, must
read alike at two sizes of the picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cv2.typing import MatLike

CODES_LIMIT: Final = 8
"""The most codes that are reported of one picture."""
SMALL_PIXELS: Final = 1_000_000
"""The size of the quick attempts: most codes that are held up to a camera are read here."""
LARGE_PIXELS: Final = 4_000_000
"""The size of the attempt for small codes."""
BAR_CODE_PIXELS: Final = (250_000, 500_000, SMALL_PIXELS, 2 * SMALL_PIXELS)
"""The sizes at which bar codes are looked for."""
ENLARGE_LIMIT: Final = 2.0
"""How far a picture is enlarged at most; the detectors want some three pixels a module."""


@dataclass(frozen=True, slots=True)
class FoundCode:
    """One code that was read: its kind, and its text as it stands there (untrusted)."""

    kind: Literal["qr", "bar"]
    text: str


def read_codes(grey: MatLike) -> tuple[FoundCode, ...]:
    """Return the codes of a grey picture in reading order, at most CODES_LIMIT. Blocks for a second or so at worst."""
    found = {**_qr_codes(grey), **_bar_codes(grey)}
    return tuple(sorted(found, key=lambda code: found[code]))[:CODES_LIMIT]


class _Place(NamedTuple):
    """Where a code is, as shares of the picture: its rough row, then its left end."""

    row: int
    left: float


class _Sight(NamedTuple):
    """One code as a detector saw it; the text is empty where it could not be read."""

    text: str
    place: _Place


def _qr_codes(grey: MatLike) -> dict[FoundCode, _Place]:
    detector = cv2.QRCodeDetectorAruco()  # reads a third more of tilted, small and noisy codes than QRCodeDetector
    found: dict[FoundCode, _Place] = {}
    for attempt in _attempts(grey):
        sights = _sights(detector, attempt)
        for text, place in sights:
            if text:
                found.setdefault(FoundCode("qr", text), place)
        if found and all(text for text, _ in sights):
            break  # otherwise one is in sight that another attempt may read
    return found


def _attempts(grey: MatLike) -> Iterator[MatLike]:
    small = _fit(grey, SMALL_PIXELS)
    yield small
    yield cv2.bitwise_not(small)  # white on black
    yield cv2.adaptiveThreshold(small, 255, cv2.ADAPTIVE_THRESH_GAUSSIAN_C, cv2.THRESH_BINARY, 51, 5)  # shadows, haze
    large = _fit(grey, LARGE_PIXELS)
    yield large
    yield cv2.bitwise_not(large)
    if grey.size > 2 * LARGE_PIXELS:
        yield grey


def _bar_codes(grey: MatLike) -> dict[FoundCode, _Place]:
    detector = cv2.barcode.BarcodeDetector()  # EAN-13, EAN-8, UPC-A, UPC-E
    once: set[str] = set()
    found: dict[FoundCode, _Place] = {}
    for pixels in BAR_CODE_PIXELS:
        sights = _sights(detector, _fit(grey, pixels))
        found |= {FoundCode("bar", text): place for text, place in sights if text in once}
        once.update(text for text, _ in sights if text)
    return found


def _sights(detector: cv2.QRCodeDetectorAruco | cv2.barcode.BarcodeDetector, grey: MatLike) -> list[_Sight]:
    """Return what a detector sees; nothing where it fails: it is one attempt of several."""
    # Texts as bytes, which need not be UTF-8, came after OpenCV 4.10.
    decode: Any = getattr(detector, "detectAndDecodeBytesMulti", detector.detectAndDecodeMulti)
    try:
        _, texts, corners, _ = decode(grey)
    except (cv2.error, UnicodeDecodeError):
        return []
    if corners is None:
        return []
    return [_Sight(_text(text), _place(at, grey)) for text, at in zip(texts, corners, strict=False)]


def _text(data: bytes | str) -> str:
    """Return a code's text; what is no UTF-8 shows as such, for which other charset it would be is a guess."""
    return data if isinstance(data, str) else data.decode("utf-8", "replace")


def _place(corners: Any, grey: MatLike) -> _Place:
    left, top = np.asarray(corners, np.float64).reshape(-1, 2).min(axis=0)
    height, width = grey.shape
    return _Place(round(8 * top / height), left / width)


def _fit(grey: MatLike, pixels: int) -> MatLike:
    """Return the picture at about that many pixels, enlarged by no more than ENLARGE_LIMIT."""
    scale = min((pixels / grey.size) ** 0.5, ENLARGE_LIMIT)
    if 0.9 < scale < 1.1:
        return grey
    height, width = grey.shape
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return cv2.resize(grey, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
