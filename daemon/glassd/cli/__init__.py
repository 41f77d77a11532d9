"""The command `glassd`: one module a subcommand, each with `add(subparsers)` and `run(args) -> exit status`.

What a subcommand needs is imported when it runs, and of the subcommands only the one that was named, so that `--help`,
`check`, `drivers`, `schema`, what only talks to the daemon's socket, and the daemon itself start light.
"""

from __future__ import annotations

import argparse
import codecs
import errno
import io
import json
import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING

from glassd import __version__
from glassd.service import paths

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMANDS = (
    "run",
    "check",
    "reload",
    "ask",
    "press",
    "do",
    "snap",
    "preview",
    "watch",
    "pair",
    "adb",
    "token",
    "status",
    "report",
    "history",
    "schema",
    "drivers",
    "driver",
    "devices",
    "demo",
    "setup",
)


def parser(words: Sequence[str] = ()) -> argparse.ArgumentParser:
    """Return the parser of the whole command line, or of the one subcommand that these words of it name."""
    top = argparse.ArgumentParser(
        prog="glassd", description="A press, the frame that was in view, an answer that grows on the glasses' display."
    )
    top.add_argument("--version", action="version", version=f"glassd {__version__}")
    top.add_argument(
        "-i",
        "--instance",
        metavar="NAME",
        help="which pair of glasses, on a board with several: the unit glassd@NAME, its socket and its config",
    )
    subparsers = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name in _named(words) or COMMANDS:
        import_module(f"glassd.cli.{name}").add(subparsers)
    return top


def _named(words: Sequence[str]) -> Sequence[str]:
    """Return the subcommand that the words begin with; none where they begin in any but the two usual ways."""
    first = 2 if words[:1] in (["-i"], ["--instance"]) else 0
    return [word for word in words[first : first + 1] if word in COMMANDS]


def main(argv: list[str] | None = None) -> int:
    """Run one subcommand and return its exit status."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        codecs.register_error("json-escape", _json_escaped)
        sys.stdout.reconfigure(errors="json-escape")  # a terminal that has no Chinese is no reason to fail
    words = sys.argv[1:] if argv is None else argv
    top = parser(words)
    args = top.parse_args(words)
    try:
        if args.instance is not None:
            paths.choose_instance(args.instance)
        paths.instance()
    except ValueError as error:
        top.error(str(error))
    try:
        status: int = args.run(args)
        if sys.stdout is not None:
            sys.stdout.flush()  # here, for what fails after this only adds noise to the exit
    except BrokenPipeError:
        _drop_output()  # its reader has left, as `| head` does: not our fault, and nothing more to say to it
        return 1
    except OSError as error:
        if error.errno not in _UNWRITABLE:
            raise
        print(f"glassd {args.command}: cannot write the output: {error.strerror}", file=sys.stderr)
        _drop_output()
        return 1
    except KeyboardInterrupt:
        return 130
    return status


def _json_escaped(error: UnicodeError) -> tuple[str, int]:
    """Write what the output's character set lacks so that JSON stays JSON, and YAML in quotes YAML."""
    assert isinstance(error, UnicodeEncodeError), "an output only encodes"
    return json.dumps(error.object[error.start : error.end])[1:-1], error.end


_UNWRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
"""What a standard output that is a file fails with, where the disk does not take it."""


def _drop_output() -> None:
    """Let what is still buffered go nowhere: it would fail once more at exit, and turn the exit status into 120."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
