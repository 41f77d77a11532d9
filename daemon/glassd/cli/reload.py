"""`glassd reload`: the running daemon reads its config again."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from glassd.cli.daemon_socket import DaemonError, add_and_run, request_json

if TYPE_CHECKING:
    import argparse


def add(subparsers: Any) -> None:
    """Add the subcommand."""
    add_and_run(subparsers, "reload", run, "make the running daemon read its config again")


def run(_args: argparse.Namespace) -> int:
    """Wait until the config is applied and say what changed; 2 for one with mistakes, which are printed.

    It is what the unit's ExecReload= runs, so what is printed here is what `systemctl status` shows.
    """
    try:
        changed = request_json("POST", "/api/reload", {})["changed"]
    except DaemonError as error:
        if not error.details:
            raise
        print(f"glassd reload: {error}", *error.details, sep="\n", file=sys.stderr)
        return 2
    print(f"reloaded: {', '.join(changed)}" if changed else "reloaded: nothing changed")
    return 0
