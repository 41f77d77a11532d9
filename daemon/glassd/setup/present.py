"""The config that is on the board already: what it says, and its sections as they are written there, to be kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from glassd.config.load import ConfigError, load, read_other
from glassd.config.mistakes import Mistakes
from glassd.config.schema import Config
from glassd.config.tree import Sequence as Items
from glassd.config.tree import child, plain
from glassd.setup.languages import texts_in
from glassd.setup.yaml_lines import mapping_lines

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from glassd.config.tree import Mapping

ASKED = ("model", "camera", "buttons", "displays", "triggers", "language")
"""The sections that setup asks about; all others are kept as they are."""


@dataclass(frozen=True, slots=True)
class Present:
    """A config without mistakes, and the text of each of its own sections, comments included."""

    text: str
    config: Config
    triggers: list[dict[str, Any]] = field(default_factory=list)
    """As they are written."""
    sections: dict[str, str] = field(default_factory=dict)

    def others(self, *, but: Sequence[str] = ()) -> list[str]:
        """Return the texts of the sections that setup does not ask about, without some of them."""
        return [text for name, text in self.sections.items() if name not in (*ASKED, *but)]

    @property
    def buttons(self) -> list[str]:
        """The names of the buttons that its devices give."""
        maps = [getattr(device.options, "map", {}) for device in self.config.buttons]
        return list(dict.fromkeys(str(button).split()[0] for one in maps for button in one.values()))


def read_present(path: Path) -> Present | None:
    """Return the config that is there, None where there is none; raise ConfigError for one with mistakes."""
    if not path.exists():
        return None
    loaded = load(path)
    text = path.read_text(encoding="utf-8-sig")
    written = child(loaded.tree, "triggers")
    triggers = plain(written) if isinstance(written, Items) else []
    return Present(text, loaded.config, triggers, _sections(text, read_other(path, Config, Mistakes())))


def _sections(text: str, root: Mapping) -> dict[str, str]:
    """Return each section with the comment right above it.

    Where they do not each begin a line at the left edge, as in a file that is one line, they are written anew.
    """
    lines = text.splitlines()
    begins: list[tuple[int, str]] = sorted((entry.place.line - 1, name) for name, entry in root.entries.items())
    at_edge = {entry.place.column for entry in root.entries.values()} == {1}
    if not at_edge or len({line for line, _ in begins}) < len(begins):
        return {name: "\n".join(mapping_lines({name: plain(entry.node)}, 0)) for name, entry in root.entries.items()}
    starts = [_with_comment_above(lines, line) for line, _ in begins]
    ends = [*starts[1:], len(lines)]
    own = _own_remarks()
    return {
        name: "\n".join(line for line in lines[start:end] if line not in own).strip("\n")
        for (_, name), start, end in zip(begins, starts, ends, strict=True)
    }


def _with_comment_above(lines: list[str], line: int) -> int:
    while line > 0 and lines[line - 1].startswith("#"):
        line -= 1
    return line


def _own_remarks() -> set[str]:
    """Return what setup writes in the place of a section that is not there: it is written anew, where it is so."""
    files = [texts_in(language).file for language in ("zh", "en")]
    return {
        remark for file in files for remark in (file.no_camera, file.no_buttons, file.no_displays, file.no_triggers)
    }


__all__ = ["ASKED", "ConfigError", "Present", "read_present"]
