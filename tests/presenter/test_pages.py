"""Pages: the newest is followed until the wearer turns back, and the page turned to stays."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassd.presenter.pages import Pages


@given(st.integers(1, 12), st.lists(st.integers(0, 5)))
def test_the_newest_page_is_followed_while_lines_come(rows: int, growth: list[int]) -> None:
    pages, count = Pages(rows), 0
    for more in growth:
        count += more
        assert pages.in_view(count) == pages.total(count) - 1
        assert (pages.total(count) - 1) * rows <= count <= pages.total(count) * rows


def test_a_page_turned_to_stays_while_the_text_grows() -> None:
    pages = Pages(4)
    pages.previous(12)
    assert pages.in_view(12) == pages.in_view(400) == 1


def test_turning_on_to_the_newest_follows_again() -> None:
    pages = Pages(4)
    pages.previous(12)
    pages.previous(12)
    pages.next(12)
    assert pages.in_view(16) == 1
    pages.next(12)
    assert pages.in_view(16) == 3


@given(st.integers(1, 12), st.integers(0, 200), st.lists(st.booleans()))
def test_no_turn_leaves_the_pages(rows: int, count: int, turns: list[bool]) -> None:
    pages = Pages(rows)
    for on in turns:
        (pages.next if on else pages.previous)(count)
        assert 0 <= pages.in_view(count) < pages.total(count)


def test_a_display_without_a_row_is_refused() -> None:
    with pytest.raises(ValueError, match="0 rows"):
        Pages(0)
