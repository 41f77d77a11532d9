"""The page's files: a fixed table, read once as the first of them is asked for.

What is asked for is looked up in the table by its whole path: no path of a request ever reaches the file system. The
files are the same for everybody and hold no secret, so they are served without a session; all that they show they get
from the API, which asks for one.
"""

from __future__ import annotations

import asyncio
import hashlib
from importlib import resources
from typing import TYPE_CHECKING, Final

from aiohttp import web
from msgspec import Struct

from glassd.api.guard import error_response
from glassd.api.headers import PAGE_POLICY
from glassd.api.places import PAGES, STATIC

if TYPE_CHECKING:
    from collections.abc import Iterator
    from importlib.resources.abc import Traversable

FILE_LIMIT_BYTES: Final = 512 * 1024
"""How large a file of the site may be: all of them stay in memory."""

_TYPES: Final = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}
"""The kinds of files that are served; what else lies in the folder is not."""


class _File(Struct, frozen=True):
    """One file as it is sent."""

    data: bytes
    media_type: str
    etag: str


class Site:
    """The handlers of the pages and of what they load."""

    def __init__(self, folder: Traversable | None = None) -> None:
        """`folder` holds the files; that of the package where none is given."""
        self._folder = folder
        self._table: dict[str, _File] = {}
        self._reading = asyncio.Lock()

    def routes(self) -> list[web.RouteDef]:
        """Return them for the application."""
        return [*(web.get(path, self.file) for path in PAGES), web.get(STATIC + "{path:.*}", self.file)]

    async def file(self, request: web.Request) -> web.Response:
        """Return a file, or that the browser's own copy is still good."""
        async with self._reading:
            if not self._table:
                self._table = await asyncio.to_thread(_read, self._folder or resources.files("glassd.api") / "site")
        file = self._table.get(request.path)
        if file is None:
            return error_response(404, f"there is no page at {request.path}")
        # The browser keeps its copy, and asks each time whether it is still the right one: an update is seen at once.
        headers = {"ETag": f'"{file.etag}"', "Cache-Control": "no-cache"}
        if file.media_type == "text/html":
            headers["Content-Security-Policy"] = PAGE_POLICY
        if any(known.value in (file.etag, "*") for known in request.if_none_match or ()):
            return web.Response(status=304, headers=headers)
        charset = "utf-8" if file.media_type.startswith(("text/", "application/")) else None
        return web.Response(body=file.data, content_type=file.media_type, charset=charset, headers=headers)


def _read(folder: Traversable) -> dict[str, _File]:
    files = dict(_walk(folder, ""))
    table = {STATIC + place: file for place, file in files.items() if file.media_type != "text/html"}
    return table | {path: files[name] for path, name in PAGES.items() if name in files}


def _walk(folder: Traversable, where: str) -> Iterator[tuple[str, _File]]:
    for entry in folder.iterdir():
        place = where + entry.name
        if entry.is_dir():
            yield from _walk(entry, f"{place}/")
        elif (media_type := _TYPES.get(f".{entry.name.rpartition('.')[2]}")) is not None:
            with entry.open("rb") as opened:
                data = opened.read(FILE_LIMIT_BYTES + 1)
            assert len(data) <= FILE_LIMIT_BYTES, f"{place} is too large for a file of the page"
            yield place, _File(data, media_type, hashlib.sha256(data).hexdigest()[:32])
