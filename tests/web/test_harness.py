"""The harness judged by itself: what it must not let pass, and that its camera and its network are what they say."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Error

from web.browsing import axe
from web.film import number_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from web.site import Site

CONFIG = """
model: {endpoints: [{url: reader}]}
triggers: [{when: main press, ask: "?"}]
"""
PALE = """
color => {
    const [main, title, text] = ["main", "h1", "p"].map(name => document.createElement(name));
    title.textContent = text.textContent = "Words";
    Object.assign(text.style, {color, background: "white"});
    main.append(title, text);
    document.body.replaceChildren(main);
}
"""
LOOK = """
async () => {
    const stream = await navigator.mediaDevices.getUserMedia({video: true});
    const video = document.createElement("video");
    video.srcObject = stream;
    await video.play();
    const canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight);
    canvas.getContext("2d").drawImage(video, 0, 0);
    const bytes = new Uint8Array(await (await canvas.convertToBlob({type: "image/jpeg"})).arrayBuffer());
    return btoa(String.fromCharCode(...bytes));
}
"""


def test_an_error_in_a_pages_console_fails_its_test(serve: Callable[[str], Site]) -> None:
    site = serve(CONFIG)
    page = site.open("/sign-in")
    page.evaluate("() => { console.error('broken here'); setTimeout(() => { throw Error('thrown there') }) }")
    page.evaluate("() => new Promise(resolve => setTimeout(resolve))")
    with pytest.raises(AssertionError, match=r"(?s)broken here.*thrown there"):
        site.pages.close()
    site.pages.expect_errors("broken here", "thrown there")


def test_axe_finds_what_nobody_could_read(serve: Callable[[str], Site]) -> None:
    page = serve(CONFIG).open("/sign-in")
    page.evaluate(PALE, "black")
    axe(page)
    page.evaluate(PALE, "#ddd")
    with pytest.raises(AssertionError, match="color-contrast"):
        axe(page)


def test_the_browsers_camera_sees_the_film_where_it_may(serve: Callable[[str], Site]) -> None:
    site = serve(CONFIG)
    number_in(base64.b64decode(site.open("/sign-in").evaluate(LOOK)))
    with pytest.raises(Error, match="NotAllowedError"):
        site.open("/sign-in", camera="denied").evaluate(LOOK)


def test_what_the_cable_carries_breaks_hangs_and_comes_back(serve: Callable[[str], Site]) -> None:
    site = serve(CONFIG)
    site.pages.expect_errors("ERR_")
    page = site.open("/sign-in")
    fetch = "() => fetch('/api/status').then(answer => answer.status, () => 'broken')"
    assert page.evaluate(fetch) == 200
    site.cable.cut()
    assert page.evaluate(fetch) == "broken"
    site.cable.mend()
    assert page.evaluate(fetch) == 200
    site.cable.hang()
    page.evaluate(f"() => {{ window.waiting = ({fetch})(); }}")
    told = page.evaluate(
        "() => Promise.race([waiting, new Promise(resolve => setTimeout(resolve, 50, 'nothing yet'))])"
    )
    site.cable.mend()
    assert (told, page.evaluate("() => waiting")) == ("nothing yet", 200)
