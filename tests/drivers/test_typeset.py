"""Lines of text as pixels: nothing is dropped, nothing moves while a line grows, and fonts that are none say so."""

from __future__ import annotations

import contextlib
import struct
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import wcwidth
from hypothesis import given
from hypothesis import strategies as st
from PIL import ImageFont

from glassd_drivers.bidi import paragraph_direction, runs
from glassd_drivers.contracts import Area, Mark, PermanentFault, Profile, Screen, Sign
from glassd_drivers.displays.coverage import FontError, coverage, read_coverage
from glassd_drivers.displays.fonts import DEFAULT_FONTS, FOLDER, Fonts, load_fonts
from glassd_drivers.displays.painter import Painter
from glassd_drivers.displays.profiles import FRAME, GLASS3, PLAIN
from glassd_drivers.displays.sheet import lay_out, picture_size
from glassd_drivers.displays.signs import draw_signs
from glassd_drivers.displays.typeset import Typesetter

if TYPE_CHECKING:
    from pathlib import Path

CELL = 16
HAN = FOLDER / DEFAULT_FONTS[0].partition("#")[0]
FONTS = load_fonts()
SETTER = Typesetter(FONTS, 30, CELL, 45, 32)
GRAPHEMES = [*"aWi1。，「—…中龘かガ한뷁éñЖΩ→①☀✓½", "ñ", "น้ำ", "👍🏽", "👨‍👩‍👧‍👦", "🇨🇳", "1️⃣", "❤️", "…"]


def line(text: str) -> Any:
    return SETTER.line(text).copy()


@given(st.text())
def test_any_text_is_a_line_of_its_size(text: str) -> None:
    assert line(text).shape == (45, 30 * CELL)


@given(st.characters(exclude_categories=["Cc", "Cf", "Cs", "Cn", "Co", "Mn", "Me", "Mc", "Zs", "Zl", "Zp", "Lm", "Sk"]))
def test_no_character_vanishes(character: str) -> None:
    """A fall-back, at the last an empty box, is drawn for what no font has."""
    blank = character in "\u2800\u3164\uffa0\u115f\u1160"  # an empty pattern and fillers: their glyph is a space
    if wcwidth.wcswidth(character) > 0 and not blank:
        assert line(character).any()


@pytest.mark.parametrize("character", "℃℉")
def test_what_a_font_says_that_it_has_and_draws_nothing_for_another_one_draws(character: str) -> None:
    assert not ImageFont.truetype(HAN, 32, index=1).getmask(character).getbbox(), "the font has it by now"
    assert line(f"25{character}")[:, 2 * CELL :].any()
    only_han = Typesetter(Fonts(FONTS.faces[:1]), 30, CELL, 45, 32)
    letter = only_han.line(character).copy()
    assert letter[:, CELL // 2 :].any(), "°C, its compatible form, is drawn narrow"


@pytest.mark.parametrize("grapheme", GRAPHEMES)
def test_a_grapheme_stays_in_its_cells(grapheme: str) -> None:
    inked = line(f"  {grapheme}").any(axis=0).nonzero()[0]
    assert inked[0] >= 2 * CELL
    assert inked[-1] < (2 + wcwidth.wcswidth(grapheme)) * CELL


@given(st.lists(st.sampled_from(GRAPHEMES), max_size=12), st.lists(st.sampled_from(GRAPHEMES), max_size=12))
def test_what_stands_there_does_not_move_while_a_line_grows(begun: list[str], more: list[str]) -> None:
    text = "".join(begun)
    if [*wcwidth.iter_graphemes(text + "".join(more))][: len(begun)] != begun:
        return  # two that join, such as halves of flags
    width = wcwidth.wcswidth(text) * CELL
    assert np.array_equal(line(text)[:, :width], line(text + "".join(more))[:, :width])


def test_letters_that_join_are_drawn_joined() -> None:
    inked = line("بيت").any(axis=0).nonzero()[0]
    assert inked[-1] - inked[0] + 1 == len(inked), "there is a gap between two letters"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("abc 12", "abc 12"),
        ("אבג 12", "12 גבא"),
        ("say אבג now", "say גבא now"),
        ("אבג say", "say גבא"),
        ("אב, גד.", ".דג ,בא"),
    ],
)
def test_a_line_of_both_directions_stands_in_right_order(text: str, shown: str) -> None:
    found = runs(text, paragraph_direction(text))
    ordered = "".join("".join(reversed(run.graphemes) if run.right_to_left else run.graphemes) for run in found)
    assert ordered == shown


