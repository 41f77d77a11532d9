"""What the config says of pictures: budgets, limits, how the camera sits; and what `glassd check` warns of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from test_commands import glassd
from yaml_files import MODEL, config, mistakes

from glassd.cli.check_pictures import unreachable_budgets
from glassd_drivers.units import Size

if TYPE_CHECKING:
    from pathlib import Path

FILE = """
model:
  endpoints:
    - url: https://dashscope.aliyuncs.com/compatible-mode/v1
      vision: {vision}
      {endpoint}
camera: {{driver: uvc, size: 1920x1080 {camera}}}
"""


def warnings(folder: Path, endpoint: str, camera: str = "", vision: str = "qwen-vl-plus") -> list[str]:
    return list(unreachable_budgets(config(folder, FILE.format(vision=vision, endpoint=endpoint, camera=camera))))


@pytest.mark.parametrize(
    ("text", "crop"),
    [("0.5", 0.5), ("1", 1.0), ("640x480", Size(640, 480)), ('"640 × 480"', Size(640, 480))],
)
def test_a_crop_is_a_part_or_a_size(text: str, crop: float | Size, tmp_path: Path) -> None:
    camera = config(tmp_path, f"{MODEL}camera: {{driver: uvc, crop: {text}, rotate: 270, mirror: true}}\n").camera
    assert camera is not None
    assert (camera.crop, camera.rotate, camera.mirror) == (crop, 270, True)


@pytest.mark.parametrize(
    ("key", "says"),
    [
        ("crop: 0", "expected a part of each side such as 0.5, or a size"),
        ("crop: 1.5", "expected a part of each side"),
        ("crop: true", "expected a part of each side"),
        ("crop: 5x600", "expected a part of each side such as 0.5, or a size of at least 11 px"),
        ("rotate: 45", "expected 0, 90, 180 or 270"),
        ("mirror: yes", "expected true or false"),
    ],
)
def test_what_is_wrong_with_how_the_camera_sits_is_told_once_and_in_its_place(
    key: str, says: str, tmp_path: Path
) -> None:
    (line,) = mistakes(tmp_path, f"{MODEL}camera: {{driver: uvc, {key}}}\n")
    assert f"camera.{key.partition(':')[0]}: {says}" in line


@pytest.mark.parametrize(
    "key", ["image_tokens: 15", "image_tokens: 1.5", "image_limits: {size: 4}", "image_limits: {patch: 7}"]
)
def test_limits_that_cannot_be_are_mistakes(key: str, tmp_path: Path) -> None:
    assert len(mistakes(tmp_path, FILE.format(vision="v", endpoint=key, camera=""))) == 1


def test_the_reader_has_no_budget(tmp_path: Path) -> None:
    (line,) = mistakes(tmp_path, "model: {endpoints: [{url: reader, image_tokens: 500}]}\n")
    assert "no such key beside url: reader" in line


@pytest.mark.parametrize(
    ("endpoint", "camera", "says"),
    [
        ("image_tokens: 20000", "", "20000 cannot be reached: qwen-vl-plus gives a picture 16384 tokens at most"),
        ("image_tokens: 1500; fields: {vl_high_resolution_images: false}", "", "gives a picture 1280 tokens"),
        ("image_tokens: 1500; picture_fields: {max_pixels: 1048576}", "", "gives a picture 1024 tokens"),
        ("image_tokens: 900; image_limits: {tokens: 800}", "", "gives a picture 800 tokens"),
        ("image_tokens: 900; image_limits: {pixels: 500000}", "", "image_limits.pixels leaves 490 tokens"),
        ("image_tokens: 900; image_limits: {side: 640}", "", "image_limits.side leaves 402 tokens"),
        ("image_tokens: 2500", "", "the camera's 1920x1080 pixels are 2042 tokens"),
        ("image_tokens: 2000", ", crop: 0.5", "the camera's 960x540 of its 1920x1080 pixels are 512 tokens"),
        (
            "image_tokens: 2000",
            ", crop: 0.5, rotate: 90",
            "540x960 of its 1920x1080 pixels are 512 tokens",
        ),
        ("image_tokens: 2000", ", crop: 1900x11", "are 61 tokens"),
        ("image_tokens: 500", ", crop: 9999x11", "are 62 tokens"),
    ],
)
def test_a_budget_out_of_reach_is_warned_of_with_what_stands_in_the_way(
    endpoint: str, camera: str, says: str, tmp_path: Path
) -> None:
    (warning,) = warnings(tmp_path, endpoint.replace("; ", "\n      "), camera)
    assert warning.startswith("model.endpoints.0.image_tokens: ")
    assert says in warning


@pytest.mark.parametrize("endpoint", ["key: dashscope", "image_tokens: 2000", "image_limits: {side: 640}"])
def test_what_can_be_reached_and_what_nobody_asked_for_is_not_warned_of(endpoint: str, tmp_path: Path) -> None:
    assert warnings(tmp_path, endpoint) == []


def test_check_warns_and_finds_no_mistake(tmp_path: Path) -> None:
    path = tmp_path / "glassd.yaml"
    path.write_text(FILE.format(vision="qwen-vl-plus", endpoint="image_tokens: 2500", camera=""), encoding="utf-8")
    done = glassd("check", path)
    assert done.returncode == 0
    assert "warning: model.endpoints.0.image_tokens: 2500 cannot be reached" in done.stderr
