"""The device end's display: rows, screens, and what of them a sink is given (docs/link.md, 6)."""

from __future__ import annotations

import unicodedata

import pytest
import wire
from device_end import DeviceEnd, Facts, Screen
from far_host import FarHost, ack, in_session, parse
from hypothesis import given
from hypothesis import strategies as st

from glassd_drivers import contracts
from glassd_drivers.link.events import DisplayFacts
from glassd_drivers.link.screens import Screens


@pytest.fixture
def far() -> FarHost:
    """A host in a session."""
    return in_session()


def screen(*rows: str, **fields: int) -> Screen:
    return Screen(tuple(rows) + ("",) * (10 - len(rows)), **fields)  # type: ignore[arg-type]


def test_show_shows_the_rows_that_were_set_and_the_others_empty(far: FarHost) -> None:
    far.tell("LINE", row=1, text="你好")
    far.tell("LINE", row=9, text="last")
    assert far.end.calls() == []
    far.tell("SHOW", page=2, pages=3, mark=4, signs=1)
    assert far.end.calls() == [screen("", "你好", *[""] * 7, "last", page=2, pages=3, mark=4, looking=True)]
    far.tell("LINE", row=1, text="")
    far.tell("SHOW", page=2, pages=3, mark=5, signs=0xFE)
    assert far.end.calls() == [screen(*[""] * 9, "last", page=2, pages=3, mark=5, warning=True)]


def test_a_sink_is_told_which_rows_have_changed(far: FarHost) -> None:
    far.tell("SHOW", page=0, pages=0, mark=0, signs=0)
    far.tell("LINE", row=1, text="a")
    far.tell("LINE", row=3, text="b")
    for _ in range(2):
        far.tell("SHOW", page=0, pages=0, mark=0, signs=0)
    first, second, third = far.calls(Screen)
    assert first.changed == 0xFFFFFFFF, "all of a session's first"  # type: ignore[union-attr]
    assert (second.changed, third.changed) == (0b1010, 0)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (b"x" * 91, "x" * 90),
        ("返".encode() * 31, "返" * 30),
        ("x返".encode() * 40, "x返" * 22 + "x"),
        (b"a\0b\x1b[2Jc\x7fd\xc2\x85e\n", "ab[2Jcde"),
        (b"\x80\xbf\xfe\xff\xf5xy", "xy"),
        (b"\xc0\xaf\xe0\x9f\xbf\xf0\x8f\xbf\xbfx", "x"),
        (b"\xed\xa0\x80\xed\xbf\xbfx", "x"),
        (b"\xf4\x90\x80\x80x", "x"),
        ("\u00a0\u0800\ud7ff\ue000\U00010000\U0010ffff".encode(), "\u00a0\u0800\ud7ff\ue000\U00010000\U0010ffff"),
        ("一".encode()[:2], ""),
        ("é😀".encode(), "é😀"),
        ("é😀".encode()[:-1], "é"),
    ],
    ids=[
        "too-long",
        "too-long-wide",
        "too-long-mixed",
        "controls",
        "no-utf-8",
        "longer-than-need-be",
        "surrogates",
        "beyond",
        "the-first-and-last",
        "half",
        "whole",
        "half-at-the-end",
    ],
)
def test_a_row_is_whole_characters_without_controls_however_it_came(far: FarHost, text: bytes, shown: str) -> None:
    far.say("DISPLAY", sequence=0, message=b"\1\0" + text)
    far.tell("SHOW", sequence=1, page=0, pages=0, mark=0, signs=0)
    assert far.end.calls() == [screen(shown)]


@given(
    st.lists(
        st.binary(max_size=5)
        | st.text(st.characters(), max_size=60).map(lambda text: text.encode("utf-8", "surrogatepass"))
    )
    .map(b"".join)
    .filter(lambda text: len(text) <= 200)
)
def test_any_bytes_make_a_row_that_can_be_read(text: bytes) -> None:
    far = in_session()
    far.say("DISPLAY", sequence=0, message=b"\1\0" + text)
    far.tell("SHOW", sequence=1, page=0, pages=0, mark=0, signs=0)
    ((row, *_),) = (each.rows for each in far.calls(Screen))  # type: ignore[union-attr]
    assert len(row.encode()) <= 90
    assert not any(unicodedata.category(each) == "Cc" for each in row)


def test_a_row_that_grows_keeps_its_start(far: FarHost) -> None:
    far.tell("LINE", row=1, text="你好")
    far.tell("TAIL", row=1, kept=3, text="们")
    far.tell("TAIL", row=0, kept=0, text="first")
    far.tell("TAIL", row=2, kept=0, text="")
    assert far.end.calls() == [], "nothing shows them yet"
    far.tell("SHOW", page=2, pages=3, mark=4, signs=1)
    assert far.end.calls() == [screen("first", "你们", page=2, pages=3, mark=4, looking=True)]
    far.tell("GROW", row=0, kept=5, text=" and more")
    assert far.end.calls() == [screen("first and more", "你们", page=2, pages=3, mark=4, looking=True)]


@pytest.mark.parametrize("kept", [1, 2, 4, 7, 90, 255])
def test_what_cannot_be_kept_leaves_the_row_as_it_was(far: FarHost, kept: int) -> None:
    far.tell("LINE", row=0, text="你好")
    far.tell("GROW", row=0, kept=kept, text="x")
    assert far.end.calls() == [screen("你好")]


