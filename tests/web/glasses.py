"""A wearer whose glasses are a page: a board for them, and what the tests ask of page and model server."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from web.film import number_in

if TYPE_CHECKING:
    from playwright.sync_api import Page
    from running import ModelServer

    from web.site import Site

GLASSES = """
language: en
model: {{endpoints: [{{url: "{url}", vision: m, text: m}}], deadlines: {{first: 60s, gap: 60s, whole: 120s}}}}
camera: {{driver: {driver}, size: 320x240{camera}}}
buttons: [{{driver: web}}]
displays: [{{driver: web}}]
triggers:
  - {{when: main press, ask: "What is this?"}}
  - {{when: back press, do: cancel}}
  - {{when: down press, do: next page}}
  - {{when: up press, do: previous page}}
"""


def config(model: ModelServer, driver: str = "web", camera: str = "") -> str:
    """Return the config of a board whose glasses are a page; `camera` are more keys of its camera: `, key: value`."""
    return GLASSES.format(url=model.url, driver=driver, camera=camera)


def code_of(site: Site) -> str:
    """Return a code that lets one page in as glasses, as `glassd pair` does."""
    status, answer = site.daemon.get("/api/pair", body={"scope": "glasses"})
    assert status == 200, answer
    code: str = json.loads(answer)["code"]
    return code


def wear(site: Site, size: str = "glasses", *, host: str = "127.0.0.1", **how: Any) -> Page:
    """Open the page with the link of a pairing, and wait until it is the glasses."""
    address = f"http://{host}:{site.cable.port}/glasses#code={code_of(site)}"
    page: Page = site.open(address, size, signed_in=False, **how)
    connected(page)
    return page


def connected(page: Page) -> None:
    """Wait until the board has said welcome."""
    page.wait_for_selector("body[data-link=open]")


def number_sent(model: ModelServer) -> int:
    """Wait for the next request, and return the number of the film's picture in it."""
    body = model.request()[1]
    [url] = [
        part["image_url"]["url"]
        for message in body["messages"]
        if isinstance(message["content"], list)
        for part in message["content"]
        if part["type"] == "image_url"
    ]
    return number_in(base64.b64decode(url.partition(",")[2]))
