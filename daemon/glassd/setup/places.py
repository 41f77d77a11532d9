"""Where setup finds and puts things, for one instance; a test has a folder of its own for all of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from glassd.service import paths

SHARED = Path("/usr/share/glassd")
"""What the package ships for the administrator to copy."""
UNITS = Path("/etc/systemd/system")
BOOTED_WITH_SYSTEMD = Path("/run/systemd/system")
"""sd_booted(3): this folder is there where systemd is the init."""


@dataclass(frozen=True, slots=True)
class Places:
    """The files, the unit and the command of one instance.

    `unit` is empty where no systemd runs. `terminal` is the drop-in that gives a terminal display its screen, made
    after `terminal_example`. `command` is how a person calls glassd for this instance.
    """

    dev: Path
    config: Path
    credentials: Path
    unit: str
    terminal: Path
    terminal_example: Path
    command: str


def of_this_board() -> Places:
    """Return the places of the instance that the command line named."""
    unit = paths.unit()
    return Places(
        dev=Path("/dev"),
        config=paths.default_config(),
        credentials=paths.credentials(),
        unit=unit if BOOTED_WITH_SYSTEMD.is_dir() else "",
        terminal=UNITS / f"{unit}.service.d" / "terminal.conf",
        terminal_example=SHARED / "drop-ins/terminal.conf",
        command=paths.command(),
    )
