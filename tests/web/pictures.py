"""The pictures of the pages in docs/pages: each as it is in Chromium, in the three sizes that the pages are made for.

    PYTHONPATH=tests:tests/daemon .venv/bin/python tests/web/pictures.py [WORD...]

makes them all, or those whose names begin with a word. Looked at by eye, then described in docs/page.md.
"""

from __future__ import annotations

import io
import sys
import tempfile
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from PIL import Image
from playwright.sync_api import expect, sync_playwright
from running import Daemon, ModelServer

from web import glasses
from web.browsing import LIMIT_MS, SIZES, launch
from web.film import make_film
from web.site import Site, start_site

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Browser, Page

PLACE = Path("docs/pages")
COLOURS = 64
"""The pages are mostly black with a few colours: a palette keeps the pictures small."""


class Studio:
    """Boards to be photographed: each is `with Studio(browser) as studio`."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self._folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory()))
        self.model = self._stack.enter_context(closing(ModelServer(self._folder / "model")))
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def serve(self, text: str) -> Site:
        """Start a board on the text of a config without `api:`, as the tests' fixture of this name."""
        return self._stack.enter_context(closing(start_site(text, self._browser, self._start)))

    def take(self, name: str, show: Callable[[str], Page]) -> None:
        """Photograph what `show(size)` opens, in each size."""
        for size in SIZES:
            page = show(size)
            # As a display shows it, not as a page is printed: what is below its lower edge is not seen either.
            picture = Image.open(io.BytesIO(page.screenshot(animations="disabled"))).convert("RGB")
            small = picture.quantize(COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
            width, height = SIZES[size]
            PLACE.mkdir(exist_ok=True)
            small.save(PLACE / f"{name}-{width}x{height}.png", optimize=True)
            page.context.close()

    def _start(self, text: str, **environment: str) -> Daemon:
        config = self._folder / "glassd.yaml"
        config.write_text(text, encoding="utf-8")
        daemon = Daemon(self._folder, config, environment=environment)
        self._stack.callback(daemon.close)
        daemon.told("READY=1")
        return daemon


def glasses_answer(studio: Studio) -> None:
    """The page /glasses, with an answer."""
    site = _answered(studio)
    studio.take("glasses-answer", lambda size: _with_answer(site, size))


def _answered(studio: Studio) -> Site:
    """Return a board whose glasses have been given an answer."""
    site = studio.serve(glasses.config(studio.model).replace("language: en", "language: zh"))
    page = glasses.wear(site)
    site.daemon.camera_ready()
    studio.model.answer_next(ANSWER)
    page.keyboard.press("Enter")
    expect(page.locator("#spoken")).to_contain_text("10:25")
    page.context.close()
    return site


def _with_answer(site: Site, size: str) -> Page:
    page = glasses.wear(site, size, language="zh")
    site.daemon.camera_ready()
    expect(page.locator("#spoken")).to_contain_text("10:25")
    return page


ANSWER = (
    "前面是一扇绿色的门，门上写着“安全出口 Exit”。门的右边有一个红色的灭火器，左边是楼梯，向下通往一层大厅。"
    "地面是湿的，请小心。离门大约 3 米，门把手在右侧，向外推开。墙上的时钟指着 10:25。"
)


def glasses_pairing(studio: Studio) -> None:
    """The page /glasses of a browser that the board does not know, after a wrong code."""
    site = studio.serve(glasses.config(studio.model))
    site.pages.expect_errors("401")

    def show(size: str) -> Page:
        page: Page = site.open("/glasses", size, signed_in=False)
        page.locator("#code").press_sequentially("abcd-2345")
        page.keyboard.press("Enter")
        expect(page.locator("#trouble")).not_to_be_empty()
        return page

    studio.take("glasses-pairing", show)


def glasses_no_camera(studio: Studio) -> None:
    """The page /glasses where the camera was refused."""
    site = studio.serve(glasses.config(studio.model))

    def show(size: str) -> Page:
        page = glasses.wear(site, size, camera="denied")
        expect(page.locator("#help")).to_be_visible()
        return page

    studio.take("glasses-no-camera", show)


def glasses_lost(studio: Studio) -> None:
    """The page /glasses without a network, over an answer."""
    site = _answered(studio)
    site.pages.expect_errors("WebSocket", "ERR_")

    def show(size: str) -> Page:
        site.cable.mend()
        page = _with_answer(site, size)
        site.cable.cut()
        expect(page.locator("#notice")).to_be_visible()
        return page

    studio.take("glasses-lost", show)


def sign_in(studio: Studio) -> None:
    """The page /sign-in, after a wrong code."""
    site = studio.serve(glasses.config(studio.model))
    site.pages.expect_errors("401")

    def show(size: str) -> Page:
        page: Page = site.open("/sign-in", size, "zh" if size == "glasses" else "en", signed_in=False)
        page.locator("#secret").fill("abcd-2345")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_be_visible()
        return page

    studio.take("sign-in", show)


PICTURES: dict[str, Callable[[Studio], Any]] = {
    "glasses-answer": glasses_answer,
    "glasses-lost": glasses_lost,
    "glasses-no-camera": glasses_no_camera,
    "glasses-pairing": glasses_pairing,
    "sign-in": sign_in,
}


def main(words: list[str]) -> None:
    """Make the pictures whose names begin with one of the words; all without any."""
    expect.set_options(timeout=LIMIT_MS)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = launch(playwright.chromium, make_film(Path(folder) / "film.y4m"))
        for name, make in PICTURES.items():
            if not words or name.startswith(tuple(words)):
                with Studio(browser) as studio:
                    make(studio)
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1:])
