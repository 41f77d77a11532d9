"""`glassd reload`: the running daemon reads its config again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from glassd.cli.daemon_socket import add_and_run, request_json

if TYPE_CHECKING:
    import argparse


def add(subparsers: Any) -> None:
    """Add the subcommand."""
    add_and_run(subparsers, "reload", run, "make the running daemon read its config again")


def run(_args: argparse.Namespace) -> int:
    """Wait until the config is applied and say what changed; mistakes are printed, and leave the old one in force."""
    changed = request_json("POST", "/api/reload", {})["changed"]
    print(f"reloaded: {', '.join(changed)}" if changed else "reloaded: nothing changed")
    return 0
