"""The history page: found, looked at, exported, deleted; and what is not kept is said to be so."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from running import photographs

from web.browsing import SIZES, axe

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Page
    from running import ModelServer

    from web.site import Site

SCRIPT = "<img src=x onerror=document.title='taken'><script>document.title='taken'</script>"
CONFIG = """
language: en
model: {{endpoints: [{{url: "{url}", vision: some-model, text: some-model}}]}}
camera: {{driver: clip, path: "{pictures}", fps: 10}}
displays: [{{driver: terminal, plain: always, profile: glass3}}]
triggers: [{{when: main press, ask: "What is this?"}}]
journal: {journal}
"""


@pytest.fixture
def board(tmp_path: Path, serve: Callable[[str], Site], model: ModelServer) -> Callable[[str], Site]:
    def board(journal: str = "{keep: text, pictures: 1h}") -> Site:
        pictures = photographs(tmp_path / "pictures", "coffee.png")
        site = serve(CONFIG.format(url=model.url, pictures=pictures, journal=journal))
        site.daemon.camera_ready()
        return site

    return board


def asked(site: Site, model: ModelServer, prompt: str, answer: str) -> None:
    model.answer_next(answer)
    site.daemon.glassd("ask", prompt)


def rows(page: Page) -> list[str]:
    expect(page.locator("#told")).not_to_be_empty()
    return page.locator(".ask-prompt").all_inner_texts()


def test_asks_are_found_looked_at_exported_and_deleted(board: Callable[[str], Site], model: ModelServer) -> None:
    site = board("{keep: text, pictures: 1h}")
    asked(site, model, "Where is the exit?", f"To the left. {SCRIPT}")
    asked(site, model, f"What is {SCRIPT}?", "A cup")
    page = site.open("/history")
    expect(page.locator(".ask")).to_have_count(2)
    assert rows(page) == [f"What is {SCRIPT}?", "Where is the exit?"]
    axe(page)

    page.get_by_label("Words in it").fill("EXIT")
    expect(page.locator(".ask")).to_have_count(1)
    page.locator(".ask-open").click()
    dialog = page.locator("#ask")
    expect(dialog).to_contain_text(SCRIPT)
    expect(dialog).to_contain_text("first word")
    expect(dialog.get_by_role("img", name="Picture 1 of 1")).to_be_visible()
    assert page.title() == "glassd"
    axe(page)
    page.keyboard.press("Escape")
    expect(page.locator(".ask-open")).to_be_focused()

    with page.expect_download() as download:
        page.get_by_role("button", name="Export these").click()
    [line] = download.value.path().read_text("utf-8").splitlines()
    assert json.loads(line)["prompt"] == "Where is the exit?"

    page.get_by_label("Words in it").fill("")
    expect(page.locator(".ask")).to_have_count(2)
    page.get_by_role("checkbox", name="Choose ask 1").check()
    page.get_by_role("button", name="Delete the 1 chosen").click()
    page.get_by_role("button", name="Keep them").click()
    expect(page.locator(".ask")).to_have_count(2)
    page.get_by_role("button", name="Delete the 1 chosen").click()
    page.locator("#confirm").get_by_role("button", name="Delete").click()
    expect(page.locator("#told")).to_have_text("1 deleted")
    assert page.locator(".ask-prompt").all_inner_texts() == [f"What is {SCRIPT}?"]

    page.get_by_role("button", name="Delete all").click()
    page.locator("#confirm").get_by_role("button", name="Delete").click()
    expect(page.locator("#empty")).to_be_visible()
    expect(page.locator("#empty")).to_contain_text("Nothing is kept yet")
    assert json.loads(site.daemon.get("/api/history")[1]) == {"asks": []}


def test_what_went_wrong_alone_and_from_whom(board: Callable[[str], Site], model: ModelServer) -> None:
    site = board("{keep: timings}")
    asked(site, model, "What is this?", "A cup")
    model.close()
    site.daemon.glassd("ask", "--frames", "none", "And now?", status=5)
    page = site.open("/history", "phone")
    expect(page.locator(".ask")).to_have_count(2)
    expect(page.locator("#kept")).to_contain_text("words of questions and answers are not")
    expect(page.locator(".ask-prompt").first).to_have_text("words not kept")
    page.get_by_label("Only what went wrong").check()
    expect(page.locator(".ask")).to_have_count(1)
    expect(page.locator(".badge")).to_have_text("failed · connection_refused")
    page.get_by_label("Asked by").select_option("button")
    expect(page.locator("#empty")).to_have_text("No ask fits this.")


def test_a_journal_that_is_off_is_said_to_be(board: Callable[[str], Site]) -> None:
    page = board("{keep: 'off'}").open("/history", "glasses")
    expect(page.locator("#empty")).to_contain_text("nothing is kept")
    axe(page)


@pytest.mark.parametrize("size", SIZES)
def test_it_fits_each_size(board: Callable[[str], Site], model: ModelServer, size: str) -> None:
    site = board("{keep: text}")
    asked(site, model, "What " + "very" * 40, "word " * 60)
    page = site.open("/history", size, "zh")
    expect(page.locator(".ask")).to_have_count(1)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.locator(".ask-open").click()
    expect(page.locator("#ask")).to_contain_text("时间线")
    axe(page)
