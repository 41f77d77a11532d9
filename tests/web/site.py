"""A board that serves its pages, the network to it, and a browser that looks at them."""

from __future__ import annotations

import socket
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from web.browsing import NAME, Pages
from web.cable import Cable

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Browser, Page
    from running import Daemon

TOKEN = "correct-horse"


@dataclass
class Site:
    """One board and its visitors."""

    daemon: Daemon
    cable: Cable
    pages: Pages
    _start: Callable[[], Daemon]

    @property
    def open(self) -> Callable[..., Page]:
        """Open a page of the board: see Pages.open."""
        return self.pages.open

    def restart(self) -> None:
        """Stop the board's daemon and start it again."""
        assert self.daemon.stop() == 0
        self.daemon = self._start()

    def close(self) -> None:
        """Close the pages, then the network; fail if a page had an error."""
        with ExitStack() as closing:
            closing.callback(self.cable.close)
            closing.callback(self.pages.close)


def start_site(text: str, browser: Browser, start: Callable[..., Daemon]) -> Site:
    """Start a board on the text of a config without `api:`; `start` takes a whole config and the environment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    whole = f'{text}\napi: {{listen: "127.0.0.1:{port}", token: page, hosts: [{NAME}]}}\n'

    def started() -> Daemon:
        return start(whole, GLASSD_KEY_PAGE=TOKEN)

    daemon = started()
    cable = Cable(port)
    return Site(daemon, cable, Pages(browser, f"http://127.0.0.1:{cable.port}", TOKEN), started)
