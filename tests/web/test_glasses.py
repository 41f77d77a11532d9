"""A page is the glasses: its camera is looked through, its screen shows the answer, its keys and touch pad ask."""

from __future__ import annotations

import base64
from itertools import pairwise
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from web.browsing import NAME, Pages, axe, launch, until
from web.film import number_in
from web.glasses import config, number_sent, wear
from web.site import TOKEN

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Browser, Locator, Page
    from running import ModelServer

    from web.site import Site

KEEP_STREAMS = """
window.streams = [];
const ask = MediaDevices.prototype.getUserMedia;
MediaDevices.prototype.getUserMedia = async function (...wanted) {
    const stream = await ask.apply(this, wanted);
    streams.push(stream);
    return stream;
};
"""
"""Keeps what the browser hands out, so that a test can see whether the camera is still open."""
LIVE = "streams.flatMap(stream => stream.getTracks()).filter(track => track.readyState === 'live').length"


def test_a_press_brings_what_the_pages_camera_sees_and_the_answer_grows_on_it(
    serve: Callable[[str], Site], model: ModelServer
) -> None:
    site = serve(config(model))
    page = wear(site)
    site.daemon.camera_ready()
    page.evaluate(KEEP_TEXTS)
    page.keyboard.press("Enter")
    number_sent(model)
    for so_far, more in (("A green", "A green "), ("A green door.", "door."), ("A green door. It", " It ")):
        model.say(more)
        expect(text_of(page)).to_contain_text(so_far)
        expect(spoken_of(page)).to_have_text("writing")
    model.say("is open.")
    model.finish()
    whole = "A green door. It is open."
    expect(spoken_of(page)).to_have_text(whole)
    axe(page)
    texts = [" ".join(text.split()) for text in page.evaluate("() => texts")]
    grown = [text for text in texts if text.startswith("A green")]
    assert grown[-1] == whole
    assert all(later.startswith(earlier) for earlier, later in pairwise(grown)), grown


KEEP_TEXTS = """
() => {
    window.texts = [];
    const text = document.querySelector(".hud-spoken");
    new MutationObserver(() => texts.push(text.textContent)).observe(text, {childList: true});
}
"""


def test_each_press_brings_the_picture_of_its_own_instant(serve: Callable[[str], Site], model: ModelServer) -> None:
    site = serve(config(model))
    page = wear(site)
    site.daemon.camera_ready()
    numbers = []
    for text in ("one", "two", "three"):
        model.answer_next(text)
        page.keyboard.press("Enter")
        numbers.append(number_sent(model))
        expect(spoken_of(page)).to_have_text(text)
    assert len(set(numbers)) == 3, numbers


def test_the_picture_is_of_the_instant_of_the_press_not_of_a_later_one(
    serve: Callable[[str], Site], model: ModelServer
) -> None:
    site = serve(config(model))
    page = wear(site, script=KEEP_PICTURES)
    site.daemon.camera_ready()
    until(page, "pictures.length >= 20")
    page.keyboard.press("Enter")
    number = number_sent(model)
    sent = page.evaluate("() => told()")
    nearest = sorted(sent, key=lambda picture: abs(picture["after"]))[:NEAR]
    assert number in [number_in(base64.b64decode(picture["jpeg"])) for picture in nearest]


NEAR = 5
"""How many pictures around the press may be weighed for it: those of a quarter of a second on either side."""
KEEP_PICTURES = """
window.pictures = [];
const [send, draw] = [WebSocket.prototype.send, CanvasRenderingContext2D.prototype.drawImage];
let drawn = 0;
CanvasRenderingContext2D.prototype.drawImage = function (...what) {
    drawn = performance.now();
    return draw.apply(this, what);
};
WebSocket.prototype.send = function (data) {
    if (typeof data !== "string") pictures.push({data, drawn});
    return send.call(this, data);
};
addEventListener("keydown", event => { window.pressed = event.timeStamp; });
window.told = () => Promise.all(pictures.map(async ({data, drawn}) => {
    const bytes = new Uint8Array(await data.arrayBuffer());
    return {after: drawn - pressed, jpeg: btoa(String.fromCharCode(...bytes.subarray(bytes.indexOf(10) + 1)))};
}));
"""


