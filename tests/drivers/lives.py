"""What tests of drivers share: a context of the daemon's own making, and programs run by somebody without rights."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING

from glassd_drivers.host import Host

if TYPE_CHECKING:
    from collections.abc import Callable

    from glassd_drivers.contracts import Context


def context(name: str = "device", clock: Callable[[], float] = time.monotonic) -> Context:
    return Host(clock).context(name, lambda _state, _detail: None)


def as_nobody(program: str, *arguments: object) -> str:
    """Run a Python program that has no rights (root gives them up after the imports), and return what it prints."""
    drop = "import os\nif os.geteuid() == 0: os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
    done = subprocess.run(
        [sys.executable, "-c", program.replace("# drop rights\n", drop), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    return done.stdout
