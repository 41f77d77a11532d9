"""The framebuffer as a display: pixels in a file of the kernel's layout. tests/rig/test_screen.py has the kernel's."""

from __future__ import annotations

import asyncio
import tempfile
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from framebuffers import FORMATS, UNTOUCHED, Panel, plugged_in
from hypothesis import given
from hypothesis import strategies as st
from lives import as_nobody, context
from pydantic import ValidationError

from glassd_drivers import ioctls, testing
from glassd_drivers.contracts import Area, Mark, PermanentFault, Profile, Screen, TransientFault
from glassd_drivers.displays import fb_node, framebuffer
from glassd_drivers.displays.fonts import load_fonts
from glassd_drivers.displays.framebuffer import COLOURS, FramebufferConfig, FramebufferDisplay
from glassd_drivers.displays.painter import Colours, Painter
from glassd_drivers.displays.profiles import GLASS3
from glassd_drivers.displays.sheet import lay_out

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

PAGE = Screen(("这是一个路牌：", "Hello, 世界", "", "third"), page=2, pages=3, mark=Mark.WRITING, camera=True)


@asynccontextmanager
async def display(panel: Panel, profile: Profile = GLASS3, **options: Any) -> AsyncIterator[FramebufferDisplay]:
    config = FramebufferConfig.model_validate({"device": str(panel.path), **options})
    driver = FramebufferDisplay(config, context("displays.0"))
    driver.fit(profile)
    with plugged_in(panel):
        try:
            await driver.open()
            yield driver
        finally:
            await driver.close()


def painted(
    screen: Screen,
    size: tuple[int, int] = (480, 640),
    color: str = "green",
    background: str = "black",
    area: Area | None = None,
) -> Any:
    """What the wearer is to see: red, green and blue of each pixel."""
    sheet = lay_out(GLASS3, *size, area)
    assert sheet is not None
    return Colours(COLOURS[color], COLOURS[background]).table[Painter(load_fonts(), sheet).whole(screen)]


def shown(panel: Panel, *screens: Screen, profile: Profile = GLASS3, **options: Any) -> Any:
    """The pixels of a panel after these screens, while it is still open."""

    async def main() -> Any:
        async with display(panel, profile, **options) as driver:
            for screen in screens:
                await driver.show(screen)
            return panel.colours()

    return asyncio.run(main())


def fault(panel: Panel, **options: Any) -> str:
    """What the opening of a panel ends with."""
    with pytest.raises((TransientFault, PermanentFault)) as told:
        shown(panel, **options)
    return f"{type(told.value).__name__}: {told.value}"


# -- the conformance kit ----------------------------------------------------------------------------------------------