def test_a_still_is_taken_when_there_is_a_press(serve: Callable[[str], Site], model: ModelServer) -> None:
    site = serve(config(model, driver="web_still"))
    page = wear(site, script=COUNT_PICTURES)
    site.daemon.camera_ready()
    assert page.evaluate("() => pictures") == 0
    model.answer_next("A green door.")
    page.keyboard.press("Enter")
    number_sent(model)
    expect(spoken_of(page)).to_have_text("A green door.")


COUNT_PICTURES = """
window.pictures = 0;
const send = WebSocket.prototype.send;
WebSocket.prototype.send = function (data) {
    if (typeof data !== "string") pictures += 1;
    return send.call(this, data);
};
"""


def test_a_pause_closes_the_camera_in_the_browser(serve: Callable[[str], Site], model: ModelServer) -> None:
    site = serve(config(model))
    page = wear(site, script=KEEP_STREAMS)
    site.daemon.camera_ready()
    assert page.evaluate(LIVE) == 1
    site.daemon.glassd("do", "pause")
    until(page, f"{LIVE} === 0")
    site.daemon.glassd("do", "unpause")
    until(page, f"{LIVE} === 1")
    site.daemon.camera_ready()
    model.answer_next("A green door.")
    page.keyboard.press("Enter")
    number_sent(model)


def test_after_sign_the_camera_is_open_for_an_ask_alone(serve: Callable[[str], Site], model: ModelServer) -> None:
    site = serve(config(model, camera=", capture: after_sign, keep_open: 1s"))
    page = wear(site, script=KEEP_STREAMS)
    assert page.evaluate("() => streams.length") == 0
    model.answer_next("A green door.")
    page.keyboard.press("Enter")
    number_sent(model)
    expect(spoken_of(page)).to_have_text("A green door.")
    until(page, f"{LIVE} === 0")
    assert page.evaluate("() => streams.length") == 1


def test_a_page_that_nobody_sees_closes_its_camera_and_goes_on_as_it_is_seen_again(
    serve: Callable[[str], Site], model: ModelServer
) -> None:
    site = serve(config(model))
    page = wear(site, script=KEEP_STREAMS)
    site.daemon.camera_ready()
    page.keyboard.press("Enter")
    number_sent(model)
    page.evaluate(SEEN, False)
    until(page, f"{LIVE} === 0")
    model.say("A green door.")
    model.finish()
    expect(spoken_of(page)).to_have_text("A green door.")
    page.evaluate(SEEN, True)
    until(page, f"{LIVE} === 1")
    site.daemon.camera_ready()
    page.keyboard.press("Enter")
    number_sent(model)


SEEN = """
seen => {
    Object.defineProperty(document, "hidden", {configurable: true, value: !seen});
    document.dispatchEvent(new Event("visibilitychange"));
}
"""
"""What a browser tells a page; without a window Chromium has no other tab to put before it."""


def test_where_the_camera_is_refused_the_page_says_how_to_allow_it_and_goes_on(
    serve: Callable[[str], Site], model: ModelServer
) -> None:
    site = serve(config(model))
    page = wear(site, camera="denied")
    missing = page.locator("#missing")
    expect(missing).to_contain_text("allow it at the icon beside the address")
    axe(page)
    page.keyboard.press("Enter")
    expect(text_of(page)).to_contain_text("camera")
    expect(missing).to_be_hidden()
    site.pages.permit(page, "granted")
    site.daemon.camera_ready()
    model.answer_next("A green door.")
    page.keyboard.press("Enter")
    number_sent(model)
    expect(spoken_of(page)).to_have_text("A green door.")


def test_a_device_without_a_camera_is_display_and_buttons_all_the_same(
    browser: Browser, serve: Callable[[str], Site], model: ModelServer
) -> None:
    site = serve(config(model))
    with launch(browser.browser_type, film=None) as blind:
        seeing, site.pages = site.pages, Pages(blind, site.pages.url, TOKEN)
        page = wear(site, camera="prompt")
        expect(page.locator("#missing")).to_have_text("The browser finds no camera")
        page.keyboard.press("Enter")
        expect(text_of(page)).to_contain_text("camera")
        site.pages.close()
        site.pages = seeing


def test_a_page_that_is_no_secure_context_says_why_it_has_no_camera(
    serve: Callable[[str], Site], model: ModelServer
) -> None:
    site = serve(config(model))
    page = wear(site, host=NAME)
    expect(page.locator("#missing")).to_contain_text("browsers give it to pages from HTTPS or localhost alone")


