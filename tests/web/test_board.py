"""The board at a glance, in a browser: what is pressed and asked there, and what it tells of the board."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from playwright.sync_api import expect
from running import photographs

from web.browsing import axe

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Page
    from running import ModelServer

    from web.site import Site

CONFIG = """
model:
  endpoints: [{{url: "{url}", vision: seer, text: writer}}]
camera: {{driver: push}}
buttons: []
displays: [{{driver: json, profile: glass3}}]
triggers:
  - {{when: main press, ask: "What is this?", frames: none}}
  - {{when: main double, ask: "Read it."}}
  - {{when: back press, do: clear}}
journal: {{keep: text}}
budgets: {{day: {{asks: 10}}}}
language: en
"""
HOSTILE = "<script>window.ran = true</script><img src=x onerror='window.ran = true'>"


def board(site: Site, size: str = "desktop", language: str = "en") -> Page:
    """Open the page, and wait until it is connected."""
    page = site.open("/", size, language)
    expect(page.locator(".connection")).to_have_attribute("data-state", "connected")
    return page


def test_a_press_on_the_page_leads_to_an_answer_that_grows_there(
    serve: Callable[[str], Site], model: ModelServer
) -> None:
    page = board(serve(CONFIG.format(url=model.url)))
    page.get_by_role("button", name="main press").click()
    model.request()
    model.say("A red ")
    first = page.locator("#asks > li").first
    expect(first.locator(".ask-prompt")).to_have_text("What is this?")
    expect(first.locator(".ask-answer")).to_have_text("A red")
    expect(page.locator("#displays .hud-spoken")).to_contain_text("A red")
    model.say("door.")
    expect(first.locator(".ask-answer")).to_have_text("A red door.")
    model.finish()
    expect(first).to_have_attribute("data-outcome", "finished")
    expect(first.get_by_role("list", name="Time line")).to_contain_text(re.compile("sent.*first word.*done"))
    expect(page.locator("#spoken")).to_contain_text("A red door.")
    expect(page.locator("#spend")).to_contain_text("1 of 10")


def test_with_the_colours_of_the_system_all_that_colours_tell_is_still_told(
    serve: Callable[[str], Site], model: ModelServer
) -> None:
    away = "buttons: [{driver: evdev, device: /dev/input/event99, map: {KEY_ENTER: main, KEY_ESC: back}}]"
    page = board(serve(CONFIG.format(url=model.url).replace("buttons: []", away)))
    page.emulate_media(forced_colors="active")
    page.get_by_role("button", name="main press").click()
    model.request()
    model.say("A red door.")
    model.finish()
    expect(page.locator("#asks > li").first).to_have_attribute("data-outcome", "finished")

    def seen(selector: str, fact: str, part: str = "") -> list[str]:
        """What a browser draws of each element that a selector finds."""
        look = "(all, [fact, part]) => all.map((each) => getComputedStyle(each, part || null)[fact])"
        return list(page.eval_on_selector_all(selector, look, [fact, part]))

    parts = seen(".line-bar span", "backgroundColor")
    assert len(set(parts)) == len(parts) > 1
    assert set(seen(".line-parts li", "backgroundColor", "::before")) >= set(parts)
    here, *others = seen(".site-header nav a", "borderBottomColor")
    assert here not in others
    [good] = set(seen("[data-level=good] .state-name", "backgroundColor", "::before"))
    [warn] = set(seen("[data-level=warn] .state-name", "backgroundColor", "::before"))
    assert good != warn


def test_the_prompt_box_asks_and_stops(serve: Callable[[str], Site], model: ModelServer) -> None:
    page = board(serve(CONFIG.format(url=model.url)), "phone")
    page.get_by_label("With what is in view now").uncheck()
    page.get_by_label("Your question").fill("How far is it?")
    page.keyboard.press("Enter")
    body = model.request()[1]
    assert "How far is it?" in str(body["messages"])
    assert body["model"] == "writer"
    model.say("Not far")
    expect(page.locator("#asks > li").first.locator(".ask-answer")).to_have_text("Not far")
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("#asks > li").first).not_to_have_attribute("data-outcome", "under_way")
    expect(page.get_by_role("button", name="Ask", exact=True)).to_be_enabled()


def test_what_a_model_and_a_person_write_is_text_on_the_page(serve: Callable[[str], Site], model: ModelServer) -> None:
    site = serve(CONFIG.format(url=model.url))
    page = board(site)
    model.answer_next(HOSTILE)
    site.daemon.glassd("ask", "--frames", "none", HOSTILE)
    first = page.locator("#asks > li").first
    expect(first).to_have_attribute("data-outcome", "finished")
    expect(first.locator(".ask-prompt")).to_have_text(HOSTILE)
    expect(first.locator(".ask-answer")).to_have_text(HOSTILE)
    page.reload()
    expect(page.locator(".ask-answer").first).to_have_text(HOSTILE)
    assert page.evaluate("[window.ran, document.querySelectorAll('#main script, #asks img').length]") == [None, 0]


def test_the_page_comes_back_after_the_daemon_and_after_the_network(
    serve: Callable[[str], Site], model: ModelServer
) -> None:
    site = serve(CONFIG.format(url=model.url))
    site.pages.expect_errors("ERR_")
    page = board(site)
    site.cable.cut()
    expect(page.locator(".connection")).to_have_text("Lost, trying again")
    site.cable.mend()
    expect(page.locator(".connection")).to_have_text("Connected")
    site.cable.hang()
    expect(page.locator(".connection")).to_have_text("Lost, trying again")
    site.cable.mend()
    expect(page.locator(".connection")).to_have_text("Connected")
    site.restart()
    expect(page.locator("#version")).to_contain_text("up for")
    page.get_by_role("button", name="main press").click()
    model.request()
    model.say("Back.")
    expect(page.locator("#asks > li").first.locator(".ask-answer")).to_have_text("Back.")


def test_an_empty_board_says_so_in_both_languages(serve: Callable[[str], Site]) -> None:
    page = board(serve("model: {endpoints: [{url: reader}]}\ntriggers: []\ndisplays: []\njournal: {keep: 'off'}"))
    for words in ("No display is configured.", "Nothing was asked yet.", "No button starts anything."):
        expect(page.get_by_text(words)).to_be_visible()
    expect(page.locator("#live-told")).to_have_text("No camera is configured.")
    page.get_by_role("button", name="切换到中文").click()
    expect(page.get_by_text("没有设置显示器。")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    page.reload()
    expect(page.get_by_role("heading", name="最近的提问")).to_be_visible()
    axe(page)


def test_who_is_not_signed_in_or_signs_out_is_led_to_the_sign_in(
    serve: Callable[[str], Site], model: ModelServer
) -> None:
    site = serve(CONFIG.format(url=model.url))
    site.pages.expect_errors("401", "ERR_")  # with its session a stream ends
    stranger = site.open("/", signed_in=False)
    expect(stranger).to_have_url(re.compile(r"/sign-in\?next=%2F$"))
    page = board(site)
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(re.compile("/sign-in"))
    page.goto("/")
    expect(page).to_have_url(re.compile(r"/sign-in\?next=%2F$"))


def test_a_pause_is_told_and_ended_on_the_page(serve: Callable[[str], Site], model: ModelServer) -> None:
    page = board(serve(CONFIG.format(url=model.url)))
    page.get_by_role("button", name="pause", exact=True).click()
    expect(page.locator("#notices")).to_contain_text("nothing is looked at, and nothing leaves")
    page.locator("#live-switch").click()
    expect(page.locator("#live-told")).to_have_text("Paused: no picture is taken.")
    expect(page.locator("#live img")).to_have_count(0)
    page.get_by_role("button", name="unpause").click()
    expect(page.locator("#notices")).not_to_contain_text("nothing is looked at")


def test_axe_finds_nothing_grave_and_all_is_reached_by_keyboard(
    serve: Callable[[str], Site], model: ModelServer
) -> None:
    site = serve(CONFIG.format(url=model.url))
    model.answer_next("A very long answer. " * 400)
    site.daemon.glassd("ask", "--frames", "none", "What?")
    for size in ("glasses", "phone", "desktop"):
        page = board(site, size)
        expect(page.locator(".ask-answer")).to_contain_text("A very long answer.")
        axe(page)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{size}: it scrolls sideways"
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()


def test_a_board_with_many_devices_shows_those_in_trouble_first(serve: Callable[[str], Site]) -> None:
    displays = "".join(f'  - {{driver: framebuffer, device: "/dev/none{at}", profile: glass3}}\n' for at in range(15))
    config = "model: {endpoints: [{url: reader}]}\ntriggers: []\ndisplays:\n  - {driver: json}\n"
    page = board(serve(config + displays), "phone")
    expect(page.locator("#devices-count")).to_have_text("1 of 16 ready")
    expect(page.locator("#devices > li")).to_have_count(8)
    expect(page.locator("#devices > li").first.locator(".warn")).to_contain_text("/dev/none")
    page.get_by_text("8 more").click()
    expect(page.locator("#devices-rest li").last).to_contain_text("ready")


def test_the_live_picture_comes_when_it_is_wanted_and_leaves_with_the_wish(
    serve: Callable[[str], Site], tmp_path: Path
) -> None:
    folder = photographs(tmp_path / "clip", "chelsea.png")
    page = board(
        serve(f"model: {{endpoints: [{{url: reader}}]}}\ntriggers: []\ncamera: {{driver: clip, path: {folder}}}")
    )
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    expect(page.locator("#live-told")).to_contain_text("until you show it")
    assert not [url for url in requests if "/api/live" in url]
    for _ in range(6):  # more than may watch at a time: each that is hidden has given its place back
        page.get_by_role("button", name="Show").click()
        expect(page.locator("#live img")).not_to_have_js_property("naturalWidth", 0)
        page.get_by_role("button", name="Hide").click()
        expect(page.locator("#live img")).to_have_count(0)
    page.get_by_role("button", name="Show").click()
    axe(page)
