"""Pydantic's errors as mistakes at their places in the file."""

from __future__ import annotations

import functools
import inspect
from typing import TYPE_CHECKING, Any, get_args

from msgspec import Struct
from pydantic import BaseModel

from glassd.config import words
from glassd.config.mistakes import did_you_mean, nearest, readable
from glassd.config.schema import Config
from glassd.config.section import keys_of
from glassd.config.tree import Lost, Mapping, Node, Path, Scalar, Sequence, child, dotted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydantic import ValidationError

    from glassd.config.mistakes import Mistakes, Place


SWITCHED_ON = ("follow_up", "outbox")
"""A section that has a default for all in it, and yet does something by being there."""


class Validated(Struct, frozen=True):
    """What was validated: a node of the tree, the model it was validated as, and where its key stands.

    `also` are the keys that belong to the section and not to the model: the role's, beside a driver's own.
    """

    model: type[BaseModel]
    node: Node
    path: Path
    place: Place
    also: Iterable[str] = ()
    whole: type[BaseModel] = Config
    """What the whole file is, whose sections a key may belong into instead."""


def report(error: ValidationError, what: Validated, mistakes: Mistakes) -> None:
    """Note one mistake for each value that is wrong; what follows from a lost value is passed over."""
    alternatives: dict[tuple[Place, Path], str] = {}
    for detail in error.errors(include_url=False, include_input=False):
        found = _find(what, detail["loc"])
        if found is None:
            continue
        if found.rest and detail["type"] != "missing" and found.rest != ("[key]",):
            # A union tells what each of its types would have wanted.
            key = (found.node.place, found.path)
            before = alternatives.get(key)
            alternatives[key] = f"{before} or {words.expected(detail)}" if before else words.expected(detail)
            continue
        _note(detail, found, what, mistakes)
    for (place, path), text in alternatives.items():
        if mistakes.has_within(dotted(path)):
            continue  # it was meant as the section that one of the types is
        node = child(what.node, *path[len(what.path) :])
        wanted, near, hint = text.partition("; did you mean ")
        mistakes.add(place, dotted(path), f"expected {wanted}{words.got(node, path)}{near}{hint}")


class _Found(Struct, frozen=True):
    """The deepest node on the way to an error, the place of its key, and the rest of the way."""

    path: Path
    node: Node
    key_place: Place
    parent: Mapping | None
    rest: tuple[str | int, ...]


def _find(what: Validated, way: tuple[str | int, ...]) -> _Found | None:
    node, path, place, parent = what.node, what.path, what.place, None
    for index, part in enumerate(way):
        if isinstance(node, Mapping) and isinstance(part, str) and part in node.entries:
            parent = node
            place, node = node.entries[part].place, node.entries[part].node
        elif isinstance(node, Sequence) and isinstance(part, int) and part < len(node.items):
            parent = None
            node = node.items[part]
            place = node.place
        elif isinstance(node, Lost):
            return None
        elif isinstance(node, Mapping) and _is_alternative(part, what, path):
            continue
        else:
            return _Found(path, node, place, parent, way[index:])
        path = (*path, part)
    return None if isinstance(node, Lost) else _Found(path, node, place, parent, ())


def _is_alternative(part: str | int, what: Validated, path: Path) -> bool:
    """Tell whether a part of an error's way is no key, but the section that a value may be beside plain words."""
    model = _model_at(what.model, path[len(what.path) :])
    return model is not None and model.__name__ == part


def _note(detail: Any, found: _Found, what: Validated, mistakes: Mistakes) -> None:
    kind = detail["type"]
    path = found.path
    if kind == "missing":
        _note_missing(found, what, mistakes)
    elif kind == "extra_forbidden":
        model = _model_at(what.model, path[len(what.path) : -1])
        names = [*(what.also if len(path) == len(what.path) + 1 else ()), *(keys_of(model) if model else ())]
        known_as = model.model_fields[path[-1]].alias if model and path[-1] in model.model_fields else None
        _note_unknown(found.key_place, path, names, what, mistakes, meant=known_as)
    elif found.rest == ("[key]",):
        text = f"expected {words.expected(detail)}"
        name = str(path[-1])
        text += "" if repr(name) in text else f", got {readable(name)}"
        mistakes.add(found.key_place, dotted(path), text)
    elif isinstance(found.node, Mapping) and _model_at(what.model, path[len(what.path) :]) and _is_of_whole(kind):
        _note_of_whole(detail, found, mistakes)
    else:
        mistakes.add(found.node.place, dotted(path), words.wrong_value(detail, found.node, path))


