"""Edits of the page: from the whole text that somebody typed to the least file that, laid over the others, gives it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from glassd.config.fixed import canonical
from glassd.config.merge import lines_of
from glassd.config.tree import Entry, Mapping, Node, Path, Scalar, Sequence, child, plain, walk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from glassd.config.mistakes import Place

HEAD = """\
# What was changed on the page (/settings). It lies over the config and its conf.d; glassd writes it and reads it.
# To be rid of all of it: remove this file, then `glassd reload`.
"""
SHOWN_CHARS = 200
"""How many characters of a value a list of changes repeats."""


class Change(Struct, frozen=True):
    """One value that differs between two trees: as JSON, None where there is none, long texts cut."""

    path: Path
    before: Any
    after: Any


def overlay_of(typed: Mapping, below: Mapping) -> Mapping:
    """Return the least tree that gives, laid over `below`, the values of `typed`.

    Mappings merge by key, so that only what differs stands in it; a list stands whole. A key that `typed` does not have
    is null in it, which takes away what lies below.
    """
    entries: dict[str, Entry] = {}
    for name, entry in typed.entries.items():
        under = below.entries.get(name)
        if isinstance(entry.node, Mapping) and under is not None and isinstance(under.node, Mapping):
            if (inner := overlay_of(entry.node, under.node)).entries:
                entries[name] = Entry(entry.place, inner)
        elif canonical(plain(entry.node)) != canonical(None if under is None else plain(under.node)):
            entries[name] = entry
    for name, entry in below.entries.items():
        if name not in typed.entries and plain(entry.node) is not None:
            entries[name] = Entry(typed.place, Scalar(typed.place, None, "null"))
    return Mapping(typed.place, entries)


def overlay_text(overlay: Mapping) -> str:
    """Return the text of the file of edits; empty where nothing is edited."""
    if not overlay.entries:
        return ""
    return HEAD + "".join(f"{line}\n" for line, _ in lines_of(overlay))


def plain_text(root: Mapping) -> tuple[str, list[str]]:
    """Return a tree as YAML without comments, and for each line where its value is from; empty where it has none."""
    pairs = list(lines_of(root))
    return "".join(f"{line}\n" for line, _ in pairs), [origin for _, origin in pairs]


def changes(before: Mapping, after: Mapping) -> list[Change]:
    """Return what differs, in the order of `after`; what is gone comes last. Lists are compared item by item."""
    old, new = _leaves(before), _leaves(after)
    found = [
        Change(path, _shown(old.get(path)), _shown(value)) for path, value in new.items() if not _is(old, path, value)
    ]
    found += [Change(path, _shown(value), None) for path, value in old.items() if path not in new]
    return found


def leaves_of_edits(overlay: Mapping, below: Mapping, path: Path = ()) -> Iterator[Change]:
    """Yield each single edit of a file of edits, with the value that it lies over."""
    for name, entry in overlay.entries.items():
        under = child(below, name)
        if isinstance(entry.node, Mapping) and isinstance(under, Mapping):
            yield from leaves_of_edits(entry.node, under, (*path, name))
        else:
            yield Change((*path, name), _shown(under and plain(under)), _shown(plain(entry.node)))


def without(root: Mapping, path: Path) -> Mapping | None:
    """Return a file of edits without one of them, and without mappings that are empty then; None if it is not there."""
    name, rest = str(path[0]), path[1:]
    if (entry := root.entries.get(name)) is None:
        return None
    entries = {other: kept for other, kept in root.entries.items() if other != name}
    if rest:
        inner = without(entry.node, rest) if isinstance(entry.node, Mapping) else None
        if inner is None:
            return None
        if inner.entries:
            entries[name] = Entry(entry.place, inner)
    return Mapping(root.place, entries, torn=root.torn)


def place_in(typed: Mapping, path: Path) -> Place:
    """Return where a path stands in a tree, or the nearest that holds it."""
    places = {at: place for at, place, _ in walk(typed)}
    while path:
        if path in places:
            return places[path]
        path = path[:-1]
    return typed.place


def _leaves(root: Mapping) -> dict[Path, Any]:
    found = {}
    for path, _, node in walk(root):
        if not (isinstance(node, Mapping | Sequence) and _has_items(node)):
            value = plain(node)
            if value is not None:
                found[path] = value
    return found


def _has_items(node: Node) -> bool:
    return bool(node.entries if isinstance(node, Mapping) else node.items if isinstance(node, Sequence) else ())


def _is(values: dict[Path, Any], path: Path, value: Any) -> bool:
    return path in values and canonical(values[path]) == canonical(value)


def _shown(value: Any) -> Any:
    text = value if isinstance(value, str) else canonical(value)
    if len(text) <= SHOWN_CHARS:
        return value
    return f"{text[:SHOWN_CHARS]}…"