def test_a_line_of_right_to_left_text_begins_at_the_right() -> None:
    columns = line("שלום").any(axis=0).nonzero()[0]
    assert columns[-1] > 29 * CELL
    assert columns[0] >= 26 * CELL


# -- fonts ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", [name for name in DEFAULT_FONTS if "wqy" in name or "Symbola" in name or "Loma" in name]
)
def test_what_a_font_is_said_to_have_is_what_freetype_finds(name: str) -> None:
    file, _, face = name.partition("#")
    font = ImageFont.truetype(FOLDER / file, 24, index=int(face or 0))
    have = read_coverage(FOLDER / file, int(face or 0))
    missing = bytes(font.getmask("\U0010fffe"))
    for code in (*range(0x21, 0x7F), *range(0xE01, 0xE31), *range(0x2600, 0x2640), *range(0x4E00, 0x4F00), 0x1F600):
        character = chr(code)
        if character not in have:
            assert bytes(font.getmask(character)) == missing
        elif not character.isspace():
            assert bytes(font.getmask(character)) != missing


def small_font(*segments: tuple[int, int, int, int], array: tuple[int, ...] = ()) -> bytes:
    """A font of nothing but a table of characters in format 4: (first, last, delta, offset into the array) each."""
    rows = [*zip(*segments, strict=True)]
    numbers = [*rows[1], 0, *rows[0], *rows[2], *rows[3], *array]
    body = struct.pack(f">{7 + len(numbers)}H", 4, 14 + 2 * len(numbers), 0, 2 * len(segments), 0, 0, 0, *numbers)
    cmap = struct.pack(">HHHHI", 0, 1, 3, 1, 12) + body
    return struct.pack(">4sHHHH4sIII", b"\0\1\0\0", 1, 0, 0, 0, b"cmap", 0, 28, len(cmap)) + cmap


def test_a_place_in_a_fonts_table_that_holds_no_glyph_is_no_character_of_it() -> None:
    """Both ways that format 4 has for that: glyph 0 in the array, and a difference that makes it 0."""
    by_array, by_difference, end = (0x41, 0x43, 0, 6), (0x61, 0x63, 0x10000 - 0x62, 0), (0xFFFF, 0xFFFF, 1, 0)
    have = coverage(small_font(by_array, by_difference, end, array=(7, 0, 9)))
    assert [character for character in "ABCDabcd\uffff" if character in have] == ["A", "C", "a", "c"]


@given(st.data())
def test_a_damaged_font_is_told_and_no_more(data: Any) -> None:
    whole = bytearray((FOLDER / "tlwg/Loma.ttf").read_bytes()[:60_000])
    for _ in range(data.draw(st.integers(1, 8))):
        whole[data.draw(st.integers(0, 3000))] = data.draw(st.integers(0, 255))
    del whole[data.draw(st.integers(0, len(whole))) :]
    with contextlib.suppress(FontError):
        assert "\uffff" not in coverage(bytes(whole))


def test_the_nearest_stands_in_for_what_the_fonts_lack() -> None:
    only_han = Fonts([FONTS.faces[0]])
    chosen = {grapheme: next(only_han.choices(grapheme), None) for grapheme in ("ḝ", "Ⓩ", "𝐀", "ก")}
    assert {grapheme: found and found[1] for grapheme, found in chosen.items()} == {
        "ḝ": "e",
        "Ⓩ": "Z",
        "𝐀": "A",
        "ก": None,
    }


