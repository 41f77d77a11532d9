"""The paths that the guard treats in ways of their own, and the pages."""

from __future__ import annotations

from typing import Final

PICTURES: Final = "/api/pictures"
"""Where pictures are pushed."""
SESSIONS: Final = "/api/sessions"
"""Where a session begins and ends."""
SESSION: Final = f"{SESSIONS}/current"
"""Where a page asks whether it has one."""
FOR_ANYBODY: Final = frozenset({("POST", SESSIONS), ("GET", SESSION), ("HEAD", SESSION)})
"""The requests that need no session yet: to begin one, and to learn that there is none."""
WEB_SOCKET: Final = "/api/sockets/web"
"""The socket of a page that is a pair of glasses: beside its own session, all that such a page may reach."""

PAGES: Final = {
    "/": "index.html",
    "/glasses": "glasses.html",
    "/history": "history.html",
    "/settings": "settings.html",
    "/sign-in": "sign-in.html",
}
"""The pages' files, by their paths."""
STATIC: Final = "/static/"
"""What all other files of the site stand below, by their places in its folder."""


def is_of_site(path: str) -> bool:
    """Tell whether a path is one of the site's files, whether there is such a file or not."""
    return path in PAGES or path.startswith(STATIC)
