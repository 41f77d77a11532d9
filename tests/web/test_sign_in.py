"""The sign-in, as somebody at a phone or with glasses on meets it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from running import free_port

from web.browsing import SIZES, axe
from web.site import TOKEN

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Browser, Page
    from running import Daemon

    from web.site import Site

CONFIG = """
model: {endpoints: [{url: reader}]}
triggers: [{when: main press, ask: "?"}]
"""


TRY_ALL = """
async () => {
    const script = document.createElement("script");
    const tries = {
        html: () => { document.body.innerHTML = "<p>x</p>"; },
        script: () => { script.textContent = "document.title = 'taken'"; document.body.append(script); },
        elsewhere: () => fetch("http://127.0.0.1:9/", {mode: "no-cors"}),
    };
    const told = {};
    for (const [name, attempt] of Object.entries(tries)) {
        try { await attempt(); told[name] = "done"; } catch (error) { told[name] = error.name; }
    }
    return told;
}
"""


def pair(site: Site, *arguments: str) -> str:
    """Return the link of a new code, as it is from where the browser is."""
    url = site.daemon.glassd("pair", "--url", *arguments).stdout.strip()
    return url[url.index("/", len("http://")) :]


def scope(page: Page) -> str:
    return str(page.evaluate("async () => (await (await fetch('/api/sessions/current')).json()).scope"))


def test_a_stranger_is_led_to_the_sign_in_and_with_the_token_back_to_where_they_were(
    serve: Callable[[str], Site],
) -> None:
    site = serve(CONFIG)
    site.pages.expect_errors("401")
    page = site.open("/?from=here", "phone", signed_in=False)
    page.wait_for_url("**/sign-in?next=*")
    page.get_by_label("Pairing code or token").fill("not it")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("That is not it, or the code has been used or is too old.")
    page.get_by_label("Pairing code or token").fill(TOKEN)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/?from=here")
    assert scope(page) == "board"


@pytest.mark.parametrize("path", ["/", "/history", "/settings"])
def test_a_page_asks_whether_it_is_let_in_before_it_asks_for_anything(serve: Callable[[str], Site], path: str) -> None:
    """So a stranger's console has no error, and who holds a session for glasses alone is asked for more."""
    site = serve(CONFIG)
    page = site.open(path, signed_in=False)
    page.wait_for_url(f"**/sign-in?next={path.replace('/', '%2F')}")
    page.get_by_label("Pairing code or token").fill(pair(site).partition("#code=")[2])
    page.keyboard.press("Enter")
    page.wait_for_url("**/glasses")
    page.goto(f"{site.pages.url}{path}")
    page.wait_for_url(f"**/sign-in?next={path.replace('/', '%2F')}")


def test_a_code_signs_in_by_its_link_or_typed_and_its_link_shows_it_no_longer(serve: Callable[[str], Site]) -> None:
    site = serve(CONFIG)
    site.pages.expect_errors("401")
    by_link = site.open(pair(site, "--board"), signed_in=False)
    by_link.wait_for_url(f"{site.pages.url}/")
    assert scope(by_link) == "board"
    code = pair(site, "--board").partition("#code=")[2]
    typed = site.open("/sign-in", "glasses", "zh", signed_in=False)
    typed.get_by_label("配对码或令牌").fill(code.upper().replace("-", " "))
    typed.keyboard.press("Enter")
    typed.wait_for_url(f"{site.pages.url}/")
    used = site.open(f"/sign-in#code={code}", signed_in=False)
    expect(used.get_by_role("alert")).to_contain_text("has been used")
    assert "code" not in used.url


def test_a_code_for_glasses_leads_to_the_glasses(serve: Callable[[str], Site]) -> None:
    site = serve(CONFIG)
    code = pair(site).partition("#code=")[2]
    page = site.open("/sign-in?next=/history", signed_in=False)
    page.get_by_label("Pairing code or token").fill(code)
    page.keyboard.press("Enter")
    page.wait_for_url("**/glasses")
    assert scope(page) == "glasses"


