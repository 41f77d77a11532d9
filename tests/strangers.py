"""What strangers bring along: packages with drivers, as the wheels that their authors would publish."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

EXAMPLE = Path(__file__).parent / "example_driver"
"""The package that docs/drivers.md tells of."""


def wheel_of(source: Path, folder: Path) -> Path:
    """Build the wheel of a package into a folder, without a network and without a trace in the source; return it."""
    left_out = shutil.ignore_patterns("__pycache__", "*.egg-info", "build")
    copy = shutil.copytree(source, folder / "source", ignore=left_out)
    offline = ["--no-index", "--no-deps", "--no-build-isolation", "--disable-pip-version-check"]
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", *offline, "--wheel-dir", str(folder), str(copy)]
    subprocess.run(command, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    return wheel