def test_of_joined_emoji_the_first_is_drawn_and_flags_are_left_whole() -> None:
    assert [found[1] for text in ("👨‍👩‍👧", "👍🏽", "🇨🇳", "❤️") if (found := next(FONTS.choices(text), None))] == [
        "👨",
        "👍",
        "🇨🇳",
        "❤",
    ]


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda _: None, "cannot be read (No such file or directory)"),
        (lambda path: path.write_bytes(b"no font at all"), "is no TrueType or OpenType font"),
        (lambda path: path.write_bytes(HAN.read_bytes()[:2000]), "is cut short or damaged"),
    ],
    ids=["missing", "text", "cut short"],
)
def test_a_font_that_cannot_be_used_is_told(make: Any, told: str, tmp_path: Path) -> None:
    path = tmp_path / "some.ttf"
    make(path)
    with pytest.raises(PermanentFault, match="correct `font`") as error:
        load_fonts([path])
    assert told in str(error.value)


def test_a_face_that_a_collection_lacks_is_told() -> None:
    with pytest.raises(PermanentFault, match="has 2 faces, and no number 7"):
        load_fonts([HAN.with_name(f"{HAN.name}#7")])


def test_without_any_font_it_says_which_to_install(tmp_path: Path) -> None:
    with pytest.raises(PermanentFault, match="apt install fonts-wqy-microhei"):
        load_fonts(folder=tmp_path)


def test_the_chosen_font_goes_before_the_installed_ones() -> None:
    dejavu = FOLDER / "dejavu/DejaVuSans.ttf"
    found = next(load_fonts([dejavu]).choices("a"), None)
    assert found is not None
    assert found[0].path == dejavu


# -- the sheet and its signs ------------------------------------------------------------------------------------------


@given(st.integers(1, 100), st.integers(1, 40), st.integers(1, 3000), st.integers(1, 3000))
def test_lines_lie_within_their_area_and_do_not_overlap(columns: int, rows: int, width: int, height: int) -> None:
    sheet = lay_out(Profile("any", columns, rows, 0.1), width, height)
    if sheet is None:
        return
    assert sheet.left >= 0
    assert sheet.left + sheet.line_width <= width
    assert 0 < sheet.size <= sheet.line
    assert sheet.line_top(0) >= sheet.top + sheet.band
    assert sheet.line_top(rows) <= height


def test_an_area_beyond_the_display_is_none() -> None:
    assert lay_out(GLASS3, 480, 640, Area(0, 200, 480, 480)) is None


def test_each_sign_is_one_of_its_own() -> None:
    screens = [
        *(Screen(mark=mark) for mark in Mark),
        *(Screen(signs=(sign,)) for sign in Sign),
        Screen(camera=True),
        Screen(warning=True),
    ]
    assert len({draw_signs(screen, 30).tobytes() for screen in screens}) == len(screens)


def test_all_signs_have_room_on_the_narrowest_glasses() -> None:
    full = Screen(mark=Mark.ERROR, camera=True, warning=True, signs=tuple(Sign))
    for profile in (GLASS3, FRAME):
        sheet = lay_out(profile, *picture_size(profile))
        assert sheet is not None
        assert draw_signs(full, sheet.band).shape[1] <= sheet.line_width


def test_the_signs_and_the_page_are_seen_beside_each_other() -> None:
    sheet = lay_out(PLAIN, 640, 480)
    assert sheet is not None
    band: Any = Painter(FONTS, sheet).whole(Screen(mark=Mark.WRITING, camera=True, warning=True, page=12, pages=345))[
        : sheet.band
    ]
    inked = band.any(axis=0)
    assert inked[:80].any()
    assert inked[-80:].any()
    assert not inked[200:-200].any()


def test_one_page_has_no_page_sign() -> None:
    sheet = lay_out(GLASS3, 480, 640)
    assert sheet is not None
    assert not Painter(FONTS, sheet).whole(Screen(page=1, pages=1)).any()
