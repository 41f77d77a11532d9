"""Findings as a few short sentences, in the language of the prompt. It says what was measured, and never more.

The text of a code comes from a stranger: control characters are taken out of it, and it is cut to a length that a
small display can bear, with an ellipsis where it was cut.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from glassd.reader.colours import Colour
from glassd.reader.look import Light, Sharpness

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from glassd.reader.codes import FoundCode
    from glassd.reader.look import Findings

Language = Literal["zh", "en"]

CODE_LIMIT_CHARS: Final = 300
"""The most that is said of one code's text."""


def language_of(prompt: str) -> Language:
    """Return zh for a prompt with a Han character in it, else en."""
    return "zh" if _HAN.search(prompt) else "en"


def about_pictures(prompt: str, pictures: Sequence[Findings | None]) -> str:
    """Return what there is to say of the pictures; of several, each by its number. None is one that is only a link."""
    words = _WORDS[language_of(prompt)]
    wants_text = bool(_WANTS_TEXT.search(prompt))
    said = [words.space.join(_sentences(picture, words, wants_text=wants_text)) for picture in pictures]
    if len(said) > 1:
        said = [words.number.format(number) + each for number, each in enumerate(said, start=1)]
    return words.name + words.space.join(said)


def about_itself(prompt: str) -> str:
    """Return what the reader says to an ask without pictures: what it is, and what it can do."""
    return _WORDS[language_of(prompt)].itself


def plain(text: str) -> str:
    """Return untrusted text fit to be shown: one line, no control characters, at most CODE_LIMIT_CHARS."""
    text = " ".join("".join(char if _shows(char) else " " for char in text).split())
    return text if len(text) <= CODE_LIMIT_CHARS else text[: CODE_LIMIT_CHARS - 1] + "…"


def _sentences(picture: Findings | None, words: _Words, *, wants_text: bool) -> list[str]:
    if picture is None:
        return [words.link]
    said = [words.code(code) for code in picture.codes]
    if not said:
        said.append(words.nothing_read if wants_text else words.nothing_known)
    elif wants_text:
        said.append(words.no_print)
    if picture.light is Light.BLACK:
        said.append(words.black)
    else:
        said.append(words.main_colours.format(words.comma.join(words.colours[colour] for colour in picture.colours)))
        said.append(words.state.format(words.lights[picture.light], words.sharpnesses[picture.sharpness]))
    said.append(f"{picture.width}×{picture.height}{words.stop}")
    return said


# -- the words ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Words:
    """All that the reader can say in one language."""

    name: str
    number: str
    space: str
    comma: str
    stop: str
    codes: Mapping[str, str]
    codes_without_text: Mapping[str, str]
    nothing_known: str
    nothing_read: str
    no_print: str
    black: str
    main_colours: str
    colours: Mapping[Colour, str]
    state: str
    lights: Mapping[Light, str]
    sharpnesses: Mapping[Sharpness, str]
    link: str
    itself: str

    def code(self, code: FoundCode) -> str:
        text = plain(code.text)
        return self.codes[code.kind].format(text) if text else self.codes_without_text[code.kind]


_ZH: Final = _Words(
    name="板载识读器：",
    number="图{}：",
    space="",
    comma="、",
    stop="。",
    codes={"qr": "二维码：“{}”。", "bar": "条码：{}。"},
    codes_without_text={"qr": "有二维码，但里面没有能显示的文字。", "bar": "有条码，但里面没有能显示的文字。"},
    nothing_known="没看到二维码或条码；物体我认不出。",
    nothing_read="没看到二维码或条码；印刷和手写的文字我读不了。",
    no_print="印刷和手写的文字我读不了。",
    black="画面是黑的。",
    main_colours="主要颜色：{}。",
    colours={
        Colour.BLACK: "黑色",
        Colour.GREY: "灰色",
        Colour.WHITE: "白色",
        Colour.RED: "红色",
        Colour.ORANGE: "橙色",
        Colour.YELLOW: "黄色",
        Colour.GREEN: "绿色",
        Colour.CYAN: "青色",
        Colour.BLUE: "蓝色",
        Colour.PURPLE: "紫色",
        Colour.PINK: "粉色",
        Colour.BROWN: "棕色",
        Colour.BEIGE: "米色",
    },
    state="画面{}、{}。",
    lights={Light.DARK: "偏暗", Light.MEDIUM: "亮度适中", Light.BRIGHT: "明亮"},
    sharpnesses={
        Sharpness.SHARP: "清晰",
        Sharpness.SOFT: "略模糊",
        Sharpness.BLURRED: "模糊",
        Sharpness.PLAIN: "没有细节",
    },
    link="这张图片只有网址，我不会去取；请直接发图片。",
    itself=(
        "我是眼镜板上的识读器，不是大模型，也不联网。"
        "给我一张图片，我能读出二维码和条码，说出主要颜色、明暗和清晰度；别的我答不了。"
    ),
)

_EN: Final = _Words(
    name="On-board reader: ",
    number="picture {}: ",
    space=" ",
    comma=", ",
    stop=".",
    codes={"qr": "QR code “{}”.", "bar": "Bar code {}."},
    codes_without_text={"qr": "A QR code with no text to show.", "bar": "A bar code with no text to show."},
    nothing_known="No QR or bar code in sight; I can't tell things apart.",
    nothing_read="No QR or bar code in sight; I can't read print or handwriting.",
    no_print="I can't read print or handwriting.",
    black="The picture is black.",
    main_colours="Main colours: {}.",
    colours={colour: colour.value for colour in Colour},
    state="{}, {}.",
    lights={Light.DARK: "Dark", Light.MEDIUM: "Medium light", Light.BRIGHT: "Bright"},
    sharpnesses={
        Sharpness.SHARP: "sharp",
        Sharpness.SOFT: "slightly blurred",
        Sharpness.BLURRED: "blurred",
        Sharpness.PLAIN: "without detail",
    },
    link="The picture is only a link, and I never fetch one. Send the picture itself.",
    itself=(
        "I am the reader on the glasses' board: no language model, no network. Give me a picture and I read QR and "
        "bar codes, and tell its main colours, light and sharpness; anything else I can't answer."
    ),
)

_WORDS: Final[Mapping[Language, _Words]] = {"zh": _ZH, "en": _EN}

_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af]")
_WANTS_TEXT = re.compile(
    r"文字|文本|写着|写的|写了|[读念]出|[读念]一?下|翻译|\b(?:text|read|says?|written|words?|translate)\b",
    re.IGNORECASE,
)
_JOINERS = "\u200c\u200d"  # within emoji and several scripts; other format characters hide or reorder text


def _shows(char: str) -> bool:
    return char in _JOINERS or unicodedata.category(char)[0] not in "CZ"
