"""The site's files: a fixed table, read late, and the browser's own copy where that is still right."""

from __future__ import annotations

import asyncio
import re
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from glassd.api.places import PAGES, STATIC
from glassd.api.site import FILE_LIMIT_BYTES, Site
from paths import TREE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

FOLDER = TREE / "daemon/glassd/api/site"


@asynccontextmanager
async def served(folder: Path | None = None) -> AsyncIterator[aiohttp.ClientSession]:
    app = web.Application()
    app.add_routes(Site(folder).routes())
    async with TestServer(app) as server, aiohttp.ClientSession(server.make_url("/")) as session:
        yield session


def test_every_file_of_the_folder_is_served_whole_and_nothing_else() -> None:
    async def main() -> None:
        async with served() as browser:
            for file in FOLDER.rglob("*"):
                place = file.relative_to(FOLDER).as_posix()
                path = next((page for page, name in PAGES.items() if name == place), STATIC + place)
                async with browser.get(path) as response:
                    assert response.status == (200 if file.is_file() else 404), path
                    assert not file.is_file() or await response.read() == file.read_bytes()

    asyncio.run(main())


def test_an_unchanged_file_is_not_sent_again_and_a_changed_one_is(tmp_path: Path) -> None:
    async def main() -> None:
        (tmp_path / "js").mkdir()
        (tmp_path / "js/a.js").write_text("export const a = 1;\n")
        async with served(tmp_path) as browser, browser.get("/static/js/a.js") as first:
            assert first.headers["Cache-Control"] == "no-cache"  # the copy is kept, and asked about each time
            assert first.content_type == "text/javascript"
            tag = first.headers["ETag"]
            async with browser.get("/static/js/a.js", headers={"If-None-Match": f'"other", {tag}'}) as again:
                assert (again.status, await again.read()) == (304, b"")
        (tmp_path / "js/a.js").write_text("export const a = 2;\n")
        async with (
            served(tmp_path) as browser,
            browser.get("/static/js/a.js", headers={"If-None-Match": tag}) as changed,
        ):
            assert (changed.status, await changed.text()) == (200, "export const a = 2;\n")

    asyncio.run(main())


def test_a_page_that_is_not_there_yet_is_told_of_and_breaks_nothing(tmp_path: Path) -> None:
    async def main() -> list[int]:
        (tmp_path / "index.html").write_text("<!doctype html>")
        (tmp_path / "notes.txt").write_text("not of the site")
        statuses = []
        async with served(tmp_path) as browser:
            for path in ("/", "/glasses", "/static/notes.txt", "/static/index.html"):
                async with browser.get(path) as response:
                    statuses.append(response.status)
        return statuses

    assert asyncio.run(main()) == [200, 404, 404, 404]


def test_the_files_are_read_once_and_not_before_somebody_asks(tmp_path: Path) -> None:
    async def main() -> list[str]:
        told = []
        async with served(tmp_path) as browser:
            page = tmp_path / "index.html"
            for text in ("first", "second"):
                page.write_text(text)
                async with browser.get("/") as response:
                    told.append(await response.text())
        return told

    assert asyncio.run(main()) == ["first", "first"]


def test_no_file_is_larger_than_what_may_stay_in_memory() -> None:
    sizes = {file.name: file.stat().st_size for file in FOLDER.rglob("*") if file.is_file()}
    assert max(sizes.values()) <= FILE_LIMIT_BYTES
    assert sum(sizes.values()) <= 2 * FILE_LIMIT_BYTES


@pytest.mark.parametrize("page", sorted(FOLDER.glob("*.html")), ids=lambda page: page.name)
def test_a_page_has_nothing_in_it_that_its_policy_refuses(page: Path) -> None:
    text = page.read_text("utf-8")
    assert not re.search(r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son[a-z]+=|javascript:|<base|<iframe|<object", text)
    for link in re.findall(r'(?:src|href)="([^"]*)"', text):
        assert link.startswith(("/", "#")), link
        if link.startswith(STATIC):
            assert (FOLDER / link.removeprefix(STATIC)).is_file(), link


@pytest.mark.parametrize("module", sorted(FOLDER.rglob("*.js")), ids=lambda module: module.name)
def test_a_module_puts_text_in_as_text_and_loads_nothing_from_elsewhere(module: Path) -> None:
    text = module.read_text("utf-8")
    ways = (
        r"\.(innerHTML|outerHTML|insertAdjacentHTML|write|writeln|srcdoc)\b(?!\()|document\.write|\beval\(|new Function"
    )
    assert not re.search(ways, text)
    for place in re.findall(r'(?:from|import)\s*\(?\s*"([^"]+)"', text):
        assert (module.parent / place).is_file(), place
