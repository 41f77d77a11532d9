"""Screens on their way to a bridge's display: what of them travels."""

from __future__ import annotations

from dataclasses import replace

from glassd_drivers.contracts import Screen, Sign
from glassd_drivers.link.events import DisplayFacts
from glassd_drivers.link.screens import Screens

FACTS = DisplayFacts(columns=30, rows=10, interval=0.2, grows=True)
LIMIT = 1024


def said(screens: Screens, screen: Screen, facts: DisplayFacts = FACTS) -> list[bytes]:
    """Return the messages that bring a screen there, all of them taken."""
    screens.show(screen)
    messages = screens.messages(facts, LIMIT)
    screens.acknowledged(len(messages))
    return messages


def test_only_rows_that_have_changed_travel_and_what_shows_them() -> None:
    screens = Screens()
    old = replace(FACTS, grows=False)
    assert len(said(screens, Screen(("one", "two", "three")), old)) == 4
    assert len(said(screens, Screen(("one", "two", "three and more")), old)) == 2
    assert len(said(screens, Screen(("one",)), old)) == 3
    assert len(said(screens, Screen(("one",), page=2, pages=2), old)) == 1


def test_of_a_row_that_grows_only_what_is_new_travels_and_shows_itself() -> None:
    screens = Screens()
    said(screens, Screen(("one", "two")))
    assert said(screens, Screen(("one", "two, three"))) == [b"\4\1\3, three"]
    assert said(screens, Screen(("one", "two, 三"))) == [b"\4\1\5" + "三".encode()]
    assert said(screens, Screen(("one", "two, 七"))) == [b"\4\1\5" + "七".encode()], "no character is cut"
    assert said(screens, Screen(("one", "two", "four"))) == [b"\3\1\3", b"\4\2\0four"]


def test_another_page_empties_what_it_leaves() -> None:
    screens = Screens()
    said(screens, Screen(("one", "two", "three", "four"), pages=2))
    empty, tail, show = said(screens, Screen(("five",), page=2, pages=2))
    assert (empty, tail, show[0]) == (b"\5\1", b"\1\0five", 2)


def test_a_bridge_with_older_firmware_gets_whole_rows() -> None:
    screens = Screens()
    old = replace(FACTS, grows=False)
    said(screens, Screen(("one",)), old)
    line, show = said(screens, Screen(("one, two",)), old)
    assert (line, show[0]) == (b"\1\0one, two", 2)
    assert [each[0] for each in said(screens, Screen(), old)] == [1, 2]


def test_each_sign_is_a_bit_of_its_own() -> None:
    shows = [
        Screen(camera=True),
        Screen(warning=True),
        *(Screen(signs=(sign,)) for sign in (Sign.PAUSED, Sign.NO_CAMERA, Sign.NO_NETWORK)),
        *(Screen(signs=(sign,)) for sign in (Sign.QUEUED, Sign.BUDGET_LOW, Sign.CLOCK_NOT_SET)),
    ]
    screens = Screens()
    assert [said(screens, show)[-1][-1] for show in shows] == [1 << bit for bit in range(8)]
    assert said(screens, Screen(camera=True, warning=True, signs=tuple(Sign)))[-1][-1] == 0xFF
