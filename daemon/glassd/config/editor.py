"""The settings as the page edits them: the whole as one text, what a text would change, and what stands in its way."""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from glassd.config.advice import advice
from glassd.config.commands import COMMANDS
from glassd.config.edits import (
    Change,
    changes,
    leaves_of_edits,
    overlay_of,
    overlay_text,
    place_in,
    plain_text,
    without,
)
from glassd.config.files import MAX_FILE_BYTES
from glassd.config.fixed import REASONS, fixed_paths, note_changes
from glassd.config.help import Help, help_for
from glassd.config.load import Layers
from glassd.config.mistakes import COMMAND_LINE, WHOLE_FILE, ConfigError, Mistake, Mistakes, Place, TooManyMistakesError
from glassd.config.tree import Mapping, dotted, walk
from glassd.config.validate import validate

if TYPE_CHECKING:
    from glassd.config.settings import Settings
    from glassd.config.tree import Path as TreePath

TYPED = "settings"
"""What stands where a file's name would, for a text that was typed on the page."""
FROM_PAGE = "page"
"""Where a value is from that an edit of the page gives."""
OF_COMMAND_LINE = "command_line"
"""Why a value cannot be changed that the command line sets."""


class Line(Struct, frozen=True):
    """One line of the text: which key it is of, where its value is from, and why the page may not change it, if so."""

    path: str
    origin: str
    read_only: str | None = None


class Now(Struct, frozen=True):
    """How the files stand: `version` names this state, so that nobody overwrites what they have not seen."""

    text: str
    lines: list[Line]
    edits: list[Change]
    version: str
    trouble: str
    help: Help
    reasons: dict[str, str]
    commands: tuple[str, ...] = COMMANDS
    """What a trigger may do in place of asking."""


class Checked(Struct, frozen=True):
    """What a text would do: its mistakes; or what would change, and the whole file of edits then."""

    mistakes: tuple[Mistake, ...]
    changes: list[Change]
    warnings: tuple[str, ...]
    edits: str


def now(settings: Settings) -> Now:
    """Return the files as the page shows them; raise ConfigError where those below the edits cannot be read."""
    below, edits = settings.below(), settings.edits()
    root = settings.over(below, edits)
    text, origins = plain_text(root)
    reasons = {**{str(why): words for why, words in REASONS.items()}, OF_COMMAND_LINE: "the command line sets it"}
    return Now(
        text,
        _lines(settings, text, origins, root),
        list(leaves_of_edits(edits, below)),
        _version(settings, text),
        settings.trouble,
        help_for(root),
        reasons,
    )


def version(settings: Settings) -> str:
    """Return the name of the state that the files are in; raise ConfigError as `now` does."""
    text, _ = plain_text(settings.over(settings.below(), settings.edits()))
    return _version(settings, text)


def check(settings: Settings, text: str) -> Checked:
    """Return what a text would do if it were applied; nothing is written. Raise ConfigError as `now` does."""
    below = settings.below()
    typed, mistakes, warnings = _typed(text, below)
    if mistakes:
        return _refused(*mistakes)
    overlay = overlay_of(typed, below)
    edits = overlay_text(overlay)
    after = settings.over(below, overlay)
    if stuck := changes(typed, after):
        says = "expected it as it stands: the command line sets it, over what the page says"
        return _refused(*(Mistake(place_in(typed, change.path), dotted(change.path), says) for change in stuck))
    if len(edits.encode()) > MAX_FILE_BYTES:
        return _refused(Mistake(typed.place, WHOLE_FILE, _too_long("changes of ")))
    return Checked((), changes(settings.over(below, settings.edits()), after), warnings, edits)


def without_edit(settings: Settings, path: TreePath) -> str:
    """Return the file of edits without one of them, or without any for an empty path.

    Raise ConfigError where the rest does not fit without it, KeyError where there is no such edit.
    """
    if not path:
        return ""
    if (left := without(settings.edits(), path)) is None:
        raise KeyError(dotted(path))
    mistakes = Mistakes()
    with contextlib.suppress(TooManyMistakesError):
        validate(settings.over(settings.below(), left), mistakes)
    if found := mistakes.in_order([]):
        raise ConfigError(found)
    return overlay_text(left)


def _typed(text: str, below: Mapping) -> tuple[Mapping, list[Mistake], tuple[str, ...]]:
    """Return the tree of a text, its mistakes, and what is to be said of it where it has none."""
    root, config = Mapping(Place(TYPED)), None
    if len(text.encode(errors="replace")) > MAX_FILE_BYTES:
        return root, [Mistake(root.place, WHOLE_FILE, _too_long())], ()
    layers = Layers(Path(TYPED), (), None)
    with contextlib.suppress(TooManyMistakesError):
        root = layers.read_text(text, TYPED)
        config, _ = validate(root, layers.mistakes)
        note_changes(root, below, layers.mistakes)
    return root, layers.mistakes.in_order(layers.files), tuple(advice(config)) if config else ()


def _refused(*mistakes: Mistake) -> Checked:
    return Checked(mistakes, [], (), "")


def _too_long(what: str = "") -> str:
    return f"expected {what}at most {MAX_FILE_BYTES // 1024} KiB, got more"


def _version(settings: Settings, text: str) -> str:
    return hashlib.sha256(text.encode() + b"\0" + (settings.bytes_of_edits() or b"")).hexdigest()[:32]


def _lines(settings: Settings, text: str, origins: list[str], root: Mapping) -> list[Line]:
    paths: dict[int, TreePath] = {}
    for path, place, _ in walk(Layers(Path(TYPED), (), None).read_text(text, TYPED)):
        paths[place.line] = path  # of several, the innermost
    fixed = {dotted(path): str(why) for path, why in fixed_paths(root)}
    lines = []
    for number, origin in enumerate(origins, 1):
        path = paths.get(number, ())
        above = (dotted(path[:length]) for length in range(1, len(path) + 1))
        why = next((fixed[name] for name in above if name in fixed), None)
        if why is None and origin.startswith(f"{COMMAND_LINE}:"):
            why = OF_COMMAND_LINE
        own = origin.startswith(f"{settings.place}:")
        lines.append(Line(dotted(path) if path else "", FROM_PAGE if own else origin, why))
    return lines
