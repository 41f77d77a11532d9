"""The words of the pages, and what every page and module has: judged in the files, without a browser."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

SITE = Path(__file__).parents[2] / "daemon" / "glassd" / "api" / "site"
PAGES = sorted(SITE.glob("*.html"))
MODULES = sorted((SITE / "js").glob("*.js"))
LINES_LIMIT = 400
"""Past that there are two rooms in one module."""
_ENTRY = re.compile(r'^  (?:"([^"]+)"|(\w+)): (\[.*?\]),$', re.MULTILINE | re.DOTALL)
_USED = re.compile(r"""\bt(?:Or)?\(\s*(?:"([^"]+)"|`([^`$]+)(\$?)[^`]*`)""")


def words() -> dict[str, list[str]]:
    """Return all keys of the site with their two languages."""
    found: dict[str, list[str]] = {}
    for module in (SITE / "js").glob("words-*.js"):
        for quoted, bare, both in _ENTRY.findall(module.read_text(encoding="utf-8")):
            found[quoted or bare] = ast.literal_eval(re.sub(r"\s+", " ", both))
    return found


def test_every_key_has_words_in_both_languages_with_the_same_values() -> None:
    assert len(words()) > 100
    for key, both in words().items():
        assert len(both) == 2, key
        assert all(text.strip() for text in both), key
        chinese, english = (set(re.findall(r"\{(\w+)\}", text)) for text in both)
        assert chinese == english, key


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.name)
def test_every_key_that_a_module_uses_is_there(module: Path) -> None:
    known = words()
    for whole, prefix, cut in _USED.findall(module.read_text(encoding="utf-8")):
        if whole or not cut:
            assert (whole or prefix) in known
        else:
            assert any(key.startswith(prefix) for key in known), f"{prefix}…"


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_every_page_has_its_words_a_title_and_landmarks(page: Path) -> None:
    text, known = page.read_text(encoding="utf-8"), words()
    for key in re.findall(r'\bdata-t(?:-\w+)?="([^"]*)"', text):
        assert key in known, key
    for needed in (r'<html lang="\w+"', r"<title\b[^>]*>[^<]+</title>", r"<main\b", r"<h1\b", r'name="viewport"'):
        assert re.search(needed, text), needed


@pytest.mark.parametrize("file", [*MODULES, *PAGES, *(SITE / "css").glob("*.css")], ids=lambda path: path.name)
def test_nothing_is_loaded_from_elsewhere(file: Path) -> None:
    text = file.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
    assert not re.findall(r"""(?:src|href)="https?:|url\(["']?https?:|(?:from|import|fetch)\(? ?["']https?:""", text)


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.name)
def test_a_module_is_one_room(module: Path) -> None:
    assert len(module.read_text(encoding="utf-8").splitlines()) < LINES_LIMIT
