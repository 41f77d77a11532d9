"""`glassd do`: a command to the running daemon, as a button that is mapped to it would give."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from glassd.cli.daemon_socket import add_and_run, request_json
from glassd.config.commands import COMMANDS, read_command

if TYPE_CHECKING:
    import argparse

EXIT_USAGE = 2


def add(subparsers: Any) -> None:
    """Add the subcommand."""
    parser = add_and_run(subparsers, "do", run, "give a command: pause, resume, next page …")
    parser.add_argument("words", metavar="COMMAND", nargs="+", help=f"one of: {', '.join(COMMANDS)}")


def run(args: argparse.Namespace) -> int:
    """Give the command; one that there is not is an error that names the nearest."""
    try:
        command = read_command(" ".join(args.words))
    except ValueError as error:
        print(f"glassd do: {error}", file=sys.stderr)
        return EXIT_USAGE
    request_json("POST", "/api/do", {"command": command})
    return 0