def _note_missing(found: _Found, what: Validated, mistakes: Mistakes) -> None:
    """Note a missing key, at the misspelt one where there is one."""
    if not found.rest:
        mistakes.add(found.key_place, dotted(found.path), "expected a value after the colon, got nothing")
        return
    if not isinstance(found.node, Mapping) or found.node.torn:
        return
    name = str(found.rest[-1])
    model = _model_at(what.model, found.path[len(what.path) :])
    unknown = [key for key in found.node.entries if model is None or key not in keys_of(model)]
    if (near := nearest(name, unknown[:100])) is not None:
        _note_unknown(found.node.entries[near].place, (*found.path, near), [name], what, mistakes)
    elif not any(dotted((*found.path, name)) in _homes(what.whole).get(key, ()) for key in unknown):
        text = "expected this key, which has no default; it is missing"
        mistakes.add(found.key_place, dotted((*found.path, name)), text)


def _note_unknown(
    place: Place, path: Path, names: Iterable[str], what: Validated, mistakes: Mistakes, *, meant: str | None = None
) -> None:
    """Note a key that is not known at its place. `meant` is the name that the file has for it, where that is known."""
    name = str(path[-1])
    homes = _homes(what.whole).get(name, ())
    if meant is not None:
        near = f"did you mean {meant}?"
    elif homes and name not in names and nearest(name, names) is None:
        near = f"it belongs into {' or '.join(homes)}"
    else:
        near = did_you_mean(name, names)
    if near.startswith("known") and {"fields", "picture_fields"} <= set(names):
        near += "; what the request or its pictures have to say belongs into fields: or picture_fields:"
    mistakes.add(place, dotted(path), f"expected a key that is known here, not this one; {near}")


@functools.cache
def _homes(whole: type[BaseModel]) -> dict[str, tuple[str, ...]]:
    """Return the sections that know a key, for each key of the file below the left edge."""
    found: dict[str, tuple[str, ...]] = {}
    stack: list[tuple[str, type[BaseModel]]] = [("", whole)]
    while stack:
        path, model = stack.pop()
        for name, field in keys_of(model).items():
            if path and name != "options":
                found[name] = (*found.get(name, ()), path)
            inner = _model_in(field.annotation)
            if inner is not None:
                stack.append((f"{path}.{name}".lstrip("."), inner))
    return found


def _is_of_whole(kind: str) -> bool:
    return kind in ("value_error", "assertion_error", "misplaced")


def _note_of_whole(detail: Any, found: _Found, mistakes: Mistakes) -> None:
    """Note what a section as a whole got wrong, at the key that the error names where it names one."""
    node = found.node
    assert isinstance(node, Mapping)
    if node.torn or any(_is_told_alone(entry.node) for entry in node.entries.values()):
        return
    text = f"expected {words.expected(detail)}"
    at = detail.get("ctx", {}).get("at")
    if at in node.entries:
        mistakes.add(node.entries[at].node.place, dotted((*found.path, at)), text)
    else:
        mistakes.add(found.key_place, dotted(found.path), text)


def _is_told_alone(node: Node) -> bool:
    return isinstance(node, Lost) or (isinstance(node, Scalar) and node.is_empty)


def _model_at(model: type[BaseModel], path: Path) -> type[BaseModel] | None:
    """Return the model that the fields on a path lead to, None where they lead to something else."""
    current: type[BaseModel] | None = model
    for part in path:
        if isinstance(part, int):
            continue
        field = keys_of(current).get(part) if current else None
        current = _model_in(field.annotation) if field else None
    return current


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if inspect.isclass(annotation) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _model_in(part))), None)


def note_empty(root: Mapping, may_be_empty: Iterable[str], mistakes: Mistakes) -> None:
    """Note each key with nothing after it, unless something else is said about it or it opens a section of its own."""
    allowed = set(may_be_empty)
    stack: list[tuple[Path, Mapping]] = [((), root)]
    while stack:
        path, node = stack.pop()
        for key, entry in node.entries.items():
            here = (*path, key)
            if mistakes.has(dotted(here)):
                continue
            if isinstance(entry.node, Mapping):
                stack.append((here, entry.node))
            elif isinstance(entry.node, Sequence):
                items = enumerate(entry.node.items)
                stack.extend(((*here, index), item) for index, item in items if isinstance(item, Mapping))
            elif isinstance(entry.node, Scalar) and entry.node.is_empty and not (path == () and key in allowed):
                hint = " ({} takes all of its defaults)" if path == () and key in SWITCHED_ON else ""
                mistakes.add(entry.place, dotted(here), f"expected a value after the colon, got nothing{hint}")
