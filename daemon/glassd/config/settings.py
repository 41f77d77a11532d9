"""The files of a running daemon: the config with what lies over it, and the page's edits in the state folder.

Whatever is wrong with the edits, the daemon starts: they are then left out, as a whole, and `trouble` says why.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from glassd.config.devices import find_devices, resolve_paths
from glassd.config.files import read_file
from glassd.config.load import Layers, load
from glassd.config.merge import merge
from glassd.config.mistakes import ConfigError, Mistakes, Place
from glassd.config.tree import Mapping
from glassd.files import write_whole

if TYPE_CHECKING:
    from collections.abc import Iterable

    from glassd.config.load import Loaded

EDITS_NAME = "settings.yaml"
"""The file of edits in the state folder."""
EDITS_MODE = 0o640
"""Its owner writes it; the group glassd may read it, as it may read the config."""


class EditError(Exception):
    """The edits cannot be kept; the text says why and what to do, in one line."""


class Settings:
    """A config's file with what lies over it. Reads and writes files: not for the event loop."""

    def __init__(self, path: Path | str, overrides: Iterable[str], edits: Path) -> None:
        """`edits` is the file of the page's edits, which need not be there."""
        self.place = edits
        self.trouble = ""
        """Why the edits are not in force, in one line; empty where they are, or where there are none."""
        self._path = Path(path)
        self._overrides = list(overrides)

    def load(self) -> Loaded:
        """Return the config, with the edits where they fit; raise ConfigError for mistakes of the other files."""
        try:
            loaded = load(self._path, overrides=self._overrides, edits=self.place)
            self._guard()
        except ConfigError as error:
            loaded = load(self._path, overrides=self._overrides)  # where that has mistakes as well, they are the news
            first, *others = str(error).splitlines()
            more = f" (and {len(others)} more)" if others else ""
            self.trouble = f"the changes made on the page are not in force: {first}{more}"
        else:
            self.trouble = ""
        return loaded

    def below(self) -> Mapping:
        """Return what the edits lie over, with the command line's values, which lie over them; paths made whole.

        Raise ConfigError where the first of the files cannot be read.
        """
        layers = Layers(self._path, self._overrides, None)
        root = layers.read()
        return resolve_paths(root, find_devices(root, Mistakes()))[0]

    def over(self, below: Mapping, edits: Mapping) -> Mapping:
        """Return the whole: edits over what `below` gave, and the command line's values over both."""
        return Layers(self._path, self._overrides, None).overridden(merge(below, edits)) if edits.entries else below

    def edits(self) -> Mapping:
        """Return the edits that are in force: none where they do not fit."""
        if self.trouble or not os.path.lexists(self.place):
            return Mapping(Place(str(self.place)))
        try:
            return Layers(self.place, (), None).read_alone()
        except ConfigError:
            return Mapping(Place(str(self.place)))

    def bytes_of_edits(self) -> bytes | None:
        """Return the file of edits as it is; None where there is none, or none that can be read."""
        try:
            return read_file(self.place)
        except ConfigError:
            return None

    def write(self, data: bytes | None) -> None:
        """Exchange the file of edits, None for none: whole or not at all; raise EditError."""
        try:
            if data:
                self.place.parent.mkdir(parents=True, exist_ok=True)
                write_whole(self.place, data, EDITS_MODE)
            else:
                self.place.unlink(missing_ok=True)
        except OSError as error:
            raise EditError(f"{self.place}: {error.strerror}; nothing was changed") from error

    def _guard(self) -> None:
        """Raise ConfigError where the edits would change what the page may not, whoever wrote them."""
        if not os.path.lexists(self.place):
            return
        from glassd.config.fixed import note_changes  # noqa: PLC0415  most boards have no edits

        below, mistakes = self.below(), Mistakes()
        note_changes(self.over(below, Layers(self.place, (), None).read_alone()), below, mistakes)
        if found := mistakes.in_order([]):
            raise ConfigError(found)
