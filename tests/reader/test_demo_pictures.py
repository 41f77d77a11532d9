"""The demo's pictures show what their names say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from glassd.demo.drawing import HEIGHT_PX, WIDTH_PX
from glassd.demo.pictures import ARTICLE, QR_TEXT, render
from glassd.demo.symbols import check_digit
from glassd.reader.look import Light, Sharpness, look

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return render(tmp_path_factory.mktemp("pictures"))


def test_the_qr_code_comes_first(pictures: list[Path]) -> None:
    assert pictures == sorted(pictures[0].parent.iterdir())
    assert [code.text for code in look(pictures[0].read_bytes()).codes] == [QR_TEXT]


def test_what_can_be_read_in_them_and_what_is_blurred(pictures: list[Path]) -> None:
    found = [look(picture.read_bytes()) for picture in pictures]
    bar_code = ARTICLE + check_digit(ARTICLE)
    assert [[code.text for code in each.codes] for each in found] == [[QR_TEXT], [], [bar_code], []]
    assert [each.sharpness for each in found] == [Sharpness.SHARP] * 3 + [Sharpness.BLURRED]
    assert all((each.width, each.height, each.light) == (WIDTH_PX, HEIGHT_PX, Light.MEDIUM) for each in found)


def test_they_are_as_large_as_photographs_and_always_the_same(pictures: list[Path], tmp_path: Path) -> None:
    assert all(50_000 <= picture.stat().st_size <= 250_000 for picture in pictures)
    again = render(tmp_path)
    assert [path.read_bytes() for path in again] == [path.read_bytes() for path in pictures]
