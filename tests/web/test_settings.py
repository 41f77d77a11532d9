"""The settings page: typing, mistakes at their lines, what would change, applying, taking back; and what tries them."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

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
model:
  endpoints:
    - {{url: "{url}", vision: some-model, key: some}}
    - {{url: reader}}
camera: {{driver: clip, path: "{pictures}", fps: 10}}
displays: [{{driver: terminal, plain: always, profile: glass3}}]
triggers: [{{when: main press, ask: "What is this?"}}]
follow_up: {{turns: 3}}
"""


@pytest.fixture
def board(tmp_path: Path, serve: Callable[[str], Site], model: ModelServer, monkeypatch: pytest.MonkeyPatch) -> Site:
    monkeypatch.setenv("SOME_API_KEY", "k")
    pictures = photographs(tmp_path / "pictures", "coffee.png")
    return serve(CONFIG.format(url=model.url, pictures=pictures))


def open_settings(site: Site, size: str = "desktop", language: str = "en") -> Page:
    page = site.open("/settings", size, language)
    expect(page.locator("#text")).to_have_value(re.compile("follow_up"))
    return page


def swap(page: Page, old: str, new: str) -> None:
    """Type something in place of something else."""
    text = page.locator("#text").input_value()
    assert old in text
    page.locator("#text").fill(text.replace(old, new))


def settings(site: Site) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(site.daemon.get("/api/settings")[1])
    return told


def test_what_is_typed_is_checked_told_and_applied(board: Site) -> None:
    page = open_settings(board)
    expect(page.locator("#apply")).to_be_disabled()
    swap(page, "turns: 3", "turns: 5")
    expect(page.locator("#changes")).to_contain_text("follow_up.turns 3 → 5")
    page.locator("#apply").click()
    expect(page.locator("#verdict")).to_have_text("In force: follow_up")
    expect(page.locator("#edits")).to_contain_text("follow_up.turns 3 → 5")
    assert "turns: 5" in settings(board)["text"]
    page.get_by_role("button", name="Take back the change of follow_up.turns").click()
    expect(page.locator("#edits")).to_contain_text("Nothing")
    expect(page.locator("#text")).to_have_value(re.compile("turns: 3"))


def test_a_mistake_is_marked_at_its_line_and_leads_there(board: Site) -> None:
    page = open_settings(board)
    swap(page, "turns: 3", "turns: many")
    line = page.locator("#text").input_value().split("\n").index("  turns: many") + 1
    expect(page.locator(f"#gutter > :nth-child({line})")).to_have_class("wrong")
    expect(page.locator("#apply")).to_be_disabled()
    page.get_by_role("button", name=f"Line {line} follow_up.turns").click()
    expect(page.locator("#text")).to_be_focused()
    expect(page.locator("#here")).to_contain_text(f"Line {line} · follow_up.turns")
    assert page.evaluate("document.getElementById('text').selectionStart") == page.locator("#text").input_value().index(
        "many"
    )


def test_what_is_read_only_is_seen_to_be_and_refused(board: Site) -> None:
    page = open_settings(board)
    text = page.locator("#text").input_value().split("\n")
    expect(page.locator(f"#gutter > :nth-child({text.index('      key: some') + 1})")).to_have_class("locked")
    swap(page, "key: some", "key: other")
    expect(page.locator("#mistakes")).to_contain_text("expected some as it stands")
    expect(page.locator("#apply")).to_be_disabled()


def test_the_help_follows_the_cursor(board: Site) -> None:
    page = open_settings(board)
    page.locator("#text").click()
    for words, told in (
        ("turns: 3", "How many earlier questions"),
        ("key: some", "names of keys are set at the board alone"),
        ("plain: always", "draws a box in a terminal"),
        ("vision: some-model", "Model name for asks with pictures"),
    ):
        at = page.locator("#text").input_value().index(words)
        page.evaluate(f"document.getElementById('text').setSelectionRange({at}, {at})")
        page.keyboard.press("Shift")
        expect(page.locator("#help")).to_contain_text(told)


