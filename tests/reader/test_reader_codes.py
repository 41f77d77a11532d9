"""The reader reads the codes that are there, and none that is not."""

from __future__ import annotations

import random

import cv2
import numpy as np
import pytest
from drawn import View, seen
from hypothesis import given, settings
from hypothesis import strategies as st

from glassd.demo.symbols import check_digit, ean13, qr_code
from glassd.reader.codes import CODES_LIMIT, FoundCode, read_codes

TEXTS = [
    "x",
    "12345",
    "https://example.com/a/b?c=d",
    "欢迎来到glassd演示 https://glassd.example/hello",
    "WIFI:S:家里的网;T:WPA;P:pa\\;ss;;",
    "BEGIN:VCARD\nFN:张三\nTEL:13800000000\nEND:VCARD",
    "https://weixin.qq.com/r/" + "Ab3xZ" * 12,
    "长文本" * 40,
]
VIEWS = [
    View(size_px=200),
    View(size_px=600),
    View(size_px=680),
    View(angle=45),
    View(angle=97),
    View(angle=200),
    View(tilt=0.3),
    View(tilt=0.2, angle=-25),
    View(blur_px=1.2),
    View(noise=15),
    View(contrast=0.4, noise=2),
    View(shade=True, noise=4),
    View(inverted=True),
]
LEAST_MODULE_PX = 2.9
"""A detector needs about three pixels for a module."""


def codes_of(picture: object) -> tuple[FoundCode, ...]:
    return read_codes(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY))  # type: ignore[call-overload]  # any array is right


@pytest.mark.parametrize("at", range(len(TEXTS)))
def test_a_qr_code_is_read_in_every_view_that_shows_its_modules(at: int) -> None:
    text = TEXTS[at]
    code = qr_code(text, 12)
    views = [view for view in VIEWS[at % 3 :: 3] if view.size_px / (code.shape[0] / 12) >= LEAST_MODULE_PX]
    assert len(views) > 2
    read = [codes_of(seen(code, view)) for view in views]
    assert read == [(FoundCode("qr", text),)] * len(views)


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=60))
@settings(max_examples=30)
def test_any_text_of_a_clean_qr_code_is_read(text: str) -> None:
    try:
        code = qr_code(text, 6)
    except cv2.error:  # the encoder's own limits
        return
    assert read_codes(code) == (FoundCode("qr", text),)


@pytest.mark.parametrize("view", [View(size_px=300), View(size_px=460), View(angle=12), View(angle=90), View(noise=12)])
def test_a_bar_code_is_read(view: View) -> None:
    picker = random.Random(7)
    for _ in range(3):
        digits = "".join(picker.choices("0123456789", k=12))
        read = codes_of(seen(ean13(digits, 6, 300), view))
        assert read == (FoundCode("bar", digits + check_digit(digits)),)


def test_several_codes_are_read_in_reading_order() -> None:
    sheet = np.full((720, 1280), 255, np.uint8)
    texts = ["first", "第二", "third"]
    for (left, top), text in zip([(60, 40), (640, 50), (300, 380)], texts, strict=True):
        code = qr_code(text, 8)
        sheet[top : top + code.shape[0], left : left + code.shape[1]] = code
    bars = ean13("200000012345", 3, 140)
    sheet[480 : 480 + bars.shape[0], 800 : 800 + bars.shape[1]] = bars
    assert [code.text for code in read_codes(sheet)] == [*texts, "2000000123455"]


def test_no_more_codes_than_the_limit_are_reported() -> None:
    tiles = [np.pad(qr_code(f"code {at}", 4), 20, constant_values=255) for at in range(12)]
    sheet = np.vstack([np.hstack(tiles[row : row + 4]) for row in (0, 4, 8)])
    assert len(read_codes(sheet)) == CODES_LIMIT


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (7, 5), (40, 40)])
def test_a_tiny_picture_has_no_codes(shape: tuple[int, int]) -> None:
    assert read_codes(np.zeros(shape, np.uint8)) == ()
    assert read_codes(np.full(shape, 255, np.uint8)) == ()


def test_a_check_digit_is_that_of_the_specification() -> None:
    assert check_digit("629104150021") == "3"  # GS1's own example
    assert check_digit("978020137962") == "4"
