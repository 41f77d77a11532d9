"""The table of docs/pictures.md: its sizes, tokens and times follow from what glassd does; its bytes were measured."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from glassd.config.model import Endpoint
from glassd.frames.sizing import fitted
from glassd.limits import tokens_of
from glassd.model.pictures import limits_of
from glassd_drivers.units import Size
from paths import TREE

if TYPE_CHECKING:
    from glassd.ask import Detail

CAMERAS = {"VGA": Size(640, 480), "720p": Size(1280, 720), "1080p": Size(1920, 1080), "12 MP": Size(4032, 3024)}
MODEL = "qwen-vl-plus"
LINES = (TREE / "docs/pictures.md").read_text(encoding="utf-8").splitlines()
CELLS = [[cell.strip() for cell in line.strip("|").split("|")] for line in LINES if line.startswith("|")]
ROWS = [cells for cells in CELLS if cells[0] in CAMERAS]


def test_every_camera_and_detail_has_its_row() -> None:
    assert sorted((row[0], row[1]) for row in ROWS) == sorted(
        (camera, detail) for camera in CAMERAS for detail in ("scene", "auto", "text")
    )


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row[0]} {row[1]}")
def test_a_row_is_what_is_sent(row: list[str]) -> None:
    camera, detail, sent, tokens, kilobytes, *seconds = row
    limits = limits_of(Endpoint(url="https://h/v1", vision=MODEL), MODEL, "dashscope", cast("Detail", detail))
    size = fitted(CAMERAS[camera], limits)
    assert sent == (f"{size}, as it is" if size == CAMERAS[camera] else str(size))
    assert int(tokens) == tokens_of(*size, limits.patch)
    for rate, second in zip((1e6, 5e6), seconds, strict=True):
        computed = float(kilobytes) * 1000 * 4 / 3 * 8 / rate
        assert float(second.removesuffix(" s")) == pytest.approx(computed, rel=0.06)
