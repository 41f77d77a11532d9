"""`glassd press`: a button of the glasses, pressed from the shell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from glassd.cli.daemon_socket import add_and_run, request_json

if TYPE_CHECKING:
    import argparse


def add(subparsers: Any) -> None:
    """Add the subcommand."""
    parser = add_and_run(subparsers, "press", run, "press a button of the glasses")
    parser.add_argument("button", metavar="BUTTON", help="its name in the config, such as main")
    parser.add_argument("gesture", nargs="?", choices=("press", "double", "triple", "long"), default="press")


def run(args: argparse.Namespace) -> int:
    """Play the gesture's edges in the daemon; a button that starts nothing is an error that names those that do."""
    request_json("POST", "/api/press", {"button": args.button, "gesture": args.gesture})
    return 0
