"""What the reader finds in a picture: true of photographs, of drawn ones, and of every way a picture can be stored."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import skimage
from drawn import HOLLOW, jpeg, png

from glassd.demo.symbols import qr_code
from glassd.messages.codes import Code
from glassd.reader import look as looking
from glassd.reader.colours import COLOURS_LIMIT, Colour, main_colours
from glassd.reader.look import Light, Sharpness, UnreadablePictureError, look

PHOTOGRAPHS = Path(skimage.__file__).parent / "data"
SHARP = ["astronaut.png", "camera.png", "chelsea.png", "coffee.png", "coins.png", "motorcycle_left.png", "rocket.jpg"]
OTHER = ["brick.png", "grass.png", "gravel.png", "hubble_deep_field.jpg", "ihc.png", "moon.png", "page.png", "text.png"]


def photograph(name: str) -> Any:
    return cv2.imdecode(np.frombuffer((PHOTOGRAPHS / name).read_bytes(), np.uint8), cv2.IMREAD_COLOR)


def plain(shade: tuple[int, int, int], width: int = 64, height: int = 48) -> Any:
    return np.full((height, width, 3), shade[::-1], np.uint8)


@pytest.mark.parametrize("name", SHARP + OTHER)
def test_a_photograph_has_no_code_in_it(name: str) -> None:
    found = look((PHOTOGRAPHS / name).read_bytes())
    height, width = photograph(name).shape[:2]
    assert (found.codes, found.width, found.height) == ((), width, height)
    assert 1 <= len(found.colours) <= COLOURS_LIMIT


@pytest.mark.parametrize("name", SHARP)
def test_a_sharp_photograph_is_sharp_and_its_blurred_copy_is_not(name: str) -> None:
    taken = photograph(name)
    blurred = cv2.GaussianBlur(taken, (0, 0), 5 * max(taken.shape) / looking.SHARPNESS_SIDE_PX)
    assert look(jpeg(taken)).sharpness is Sharpness.SHARP
    assert look(jpeg(blurred)).sharpness is Sharpness.BLURRED


def test_noise_makes_a_blurred_picture_no_sharper() -> None:
    blurred = cv2.GaussianBlur(cv2.resize(photograph("coffee.png"), (1280, 853)), (0, 0), 9)
    noisy = blurred + np.random.default_rng(1).normal(0, 5, blurred.shape)
    assert look(jpeg(np.clip(noisy, 0, 255).astype(np.uint8))).sharpness is Sharpness.BLURRED


def test_a_plain_picture_says_nothing_of_sharpness() -> None:
    assert look(png(plain((120, 130, 140)))).sharpness is Sharpness.PLAIN


@pytest.mark.parametrize(
    ("factor", "light"), [(0.0, Light.BLACK), (0.25, Light.DARK), (1.0, Light.MEDIUM), (2.2, Light.BRIGHT)]
)
def test_light(factor: float, light: Light) -> None:
    taken = np.clip(photograph("coins.png") * factor, 0, 255).astype(np.uint8)
    assert look(jpeg(taken)).light is light


@pytest.mark.parametrize("shade", [(0, 0, 128), (64, 0, 0), (0, 0, 90)])
def test_a_deep_colour_is_dark_and_not_black(shade: tuple[int, int, int]) -> None:
    assert look(png(plain(shade))).light is Light.DARK


def test_one_lamp_in_the_dark_makes_no_bright_picture() -> None:
    night = plain((8, 8, 12), 640, 360)
    cv2.circle(night, (320, 180), 30, (255, 255, 255), -1)
    assert look(jpeg(night)).light in {Light.BLACK, Light.DARK}


@pytest.mark.parametrize(
    ("name", "shades"),
    {
        Colour.BLACK: "#000000 #111111 #0b0b14",
        Colour.GREY: "#808080 #a9a9a9 #696969 #708090",
        Colour.WHITE: "#ffffff #f0f0f0 #fffaf0",
        Colour.RED: "#ff0000 #dc143c #b22222 #8b0000",
        Colour.ORANGE: "#ffa500 #ff8c00 #ff7f50",
        Colour.YELLOW: "#ffff00 #ffd700 #f0e68c",
        Colour.GREEN: "#008000 #00ff00 #228b22 #90ee90 #556b2f #9acd32 #2e8b57",
        Colour.CYAN: "#00ffff #008080 #40e0d0 #20b2aa",
        Colour.BLUE: "#0000ff #000080 #4169e1 #87ceeb #1e90ff #add8e6 #4682b4 #191970",
        Colour.PURPLE: "#800080 #9370db #4b0082 #dda0dd",
        Colour.PINK: "#ffc0cb #ff69b4 #ff1493 #db7093",
        Colour.BROWN: "#8b4513 #a0522d #5c4033 #cd853f",
        Colour.BEIGE: "#f5deb3 #ffdbac #d2b48c #f5f5dc",
    }.items(),
)
def test_colours_have_the_names_that_people_give_them(name: Colour, shades: str) -> None:
    for shade in shades.split():
        picture = plain((int(shade[1:3], 16), int(shade[3:5], 16), int(shade[5:7], 16)), 4, 4)
        assert main_colours(picture) == (name,), shade


def test_the_main_colours_are_the_largest_areas() -> None:
    flag = np.vstack([plain((200, 16, 46), 90, 60), plain((20, 60, 200), 90, 30), plain((255, 255, 255), 90, 10)])
    assert look(png(flag)).colours == (Colour.RED, Colour.BLUE)


# -- every way a picture can be stored ---------------------------------------------------------------------------------


CODE = np.pad(qr_code("stored", 8), 40, constant_values=255)


@pytest.mark.parametrize(
    "stored",
    [
        png(CODE),
        png(CODE.astype(np.uint16) * 257),
        jpeg(CODE),
        png(np.dstack([np.zeros_like(CODE)] * 3 + [255 - CODE])),  # black where it is opaque, the rest transparent
    ],
    ids=["grey", "16 bit", "grey JPEG", "transparent"],
)
def test_a_code_is_read_however_the_picture_is_stored(stored: bytes) -> None:
    found = look(stored)
    assert [code.text for code in found.codes] == ["stored"]
    assert set(found.colours) == {Colour.BLACK, Colour.WHITE}


def test_a_picture_is_looked_at_the_right_way_up() -> None:
    orientation = struct.pack("<2sHI H HHII I", b"II", 42, 8, 1, 0x0112, 3, 1, 6, 0)  # EXIF: turn by a quarter
    segment = b"Exif\0\0" + orientation
    upright = jpeg(plain((90, 120, 60), 80, 40))
    turned = upright[:2] + b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment + upright[2:]
    assert (look(upright).width, look(upright).height) == (80, 40)
    assert (look(turned).width, look(turned).height) == (40, 80)


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (3, 2)])
def test_a_tiny_picture_is_looked_at(size: tuple[int, int]) -> None:
    found = look(png(plain((255, 255, 255), *size)))
    assert (found.width, found.height) == size
    assert (found.codes, found.light, found.colours) == ((), Light.BRIGHT, (Colour.WHITE,))


def test_a_picture_past_the_limit_is_refused_by_its_header() -> None:
    header = png(plain((0, 0, 0)))
    huge = bytearray(header)
    huge[16:24] = struct.pack(">II", 30_000, 30_000)
    huge[29:33] = struct.pack(">I", zlib.crc32(huge[12:29]))
    with pytest.raises(UnreadablePictureError, match="30000x30000") as refused:
        look(bytes(huge))
    assert refused.value.code is Code.PICTURE_TOO_BIG


@pytest.mark.parametrize("data", [b"", b"no picture", jpeg(plain((0, 0, 0)))[:-5], png(plain((0, 0, 0)))[:-5]])
def test_what_is_no_whole_picture_is_refused(data: bytes) -> None:
    with pytest.raises(UnreadablePictureError) as refused:
        look(data)
    assert refused.value.code is Code.PICTURE_BROKEN


def test_a_picture_that_is_whole_outside_and_nothing_inside_is_refused() -> None:
    with pytest.raises(UnreadablePictureError) as refused:
        look(HOLLOW)
    assert refused.value.code is Code.PICTURE_BROKEN
