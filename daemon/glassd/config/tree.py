"""A config as it was written: values that know their place. What could not be read is there too, as `Lost`.

A lost value has had its mistake reported, so nothing more is said about it, nor about what it may have held.
"""

from __future__ import annotations

import bisect
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from glassd.config.mistakes import WHOLE_FILE, Place, readable

if TYPE_CHECKING:
    from collections.abc import Iterator

Value = str | int | float | bool | None
Path = tuple[str | int, ...]


class Scalar(Struct, frozen=True):
    """A single value, and the text that it was written as. `quoted` covers block scalars too."""

    place: Place
    value: Value
    text: str
    quoted: bool = False

    @property
    def is_empty(self) -> bool:
        """Nothing was written, as after `key:`."""
        return self.text == "" and not self.quoted

    @property
    def is_unset(self) -> bool:
        """An explicit null: as if the key were not there."""
        return self.value is None and not self.is_empty


class Lost(Struct, frozen=True):
    """A value that could not be read."""

    place: Place


class Entry(Struct, frozen=True):
    """A value in a mapping, and where its key stands."""

    place: Place
    node: Node


class Mapping(Struct, frozen=True):
    """Keys and their values, in the order of the file. `torn`: a line that may have held a key could not be read."""

    place: Place
    entries: dict[str, Entry] = {}
    torn: bool = False


class Sequence(Struct, frozen=True):
    """A list of values."""

    place: Place
    items: tuple[Node, ...] = ()


Node = Scalar | Mapping | Sequence | Lost


def child(node: Node | None, *keys: str | int) -> Node | None:
    """Return what stands at a path below a node, None where nothing does."""
    for key in keys:
        if isinstance(node, Mapping) and isinstance(key, str) and key in node.entries:
            node = node.entries[key].node
        elif isinstance(node, Sequence) and isinstance(key, int) and 0 <= key < len(node.items):
            node = node.items[key]
        else:
            return None
    return node


def items_of(root: Mapping, *keys: str) -> Iterator[tuple[Path, Node]]:
    """Yield each item of the list that stands at a path, with its own path; none where no list does."""
    node, path = child(root, *keys), tuple[str | int, ...](keys)
    if isinstance(node, Sequence):
        yield from (((*path, index), item) for index, item in enumerate(node.items))


def plain(node: Node) -> Any:
    """Return the values alone, as JSON has them. Keys whose value is unset, empty or lost are left out."""
    match node:
        case Scalar():
            return node.value
        case Sequence():
            return [plain(item) for item in node.items]
        case Mapping():
            return {key: plain(entry.node) for key, entry in node.entries.items() if _says_something(entry.node)}
        case Lost():
            return None


def dotted(path: Path) -> str:
    """Return a path as a mistake shows it: model.endpoints.0.url."""
    return ".".join(readable(str(key)) for key in path) or WHOLE_FILE


def walk(node: Node, path: Path = ()) -> Iterator[tuple[Path, Place, Node]]:
    """Yield every entry and item with its path and the place of its key, in the order of the file."""
    if isinstance(node, Mapping):
        for key, entry in node.entries.items():
            yield (*path, key), entry.place, entry.node
            yield from walk(entry.node, (*path, key))
    elif isinstance(node, Sequence):
        for index, item in enumerate(node.items):
            yield (*path, index), item.place, item
            yield from walk(item, (*path, index))


class Outline:
    """Finds the key that a place of one file belongs to."""

    def __init__(self, root: Node | None) -> None:
        entries = sorted(((place, path) for path, place, _ in walk(root)), key=lambda pair: pair[0]) if root else []
        self._places = [place for place, _ in entries]
        self._paths = [path for _, path in entries]

    def path_at(self, place: Place) -> Path:
        """Return the path of a key on the same line, else of the section that the column is in."""
        line = bisect.bisect_left(self._places, Place(place.file, place.line, 0))
        after = bisect.bisect_right(self._places, place)
        if after > line:
            return self._paths[after - 1]
        if after < len(self._places) and (self._places[after].file, self._places[after].line) == (
            place.file,
            place.line,
        ):
            return self._paths[after]
        earlier = range(line - 1, -1, -1)
        found = (at for at in earlier if self._places[at].file == place.file and self._places[at].column < place.column)
        return next((self._paths[at] for at in found), ())


def _says_something(node: Node) -> bool:
    return not (isinstance(node, Lost) or (isinstance(node, Scalar) and (node.is_unset or node.is_empty)))
