"""The pictures of the pages in docs/pages: each as it is in Chromium, in the three sizes that the pages are made for.

    PYTHONPATH=tests:tests/daemon .venv/bin/python tests/web/pictures.py [WORD...]

makes them all, or those whose names begin with a word. Looked at by eye, then described in docs/page.md.
"""

from __future__ import annotations

import io
import re
import sys
import tempfile
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from PIL import Image
from playwright.sync_api import expect, sync_playwright
from running import Daemon, ModelServer

from glassd.demo.pictures import render
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

    def folder(self, name: str) -> Path:
        """Return a new folder beside the board's own."""
        (folder := self._folder / name).mkdir()
        return folder

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


def board(studio: Studio) -> None:
    """The board at a glance, after some asks, one of which failed and one is being answered."""
    render(clip := studio.folder("clip"))
    site = studio.serve(BOARD.format(url=studio.model.url, clip=clip))
    site.daemon.camera_ready()
    for number, answer in enumerate(ANSWERS * 4):
        studio.model.answer_next(answer)
        site.daemon.glassd("ask", *([] if number % 3 else ["--frames", "none"]), QUESTIONS[number % len(QUESTIONS)])
    site.daemon.get("/api/press", body={"button": "main", "gesture": "press"})
    studio.model.say(ANSWER[:62])

    def show(size: str) -> Page:
        page: Page = site.open("/", size, "en" if size == "desktop" else "zh")
        expect(page.locator(".ask-answer").first).to_contain_text("灭火器")
        expect(page.locator("#latency")).to_be_visible()
        if size == "desktop":
            page.locator("#live-switch").click()
            expect(page.locator("#live img")).not_to_have_js_property("naturalWidth", 0)
        return page

    studio.take("board", show)

    def below(size: str) -> Page:
        page = show(size)
        page.locator("#asks-title" if size != "desktop" else "#latency-title").scroll_into_view_if_needed()
        page.locator("#asks-title" if size != "desktop" else "#latency-title").evaluate("at => at.scrollIntoView()")
        return page

    studio.take("board-below", below)


BOARD = """
model:
  endpoints:
    - {{url: "{url}", vision: seer, text: writer, price: {{input: 1.5, output: 4.5}}}}
    - {{url: reader}}
  deadlines: {{gap: 60s, whole: 120s}}
camera: {{driver: clip, path: {clip}}}
displays: [{{driver: json, profile: glass3}}]
triggers:
  - {{when: main press, ask: "前面有什么？"}}
  - {{when: main double, ask: "读出图中的文字。"}}
  - {{when: main long, do: cancel}}
  - {{when: down press, do: next page}}
  - {{when: up press, do: previous page}}
  - {{when: back press, do: clear}}
journal: {{keep: text, pictures: 1h}}
budgets: {{hour: {{asks: 60}}, day: {{asks: 500, money: 5}}}}
language: zh
"""
QUESTIONS = ("What is in front of me?", "读出图中的文字。", "How far is it to the door?", "这是什么？")
ANSWERS = (
    "A green door with a sign that says “Exit”. The handle is on the right; it opens outwards.",
    "门上写着：安全出口 Exit。",
    "About three metres. Mind the wet floor on the way.",
    "一个红色的灭火器，挂在墙上，压力指针在绿色区域。",
)


def settings(studio: Studio) -> None:
    """The page /settings, with a mistake."""
    site = studio.serve(
        glasses.config(studio.model).replace("language: en", "language: zh") + "follow_up: {turns: 3}\n"
    )

    def show(size: str) -> Page:
        page = site.open("/settings", size, "zh")
        text = page.locator("#text")
        expect(text).to_have_value(re.compile("turns: 3"))
        text.fill(text.input_value().replace("turns: 3", "turns: 三"))
        expect(page.locator("#mistakes-panel")).to_be_visible()
        page.locator("#mistakes button").click()
        page.evaluate("scrollTo(0, 0)")
        return page

    studio.take("settings", show)


def history(studio: Studio) -> None:
    """The page /history, and one ask of it."""
    site = studio.serve(
        glasses.config(studio.model).replace("language: en", "language: zh") + "journal: {keep: text, pictures: 1h}\n"
    )
    glasses.wear(site)
    site.daemon.camera_ready()
    for question, answer in (
        ("这是什么?", ANSWER),
        ("读出图中的文字。", "图中没有文字。"),
        ("出口在哪里?", "在您左边。"),
    ):
        studio.model.answer_next(answer)
        site.daemon.glassd("ask", question)

    def show(size: str, where: str = "") -> Page:
        page = site.open(f"/history{where}", size, "zh")
        expect(page.locator(".ask")).to_have_count(3)
        if where:
            expect(page.locator("#ask img")).to_be_visible()
        return page

    studio.take("history", show)
    studio.take("history-ask", lambda size: show(size, "#1"))


PICTURES: dict[str, Callable[[Studio], Any]] = {
    "board": board,
    "glasses-answer": glasses_answer,
    "glasses-lost": glasses_lost,
    "glasses-no-camera": glasses_no_camera,
    "glasses-pairing": glasses_pairing,
    "history": history,
    "settings": settings,
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