class Glasses(testing.Rig):
    """A panel that somebody looks at."""

    async def __aenter__(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.panel = Panel(Path(self.folder.name) / "fb0")
        self.config = {"device": str(self.panel.path)}
        self._lent = plugged_in(self.panel)
        self._lent.__enter__()

    async def __aexit__(self, *_: object) -> None:
        self._lent.__exit__(None, None, None)
        self.folder.cleanup()

    async def shown(self, text: str) -> None:
        assert np.abs(self.panel.colours() - painted(Screen((text,)))).max() <= 1

    async def unplug(self) -> None:
        self.panel.path.unlink()


KIT = testing.Kit("displays", "framebuffer", Glasses, missing={"device": "/dev/fb99"})


@pytest.mark.parametrize("check", KIT.checks(), ids=lambda check: check.__name__)
def test_conforms(check: Callable[[testing.Kit], None]) -> None:
    check(KIT)


# -- pixels -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FORMATS)
def test_the_picture_is_the_same_in_every_format(name: str, tmp_path: Path) -> None:
    bits, fields = FORMATS[name]
    panel = Panel(tmp_path / "fb0", bits=bits, fields=fields, across=3, down=5)
    coarsest = min(length for _, length in fields[:3])
    assert np.abs(shown(panel, PAGE) - painted(PAGE)).max() <= 255 / ((1 << coarsest) - 1) / 2 + 1
    assert set(panel.outside()) == {UNTOUCHED}


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_a_display_that_is_mounted_askew_shows_the_picture_upright(degrees: int, tmp_path: Path) -> None:
    sideways = degrees in (90, 270)
    panel = Panel(tmp_path / "fb0", width=640 if sideways else 480, height=480 if sideways else 640)
    pixels = shown(panel, PAGE, rotate=degrees)
    assert np.abs(np.rot90(pixels, degrees // 90) - painted(PAGE)).max() <= 1


def test_text_stays_in_the_safe_area_of_the_glasses(tmp_path: Path) -> None:
    full = Screen(("█" * 30,) * 10, page=9, pages=9, mark=Mark.ERROR, camera=True, warning=True)
    lit = shown(Panel(tmp_path / "fb0"), full).any(axis=(1, 2))
    assert not lit[:80].any()
    assert not lit[560:].any()


@pytest.mark.parametrize("size", [(640, 480), (1280, 800), (320, 240)])
def test_a_display_of_another_size_is_filled(size: tuple[int, int], tmp_path: Path) -> None:
    panel = Panel(tmp_path / "fb0", width=size[0], height=size[1])
    assert np.abs(shown(panel, PAGE) - painted(PAGE, size)).max() <= 1


def test_an_area_and_colours_of_the_wearers_own(tmp_path: Path) -> None:
    pixels = shown(Panel(tmp_path / "fb0"), PAGE, area="400x300+40+100", color="#ffb000", background="blue")
    expected = painted(PAGE, color="amber", background="blue", area=Area(40, 100, 400, 300))
    assert np.abs(pixels - expected).max() <= 1


def test_only_the_line_that_has_changed_is_written(tmp_path: Path) -> None:
    panel = Panel(tmp_path / "fb0")
    grown = replace(PAGE, lines=(*PAGE.lines[:3], "third line"))

    async def main() -> Any:
        async with display(panel) as driver:
            await driver.show(PAGE)
            panel.path.write_bytes(bytes([UNTOUCHED]) * panel.memory)
            await driver.show(grown)
            return panel.colours()

    pixels = asyncio.run(main())
    top = 80 + 30 + 3 * 45
    untouched = np.full((640, 480, 3), UNTOUCHED)
    untouched[top : top + 45] = painted(grown)[top : top + 45]
    assert np.abs(pixels - untouched).max() <= 1


def test_it_is_dark_before_the_first_screen_and_after_the_last(tmp_path: Path) -> None:
    panel = Panel(tmp_path / "fb0")
    assert not shown(panel).any()
    assert shown(panel, PAGE).any()
    assert not panel.colours().any()


@given(st.lists(st.text(max_size=40), max_size=12).map(tuple), st.lists(st.text(max_size=40), max_size=12).map(tuple))
def test_lines_that_changed_one_by_one_make_the_same_picture_as_the_whole_screen(
    first: tuple[str, ...], second: tuple[str, ...]
) -> None:
    sheet = lay_out(GLASS3, 480, 640)
    assert sheet is not None
    painter = Painter(load_fonts(), sheet)
    canvas = painter.whole(Screen(first)).copy()
    for left, top, ink in painter.update(Screen(second)):
        canvas[top : top + ink.shape[0], left : left + ink.shape[1]] = ink
    assert np.array_equal(canvas, Painter(load_fonts(), sheet).whole(Screen(second)))


# -- what can be wrong ------------------------------------------------------------------------------------------------


def test_a_framebuffer_that_is_not_there_is_waited_for(tmp_path: Path) -> None:
    panel = Panel(tmp_path / "fb0")
    assert fault(panel, device=str(tmp_path / "fb1")) == (
        f"TransientFault: {tmp_path}/fb1 is not there: plug the glasses in, or correct `device`"
    )


def test_what_is_no_framebuffer_waits_for_a_person(tmp_path: Path) -> None:
    assert fault(Panel(tmp_path / "fb0"), device="/dev/null") == (
        "PermanentFault: /dev/null is no framebuffer: correct `device`"
    )


def test_whoever_may_not_open_it_is_told_what_gives_the_right() -> None:
    program = """
import sys
from pathlib import Path
from glassd_drivers.contracts import PermanentFault
from glassd_drivers.displays.fb_node import FramebufferNode
from glassd_drivers.displays.painter import Colours
# drop rights
try:
    FramebufferNode(Path(sys.argv[1]), 0).open(Colours((0, 255, 0), (0, 0, 0)))
except PermanentFault as error:
    print(error)
"""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o711)
        node = Path(folder) / "fb0"
        node.write_bytes(b"")
        node.chmod(0)
        told = as_nobody(program, node)
    assert "may not be opened (Permission denied)" in told
    assert "framebuffer.conf" in told


def test_a_display_too_small_for_its_profile_is_told(tmp_path: Path) -> None:
    told = fault(Panel(tmp_path / "fb0", width=96, height=64))
    assert told.startswith("PermanentFault")
    assert "is 96x64, where 30 columns and 10 rows do not fit" in told


@pytest.mark.parametrize(("bits", "visual"), [(8, fb_node.TRUE_COLOUR), (1, 1), (16, 3)])
def test_pixels_that_are_no_true_colour_are_refused(bits: int, visual: int, tmp_path: Path) -> None:
    assert "no true colour" in fault(Panel(tmp_path / "fb0", bits=bits, visual=visual))


def test_another_resolution_opens_it_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(framebuffer.FramebufferDisplay, "check_s", 0.001)
    panel = Panel(tmp_path / "fb0")

    async def main() -> None:
        async with display(panel) as driver:
            panel.height = 320
            with pytest.raises(TransientFault, match="another size"):
                await driver.watch()

    asyncio.run(main())


@given(st.binary(min_size=fb_node.VARIABLE.size, max_size=fb_node.VARIABLE.size), st.data())
def test_whatever_a_driver_says_of_itself_nothing_beyond_its_memory_is_drawn_on(variable: bytes, data: Any) -> None:
    few = st.integers(0, 2000)
    words = [*fb_node.VARIABLE.unpack(variable)]
    words[:2], words[4:6] = [data.draw(few), data.draw(few)], [data.draw(few), data.draw(few)]
    words[6] = data.draw(st.sampled_from((16, 24, 32)))
    words[8:20] = data.draw(st.sampled_from([[v for o, n in f for v in (o, n, 0)] for _, f in FORMATS.values()]))
    length, memory = data.draw(st.integers(0, 10_000)), data.draw(st.integers(0, 1 << 22))
    fixed = fb_node.FIXED.pack(b"odd", 0, memory, 0, 0, 2, 0, 0, 0, length, 0, 0, 0, 0, 0, 0)
    answers = {fb_node.GET_VARIABLE: fb_node.VARIABLE.pack(*words), fb_node.GET_FIXED: fixed}
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(ioctls, "ask", lambda _fd, request, _data: answers[request])
        try:
            found = fb_node.facts(0, "odd")
        except PermanentFault:
            return
    last = found.start + (found.height - 1) * found.line_length + found.width * found.bits // 8
    assert 0 < last <= found.mapped


@pytest.mark.parametrize(
    "wrong",
    [{"rotate": 45}, {"color": "greenish"}, {"color": "#0f0"}, {"area": "480x480"}, {"background": [0, 0, 0]}],
    ids=str,
)
def test_options_that_mean_nothing_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        FramebufferConfig.model_validate(wrong)