def test_two_pages_do_not_overwrite_each_other(board: Site) -> None:
    first, second = open_settings(board), open_settings(board)
    board.pages.expect_errors("409")
    swap(first, "turns: 3", "turns: 4")
    swap(second, "turns: 3", "turns: 5")
    expect(first.locator("#apply")).to_be_enabled()
    expect(second.locator("#apply")).to_be_enabled()
    first.locator("#apply").click()
    expect(first.locator("#verdict")).to_contain_text("In force")
    second.locator("#apply").click()
    expect(second.locator("#verdict")).to_contain_text("Somebody else")
    assert "turns: 5" in second.locator("#text").input_value()
    second.get_by_role("button", name="Read them again").click()
    expect(second.locator("#text")).to_have_value(re.compile("turns: 4"))


def test_an_endpoint_is_tried(board: Site, model: ModelServer) -> None:
    page = open_settings(board)
    model.answer_next(f"red, green, blue {SCRIPT}")
    page.get_by_role("button", name=f"Try {model.url}").click()
    expect(page.locator("#endpoints")).to_contain_text("red, green, blue <img src=x onerror=")
    assert page.title() == "glassd"
    page.get_by_role("button", name="Try reader").click()
    expect(page.locator("#endpoints li").nth(1)).to_contain_text("first word after")


def test_a_picture_is_taken(board: Site) -> None:
    board.daemon.camera_ready()
    page = open_settings(board)
    page.locator("#snap").click()
    expect(page.locator("#snapped")).to_contain_text("600 × 400")
    expect(page.locator("#picture")).to_be_visible()


def test_a_button_is_mapped_by_pressing_it(board: Site, model: ModelServer) -> None:
    page = open_settings(board)
    model.answer_next("yes")
    page.get_by_role("button", name="main", exact=True).wait_for()  # it hears the buttons by now
    board.daemon.glassd("press", "main")
    expect(page.locator("#pressed")).to_have_text("Button: main")
    long = page.locator(".gesture").filter(has_text="Long press")
    expect(page.locator(".gesture").filter(has_text=re.compile("^Press")).locator("input")).to_have_value(
        "What is this?"
    )
    long.locator("select").select_option("ask")
    long.locator("input").fill('Read the text: "all" of it #1')
    long.get_by_role("button").click()
    double = page.locator(".gesture").filter(has_text="Double press")
    double.locator("select").select_option("do cancel")
    double.get_by_role("button").click()
    expect(page.locator("#changes")).to_contain_text("triggers.2.do none → cancel")
    page.locator("#apply").click()
    expect(page.locator("#verdict")).to_have_text("In force: triggers")
    gestures = json.loads(board.daemon.get("/api/status")[1])["buttons"]["main"]
    assert sorted(gestures) == ["double", "long", "press"]
    page.locator(".gesture").filter(has_text="Double press").locator("select").select_option("")
    page.locator(".gesture").filter(has_text="Double press").get_by_role("button").click()
    expect(page.locator("#text")).not_to_have_value(re.compile("do: "))


def test_words_of_the_config_are_shown_as_words(board: Site) -> None:
    page = open_settings(board)
    swap(page, "What is this?", SCRIPT)
    expect(page.locator("#changes")).to_contain_text(SCRIPT)
    page.locator("#apply").click()
    expect(page.locator("#edits")).to_contain_text(SCRIPT)
    page.get_by_role("button", name="main", exact=True).click()
    expect(page.locator(".gesture input").first).to_have_value(SCRIPT)
    assert page.title() == "glassd"


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("size", SIZES)
def test_everybody_can_use_it(board: Site, size: str, language: str) -> None:
    page = open_settings(board, size, language)
    axe(page)
    swap(page, "turns: 3", "turns: many")
    expect(page.locator("#mistakes-panel")).to_be_visible()
    axe(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
