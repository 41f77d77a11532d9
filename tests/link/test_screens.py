"""Screens on their way to a bridge's display: what of them travels."""

from __future__ import annotations

from glassd_drivers.contracts import Screen, Sign
from glassd_drivers.link.events import DisplayFacts
from glassd_drivers.link.screens import Screens

FACTS = DisplayFacts(columns=30, rows=10, interval=0.2)
LIMIT = 1024


def said(screens: Screens, screen: Screen) -> list[bytes]:
    """Return the messages that bring a screen there, all of them taken."""
    screens.show(screen)
    messages = screens.messages(FACTS, LIMIT)
    screens.acknowledged(len(messages))
    return messages


def test_only_rows_that_have_changed_travel_and_what_shows_them() -> None:
    screens = Screens()
    assert len(said(screens, Screen(("one", "two", "three")))) == 4
    assert len(said(screens, Screen(("one", "two", "three and more")))) == 2
    assert len(said(screens, Screen(("one",)))) == 3
    assert len(said(screens, Screen(("one",), page=2, pages=2))) == 1


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
