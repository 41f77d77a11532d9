"""A wheel file, looked at before anything is unpacked: is it whole, for this Python and machine, and what is in it."""

from __future__ import annotations

import configparser
import platform
import sys
import zipfile
import zlib
from dataclasses import dataclass
from email.parser import HeaderParser
from importlib import metadata
from importlib.machinery import PathFinder
from typing import TYPE_CHECKING

from installer.exceptions import InstallerError
from installer.sources import WheelFile
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.tags import sys_tags
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

GROUPS = {
    "glassd.cameras": "camera",
    "glassd.buttons": "buttons",
    "glassd.displays": "display",
    "glassd.profiles": "profile",
}
"""The groups of entry points that glassd looks through, and the word for what is in them."""


_OF_A_BROKEN_FILE = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError)
_OF_BROKEN_METADATA = (InstallerError, ValueError, KeyError, configparser.Error)


class Refused(Exception):
    """It is not done; one line says why, and what to do."""


def points(all_points: Iterable[metadata.EntryPoint]) -> list[metadata.EntryPoint]:
    """Return the entry points that are glassd's."""
    return [point for point in all_points if point.group in GROUPS]


@dataclass(frozen=True, slots=True)
class Wheel:
    """One wheel; `name` is canonical, `modules` its top-level ones, `points` how many drivers and profiles it has."""

    path: Path
    name: str
    modules: tuple[str, ...]
    points: int

    @classmethod
    def read(cls, path: Path) -> Wheel:
        """Return what is in the wheel; raise Refused where it is damaged, or for another Python or machine."""
        try:
            name, _, _, tags = parse_wheel_filename(path.name)
        except InvalidWheelFilename as error:
            raise Refused(f"{path.name} is no wheel (NAME-VERSION-PYTHON-ABI-PLATFORM.whl)") from error
        if tags.isdisjoint(sys_tags()):
            made_for = ", ".join(sorted(map(str, tags)))
            here = f"Python {platform.python_version()} on {platform.machine()}"
            raise Refused(f"{path.name} is made for {made_for}; this is {here}: get the wheel for that")
        try:
            with WheelFile.open(path) as source:
                source.validate_record()
                about = HeaderParser().parsestr(source.read_dist_info("METADATA"))
                entry_points = (
                    source.read_dist_info("entry_points.txt")
                    if "entry_points.txt" in source.dist_info_filenames
                    else ""
                )
                files = [record[0] for record, _, _ in source.get_contents()]
            for requirement in about.get_all("Requires-Dist") or ():
                Requirement(requirement)
            wants_python = SpecifierSet(about["Requires-Python"] or "")
            found = points(_entry_points(entry_points))
        except OSError as error:
            raise Refused(f"{path}: {error.strerror}") from error
        except (*_OF_A_BROKEN_FILE, *_OF_BROKEN_METADATA) as error:
            raise Refused(f"{path.name} is damaged, or no wheel: {_one_line(error)}") from error
        if not wants_python.contains(platform.python_version(), prereleases=True):
            raise Refused(f"{path.name} wants Python {wants_python}; this is {platform.python_version()}")
        return cls(path, canonicalize_name(name), _modules(files), len(found))

    def modules_found_on(self, path: Sequence[str]) -> list[str]:
        """Return which of its modules Python itself or a folder of `path` has; a folder that packages share is none."""
        return [name for name in self.modules if name in sys.stdlib_module_names or _is_on(name, path)]


def _is_on(module: str, path: Sequence[str]) -> bool:
    found = PathFinder.find_spec(module, path)
    return found is not None and found.origin is not None


def _entry_points(text: str) -> list[metadata.EntryPoint]:
    parser = configparser.ConfigParser(delimiters="=", interpolation=None)
    parser.optionxform = str  # type: ignore[method-assign,assignment]  # names keep their case
    parser.read_string(text)
    return [
        metadata.EntryPoint(name, value, group) for group in parser.sections() for name, value in parser.items(group)
    ]


def _modules(files: Iterable[str]) -> tuple[str, ...]:
    """Return the top-level modules among a wheel's files, wherever in it they lie."""
    found = set()
    for file in files:
        first, *rest = file.split("/")
        if first.endswith(".data") and rest[:1] in (["purelib"], ["platlib"]):
            first, *rest = rest[1:]
        if not first.endswith((".dist-info", ".data")) and file.endswith((".py", ".so")):
            found.add(first.partition(".")[0])
    return tuple(sorted(found))


def _one_line(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())
