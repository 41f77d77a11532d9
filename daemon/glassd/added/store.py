"""The folder of other people's drivers: outside of glassd's environment and of what dpkg owns, it outlives an upgrade.

The environment of the Debian package reads one more folder (a `.pth` file beside its packages names it). A change is
made on a copy of that folder, which is tried as a whole before a link is turned to it: nothing is ever half there, and
what is refused has changed nothing. Wheels are checked and unpacked here, without a network and without pip.
"""

from __future__ import annotations

import compileall
import contextlib
import fcntl
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from installer import install
from installer.destinations import SchemeDictionaryDestination
from installer.sources import WheelFile
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from glassd.added.wheel import GROUPS, Refused, Wheel, points

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

NAMED_BY = "glassd-drivers.pth"
PROBE_LIMIT_S = 60
"""How long the import of all drivers of the folder may take."""

SAME_MODULES = {"opencv-python": "opencv-python-headless"}
"""What the Debian package has in place of a package that a driver may name: the same modules under another name."""


def folder_of_this_environment() -> Path | None:
    """Return the folder of other people's drivers; None where this is not the environment of the Debian package."""
    named_by = Path(sysconfig.get_path("purelib"), NAMED_BY)
    with contextlib.suppress(FileNotFoundError):
        return Path(named_by.read_text(encoding="utf-8").strip())
    return None


@dataclass(frozen=True, slots=True)
class Package:
    """One package in the folder, and its drivers as `role name`: none where others only need it."""

    name: str
    version: str
    drivers: tuple[str, ...]


class Store:
    """The drivers in `folder`; what they do while they are tried, they do as `user` (None: as whoever runs this)."""

    def __init__(self, folder: Path, user: str | None = None) -> None:
        self._folder = folder
        self._user = user

    def packages(self) -> list[Package]:
        """Return what is in the folder, by name."""
        found = metadata.distributions(path=[str(self._folder)])
        return sorted((_package(each) for each in found), key=lambda package: package.name)

    def troubles(self) -> list[str]:
        """Return a line for each driver that cannot be loaded, and each package that lacks what it needs."""
        return self._troubles(self._folder)

    def add(self, paths: Sequence[Path]) -> list[Package]:
        """Put wheels in, in place of other versions of the same packages; raise Refused, and nothing has changed."""
        wheels = [Wheel.read(path) for path in paths]
        names = [wheel.name for wheel in wheels]
        if twice := {name for name in names if names.count(name) > 1}:
            raise Refused(f"{', '.join(sorted(twice))} is there twice; give one wheel of it")
        if not any(wheel.points for wheel in wheels):
            raise Refused(
                f"{', '.join(path.name for path in paths)}: there is no driver in it (no entry point in glassd.*)"
            )
        own = self._own()
        for wheel in wheels:
            _refuse_what_is_here(wheel, own, self._path_without_drivers())

        def change(tree: Path) -> None:
            for name in names:
                _take_out(tree, name)
            for wheel in wheels:
                _unpack(wheel, tree)

        self._change(change)
        return [package for package in self.packages() if package.name in names]

    def remove(self, name: str) -> Package:
        """Take out the package that is called `name`, or whose driver is; raise Refused, and nothing has changed."""
        packages = self.packages()
        wanted = canonicalize_name(name)
        named = [each for each in packages if each.name == wanted] or [
            each for each in packages if name in {driver.partition(" ")[2] for driver in each.drivers}
        ]
        if len(named) != 1:
            there = ", ".join(each.name for each in (named or packages)) or "nothing"
            raise Refused(
                f"{name!r} names {'more than one' if named else 'no'} package that was added; there is: {there}"
            )
        self._change(lambda tree: _take_out(tree, named[0].name))
        return named[0]

    def _change(self, change: Callable[[Path], None]) -> None:
        """Carry out `change` on a copy, and put the copy in place where it has no trouble that was not there before."""
        self._folder.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        with self._alone():
            if self._folder.exists() and not self._folder.is_symlink():
                raise Refused(f"{self._folder} is not what `glassd driver add` made; move it away")
            before = self._folder.resolve() if self._folder.exists() else None
            self._clear_but(before)
            tree = Path(tempfile.mkdtemp(prefix=f"{self._folder.name}-", dir=self._folder.parent))
            try:
                tree.chmod(0o755)
                if before is not None:
                    shutil.copytree(before, tree, copy_function=os.link, dirs_exist_ok=True)
                change(tree)
                self._refuse_new_troubles(before, tree)
                compileall.compile_dir(tree, quiet=2)
                self._turn_to(tree)
            except BaseException:  # Ctrl-C too: what is refused or left has changed nothing
                shutil.rmtree(tree)
                raise
            if before is not None:
                shutil.rmtree(before)

    def _refuse_new_troubles(self, before: Path | None, after: Path) -> None:
        known = self._troubles(before) if before is not None else []
        if new := [trouble for trouble in self._troubles(after) if trouble not in known]:
            raise Refused("; ".join(new))

    def _clear_but(self, kept: Path | None) -> None:
        """Remove what one that was killed has left beside the folder."""
        for left in self._folder.parent.glob(f"{self._folder.name}-*"):
            if left.is_symlink():
                left.unlink()
            elif kept is None or left.name != kept.name:
                shutil.rmtree(left)

    def _turn_to(self, tree: Path) -> None:
        os.sync()  # a board may lose its power at any time: what the link leads to is on the disk before the link
        link = tree.with_name(f"{tree.name}.link")
        link.symlink_to(tree.name)
        link.replace(self._folder)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the folder, against another `glassd driver` at the same time."""
        with (self._folder.parent / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _path_without_drivers(self) -> list[str]:
        return [place for place in sys.path if place and os.path.realpath(place) != os.path.realpath(self._folder)]

    def _own(self) -> dict[str, str]:
        """Return what glassd's own environment has: canonical name → version."""
        found = metadata.distributions(path=self._path_without_drivers())
        own: dict[str, str] = {canonicalize_name(each.name): each.version for each in found}
        return own | {name: own[same] for name, same in SAME_MODULES.items() if same in own}

    def _troubles(self, tree: Path) -> list[str]:
        return [*self._needs(tree), *self._probe(tree)]

    def _needs(self, tree: Path) -> Iterator[str]:
        """Yield a line for each requirement in `tree` that neither it nor glassd's environment meets."""
        here = list(metadata.distributions(path=[str(tree)]))
        versions = self._own() | {canonicalize_name(each.name): each.version for each in here}
        for each in here:
            for requirement in map(Requirement, each.requires or ()):
                if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
                    continue
                version = versions.get(canonicalize_name(requirement.name))
                if version is None:
                    yield f"{each.name} {each.version} needs {requirement}: give its wheel too"
                elif not requirement.specifier.contains(version, prereleases=True):
                    yield f"{each.name} {each.version} needs {requirement}, and there is {version}"

    def _probe(self, tree: Path) -> list[str]:
        """Load every driver of `tree` in a process of its own; return what is wrong."""
        if not any(_package(each).drivers for each in metadata.distributions(path=[str(tree)])):
            return []
        command = [sys.executable, "-P", "-B", "-m", "glassd.added.probe", str(self._folder), str(tree)]
        try:
            done = subprocess.run(  # noqa: S603  our own Python, our own module
                command,
                cwd="/",
                env={"PATH": os.defpath, "LANG": "C.UTF-8"},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=PROBE_LIMIT_S,
                check=False,
                user=self._user,
                group=self._user,
                extra_groups=None if self._user is None else [],
            )
        except subprocess.TimeoutExpired:
            return [f"loading the drivers takes more than {PROBE_LIMIT_S} s"]
        if done.returncode or not done.stdout:
            said = done.stderr.strip().rpartition("\n")[2] or f"status {done.returncode}"
            return [f"loading the drivers ends Python: {said}"]
        found: list[str] = json.loads(done.stdout)
        return found


