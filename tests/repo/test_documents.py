"""The documents: every link leads somewhere, and the two READMEs say the same in the same places."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from markdown_it import MarkdownIt

from paths import TREE

if TYPE_CHECKING:
    from pathlib import Path

    from markdown_it.token import Token

ENGLISH, CHINESE = TREE / "README.md", TREE / "README.zh-CN.md"
DOCUMENTS = sorted(path for path in [*TREE.glob("*.md"), *TREE.glob("docs/**/*.md")])


def tokens(file: Path) -> list[Token]:
    return MarkdownIt().enable("table").parse(file.read_text(encoding="utf-8"))


def links(file: Path) -> list[str]:
    inline = [child for token in tokens(file) for child in token.children or ()]
    found = [child.attrGet("href") or child.attrGet("src") for child in inline]
    return [str(link) for link in found if link is not None]


def anchors(file: Path) -> set[str]:
    """Return a document's headings as the anchors that forges make of them."""
    parsed = tokens(file)
    titles = [parsed[at + 1].content for at, token in enumerate(parsed) if token.type == "heading_open"]
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(TREE)))
def test_links_lead_to_something_in_the_tree(document: Path) -> None:
    for link in links(document):
        if re.match(r"\w+://", link):
            continue
        path, _, anchor = link.partition("#")
        target = (document.parent / path) if path else document
        assert target.exists(), f"{document.name}: {link}"
        assert target.resolve().is_relative_to(TREE), f"{document.name}: {link}"
        if anchor:
            assert anchor in anchors(target), f"{document.name}: {link}"


def outline(file: Path) -> list[str]:
    """Return the shape of a document: its headings, lists, tables and code, each as its opening tag."""
    return [token.tag for token in tokens(file) if token.nesting == 1 or token.type == "fence"]


def code(file: Path) -> list[tuple[str, str]]:
    """Return the code with its language tag, without what is said in the reader's own language: comments and texts."""
    words = re.compile(r'\s*(?:(?<=\s)|^)#.*$|"[^"]*"|(?<=^language: )\w+|(?<=CLIP=)\w+', re.MULTILINE)
    blocks = [token for token in tokens(file) if token.type in ("fence", "code_block")]
    return [(block.info, words.sub("", block.content)) for block in blocks]


def test_the_readmes_have_the_same_shape() -> None:
    assert outline(ENGLISH) == outline(CHINESE)


def test_the_readmes_have_the_same_code() -> None:
    assert code(ENGLISH) == code(CHINESE)


def test_the_readmes_lead_to_the_same_places() -> None:
    def places(file: Path, other: Path) -> list[str]:
        return [link.replace(".zh-CN.svg", ".svg") for link in links(file) if link != other.name]

    assert places(ENGLISH, CHINESE) == places(CHINESE, ENGLISH)


def test_the_pictures_differ_in_words_alone() -> None:
    def drawing(name: str) -> str:
        return re.sub(r">[^<>\n]+<", "><", (TREE / "docs" / name).read_text(encoding="utf-8"))

    assert drawing("data-way.svg") == drawing("data-way.zh-CN.svg")
