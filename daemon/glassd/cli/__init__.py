"""The command `glassd`: one module a subcommand, each with `add(subparsers)` and `run(args) -> exit status`.

What a subcommand needs is imported when it runs, so that `--help`, `check`, `drivers`, `schema` and what only talks to
the daemon's socket start light.
"""

from __future__ import annotations

import argparse
import sys
from importlib import import_module

from glassd import __version__

COMMANDS = (
    "run",
    "check",
    "reload",
    "ask",
    "press",
    "snap",
    "watch",
    "status",
    "report",
    "schema",
    "drivers",
    "devices",
    "demo",
)


def parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    top = argparse.ArgumentParser(
        prog="glassd", description="A press, the frame that was in view, an answer that grows on the glasses' display."
    )
    top.add_argument("--version", action="version", version=f"glassd {__version__}")
    subparsers = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name in COMMANDS:
        import_module(f"glassd.cli.{name}").add(subparsers)
    return top


def main(argv: list[str] | None = None) -> int:
    """Run one subcommand and return its exit status."""
    args = parser().parse_args(argv)
    try:
        status: int = args.run(args)
    except BrokenPipeError:
        # The reader of our output has left, as `| head` does: not our fault, and nothing more to say to it.
        sys.stderr.close()
        return 1
    except KeyboardInterrupt:
        return 130
    return status
