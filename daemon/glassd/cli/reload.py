"""`glassd reload`: the running daemon reads its config again."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from glassd.cli.daemon_socket import DaemonError, add_and_run, request_json

if TYPE_CHECKING:
    import argparse


def add(subparsers: Any) -> None:
    """Add the subcommand."""
    parser = add_and_run(subparsers, "reload", run, "make the running daemon read its config again")
    parser.add_argument("-q", "--quiet", action="store_true", help="say nothing where all is well")


def run(args: argparse.Namespace) -> int:
    """Wait until the config is applied and say what changed; 2 for one with mistakes, which are printed.

    It is what the unit's ExecReload= runs, so the mistakes that are printed here are what `systemctl status` shows; its
    standard output is the daemon's, where the wearer reads.
    """
    try:
        changed = request_json("POST", "/api/reload", {})["changed"]
    except DaemonError as error:
        if not error.details:
            raise
        print(f"glassd reload: {error}", *error.details, sep="\n", file=sys.stderr)
        return 2
    if not args.quiet:
        print(f"reloaded: {', '.join(changed)}" if changed else "reloaded: nothing changed")
    return 0
