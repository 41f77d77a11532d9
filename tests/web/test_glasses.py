"""A page is the glasses: camera, display and buttons in one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from web.glasses import config, number_sent, wear

if TYPE_CHECKING:
    from collections.abc import Callable

    from running import ModelServer

    from web.conftest import Site


def test_a_press_in_the_page_brings_what_its_camera_sees_and_the_answer_grows_on_it(
    serve: Callable[[str], Site], model: ModelServer
) -> None:
    site = serve(config(model))
    page = wear(site)
    site.daemon.camera_ready()
    page.keyboard.press("Enter")
    number_sent(model)
    text = page.locator(".hud-spoken")
    for so_far, more in (("A green ", "A green "), ("A green door.", "door.")):
        model.say(more)
        expect(text).to_have_text(so_far.strip())
    model.finish()
    expect(page.locator("#spoken")).to_have_text("A green door.")
