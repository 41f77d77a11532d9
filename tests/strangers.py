"""What a stranger brings along: the package in tests/example_driver, as the wheel that its author would publish."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

SOURCE = Path(__file__).parent / "example_driver"


def example_wheel(folder: Path) -> Path:
    """Build the wheel into a folder, without a network, and return it."""
    left_out = shutil.ignore_patterns("__pycache__", "*.egg-info", "build")
    source = shutil.copytree(SOURCE, folder / "source", ignore=left_out)
    offline = ["--no-index", "--no-deps", "--no-build-isolation", "--disable-pip-version-check"]
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", *offline, "--wheel-dir", str(folder), str(source)]
    subprocess.run(command, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    return wheel
