"""What the page may not change: nothing of that is added, altered or taken away, whatever text it sends.

Two trees are compared by their fixed parts alone: what is left of them where only that stands which the board sets.
Items of a list are known by theirs, so that they may change places, and come and go where they have none.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from glassd.config.form import Key, top
from glassd.config.mistakes import WHOLE_FILE, readable
from glassd.config.tree import Mapping, Node, Path, Scalar, Sequence, child, dotted, plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from glassd.config.mistakes import Mistakes, Place
    from glassd.config.section import Why

REASONS: Final[dict[Why, str]] = {
    "driver": "which driver a device has is set at the board alone",
    "device": "which device a driver opens, and what it runs or writes to, is set at the board alone",
    "key": "the names of keys are set at the board alone",
    "address": "where keys and pictures are sent is set at the board alone",
    "file": "the names of files are set at the board alone",
    "door": "who may reach the board, and how, is set at the board alone",
}
"""Why something cannot be changed from the page, in words for whoever tries."""

_UNKNOWN: Final = Key()


def canonical(value: Any) -> str:
    """Return a value of JSON as a text that only the same value has: 1, 1.0 and true are three."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def fixed_paths(root: Mapping) -> Iterator[tuple[Path, Why]]:
    """Yield the path of each value that the page may not change, and why not."""
    yield from _paths(top(), root, ())


def note_changes(typed: Mapping, below: Mapping, mistakes: Mistakes) -> None:
    """Note, at its place in `typed`, each fixed value that differs from what stands below."""
    comparison = _Comparison(mistakes)
    comparison.mappings(top(), typed, below, (), typed.place)
    if not comparison.found and canonical(fixed_part(typed)) != canonical(fixed_part(below)):
        mistakes.add(typed.place, WHOLE_FILE, "expected all that is set at the board alone to stay as it is")


def fixed_part(root: Mapping) -> Any:
    """Return what of a tree is fixed, as JSON: two trees with the same differ in nothing that the page may not change.

    The items of a list stand in the order of their texts.
    """
    return _part_of_mapping(top(), root)


def _part_of_mapping(keys: dict[str, Key], node: Mapping) -> Any:
    found = {}
    for name, entry in node.entries.items():
        if (part := _part(keys.get(name, _UNKNOWN), name, node, entry.node)) is not None:
            found[name] = part
    return found or None


def _part(key: Key, name: str, holder: Mapping, node: Node) -> Any:
    if why_fixed(key, holder) is not None:
        return plain(Mapping(node.place, {name: holder.entries[name]})).get(name)
    if key.section is None and not key.device:
        return None
    if isinstance(node, Mapping):
        return _part_of_mapping(key.keys(node), node)
    if isinstance(node, Sequence):
        parts = (_part_of_mapping(key.keys(item), item) for item in node.items if isinstance(item, Mapping))
        return sorted((part for part in parts if part is not None), key=canonical) or None
    return None


def why_fixed(key: Key, holder: Node | None) -> Why | None:
    """Return why a key cannot be changed in the mapping that holds it; None where it can."""
    if key.fixed is None:
        return None
    if key.fixed.beside and not any(_says(child(holder, other)) for other in key.fixed.beside):
        return None
    return key.fixed.why


def _says(node: Node | None) -> bool:
    return node is not None and plain(node) is not None


def _paths(keys: dict[str, Key], node: Mapping, path: Path) -> Iterator[tuple[Path, Why]]:
    for name, entry in node.entries.items():
        key = keys.get(name, _UNKNOWN)
        if (why := why_fixed(key, node)) is not None:
            yield (*path, name), why
        elif key.section is not None or key.device:
            if isinstance(entry.node, Mapping):
                yield from _paths(key.keys(entry.node), entry.node, (*path, name))
            elif isinstance(entry.node, Sequence):
                for number, item in enumerate(entry.node.items):
                    if isinstance(item, Mapping):
                        yield from _paths(key.keys(item), item, (*path, name, number))


