"""`glassd snap`: the picture that a press would take now."""

from __future__ import annotations

import base64
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from glassd.cli.daemon_socket import REPLY_LIMIT_BYTES, add_and_run, request, request_json

if TYPE_CHECKING:
    import argparse


def add(subparsers: Any) -> None:
    """Add the subcommand."""
    parser = add_and_run(subparsers, "snap", run, "take the picture that a press would take now")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="where to write it (default: stdout)")
    parser.add_argument(
        "--window", type=Path, metavar="FOLDER", help="write the frames that were weighed, and say why one won"
    )


def run(args: argparse.Namespace) -> int:
    """Write the camera's own bytes, untouched."""
    if args.window is not None:
        return _window(args.window)
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


def _window(folder: Path) -> int:
    """Write each frame that a press would weigh now, by its place, and print a line about it."""
    window = request_json("GET", "/api/window")
    for place, candidate in enumerate(window["candidates"], 1):
        file = folder / f"{place}.{'png' if candidate['media_type'] == 'image/png' else 'jpg'}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            file.write_bytes(base64.b64decode(candidate["data"]))
        except OSError as error:
            print(f"glassd snap: {file}: {error.strerror}", file=sys.stderr)
            return 5
        print(f"{file}: {candidate['reason']}")
    return 0
