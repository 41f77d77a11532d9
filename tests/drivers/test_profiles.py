"""The profiles that come with glassd."""

from __future__ import annotations

import pytest

from glassd_drivers import registry
from glassd_drivers.displays.box import Window, text_rows_that_fit
from glassd_drivers.displays.profiles import GLASS3, TERMINAL


@pytest.mark.parametrize("profile", [GLASS3, TERMINAL], ids=lambda profile: profile.name)
def test_is_found_by_its_own_name(profile: object) -> None:
    assert registry.profile(getattr(profile, "name", "")) is profile


def test_glass3_fits_the_safe_area_of_its_display() -> None:
    safe, cell, line = 480, 16, 48  # pixels: the area's side, a half-width cell of 32 px type, its line
    assert (GLASS3.columns * cell, GLASS3.rows * line) == (safe, safe)


def test_the_terminals_box_leaves_room_for_a_log_in_the_smallest_usual_window() -> None:
    assert text_rows_that_fit(TERMINAL, Window(80, 24)) == TERMINAL.rows
    assert 24 - TERMINAL.rows - 2 >= 10
