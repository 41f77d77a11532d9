"""A stranger's package: it installs, its drivers pass the kit, and the registry tells of them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "example_driver"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the package is installed into, by pip, without a network; its source lies beside it."""
    folder = tmp_path_factory.mktemp("stranger")
    source = shutil.copytree(PACKAGE, folder / "source", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    offline = ["--no-index", "--no-deps", "--no-build-isolation", "--disable-pip-version-check", "--no-compile"]
    site = folder / "site"
    run([sys.executable, "-m", "pip", "install", "-q", *offline, "--target", str(site), str(source)], folder)
    return site


def run(command: list[str], folder: Path, *path: Path) -> str:
    """Run a process that finds packages in `path` too, in `folder`; return what it prints."""
    search = os.pathsep.join([*map(str, path), *filter(None, sys.path)])
    environment = os.environ | {"PYTHONPATH": search}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=50, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_its_three_drivers_pass_the_kit_over_one_shared_line(installed: Path) -> None:
    source = installed.parent / "source"
    out = run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-W",
            "error",
            "-p",
            "no:cacheprovider",
            "-c",
            os.devnull,
            "conformance.py",
        ],
        source,
        installed,
    )
    assert " passed" in out
    assert "skipped" not in out


def test_the_registry_tells_of_its_drivers_and_its_profile(installed: Path) -> None:
    script = (
        "import json; from msgspec.structs import asdict; from glassd_drivers import registry;"
        "print(json.dumps([asdict(each) for each in registry.describe() if each.name == 'example']"
        " + [registry.profile('example').columns]))"
    )
    *drivers, columns = json.loads(run([sys.executable, "-c", script], installed, installed))
    assert [(each["role"], each["package"], each["contract"], each["error"]) for each in drivers] == [
        (role, "example-glasses 0.3", 1, "") for role in ("cameras", "buttons", "displays")
    ]
    assert [each["summary"].partition(" ")[0] for each in drivers] == ["Camera", "Buttons", "Display"]
    assert columns == 24