class _Comparison:
    """Finds the places where two trees differ in what is fixed."""

    def __init__(self, mistakes: Mistakes) -> None:
        self._mistakes = mistakes
        self.found = 0

    def mappings(self, keys: dict[str, Key], typed: Mapping, below: Mapping, path: Path, place: Place) -> None:
        """Compare two mappings; `place` is where the key of the typed one stands."""
        for name in dict.fromkeys((*typed.entries, *below.entries)):
            key = keys.get(name, _UNKNOWN)
            entry, under = typed.entries.get(name), below.entries.get(name)
            parts = [
                None if one is None else _part(key, name, holder, one.node)
                for one, holder in ((entry, typed), (under, below))
            ]
            node, old = child(typed, name), child(below, name)
            if canonical(parts[0]) == canonical(parts[1]) or _same(node, old):
                continue
            where, at = entry.place if entry else place, (*path, name)
            if why_fixed(key, typed) or why_fixed(key, below):
                self._fixed(key, node, old, at, where)
            elif isinstance(node, Mapping) and isinstance(old, Mapping):
                self.mappings(key.keys(old), node, old, at, where)
            elif isinstance(node, Sequence) and isinstance(old, Sequence):
                self._lists(key, node, old, at, where)
            else:
                self._missing(at, where, parts[1])

    def _lists(self, key: Key, typed: Sequence, below: Sequence, path: Path, place: Place) -> None:
        left = Counter(canonical(_item_part(key, item)) for item in below.items)
        strangers = []
        for number, item in enumerate(typed.items):
            part = canonical(_item_part(key, item))
            if part != "null" and left[part] > 0:
                left[part] -= 1
            elif part != "null":
                strangers.append(number)
        for number in strangers:
            item = typed.items[number]
            old = below.items[number] if number < len(below.items) else Mapping(item.place)
            if isinstance(item, Mapping):
                old = old if isinstance(old, Mapping) else Mapping(item.place)
                found = self.found
                self.mappings(key.keys(item), item, old, (*path, number), item.place)
                if self.found == found:  # one that is there already, a second time
                    self._missing((*path, number), item.place, None)
        if not strangers:
            gone = [part for part, count in left.items() if part != "null" and count > 0]
            self._missing(path, place, json.loads(gone[0]) if gone else None)

    def _fixed(self, key: Key, typed: Node | None, below: Node | None, path: Path, place: Place) -> None:
        """Note what differs within a fixed value, where its mappings do."""
        if not (isinstance(typed, Mapping) and isinstance(below, Mapping) and below.entries):
            self._note(key, path, place, below)
            return
        for name in dict.fromkeys((*typed.entries, *below.entries)):
            node, old = child(typed, name), child(below, name)
            if not _same(node, old):
                at = typed.entries[name].place if name in typed.entries else place
                self._fixed(key, node, old, (*path, name), at)

    def _note(self, key: Key, path: Path, place: Place, old: Node | None) -> None:
        assert key.fixed is not None, "it is fixed"
        value = None if old is None else plain(old)
        there = "no such key" if value is None else f"{readable(_short(old, value))} as it stands"
        self._add(place, dotted(path), f"expected {there}: {REASONS[key.fixed.why]}")

    def _add(self, place: Place, path: str, text: str) -> None:
        self.found += 1
        self._mistakes.add(place, path, text)

    def _missing(self, path: Path, place: Place, part: Any) -> None:
        """Note that something is not there any more, or is there anew, in which fixed values stand."""
        text = f"expected it to stay, with {readable(canonical(part))}" if part else "expected nothing here"
        self._add(place, dotted(path), f"{text}: some of it is set at the board alone")


def _item_part(key: Key, item: Node) -> Any:
    return _part_of_mapping(key.keys(item), item) if isinstance(item, Mapping) else None


def _same(one: Node | None, other: Node | None) -> bool:
    return one is not None and other is not None and canonical(plain(one)) == canonical(plain(other))


def _short(node: Node | None, value: Any) -> str:
    return node.text if isinstance(node, Scalar) else canonical(value)
