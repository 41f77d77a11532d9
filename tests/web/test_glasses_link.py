"""The way between the page and the board: who is let in, what happens as it breaks, and how it comes back by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from web.browsing import axe, until
from web.glasses import code_of, config, connected, number_sent, wear

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page
    from running import ModelServer

    from web.site import Site

CUT = ("WebSocket connection", "ERR_")
"""What Chromium itself says of a network that is gone."""


def press(site: Site, page: Page, model: ModelServer) -> None:
    """Ask by a press in the page, and wait until the picture has left."""
    site.daemon.camera_ready()
    page.keyboard.press("Enter")
    number_sent(model)


def test_an_answer_goes_on_where_the_network_was_cut_and_came_back(
    serve: Callable[[str], Site], model: ModelServer
) -> None:
    site = serve(config(model))
    site.pages.expect_errors(*CUT)
    page = wear(site)
    press(site, page, model)
    model.say("A green ")
    expect(page.locator(".hud-spoken")).to_have_text("A green")
    site.cable.cut()
    notice = page.locator("#told p")
    expect(notice).to_have_text(["Not connected to the board", "Trying again by itself"])
    expect(page.locator(".hud-spoken")).to_have_text("A green")
    axe(page)
    model.say("door.")
    model.finish()
    site.cable.mend()
    expect(page.locator("#spoken")).to_have_text("A green door.")
    expect(notice).to_have_count(0)
    press(site, page, model)


def test_a_page_that_never_reached_the_board_says_so_as_well(serve: Callable[[str], Site], model: ModelServer) -> None:
    unreached = "window.fetch = () => new Promise(() => {})"
    page = serve(config(model)).open("/glasses", language="zh", script=unreached)
    expect(page.locator("#told p")).to_have_text(["没有连上板子", "正在自动重连"])


def test_a_network_that_hangs_is_noticed_by_the_silence(serve: Callable[[str], Site], model: ModelServer) -> None:
    site = serve(config(model))
    site.pages.expect_errors(*CUT)
    page = wear(site)
    site.cable.hang()
    expect(page.locator("#told p").first).to_have_text("Not connected to the board")
    site.cable.mend()
    connected(page)
    press(site, page, model)


def test_a_page_that_is_closed_in_mid_answer_harms_none_and_the_next_one_shows_it(
    serve: Callable[[str], Site], model: ModelServer
) -> None:
    site = serve(config(model))
    page = wear(site)
    with site.daemon.events() as events:
        press(site, page, model)
        model.say("A green ")
        expect(page.locator(".hud-spoken")).to_have_text("A green")
        page.close()
        model.say("door.")
        model.finish()
        assert events.until(event="ask")["outcome"] == "finished"
    page = wear(site)
    expect(page.locator("#spoken")).to_have_text("A green door.")
    press(site, page, model)


def test_after_a_restart_of_the_daemon_the_page_is_the_glasses_again(
    serve: Callable[[str], Site], model: ModelServer
) -> None:
    site = serve(config(model))
    site.pages.expect_errors(*CUT)
    page = wear(site)
    site.daemon.camera_ready()
    site.restart()
    connected(page)
    model.answer_next("A green door.")
    press(site, page, model)
    expect(page.locator("#spoken")).to_have_text("A green door.")


def test_a_code_from_the_link_leaves_the_address_and_is_good_once(
    serve: Callable[[str], Site], model: ModelServer
) -> None:
    site = serve(config(model))
    code = code_of(site)
    page = site.open(f"/glasses#code={code}", signed_in=False)
    connected(page)
    assert page.url.endswith("/glasses")
    page.reload()
    connected(page)

    site.pages.expect_errors("401")
    late = site.open(f"/glasses#code={code}", signed_in=False)
    expect(late.locator("#trouble")).to_have_text("This code opens nothing, or not any more")
    assert late.url.endswith("/glasses")


def test_a_page_that_is_not_paired_says_how_and_takes_a_code_from_the_keys(
    serve: Callable[[str], Site], model: ModelServer
) -> None:
    site = serve(config(model))
    site.pages.expect_errors("401")
    page = site.open("/glasses", "glasses", "zh", signed_in=False)
    expect(page.locator("#told p")).to_have_text(["这副眼镜还没有配对", "在板子上运行 glassd pair，扫码或输入配对码"])
    expect(page.locator("#code")).to_be_focused()
    axe(page)
    page.keyboard.type("0000-0000")
    page.keyboard.press("Enter")
    expect(page.locator("#trouble")).to_have_text("配对码不对，或已经失效")
    page.keyboard.type(code_of(site))
    page.keyboard.press("Enter")
    connected(page)
    expect(page.locator("#notice")).to_be_hidden()
    press(site, page, model)


def test_a_code_can_be_turned_in_with_nothing_but_arrows(serve: Callable[[str], Site], model: ModelServer) -> None:
    site = serve(config(model))
    page = site.open("/glasses", signed_in=False)
    expect(page.locator("#code")).to_be_focused()
    letters = "0123456789abcdefghjkmnpqrstvwxyz"
    for letter in code_of(site).replace("-", ""):
        page.keyboard.press("ArrowRight")
        at = letters.index(letter)
        turns = at if at <= len(letters) // 2 else at - len(letters)
        for _ in range(abs(turns)):
            page.keyboard.press("ArrowUp" if turns > 0 else "ArrowDown")
    page.keyboard.press("Enter")
    connected(page)


def test_another_page_takes_over_and_this_one_takes_it_back_at_a_touch(
    serve: Callable[[str], Site], model: ModelServer
) -> None:
    site = serve(config(model))
    first = wear(site)
    second = wear(site, "phone")
    expect(first.locator("#told p").first).to_have_text("Another page is the glasses now")
    first.keyboard.press("Enter")
    connected(first)
    expect(second.locator("#told p").first).to_have_text("Another page is the glasses now")
    press(site, first, model)
    assert len(list(model.folder.glob("*.body"))) == 1, "the key that took it back was a press as well"


def test_a_page_that_the_board_does_not_understand_says_so_and_is_loaded_anew_at_a_touch(
    serve: Callable[[str], Site], model: ModelServer
) -> None:
    site = serve(config(model))
    page = wear(site, script=KEEP_SOCKETS)
    page.evaluate('() => sockets[0].send(\'{"type": "of another version"}\')')
    expect(page.locator("#told p").first).to_have_text("The board does not understand this page")
    page.keyboard.press("Enter")
    connected(page)
    press(site, page, model)


KEEP_SOCKETS = """
window.sockets = [];
window.WebSocket = class extends WebSocket {
    constructor(...where) {
        super(...where);
        sockets.push(this);
    }
};
"""


def test_where_the_board_has_no_browser_glasses_the_page_says_which_line_is_missing(
    serve: Callable[[str], Site],
) -> None:
    site = serve('model: {endpoints: [{url: reader}]}\ntriggers: [{when: main press, ask: "?"}]')
    page = site.open(f"/glasses#code={code_of(site)}", signed_in=False)
    expect(page.locator("#told p")).to_have_text(
        ["The board's config has no browser glasses", "Write driver: web into it"]
    )


def test_the_display_is_kept_lit_and_again_when_that_was_taken_away(
    serve: Callable[[str], Site], model: ModelServer
) -> None:
    page = wear(serve(config(model)), script=KEEP_LOCKS)
    until(page, "locks.length === 1")
    page.evaluate("() => locks[0].release()")
    until(page, "locks.length === 2 && !locks[1].released")


KEEP_LOCKS = """
window.locks = [];
const request = WakeLock.prototype.request;
WakeLock.prototype.request = async function (...kind) {
    const lock = await request.apply(this, kind);
    locks.push(lock);
    return lock;
};
"""
