"""The wearer's file and what lies over it, to a `Config`, or to every mistake at once.

Over the file come the files of the folder conf.d beside it, in the order of their names; over these the edits of the
page, in the state folder; over all, what the command line sets.
"""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from glassd.config.advice import advice
from glassd.config.compose import scalar_value
from glassd.config.files import parts_of, read_file
from glassd.config.lines import mend_lines
from glassd.config.merge import as_yaml, merge, replace
from glassd.config.mistakes import (
    COMMAND_LINE,
    WHOLE_FILE,
    ConfigError,
    Mistakes,
    Place,
    TooManyMistakesError,
)
from glassd.config.model import Endpoint, Model
from glassd.config.recover import read_tree
from glassd.config.schema import ButtonDevice, Camera, Config, DisplayDevice, Echo
from glassd.config.section import keys_of
from glassd.config.source import Source, read_source
from glassd.config.tree import Entry, Lost, Mapping, Node, Outline, Scalar, Sequence, dotted, walk
from glassd.config.triggers import Trigger
from glassd.config.validate import validate, validate_model
from glassd.config.words import got

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydantic import BaseModel

    from glassd.config.tree import Path as TreePath

__all__ = ["ConfigError", "Loaded", "load", "load_model_only", "read_other"]

_ITEM_KEYS = frozenset(
    key for section in (Endpoint, ButtonDevice, DisplayDevice, Camera, Echo, Trigger) for key in keys_of(section)
)


class Loaded(Struct, frozen=True):
    """A config without mistakes. `origins` says for each value, by its path, which file and line it is from."""

    config: Config
    origins: dict[str, Place]
    warnings: tuple[str, ...]
    tree: Mapping

    def merged(self) -> str:
        """Return the layers as one YAML file, each value with where it comes from."""
        return as_yaml(self.tree)


def load(path: Path | str, *, overrides: Iterable[str] = (), edits: Path | None = None) -> Loaded:
    """Return the config of a file and its layers; raise ConfigError with every mistake.

    `overrides` are `camera.fps=10`, `edits` a file that need not be there.
    """
    layers = Layers(Path(path), overrides, edits)
    config = None
    try:
        root = layers.read()
        config, root = validate(root, layers.mistakes)
    except TooManyMistakesError:
        root = Mapping(Place(str(path)))
    found = layers.mistakes.in_order(layers.files)
    if found or config is None:
        raise ConfigError(found)
    origins = {dotted(at): node.place for at, _, node in walk(root) if isinstance(node, Scalar)}
    return Loaded(config, origins, tuple(advice(config)), root)


def load_model_only(path: Path | str, *, overrides: Iterable[str] = (), edits: Path | None = None) -> Model:
    """Return the `model:` section alone; raise ConfigError with its mistakes, whatever the other sections hold."""
    layers = Layers(Path(path), overrides, edits)
    model = None
    with contextlib.suppress(TooManyMistakesError):
        model = validate_model(layers.read(), layers.mistakes)
    found = layers.mistakes.in_order(layers.files)
    fatal = [mistake for mistake in found if mistake.path.split(".")[0] in ("model", WHOLE_FILE)]
    if fatal or model is None:
        raise ConfigError(fatal or found)
    return model


def read_other(path: Path, form: type[BaseModel], mistakes: Mistakes) -> Mapping:
    """Return the tree of another file of ours, whose sections `form` knows; every mistake of writing is noted.

    It is read as a config is, without layers; raise ConfigError where it cannot be read at all.
    """
    return Layers(path, (), None, mistakes, form).read_alone()