def test_a_row_that_was_cut_grows_as_it_would_come_whole() -> None:
    far = in_session(DeviceEnd(sizes={"GL_ROW_BYTES": 8}))
    far.tell("LINE", row=0, text="abcdefg返回")
    far.tell("GROW", row=0, kept=10, text="x")
    far.tell("GROW", row=0, kept=7, text="hij")
    assert [each.rows[0] for each in far.calls(Screen)] == ["abcdefg", "abcdefgh"]  # type: ignore[union-attr]


def test_rows_are_emptied_from_one_on_and_a_sink_is_told_which_had_text(far: FarHost) -> None:
    for row in (0, 2, 5):
        far.tell("LINE", row=row, text="x")
    far.tell("SHOW", page=0, pages=0, mark=0, signs=0)
    far.tell("EMPTY", row=1)
    far.tell("GROW", row=0, kept=1, text="y")
    far.tell("EMPTY", row=200)
    far.tell("GROW", row=10, kept=0, text="y")
    _, second, third = far.calls(Screen)
    assert (second, second.changed) == (screen("xy"), 0b100101)  # type: ignore[union-attr]
    assert (third, third.changed) == (screen("xy"), 0)  # type: ignore[union-attr]


@pytest.mark.parametrize("row_bytes", [8, 90])
@given(
    st.lists(
        st.lists(st.text("ab 返é😀", max_size=20), max_size=4).map(tuple) | st.just("grow"), min_size=1, max_size=12
    ),
    st.text("ab 返é😀\x07", min_size=40, max_size=40),
)
def test_rows_that_grow_are_on_the_display_as_whole_rows_would_be(
    row_bytes: int, screens: list[tuple[str, ...] | str], text: str
) -> None:
    seen = []
    for grows in (False, True):
        far = in_session(DeviceEnd(Facts(rows=4), sizes={"GL_ROW_BYTES": row_bytes}))
        host = Screens()
        rows: tuple[str, ...] = ("",)
        for at, each in enumerate(screens):
            rows = (*rows[:-1], (*rows, "")[-1] + text[3 * at : 3 * at + 3]) if isinstance(each, str) else each
            host.show(contracts.Screen(rows))
            said = host.messages(DisplayFacts(30, 4, 0.05, grows=grows), 122)
            for message in said:
                far.say("DISPLAY", sequence=far.sequences["DISPLAY"], message=message)
                far.sequences["DISPLAY"] = (far.sequences["DISPLAY"] + 1) % 256
            host.acknowledged(len(said))
        seen.append(far.calls(Screen))
    assert seen[0] == seen[1]
    assert len(seen[0]) == len(screens)


@pytest.mark.parametrize("row", [10, 31, 32, 255])
def test_a_row_that_the_display_does_not_have_is_taken_and_not_shown(row: int) -> None:
    far = in_session(DeviceEnd(Facts(rows=10), sizes={"GL_ROWS": 12}))
    far.tell("LINE", row=row, text="x")
    far.tell("SHOW", page=0, pages=0, mark=0, signs=0)
    assert far.end.calls() == [screen()]
    assert far.hear() == [ack(display=2)]


def test_a_mark_that_nobody_knows_is_idle(far: FarHost) -> None:
    far.tell("SHOW", page=0, pages=0, mark=7, signs=0)
    far.tell("SHOW", page=0, pages=0, mark=8, signs=0)
    assert [each.mark for each in far.calls(Screen)] == [7, 0]  # type: ignore[union-attr]


def test_a_screen_is_acknowledged_once_it_is_shown(far: FarHost) -> None:
    far.end.shows_later()
    far.tell("LINE", row=0, text="one")
    far.tell("SHOW", page=1, pages=1, mark=0, signs=0)
    assert far.hear() == [ack(display=1)], "the line is, the screen not yet"
    far.tell("LINE", row=0, text="two")
    assert far.hear() == [ack(display=1)]
    far.end.shown()
    assert far.hear() == [ack(display=3)]


def test_a_screen_waits_for_the_one_before_and_what_follows_it_is_passed_over(far: FarHost) -> None:
    far.end.shows_later()
    far.tell("SHOW", page=1, pages=2, mark=0, signs=0)
    far.tell("LINE", row=0, text="two")
    far.tell("SHOW", page=2, pages=2, mark=0, signs=0)
    far.tell("LINE", row=0, text="three")
    assert far.end.calls() == [screen(page=1, pages=2)]
    far.end.shown()
    assert far.end.calls() == [screen("two", page=2, pages=2)]
    assert far.hear() == [ack(display=2)]
    far.end.shown()
    assert far.hear() == [ack(display=3)]
    far.tell("LINE", sequence=3, row=0, text="three")
    assert far.hear() == [ack(display=4)]


def test_a_screen_of_the_session_before_that_is_not_shown_yet_delays_the_first_of_the_next(far: FarHost) -> None:
    far.end.shows_later()
    far.tell("SHOW", page=1, pages=1, mark=0, signs=0)
    far.greet(session=8)
    far.end.calls()
    far.end.receive(
        wire.packet("DISPLAY", 8, sequence=0, message=wire.message("SHOW", page=9, pages=9, mark=0, signs=0)), 0
    )
    assert far.end.calls() == []
    assert parse(far.end.transmit(0), 8) == [ack(display=0)]
    far.end.shown()
    assert far.end.calls() == [screen(page=9, pages=9)]
    assert parse(far.end.transmit(0), 8) == [ack(display=0)]
    far.end.shown()
    assert parse(far.end.transmit(0), 8) == [ack(display=1)]
