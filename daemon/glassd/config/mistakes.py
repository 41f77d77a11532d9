"""What is wrong with a config: one line a mistake, at its place, with what was expected there."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MAX_MISTAKES = 200
"""How many mistakes one reading reports: whoever has more mends these first."""
MAX_SHOWN = 60
"""How many characters of a text of the file a mistake repeats."""

COMMAND_LINE = "command line"
"""Stands where a file's name would, for a value given with --set."""
WHOLE_FILE = "(file)"
"""Stands where the path of a key would, for a mistake of no single key."""


class Place(Struct, frozen=True, order=True):
    """Where something stands in a file; line and column from 1, line 0 for a file that could not be read at all."""

    file: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


class Mistake(Struct, frozen=True):
    """One mistake: where, in which key (`camera.fps`), and what was expected instead."""

    place: Place
    path: str
    text: str

    def __str__(self) -> str:
        if self.place.line == 0:
            return f"{self.place.file}: {self.text}"
        return f"{self.place.file}:{self.place.line}:{self.place.column}: {self.path}: {self.text}"


class ConfigError(Exception):
    """Root of this package's errors. `mistakes` are in the order of the files; the text is one line for each."""

    def __init__(self, mistakes: Iterable[Mistake] | str) -> None:
        self.mistakes: tuple[Mistake, ...] = () if isinstance(mistakes, str) else tuple(mistakes)
        super().__init__(mistakes if isinstance(mistakes, str) else "\n".join(map(str, self.mistakes)))


class TooManyMistakesError(Exception):
    """Ends a reading that has found as many mistakes as it may report."""


class Mistakes:
    """Collects mistakes: one for a place and key, the first that was seen there; bounded."""

    def __init__(self) -> None:
        self._found: dict[tuple[Place, str], Mistake] = {}

    def add(self, place: Place, path: str, text: str) -> None:
        """Note a mistake; raise TooManyMistakesError at the limit."""
        self._found.setdefault((place, path), Mistake(place, path, text))
        if len(self._found) >= MAX_MISTAKES:
            raise TooManyMistakesError

    def has(self, path: str) -> bool:
        """Tell whether a mistake of this key is noted."""
        return any(known == path for _, known in self._found)

    def has_within(self, path: str) -> bool:
        """Tell whether a mistake of something below this key is noted."""
        return any(known.startswith(f"{path}.") for _, known in self._found)

    def in_order(self, files: Sequence[str]) -> list[Mistake]:
        """Return them by position, file after file as these were read."""
        rank = {file: index for index, file in enumerate(files)}
        return sorted(
            self._found.values(),
            key=lambda mistake: (rank.get(mistake.place.file, len(rank)), mistake.place, mistake.path),
        )


def readable(text: str) -> str:
    """Return a text of the file fit for one line of a terminal: short, and free of what does not print."""
    text = text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def nearest(name: str, names: Iterable[str]) -> str | None:
    """Return the name that was most likely meant: other signs and capitals, the same words in another order, a slip."""
    import difflib  # noqa: PLC0415  only for a mistake

    folded = {_folded(other[:MAX_SHOWN]): other for other in names}
    wanted = _folded(name[:MAX_SHOWN])
    for fold, other in folded.items():
        if sorted(fold.split()) == sorted(wanted.split()):
            return other
    close = difflib.get_close_matches(wanted, folded, n=1)
    return folded[close[0]] if close else None


def did_you_mean(name: str, names: Iterable[str], *, known: str = "known here") -> str:
    """Return the end of a mistake about a name: the nearest valid one, or all of them."""
    names = list(dict.fromkeys(names))
    if (near := nearest(name, names)) is not None:
        return f"did you mean {readable(near)}?"
    return f"{known}: {', '.join(map(readable, names)) or 'none'}"


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", name).lower()