class Layers:
    """Reads the layers of a config and lays them over one another; `mistakes` are what it found."""

    def __init__(
        self,
        path: Path,
        overrides: Iterable[str],
        edits: Path | None,
        mistakes: Mistakes | None = None,
        form: type[BaseModel] = Config,
    ) -> None:
        self.mistakes = mistakes or Mistakes()
        self._sections = form.model_fields
        self.files: list[str] = []
        self._path = path
        self._overrides = overrides
        self._edits = edits

    def read(self) -> Mapping:
        """Return the merged tree; every mistake of writing is noted."""
        root = self._file(self._path)
        for part in self._over():
            try:
                root = merge(root, self._file(part))
            except ConfigError as error:
                self._note(error)
        return self.overridden(root)

    def overridden(self, root: Mapping) -> Mapping:
        """Return a tree with what the command line sets laid over it."""
        self.files.append(COMMAND_LINE)
        for number, override in enumerate(self._overrides):
            root = self._override(root, number, override)
        return root

    def read_text(self, text: str, file: str) -> Mapping:
        """Return the tree of a text; `file` is what its places name."""
        self.files.append(file)
        node = self._tree(read_source(text.encode(), file))
        return self._top(node, file)

    def read_alone(self) -> Mapping:
        """Return the tree of the file itself, without what lies over it."""
        return self._file(self._path)

    def _over(self) -> list[Path]:
        """Return the files that lie over the first one."""
        parts: list[Path] = []
        try:
            parts = parts_of(self._path)
        except ConfigError as error:
            self._note(error)
        return [*parts, self._edits] if self._edits is not None and os.path.lexists(self._edits) else parts

    def _note(self, error: ConfigError) -> None:
        for mistake in error.mistakes:
            self.files.append(mistake.place.file)
            self.mistakes.add(mistake.place, mistake.path, mistake.text)

    def _file(self, path: Path) -> Mapping:
        file = str(path)
        data = read_file(path)
        self.files.append(file)
        return self._top(self._tree(read_source(data, file)), file)

    def _top(self, node: Node | None, file: str) -> Mapping:
        if node is None:
            return Mapping(Place(file))
        if not isinstance(node, Mapping):
            if not isinstance(node, Lost):
                self.mistakes.add(node.place, WHOLE_FILE, f"expected sections such as model:{got(node, ())}")
            return Mapping(Place(file), torn=True)
        return node

    def _tree(self, source: Source) -> Node | None:
        node = None
        with contextlib.suppress(TooManyMistakesError):  # then the flaws below are too many as well
            mend_lines(source, _ITEM_KEYS, self._sections)
            node = read_tree(source, self._sections)
        outline = Outline(node)
        for flaw in source.flaws:
            self.mistakes.add(flaw.place, dotted(outline.path_at(flaw.about)), flaw.text)
        # Where the text itself was broken, a key may be missing for that.
        if node is None and source.flaws:
            return Lost(Place(source.file))
        return node

    def _override(self, root: Mapping, number: int, override: str) -> Mapping:
        """Lay `camera.fps=10` over the tree; its place is the number of the option, and the column in it."""
        name, equals, text = override.partition("=")
        place = Place(COMMAND_LINE, number + 1)
        keys: TreePath = tuple(int(key) if re.fullmatch("[0-9]{1,4}", key) else key for key in name.strip().split("."))
        if not equals or not all(key != "" for key in keys):
            self.mistakes.add(place, name.strip() or WHOLE_FILE, "expected PATH=VALUE, such as camera.fps=10")
            return root
        entry = Entry(place, self._value(text, keys, Place(COMMAND_LINE, number + 1, len(name) + 2)))
        changed = replace(root, keys, entry)
        if not isinstance(changed, Mapping):
            self.mistakes.add(place, dotted(keys), "expected a path to a key, or to an item that a list has")
            return root
        return changed

    def _value(self, text: str, keys: TreePath, place: Place) -> Node:
        """Read a value of the command line: as a flow or a quoted text where it begins like one, else as it stands."""
        if text[:1] not in ("{", "[", '"', "'") or not text:
            return Scalar(place, scalar_value(text) if text else None, text)
        source = Source(COMMAND_LINE, [text])
        mend_lines(source)
        node = read_tree(source)
        for flaw in source.flaws:
            at = Place(COMMAND_LINE, place.line, place.column + flaw.place.column - 1)
            self.mistakes.add(at, dotted(keys), flaw.text)
        return Lost(place) if node is None or source.flaws else _moved(node, place)


def _moved(node: Node, start: Place) -> Node:
    """Return the value with its places counted in the whole of the option."""
    place = Place(start.file, start.line, start.column + node.place.column - 1)
    match node:
        case Scalar():
            return Scalar(place, node.value, node.text, node.quoted)
        case Sequence():
            return Sequence(place, tuple(_moved(item, start) for item in node.items))
        case Mapping():
            entries = {
                key: Entry(
                    Place(start.file, start.line, start.column + entry.place.column - 1), _moved(entry.node, start)
                )
                for key, entry in node.entries.items()
            }
            return Mapping(place, entries, node.torn)
        case Lost():
            return Lost(place)
