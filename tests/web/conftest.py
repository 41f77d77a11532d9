"""The fixtures of the browser tests: `browser` once for all, then a board with its pages for each test."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from web.browsing import LIMIT_MS, launch
from web.film import make_film
from web.site import Site, start_site

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from playwright.sync_api import Browser
    from running import Daemon

TEST_LIMIT_S = 120
"""Seconds for a browser test that says no limit of its own: a cold Chromium on a busy machine takes its time."""


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """The system's Chromium, with a film before its camera."""
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=LIMIT_MS)
    film = make_film(tmp_path_factory.mktemp("film") / "film.y4m")
    with sync_playwright() as playwright:
        browser = launch(playwright.chromium, film)
        yield browser
        browser.close()


SITES = pytest.StashKey[list[Site]]()


@pytest.fixture
def serve(
    browser: Browser, start: Callable[..., Daemon], request: pytest.FixtureRequest
) -> Iterator[Callable[[str], Site]]:
    """Start a board on the text of a config without `api:`, to be looked at with the browser."""
    sites = request.node.stash[SITES] = []

    def serve(text: str) -> Site:
        sites.append(start_site(text, browser, start))
        return sites[-1]

    yield serve
    with ExitStack() as closing:
        for site in sites:
            closing.callback(site.close)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what asks for a browser."""
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.browser)
            if item.get_closest_marker("timeout") is None:
                item.add_marker(pytest.mark.timeout(TEST_LIMIT_S))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what the pages showed where a test failed."""
    report = yield
    if report.failed and report.when == "call":
        report.sections.extend(("pages", site.pages.last_words()) for site in item.stash.get(SITES, []))
    return report