def test_a_finger_asks_and_turns_pages(serve: Callable[[str], Site], model: ModelServer) -> None:
    site = serve(config(model))
    page = wear(site, "phone", touch=True)
    site.daemon.camera_ready()
    model.answer_next("\n".join(f"line {number}" for number in range(1, 14)))
    page.touchscreen.tap(200, 400)
    number_sent(model)
    expect(page.locator(".hud-pages")).to_have_text("2/2")
    swipe(page, "down")
    expect(page.locator(".hud-pages")).to_have_text("1/2")
    swipe(page, "up")
    expect(page.locator(".hud-pages")).to_have_text("2/2")
    model.answer_next("The next one.")
    page.touchscreen.tap(200, 400)
    number_sent(model)
    expect(spoken_of(page)).to_have_text("The next one.")
    assert [path.name for path in sorted(model.folder.glob("*.body"))] == ["1.body", "2.body"], "a swipe has asked"


def test_arrows_turn_pages_and_escape_ends_an_answer(serve: Callable[[str], Site], model: ModelServer) -> None:
    site = serve(config(model))
    page = wear(site)
    site.daemon.camera_ready()
    page.keyboard.press("Enter")
    number_sent(model)
    model.say("\n".join(f"line {number}" for number in range(1, 14)))
    expect(page.locator(".hud-pages")).to_have_text("2/2")
    page.keyboard.press("ArrowUp")
    expect(page.locator(".hud-pages")).to_have_text("1/2")
    page.keyboard.press("ArrowDown")
    expect(page.locator(".hud-pages")).to_have_text("2/2")
    page.keyboard.press("Escape")
    model.lines.until("closed 1")


def test_the_browsers_own_way_back_is_a_button_and_leaves_the_page_where_it_is(
    serve: Callable[[str], Site], model: ModelServer
) -> None:
    site = serve(config(model))
    page = wear(site)
    site.daemon.camera_ready()
    for number in (1, 2):
        page.keyboard.press("Enter")
        number_sent(model)
        page.evaluate("() => history.back()")
        model.lines.until(f"closed {number}")
    assert page.url.endswith("/glasses")


def test_a_key_that_is_held_as_the_page_loses_the_focus_means_nothing(
    serve: Callable[[str], Site], model: ModelServer
) -> None:
    site = serve(config(model) + "  - {when: main long, do: clear}\n")  # so that a press is one when the key goes up
    page = wear(site)
    site.daemon.camera_ready()
    page.keyboard.down("Enter")
    page.evaluate("() => dispatchEvent(new Event('blur'))")
    page.keyboard.up("Enter")
    model.answer_next("Only this one.")
    page.keyboard.press("Enter")
    number_sent(model)
    expect(spoken_of(page)).to_have_text("Only this one.")
    assert len(list(model.folder.glob("*.body"))) == 1


def test_a_held_key_is_one_edge_and_a_key_that_is_no_button_none(
    serve: Callable[[str], Site], model: ModelServer
) -> None:
    page = wear(serve(config(model)), script=KEEP_EDGES)
    for key in ("ArrowDown", "ArrowDown", "q"):
        page.keyboard.down(key)
    page.keyboard.press("Control+ArrowUp")
    page.keyboard.up("ArrowDown")
    assert page.evaluate("() => edges") == [["ArrowDown", True], ["ArrowDown", False]]


KEEP_EDGES = """
window.edges = [];
const send = WebSocket.prototype.send;
WebSocket.prototype.send = function (data) {
    const said = typeof data === "string" ? JSON.parse(data) : {};
    if (said.type === "edge") edges.push([said.button, said.down]);
    return send.call(this, data);
};
"""


def text_of(page: Page) -> Locator:
    """What stands on the screen now, without its cells."""
    return page.locator(".hud-spoken")


def spoken_of(page: Page) -> Locator:
    """What those hear who cannot see it."""
    return page.locator("#spoken")


SWIPES = {"up": (0, -120), "down": (0, 120), "left": (-120, 0), "right": (120, 0)}


def swipe(page: Page, way: str) -> None:
    """Move a finger over the middle of the page."""
    session = page.context.new_cdp_session(page)
    right, down = SWIPES[way]
    for kind, far in (("touchStart", 0.0), ("touchMove", 0.5), ("touchMove", 1.0)):
        points = [{"x": 195 + far * right, "y": 420 + far * down}]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    session.detach()