def _package(distribution: metadata.Distribution) -> Package:
    drivers = sorted(f"{GROUPS[point.group]} {point.name}" for point in points(distribution.entry_points))
    return Package(canonicalize_name(distribution.name), distribution.version, tuple(drivers))


def _refuse_what_is_here(wheel: Wheel, own: dict[str, str], path: Sequence[str]) -> None:
    """Raise Refused where glassd has the package, or a module of it, itself: its own would be the one that is found."""
    if wheel.name in own:
        raise Refused(f"{wheel.path.name}: glassd has {wheel.name} {own[wheel.name]} itself; leave this wheel out")
    if taken := wheel.modules_found_on(path):
        raise Refused(f"{wheel.path.name}: it brings what is there already: {', '.join(taken)}")


def _take_out(tree: Path, name: str) -> None:
    for each in metadata.distributions(path=[str(tree)]):
        if canonicalize_name(each.name) == name:
            for file in each.files or ():
                Path(str(file.locate())).unlink(missing_ok=True)
    for folder in sorted((path for path in tree.rglob("*") if path.is_dir()), reverse=True):
        if all(path.name == "__pycache__" for path in folder.iterdir()):
            shutil.rmtree(folder)


def _unpack(wheel: Wheel, tree: Path) -> None:
    """Unpack the modules of a wheel, and leave out its starters, headers and data files: nothing looks for them."""
    with tempfile.TemporaryDirectory(dir=tree) as rest:
        places = dict.fromkeys(("scripts", "headers", "data"), rest) | dict.fromkeys(("purelib", "platlib"), str(tree))
        destination = SchemeDictionaryDestination(places, interpreter=sys.executable, script_kind="posix")
        try:
            with WheelFile.open(wheel.path) as source:
                install(source, destination, {"INSTALLER": b"glassd driver add\n"})
        except FileExistsError as error:
            raise Refused(f"{wheel.path.name}: another package has the same file: {error}") from error
