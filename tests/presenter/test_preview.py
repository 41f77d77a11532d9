"""`glassd preview`: the picture of what the wearer would see."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from glassd.cli import main
from glassd_drivers.contracts import Mark, Screen
from glassd_drivers.displays.fonts import load_fonts
from glassd_drivers.displays.framebuffer import COLOURS
from glassd_drivers.displays.painter import Colours, Painter
from glassd_drivers.displays.profiles import EVEN_G1, FRAME, GLASS3, PLAIN, TERMINAL, Z100
from glassd_drivers.displays.sheet import lay_out
from paths import TREE

if TYPE_CHECKING:
    from pathlib import Path

PAGES = sorted((TREE / "docs/displays").glob("*.txt"))


def preview(text: str, folder: Path, *words: str) -> Any:
    """The pixels of the picture."""
    file, output = folder / "answer.txt", folder / "page.png"
    file.write_text(text, "utf-8")
    assert main(["preview", "--text", str(file), "-o", str(output), *words]) == 0
    return np.asarray(Image.open(output).convert("RGB"))


def test_it_is_what_a_framebuffer_of_the_glasses_shows(tmp_path: Path) -> None:
    sheet = lay_out(GLASS3, 480, 640)
    assert sheet is not None
    screen = Screen(("门是绿色的。", "It is open."), mark=Mark.DONE)
    shown = Colours(COLOURS["green"], COLOURS["black"]).table[Painter(load_fonts(), sheet).whole(screen)]
    assert np.array_equal(preview("门是绿色的。\nIt is open.", tmp_path), shown)


def test_the_last_page_is_drawn_and_another_on_demand(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = "\n".join(f"line {number}" for number in range(25))
    last, third, first = (preview(text, tmp_path, *words) for words in ((), ("--page", "3"), ("--page", "1")))
    assert np.array_equal(last, third)
    assert not np.array_equal(last, first)
    assert capsys.readouterr().out.splitlines() == [
        f"{tmp_path}/page.png: 480x640, page 3 of 3",
        f"{tmp_path}/page.png: 480x640, page 3 of 3",
        f"{tmp_path}/page.png: 480x640, page 1 of 3",
    ]


@pytest.mark.parametrize("profile", [EVEN_G1, FRAME, GLASS3, PLAIN, TERMINAL, Z100], ids=lambda profile: profile.name)
def test_every_profile_that_is_seen_has_a_picture(profile: Any, tmp_path: Path) -> None:
    pixels = preview("门是绿色的。", tmp_path, "--profile", profile.name)
    if profile.width:
        assert pixels.shape[1] == profile.width
    if profile.height:
        assert pixels.shape[0] == profile.height
    assert pixels.any()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_pictures_of_the_docs_are_of_the_texts_beside_them(page: Path, tmp_path: Path) -> None:
    """To within the share of pixels that another version of FreeType may colour otherwise."""
    pixels = preview(page.read_text("utf-8"), tmp_path)
    kept = np.asarray(Image.open(page.with_suffix(".png")).convert("RGB"))
    differing = (np.abs(pixels.astype(int) - kept) > 128).any(axis=2).sum()
    assert differing < 0.02 * kept.any(axis=2).sum()


def test_a_text_from_the_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("门".encode())))
    assert main(["preview", "--text", "-", "-o", str(tmp_path / "page.png")]) == 0
    assert np.array_equal(np.asarray(Image.open(tmp_path / "page.png").convert("RGB")), preview("门", tmp_path))


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        (["--profile", "glas3"], 2, "no profile is named 'glas3'; did you mean glass3?"),
        (["--profile", "speech"], 2, "the profile speech has no picture"),
        (["--page", "2"], 2, "there is no page 2: the text makes 1 on glass3"),
        (["--font", "/nowhere.ttf"], 2, "the font /nowhere.ttf cannot be read (No such file or directory)"),
        (["--text", "/nowhere.txt"], 5, "/nowhere.txt: No such file or directory"),
        (["-o", "/nowhere/page.png"], 5, "/nowhere/page.png: No such file or directory"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_what_cannot_be_drawn_is_told_in_one_line(
    words: list[str], status: int, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "answer.txt"
    file.write_text("Yes.")
    assert main(["preview", "--text", str(file), "-o", str(tmp_path / "page.png"), *words]) == status
    error = capsys.readouterr().err
    assert error.startswith(f"glassd preview: {told}")
    assert error.count("\n") == 1
