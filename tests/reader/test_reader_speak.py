"""The reader's words: in the prompt's language, short, and never more than it found."""

from __future__ import annotations

import unicodedata
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassd.reader.codes import FoundCode
from glassd.reader.colours import Colour
from glassd.reader.look import Findings, Light, Sharpness
from glassd.reader.speak import CODE_LIMIT_CHARS, about_itself, about_pictures, plain

URL = FoundCode("qr", "https://glassd.example/hello")
FOUND = Findings(640, 480, (URL,), (Colour.BLUE, Colour.WHITE), Light.BRIGHT, Sharpness.SHARP)
WITHOUT_CODE = replace(FOUND, codes=())


def test_findings_in_the_prompts_language() -> None:
    chinese = "板载识读器：二维码：“https://glassd.example/hello”。主要颜色：蓝色、白色。画面明亮、清晰。640×480。"
    english = (
        "On-board reader: QR code “https://glassd.example/hello”. Main colours: blue, white. Bright, sharp. 640×480."
    )
    assert about_pictures("这是什么?", [FOUND]) == chinese
    assert about_pictures("What is this?", [FOUND]) == english
    assert about_pictures("", [FOUND]) == english


def test_all_codes_are_named() -> None:
    codes = (URL, FoundCode("bar", "2000000123455"), FoundCode("qr", "二"))
    said = about_pictures("码?", [replace(FOUND, codes=codes)])
    assert "二维码：“https://glassd.example/hello”。条码：2000000123455。二维码：“二”。" in said


@pytest.mark.parametrize(
    ("prompt", "says"),
    [
        ("这是什么?", "没看到二维码或条码；物体我认不出。"),
        ("读出图中的文字。", "没看到二维码或条码；印刷和手写的文字我读不了。"),
        ("牌子上写着什么?", "印刷和手写的文字我读不了。"),
        ("What is this?", "No QR or bar code in sight; I can't tell things apart."),
        ("Read the sign", "No QR or bar code in sight; I can't read print or handwriting."),
    ],
)
def test_without_a_code_it_says_what_it_cannot_do(prompt: str, says: str) -> None:
    assert says in about_pictures(prompt, [WITHOUT_CODE])


def test_a_code_is_not_passed_off_as_the_text_that_was_asked_for() -> None:
    said = about_pictures("读出图中的文字。", [FOUND])
    assert URL.text in said
    assert "印刷和手写的文字我读不了。" in said


def test_a_black_picture_has_no_colours_to_speak_of() -> None:
    dark = replace(WITHOUT_CODE, light=Light.BLACK, colours=(Colour.BLACK,), sharpness=Sharpness.PLAIN)
    assert about_pictures("看", [dark]) == "板载识读器：没看到二维码或条码；物体我认不出。画面是黑的。640×480。"


def test_several_pictures_are_told_apart_and_links_are_not_looked_at() -> None:
    said = about_pictures("比较", [FOUND, None])
    assert said.startswith("板载识读器：图1：二维码：")
    assert "图2：这张图片只有网址，我不会去取" in said
    assert "never fetch" in about_pictures("compare", [None])


@pytest.mark.parametrize("light", Light)
@pytest.mark.parametrize("sharpness", Sharpness)
@pytest.mark.parametrize("prompt", ["看", "look"])
def test_there_are_words_for_all_that_can_be_found(light: Light, sharpness: Sharpness, prompt: str) -> None:
    for colour in Colour:
        assert about_pictures(prompt, [replace(FOUND, light=light, sharpness=sharpness, colours=(colour,))])


def test_it_says_what_it_is() -> None:
    assert "识读器" in about_itself("你是谁?")
    assert "不是大模型" in about_itself("你是谁?")
    assert "no language model" in about_itself("who are you?")


def test_a_long_code_is_cut_visibly() -> None:
    said = about_pictures("码", [replace(FOUND, codes=(FoundCode("qr", "长" * 2000),))])
    assert "长" * (CODE_LIMIT_CHARS - 1) + "…”" in said


def test_a_code_without_a_visible_character_is_said_to_have_no_text() -> None:
    empty = replace(FOUND, codes=(FoundCode("qr", "\x01 \n"),))
    assert "有二维码，但里面没有能显示的文字。" in about_pictures("码", [empty])


@given(st.text(st.characters()))
def test_no_control_character_of_a_code_is_passed_on(text: str) -> None:
    shown = plain(text)
    assert len(shown) <= CODE_LIMIT_CHARS
    assert all(char in " \u200c\u200d" or unicodedata.category(char)[0] not in "CZ" for char in shown)


def test_emoji_keep_their_joiners_and_hidden_direction_marks_go() -> None:
    assert plain("👩\u200d👧 \u202egnp.exe\x1b[31m") == "👩\u200d👧 gnp.exe [31m"
