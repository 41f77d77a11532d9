"""The codes that the demo's pictures show: QR by OpenCV's encoder, EAN-13 by its specification."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

QUIET_MODULES: Final = 4
"""The white margin of a QR code (ISO/IEC 18004, 5.3.8)."""


def qr_code(text: str, module_px: int) -> NDArray[np.uint8]:
    """Return a grey QR code with its quiet zone, `module_px` pixels a module."""
    parameters = cv2.QRCodeEncoder.Params()
    parameters.correction_level = cv2.QRCODE_ENCODER_CORRECT_LEVEL_M
    modules = np.asarray(cv2.QRCodeEncoder.create(parameters).encode(text), np.uint8)
    dark = np.argwhere(modules == 0)
    top, left = dark.min(axis=0)
    bottom, right = dark.max(axis=0) + 1
    whole = np.pad(modules[top:bottom, left:right], QUIET_MODULES, constant_values=255)
    return np.kron(whole, np.ones((module_px, module_px), np.uint8))


def ean13(digits: str, module_px: int, height_px: int) -> NDArray[np.uint8]:
    """Return a grey EAN-13 code of twelve digits and their check digit, with its quiet zones (GS1, 5.2)."""
    digits += check_digit(digits)
    first, left, right = int(digits[0]), digits[1:7], digits[7:]
    sets = zip(_PARITY[first], left, strict=True)
    bars = "101" + "".join(_odd(digit) if parity == "o" else _even(digit) for parity, digit in sets)
    bars += "01010" + "".join(_inverted(_odd(digit)) for digit in right) + "101"
    row = np.array([255 if bar == "0" else 0 for bar in "0" * 11 + bars + "0" * 7], np.uint8)
    return np.tile(np.repeat(row, module_px), (height_px, 1))


def check_digit(digits: str) -> str:
    """Return the thirteenth digit of an EAN-13 (GS1, 7.9)."""
    weighted = sum(int(digit) * (3 if at % 2 else 1) for at, digit in enumerate(digits))
    return str(-weighted % 10)


# The bars of a digit in number set A, and which sets (A odd, B even) the first digit means for the left half.
_ODD: Final = [
    "0001101", "0011001", "0010011", "0111101", "0100011", "0110001", "0101111", "0111011", "0110111", "0001011"
]  # fmt: skip
_PARITY: Final = [
    "oooooo", "ooeoee", "ooeeoe", "ooeeeo", "oeooee", "oeeooe", "oeeeoo", "oeoeoe", "oeoeeo", "oeeoeo"
]  # fmt: skip


def _odd(digit: str) -> str:
    return _ODD[int(digit)]


def _even(digit: str) -> str:
    return _inverted(_odd(digit))[::-1]


def _inverted(bars: str) -> str:
    return bars.translate(str.maketrans("01", "10"))
