"""What `pip install` would bring: the wheel, built offline, holds both roots whole and nothing else."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

from paths import TREE

ROOTS = {"glassd": TREE / "daemon/glassd", "glassd_drivers": TREE / "drivers/glassd_drivers"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    copy = tmp_path_factory.mktemp("tree")
    for name in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(TREE / name, copy)
    for root in ROOTS.values():
        shutil.copytree(root, copy / root.relative_to(TREE), ignore=shutil.ignore_patterns("__pycache__"))
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--no-index",
        "--no-build-isolation",
        "--no-deps",
        "-w",
        "out",
        ".",
    ]
    built = subprocess.run(command, cwd=copy, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    (path,) = (copy / "out").glob("*.whl")
    return zipfile.ZipFile(path)


def of_dist_info(wheel: zipfile.ZipFile, name: str) -> str:
    (path,) = (entry for entry in wheel.namelist() if entry.endswith(f".dist-info/{name}"))
    return wheel.read(path).decode()


def test_holds_every_file_of_both_roots_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    shipped = {name for name in wheel.namelist() if ".dist-info/" not in name}
    in_tree = {
        f"{package}/{path.relative_to(root).as_posix()}"
        for package, root in ROOTS.items()
        for path in root.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert shipped == in_tree
    assert {"glassd/py.typed", "glassd_drivers/py.typed"} <= shipped


def test_every_entry_point_leads_to_something_in_it(wheel: zipfile.ZipFile, tmp_path: Path) -> None:
    wheel.extractall(tmp_path)
    script = """
import sys
from importlib.metadata import distributions
for distribution in distributions(path=sys.argv[1:]):
    for entry_point in distribution.entry_points:
        print(entry_point.group, entry_point.name, sys.modules[entry_point.load().__module__].__file__)
"""
    rows = [line.split() for line in python_on(tmp_path, script, str(tmp_path))]
    assert {group for group, _, _ in rows} == {
        "console_scripts",
        "glassd.cameras",
        "glassd.buttons",
        "glassd.displays",
        "glassd.profiles",
    }
    assert all(Path(file).is_relative_to(tmp_path) for _, _, file in rows)


def test_says_whose_and_under_which_licence_it_is(wheel: zipfile.ZipFile) -> None:
    metadata = Parser().parsestr(of_dist_info(wheel, "METADATA"))
    assert metadata["Name"] == "glassd"
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata["Requires-Python"] == ">=3.11"
    assert of_dist_info(wheel, "licenses/LICENSE") == (TREE / "LICENSE").read_text()


def test_runs_from_the_wheel_alone(wheel: zipfile.ZipFile, tmp_path: Path) -> None:
    wheel.extractall(tmp_path)
    where, version = python_on(
        tmp_path, "import glassd; print(glassd.__file__); from glassd.cli import main; main(['--version'])"
    )
    assert Path(where).is_relative_to(tmp_path)
    assert version.startswith("glassd ")


def python_on(root: Path, script: str, *arguments: str) -> list[str]:
    """Run a script with the packages of `root` alone in front; return the lines that it prints."""
    said = subprocess.run(
        [sys.executable, "-P", "-c", script, *arguments],
        env={"PYTHONPATH": str(root)},
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 0, said.stderr
    return said.stdout.splitlines()
