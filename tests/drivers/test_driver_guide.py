"""The driver in docs/drivers.md is whole, and passes the kit as the guide says."""

from __future__ import annotations

import re
import subprocess
import sys
from os import environ, pathsep
from pathlib import Path

import pytest

GUIDE = Path(__file__).parents[2] / "docs" / "drivers.md"


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """The guide's own blocks, put where it says."""
    texts = re.findall(r"```(python|toml)\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)
    module, entry_point, test = (text for _, text in texts)
    assert [kind for kind, _ in texts] == ["python", "toml", "python"]
    (tmp_path / "my_glasses").mkdir()
    (tmp_path / "my_glasses" / "file_display.py").write_text(module, "utf-8")
    (tmp_path / "test_file_display.py").write_text(test, "utf-8")
    info = tmp_path / "my_glasses-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: my-glasses\nVersion: 1.0\n")
    line = entry_point.splitlines()[1].replace('"', "")
    (info / "entry_points.txt").write_text(f"[glassd.displays]\n{line}\n")
    return tmp_path


def test_the_guides_driver_passes_the_kit(package: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider", "-c", "/dev/null", "."],
        cwd=package,
        env=environ | {"PYTHONPATH": pathsep.join([str(package), *filter(None, sys.path)])},
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout
