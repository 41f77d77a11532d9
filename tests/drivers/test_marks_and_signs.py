"""Every mark and every sign is there on every display, and docs/displays.md says how it looks."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from PIL import Image

from glassd_drivers.contracts import Mark, Screen, Sign
from glassd_drivers.displays.box import Box, Window
from glassd_drivers.displays.plain_lines import PlainLines
from glassd_drivers.displays.profiles import TERMINAL
from glassd_drivers.displays.signs import draw_signs
from glassd_drivers.link.events import DisplayFacts
from glassd_drivers.link.screens import Screens
from paths import TREE

DOCS = TREE / "docs" / "displays"
ROWS = {
    cells[0].strip("`"): cells
    for line in (TREE / "docs" / "displays.md").read_text("utf-8").splitlines()
    if re.match(r"\| `[a-z_]+` \|.*\| (?:[0-7]|bit [0-7]) \|$", line)
    for cells in [[cell.strip() for cell in line.strip("|").split("|")]]
}
SCREENS = {
    **{mark.value: Screen(mark=mark) for mark in Mark},
    "camera": Screen(camera=True),
    "warning": Screen(warning=True),
    **{sign.value: Screen(signs=(sign,)) for sign in Sign},
}


def test_the_page_has_every_mark_and_every_sign_in_the_order_that_they_are_shown_in() -> None:
    assert list(ROWS) == list(SCREENS)


@pytest.mark.parametrize("name", SCREENS)
def test_the_terminal_spells_it_out_as_the_page_says(name: str) -> None:
    *_, boxed, line, _ = ROWS[name]
    screen = SCREENS[name]
    box = Box(TERMINAL, Window(80, 24), TERMINAL.rows, color=False)
    assert f" {boxed} " in box.update(screen)
    lines = PlainLines()
    lines.update(Screen())
    assert lines.update(screen).splitlines() == re.findall("`(.+?)`", line)


@pytest.mark.parametrize("name", SCREENS)
def test_it_is_on_the_link_as_the_page_says(name: str) -> None:
    screens = Screens()
    screens.show(SCREENS[name])
    (*_, mark, signs) = screens.messages(DisplayFacts(30, 10, 0.0), 128)[-1]
    number = ROWS[name][-1]
    expected = (0, 1 << int(number[4:])) if number.startswith("bit ") else (int(number), 0)
    assert (mark, signs) == expected


def test_each_is_drawn_as_nothing_else_is() -> None:
    drawn = {name: draw_signs(screen, 48).tobytes() for name, screen in SCREENS.items()}
    assert drawn.pop("idle") == b""
    assert len(set(drawn.values())) == len(drawn)


PICTURES = {"marks.png": [*Mark][1:], "signs.png": ["camera", "warning", *Sign]}


def picture(file: str) -> np.ndarray[Any, Any]:
    ink = np.hstack([draw_signs(SCREENS[str(name)], 48) for name in PICTURES[file]])
    green = np.zeros((*ink.shape, 3), np.uint8)
    green[..., 1] = ink
    return green


@pytest.mark.parametrize("file", PICTURES)
def test_the_pictures_of_the_page_are_those_that_are_drawn(file: str) -> None:
    kept = np.asarray(Image.open(DOCS / file))
    assert np.array_equal(kept, picture(file)), (
        "run: python tests/drivers/test_marks_and_signs.py, with PYTHONPATH=tests"
    )


if __name__ == "__main__":
    for each in PICTURES:
        Image.fromarray(picture(each)).save(DOCS / each, optimize=True)
