"""What `make lint` adds to the ready linters: leftovers are found, and a licence that nobody has read is refused."""

from __future__ import annotations

import runpy
import subprocess
from typing import TYPE_CHECKING

import pytest

from paths import TREE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LICENCES = runpy.run_path(str(TREE / "tests/tools/licences.py"))


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    subprocess.run(["git", "init", "--quiet", "."], cwd=tmp_path, check=True)
    return tmp_path


def leftovers(tree: Path) -> subprocess.CompletedProcess[str]:
    script = ["sh", str(TREE / "tests/tools/leftovers.sh")]
    return subprocess.run(script, cwd=tree, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("broken_up", ["# TO~DO later", "FIX~ME: x", "/ro~ot/notes", "see ../sha~red/notes"])
def test_a_leftover_is_found_with_its_place(tree: Path, broken_up: str) -> None:
    left = broken_up.replace("~", "")  # or this file would be found as well
    (tree / "module.py").write_text(f"fine\n{left}\n")
    found = leftovers(tree)
    assert found.returncode == 1
    assert f"module.py:2:{left}" in found.stdout


def test_the_manuals_address_and_ordinary_words_are_none(tree: Path) -> None:
    (tree / "fine.md").write_text(f"https://{'X' * 5}/v1/chat/completions\n/homepage /workshop\nmethodology\n")
    assert leftovers(tree).returncode == 0


@pytest.mark.parametrize(
    ("expression", "permissive"),
    [
        ("MIT", True),
        ("Apache-2.0 AND MIT", True),
        ("GPL-3.0-only OR BSD-2-Clause", True),
        ("Apache-2.0 AND LGPL-2.1-or-later", False),
        ("MPL-2.0", False),
        ("", False),
        ("MIT AND (Apache-2.0 OR GPL-2.0-only)", False),
    ],
)
def test_only_what_is_permissive_as_a_whole_passes(expression: str, permissive: bool) -> None:
    is_permissive: Callable[[str], bool] = LICENCES["is_permissive"]
    assert is_permissive(expression) == permissive


def test_dependencies_of_dependencies_are_looked_at_and_extras_are_not() -> None:
    names = {package.name.lower() for package in LICENCES["run_time_packages"]("glassd")}
    assert {"aiohttp", "yarl", "idna", "numpy", "pydantic_core"} <= names
    assert not {"pytest", "mypy", "scikit-image", "glassd"} & names
