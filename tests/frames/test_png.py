"""The chunks of a PNG: what they say, and which of them leave the board."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recordings import encoded
from stored_pictures import GPS, chunk, exif, opened, png_text, quartered, saved

from glassd.frames.png import read_png, stripped
from glassd_drivers.pictures import PictureError, png_chunks

PNG = encoded(".png", 1, 40, 30)
START = 8 + 25
"""Where the second chunk begins: after the signature and IHDR."""
TELLING = (b"eXIf", b"tEXt", b"iTXt", b"zTXt", b"tIME", b"iCCP", b"pHYs", b"vpAg", b"acTL")


def kinds(data: bytes) -> list[bytes]:
    return [each.kind for each in png_chunks(data)]


def test_a_png_that_is_the_picture_alone_stays_the_very_same_object() -> None:
    assert stripped(read_png(PNG)) is PNG


@given(st.lists(st.tuples(st.sampled_from(TELLING), st.binary(max_size=50)), max_size=6), st.binary(max_size=30))
def test_what_tells_of_its_maker_goes_and_nothing_else_changes(extra: list[tuple[bytes, bytes]], after: bytes) -> None:
    stuffed = PNG[:START] + b"".join(chunk(*each) for each in extra) + PNG[START:] + after
    assert stripped(read_png(stuffed)) == PNG


def test_a_phones_place_is_gone() -> None:
    png = saved(quartered(64, 48), "PNG", pnginfo=png_text(), exif=exif(1))
    assert {b"eXIf", b"tEXt", b"iTXt", b"zTXt"} <= set(kinds(png))
    data = stripped(read_png(png))
    assert GPS not in data
    assert set(kinds(data)) == {b"IHDR", b"IDAT", b"IEND"}
    assert (opened(data) == opened(png)).all()


def test_what_the_colours_are_stays() -> None:
    gamma, palette = chunk(b"gAMA", struct.pack(">I", 45455)), saved(quartered(64, 48), "PNG", "P", transparency=0)
    with_gamma = PNG[:START] + gamma + PNG[START:]
    assert stripped(read_png(with_gamma)) is with_gamma
    assert stripped(read_png(palette)) is palette
    assert {b"PLTE", b"tRNS"} <= set(kinds(palette))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_orientation_is_that_of_exif(orientation: int) -> None:
    assert read_png(saved(quartered(64, 48), "PNG", exif=exif(orientation))).orientation == orientation


def test_depth_and_transparency_are_told() -> None:
    plain, clear = read_png(PNG), read_png(saved(quartered(8, 8), "PNG", "RGBA"))
    assert (plain.deep, plain.transparent, clear.deep, clear.transparent) == (False, False, False, True)


@given(st.binary() | st.binary().map(PNG[:8].__add__) | st.integers(0, len(PNG)).map(lambda end: PNG[:end]))
def test_any_bytes_are_a_png_or_a_picture_error(data: bytes) -> None:
    try:
        header = read_png(data)
    except PictureError:
        return
    assert header.width * header.height > 0