@pytest.mark.parametrize(
    "target",
    [
        "https://attacker.example/",
        "//attacker.example/",
        "/\\attacker.example/",
        "\\\\attacker.example",
        "javascript:document.title='taken'",
        "/\t/attacker.example/",
        "/sign-in?next=/",
        "http://[",
    ],
)
def test_it_goes_on_to_a_page_of_the_board_alone(serve: Callable[[str], Site], target: str) -> None:
    site = serve(CONFIG)
    page = site.open("/sign-in", signed_in=False)
    page.evaluate("next => { location.href = `/sign-in?next=${encodeURIComponent(next)}` }", target)
    page.wait_for_url("**next=**")
    page.get_by_label("Pairing code or token").fill(TOKEN)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{site.pages.url}/")


def test_who_is_wrong_too_often_is_told_how_long_to_wait(serve: Callable[[str], Site]) -> None:
    site = serve(CONFIG)
    site.pages.expect_errors("401", "429")
    page = site.open("/sign-in", signed_in=False)
    page.evaluate(
        """async () => {
            for (let count = 0; count < 12; count++) await fetch("/api/sessions", {
                method: "POST", headers: {"Content-Type": "application/json"}, body: '{"token": "guess"}'});
        }"""
    )
    page.get_by_label("Pairing code or token").fill("guess")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Too often wrong. Try again in")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_it_can_be_read_and_operated_at_every_size(serve: Callable[[str], Site], size: str, language: str) -> None:
    site = serve(CONFIG)
    page = site.open("/sign-in", size, "zh" if language == "zh" else "en", signed_in=False)
    axe(page)
    expect(page.locator("#secret")).to_be_focused()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")
    page.get_by_role("button", name="显示" if language == "zh" else "Show").click()
    assert page.locator("#secret").get_attribute("type") == "text"


def test_what_a_link_carries_is_text_and_nothing_more(serve: Callable[[str], Site]) -> None:
    """Text of somebody else's in the address, and in what the board says of it, runs nothing."""
    site = serve(CONFIG)
    site.pages.expect_errors("400", "401")
    script = "<img src=x onerror=\"document.title='taken'\"><script>document.title='taken'</script>"
    page = site.open("/sign-in", signed_in=False)
    page.evaluate("code => { location.hash = `code=${encodeURIComponent(code)}`; location.reload() }", script * 3)
    expect(page.get_by_role("alert")).to_be_visible()
    assert page.title() == "glassd"
    assert page.locator("main img, main script").count() == 0


def test_what_would_run_in_a_page_is_refused_by_its_policy(serve: Callable[[str], Site]) -> None:
    site = serve(CONFIG)
    site.pages.expect_errors("Content Security Policy", "Trusted", "TrustedHTML", "violates")
    page = site.open("/sign-in", signed_in=False)
    told = page.evaluate(TRY_ALL)
    assert told == dict.fromkeys(("html", "script", "elsewhere"), "TypeError")
    assert page.title() == "glassd"


WATCH = """
() => new Promise((resolve, reject) => {
    const socket = new WebSocket(`wss://${location.host}/api/events`);
    socket.onmessage = message => resolve(JSON.parse(message.data).event);
    socket.onerror = () => reject(Error("no socket"));
})
"""


def test_over_https_the_page_has_its_session_its_camera_and_its_sockets(
    browser: Browser, start: Callable[..., Daemon]
) -> None:
    """At an address of the network, where a browser gives a page over plain http no camera."""
    port = free_port()
    address = f'{{listen: "127.0.0.2:{port}", token: page, tls: own}}'
    daemon = start(f"{CONFIG}\napi: {address}\n", GLASSD_KEY_PAGE=TOKEN)
    context = browser.new_context(ignore_https_errors=True)  # as who compared the fingerprint and went on
    page = context.new_page()
    code = daemon.glassd("pair", "--url", "--board").stdout.partition("#code=")[2].strip()
    page.goto(f"https://127.0.0.2:{port}/sign-in#code={code}")
    page.wait_for_url(f"https://127.0.0.2:{port}/")
    assert page.evaluate("isSecureContext && 'mediaDevices' in navigator")
    assert page.evaluate(WATCH) == "status"
    [cookie] = context.cookies()
    assert (cookie["name"], cookie["secure"], cookie["httpOnly"], cookie["sameSite"]) == (
        f"glassd-{port}",
        True,
        True,
        "Strict",
    )
    context.close()
