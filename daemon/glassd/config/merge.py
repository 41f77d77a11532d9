"""Layers of a config laid over one another, and the result as YAML that says where each value comes from."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from glassd.config.compose import scalar_value
from glassd.config.tree import Entry, Lost, Mapping, Node, Path, Scalar, Sequence

if TYPE_CHECKING:
    from collections.abc import Iterator


_BARE = r"[A-Za-z0-9/](?:(?:[A-Za-z0-9_./ -]|://)*[A-Za-z0-9_./-])?"
MAX_ALIGNED = 60
"""The comments stand one below the other behind lines of at most as many cells."""


def merge(base: Mapping, over: Mapping) -> Mapping:
    """Lay one mapping over another: mappings in them merge by key too, lists and scalars replace."""
    entries = dict(base.entries)
    for key, entry in over.entries.items():
        below = entries.get(key)
        if below is not None and isinstance(below.node, Mapping) and isinstance(entry.node, Mapping):
            entries[key] = Entry(entry.place, merge(below.node, entry.node))
        else:
            entries[key] = entry
    return Mapping(base.place, entries, torn=base.torn or over.torn)


def replace(node: Node | None, path: Path, entry: Entry) -> Node | None:
    """Return a copy with the value at a path exchanged, or None where the path leads through a value or past a list."""
    if not path:
        return entry.node
    key, rest = path[0], path[1:]
    if isinstance(node, Sequence):
        if not isinstance(key, int) or not 0 <= key < len(node.items):
            return None
        item = replace(node.items[key], rest, entry)
        return item and Sequence(node.place, (*node.items[:key], item, *node.items[key + 1 :]))
    if node is None or isinstance(node, Lost) or (isinstance(node, Scalar) and node.value is None):
        node = Mapping(entry.place)
    if not isinstance(node, Mapping):
        return None
    below = node.entries.get(str(key))
    value = replace(None if below is None else below.node, rest, entry)
    if value is None:
        return None
    place = entry.place if below is None or not rest else below.place
    return Mapping(node.place, {**node.entries, str(key): Entry(place, value)}, torn=node.torn)


def as_yaml(root: Node) -> str:
    """Return YAML that reads as the same values, each with its file and line in a comment."""
    from wcwidth import wcswidth  # noqa: PLC0415  a daemon merges, and writes nothing

    lines = list(lines_of(root))
    # In the cells of a terminal: a Han character takes two. A few long texts do not push all comments out of sight.
    cells = [max(wcswidth(text), 0) for text, _ in lines]
    width = max((count for count in cells if count <= MAX_ALIGNED), default=0)
    return "".join(
        f"{text}{' ' * (width - count)}  # {_printable(origin)}\n" if origin else f"{text}\n"
        for (text, origin), count in zip(lines, cells, strict=True)
    )


def lines_of(node: Node, indent: int = 0) -> Iterator[tuple[str, str]]:
    """Yield each line of a value's YAML and its origin; none for a line that only opens what follows."""
    pad = " " * indent
    match node:
        case Mapping():
            for key, entry in node.entries.items():
                yield from _after(f"{pad}{yaml_text(key)}:", entry.node, indent + 2)
        case Sequence():
            for item in node.items:
                if isinstance(item, Mapping) and item.entries:
                    first, *rest = lines_of(item, indent + 2)
                    yield f"{pad}- {first[0][indent + 2 :]}", first[1]
                    yield from rest
                else:
                    yield from _after(f"{pad}-", item, indent + 2)


def yaml_text(text: str) -> str:
    """Return a text as YAML reads it again: bare where it is simple, else in double quotes."""
    return text if re.fullmatch(_BARE, text) and isinstance(scalar_value(text), str) else quoted_text(text)


def quoted_text(text: str) -> str:
    """Return a text in double quotes, as YAML reads it again."""
    quoted = json.dumps(text, ensure_ascii=False)
    return "".join(char if char.isprintable() else _escape(char) for char in quoted)


def _after(opening: str, node: Node, indent: int) -> Iterator[tuple[str, str]]:
    match node:
        case Mapping() if node.entries:
            yield opening, ""
            yield from lines_of(node, indent)
        case Sequence() if node.items:
            yield opening, ""
            yield from lines_of(node, indent)
        case Mapping():
            yield f"{opening} {{}}", str(node.place)
        case Sequence():
            yield f"{opening} []", str(node.place)
        case Scalar() if node.quoted:
            yield f"{opening} {yaml_text(node.text)}", str(node.place)
        case Scalar():
            yield f"{opening} {_plain(node)}", str(node.place)
        case Lost():
            yield opening, str(node.place)


def _plain(node: Scalar) -> str:
    if isinstance(node.value, str):
        return yaml_text(node.text)
    return node.text or "null"


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in text)


def _escape(char: str) -> str:
    return f"\\u{ord(char):04x}" if ord(char) <= 0xFFFF else f"\\U{ord(char):08x}"
