"""What a page says, as values: whatever it says, a value of bounded size or one line of why not."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassd_drivers.contracts import Mark, Screen, Sign
from glassd_drivers.displays.profiles import EVEN_G1
from glassd_drivers.web import messages
from glassd_drivers.web.messages import (
    HEAD_LIMIT_BYTES,
    PICTURE_LIMIT_BYTES,
    TEXT_LIMIT_CHARS,
    WORDS_LIMIT_CHARS,
    Camera,
    CameraWish,
    EdgeSaid,
    FailedSaid,
    Hello,
    LostSaid,
    Picture,
    Pong,
    ShownSaid,
    Unreadable,
)

KNOWN: list[dict[str, Any]] = [
    {
        "type": "hello",
        "version": 1,
        "screen": {"width": 480, "height": 640.5},
        "language": "zh",
        "camera": {"state": "none"},
    },
    {"type": "pong", "id": 7, "at": 123.4},
    {"type": "edge", "button": "Enter", "down": True, "at": 0},
    {"type": "lost"},
    {"type": "camera", "state": "denied", "detail": "NotAllowedError"},
    {"type": "shown", "id": 3},
    {"type": "failed", "take": 5, "reason": "the lens is shut"},
]
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
    max_leaves=12,
)
KEYS = sorted({key for message in KNOWN for key in message})


def read(message: bytes | str) -> Any:
    """Return what a message says, or why it says nothing: in one line that a page can show."""
    why = ""
    try:
        return messages.read(message)
    except Unreadable as error:
        why = str(error)
    assert len(why) < WORDS_LIMIT_CHARS + 50
    assert why.isprintable()
    return None


@pytest.mark.parametrize("message", KNOWN, ids=lambda message: message["type"])
def test_each_message_is_read_also_with_a_key_more_and_with_none_of_those_that_may_be_left_out(
    message: dict[str, Any],
) -> None:
    said = read(json.dumps(message))
    assert said == read(json.dumps({**message, "new": [1, {"two": 3}]}))
    for key, value in message.items():
        if isinstance(value, str | int | float) and key != "type":
            assert getattr(said, key) == value
    for key in {"language", "detail", "reason"} & set(message):
        assert type(read(json.dumps({**message, key: ""}))) is type(said)


def test_a_picture_is_a_line_of_json_and_the_rest() -> None:
    assert read(b'{"at":5.5}\n\xff\xd8\n\xff\xd9') == Picture(5.5, None, b"\xff\xd8\n\xff\xd9")
    assert read(b'{"at":5,"take":9}\n') == Picture(5.0, 9, b"")


@given(st.text(max_size=300) | st.binary(max_size=300))
def test_noise_is_a_value_or_a_reason(message: bytes | str) -> None:
    read(message)


@given(st.dictionaries(st.sampled_from(KEYS), ANY_JSON), st.sampled_from(KNOWN), st.booleans())
def test_messages_with_any_values_are_values_within_their_bounds_or_a_reason(
    values: dict[str, Any], known: dict[str, Any], binary: bool
) -> None:
    text = json.dumps({**known, **values})
    said = read(text.encode() + b"\npicture" if binary else text)
    match said:
        case Pong(number, at) | EdgeSaid(at=at, down=number):
            assert 0 <= at < 1e12 + 1
            assert isinstance(number, int)
        case EdgeSaid(button=button):
            assert 0 < len(button) <= messages.KEY_LIMIT_CHARS
        case Hello() | Camera() | FailedSaid() | ShownSaid() | LostSaid() | None:
            pass
        case Picture(at, take, data):
            assert data == b"picture"
            assert 0 <= at < 1e12 + 1
            assert take is None or take >= 0


@pytest.mark.parametrize(
    "message",
    [
        "",
        "null",
        "[]",
        '{"type":"hello"}',
        '{"type":"hello","version":1,"screen":{"width":-1,"height":1}}',
        '{"type":"pong","id":1,"at":NaN}',
        '{"type":"pong","id":1,"at":1e999}',
        '{"type":"pong","id":1,"at":-1}',
        '{"type":"pong","id":true,"at":1}',
        '{"type":"pong","id":"1","at":1}',
        '{"type":"edge","button":"","down":true,"at":1}',
        '{"type":"edge","button":"' + "x" * 33 + '","down":true,"at":1}',
        '{"type":"edge","button":"Enter","down":1,"at":1}',
        '{"type":"camera","state":"asleep"}',
        '{"type":"camera","state":"denied","detail":"' + "x" * (WORDS_LIMIT_CHARS + 1) + '"}',
        '{"type":"steal"}',
        '{"type":"lost"} {"type":"lost"}',
        '{"type":"lost","x":' + "[" * 2000 + "]" * 2000 + "}",
        "[" * TEXT_LIMIT_CHARS,
        '{"type":"lost","x":"' + "x" * TEXT_LIMIT_CHARS + '"}',
        '{"type":"lost","x":"\ud800"}',
        b"",
        b"\n",
        b"{}\n",
        b'{"at":1}',
        b'{"at":1,"x":"' + b"x" * HEAD_LIMIT_BYTES + b'"}\npicture',
        b'{"at":1,"take":-1}\npicture',
        b'{"at":1,"take":\xff}\npicture',
        b'{"at":1}\n' + bytes(PICTURE_LIMIT_BYTES + 1),
    ],
    ids=lambda message: repr(message[:50]),
)
def test_what_is_no_message_is_told_so(message: bytes | str) -> None:
    assert read(message) is None


def test_the_largest_that_may_be_are_read() -> None:
    assert read(b'{"at":1}\n' + bytes(PICTURE_LIMIT_BYTES)) is not None
    empty = '{"type":"lost","x":""}'
    assert read(empty.replace('""', '"' + "x" * (TEXT_LIMIT_CHARS - len(empty)) + '"')) is not None


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ('{"type":"lost"}', "the first message is to be hello"),
        ('{"type":"hello","version":2,"screen":{"width":1,"height":1}}', "version 2, this board 1: reload the page"),
    ],
)
def test_a_greeting_of_another_kind_or_version_is_told_so(message: str, words: str) -> None:
    with pytest.raises(Unreadable, match=words):
        messages.read_hello(message)


@given(st.text())
def test_a_pages_words_break_no_line_and_steer_no_terminal(words: str) -> None:
    plain = messages.plain(words)
    assert plain == "" or plain.isprintable()
    assert len(plain) <= WORDS_LIMIT_CHARS


def test_a_welcome_says_what_the_page_is_to_be() -> None:
    wish = CameraWish("stream", 1280, 720, 10, 80, "environment")
    told = json.loads(messages.welcome(wish, EVEN_G1, {"Enter": "main"}, looks=False))
    assert told["camera"] == {
        "mode": "stream",
        "width": 1280,
        "height": 720,
        "fps": 10,
        "quality": 80,
        "facing": "environment",
        "on": False,
    }
    assert told["display"]["profile"]["safe"] == {"left": 44, "top": 0, "width": 488, "height": 136}
    assert told["buttons"] == {"map": {"Enter": "main"}}
    nothing = json.loads(messages.welcome(None, None, None, looks=False))
    assert (nothing["camera"], nothing["display"], nothing["buttons"]) == (None, None, None)


def test_a_screen_goes_whole() -> None:
    screen = Screen(("Das ist", "一扇门"), 2, 3, Mark.CUT_OFF, True, True, True, (Sign.PAUSED, Sign.QUEUED))
    assert json.loads(messages.screen(8, screen)) == {
        "type": "screen",
        "id": 8,
        "lines": ["Das ist", "一扇门"],
        "page": 2,
        "pages": 3,
        "mark": "cut_off",
        "camera": True,
        "must_show": True,
        "warning": True,
        "signs": ["paused", "queued"],
    }
