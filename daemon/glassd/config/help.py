"""What each key means that may stand in a file like this one: the docstrings of the sections' fields, by path."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from glassd.config.descriptions import descriptions
from glassd.config.devices import SECTIONS
from glassd.config.form import Key, options_of, top
from glassd.config.schema import Config
from glassd.config.section import keys_of
from glassd.config.tree import Mapping, Sequence, child

if TYPE_CHECKING:
    from pydantic import BaseModel

    from glassd.config.tree import Node

Help = dict[str, dict[str, Any]]


def help_for(root: Mapping) -> Help:
    """Return what each key means, by its path, with `*` for an item of a list, and why it is read-only, if it is.

    Devices are told by their number, for their keys hang on the driver. Reads the sources: takes some 50 ms.
    """
    found: Help = {}
    _tell(top(), told_by(Config), root, "", found)
    return found


@cache
def told_by(section: type[BaseModel]) -> dict[str, str]:
    """Return what a section says of each of its keys, in one line."""
    told = descriptions(section)
    names = {field.alias or name: name for name, field in section.model_fields.items()}
    return {key: " ".join(told.get(names[key], "").split()) for key in keys_of(section)}


def _tell(keys: dict[str, Key], told: dict[str, str], node: Node | None, path: str, found: Help) -> None:
    for name, key in keys.items():
        where = f"{path}{name}"
        found[where] = {"text": told.get(name, ""), "read_only": key.fixed.why if key.fixed else None}
        if key.fixed and key.fixed.beside:
            found[where]["beside"] = list(key.fixed.beside)
        below = child(node, name)
        if key.device:
            items = enumerate(below.items) if isinstance(below, Sequence) else [("", below)]
            for number, item in items:
                inner = f"{where}.{number}." if number != "" else f"{where}."
                _tell(key.keys(item), _told_of_device(key.device, item), item, inner, found)
        elif key.section is not None:
            _tell(key.keys(None), told_by(key.section), below, f"{where}.*." if key.listed else f"{where}.", found)


def _told_of_device(name: str, node: Node | None) -> dict[str, str]:
    options = options_of(name, node)
    return {**(told_by(options) if options else {}), **told_by(SECTIONS[name][1])}
