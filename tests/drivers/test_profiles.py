"""The profiles that come with glassd."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from glassd_drivers import registry
from glassd_drivers.displays.box import Window, text_rows_that_fit
from glassd_drivers.displays.profiles import EVEN_G1, FRAME, GLASS3, PLAIN, SPEECH, TERMINAL, Z100
from glassd_drivers.displays.sheet import lay_out

if TYPE_CHECKING:
    from glassd_drivers.contracts import Profile


@pytest.mark.parametrize(
    "profile", [EVEN_G1, FRAME, GLASS3, PLAIN, SPEECH, TERMINAL, Z100], ids=lambda profile: profile.name
)
def test_is_found_by_its_own_name(profile: object) -> None:
    assert registry.profile(getattr(profile, "name", "")) is profile


def test_glass3_fits_the_safe_area_of_its_display() -> None:
    sheet = lay_out(GLASS3, 480, 640)
    assert sheet is not None
    assert (sheet.size, sheet.line_width, sheet.top) == (32, 480, 80)
    assert sheet.line_top(GLASS3.rows) == 80 + 480


@pytest.mark.parametrize("profile", [EVEN_G1, FRAME, GLASS3], ids=lambda profile: profile.name)
def test_the_lines_of_each_fit_its_pixels(profile: Profile) -> None:
    assert lay_out(profile, profile.width, profile.height) is not None


def test_the_terminals_box_leaves_room_for_a_log_in_the_smallest_usual_window() -> None:
    assert text_rows_that_fit(TERMINAL, Window(80, 24)) == TERMINAL.rows
    assert 24 - TERMINAL.rows - 2 >= 10
