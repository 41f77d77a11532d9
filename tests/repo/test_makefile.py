"""The Makefile: `make help` is true, and what a person sets reaches the command as it was written."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from paths import TREE

if TYPE_CHECKING:
    from pathlib import Path

TARGETS = {
    "help",
    "demo",
    "test",
    "lint",
    "check",
    "foreign",
    "openapi",
    "fuzz",
    "soak",
    "bench",
    "browser",
    "bridge-emulator",
    "rig",
    "deb",
    "release",
    "arm64",
    "clean",
}


def make(*arguments: str, cwd: Path = TREE) -> str:
    # Not as a part of the make that runs these tests.
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS", "ONCE", "CLIP"))
    }
    done = subprocess.run(["make", *arguments], cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_help_lists_every_target_with_what_it_is_for() -> None:
    rows = re.findall(r"^  make ([\w-]+) +(\S.*)$", make("help"), re.MULTILINE)
    assert {name for name, _ in rows} == TARGETS
    assert make() == make("help")


@pytest.mark.parametrize("target", sorted(TARGETS))
def test_every_target_has_a_recipe(target: str) -> None:
    assert make("--dry-run", target).strip()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ([], ["demo"]),
        (["ONCE=1"], ["demo", "--once"]),
        (["ONCE=1", "CLIP=/pictures of/my 'own' $HOME"], ["demo", "--once", "--clip", "/pictures of/my 'own' $HOME"]),
    ],
)
def test_the_demo_gets_what_the_person_set(tmp_path: Path, settings: list[str], words: list[str]) -> None:
    shutil.copy(TREE / "Makefile", tmp_path)
    for name, script in {".venv/bin/glassd": 'printf "%s\\n" "$@"', "tests/tools/venv.sh": ":"}.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True)
        file.write_text(f"#!/bin/sh\n{script}\n")
        file.chmod(0o755)
    escaped = [setting.replace("$", "$$") for setting in settings]  # as make itself wants a dollar written
    assert make("demo", *escaped, cwd=tmp_path).splitlines() == words
