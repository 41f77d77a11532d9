"""For the tests of the config: text to a tree, with or without flaws."""

from __future__ import annotations

from typing import TYPE_CHECKING

from glassd.config.lines import mend_lines
from glassd.config.recover import read_tree
from glassd.config.source import Source, read_source

if TYPE_CHECKING:
    from glassd.config.tree import Node


def read(text: str | bytes) -> tuple[Node | None, Source]:
    """Return the tree and the source of a text, which may have flaws."""
    source = read_source(text if isinstance(text, bytes) else text.encode(), "glassd.yaml")
    mend_lines(source)
    return read_tree(source), source


def tree(text: str) -> Node:
    """Return the tree of a text without flaws."""
    node, source = read(text)
    assert source.flaws == []
    assert node is not None
    return node
