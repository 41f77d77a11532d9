"""`glassd snap`: the picture that a press would take now."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from glassd.cli.daemon_socket import REPLY_LIMIT_BYTES, add_and_run, request

if TYPE_CHECKING:
    import argparse


def add(subparsers: Any) -> None:
    """Add the subcommand."""
    parser = add_and_run(subparsers, "snap", run, "take the picture that a press would take now")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="where to write it (default: stdout)")


def run(args: argparse.Namespace) -> int:
    """Write the camera's own bytes, untouched."""
    if args.output is None and sys.stdout is None:  # as `>&-` leaves it
        print("glassd snap: standard output is closed: name a file with -o", file=sys.stderr)
        return 2
    if args.output is None and sys.stdout.isatty():
        print("glassd snap: a picture is no text: name a file with -o", file=sys.stderr)
        return 2
    with request("GET", "/api/snapshot") as response:
        data = response.read(REPLY_LIMIT_BYTES)
        kind = response.headers.get_content_type()
    if args.output is None:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return 0
    try:
        args.output.write_bytes(data)
    except OSError as error:
        print(f"glassd snap: {args.output}: {error.strerror}", file=sys.stderr)
        return 5
    print(f"{args.output}: {kind}, {len(data)} bytes")
    return 0
