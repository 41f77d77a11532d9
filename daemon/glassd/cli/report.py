"""`glassd report`: one file for a bug report, without keys, frames, prompts or answers."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from glassd.cli.daemon_socket import DaemonError, add_and_run, request_json

if TYPE_CHECKING:
    import argparse


def add(subparsers: Any) -> None:
    """Add the subcommand."""
    parser = add_and_run(
        subparsers, "report", run, "gather versions, states, logs and the redacted config in one file for a bug report"
    )
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="where to write it (default: stdout)")


def run(args: argparse.Namespace) -> int:
    """Print what the daemon says of itself, or, where none runs, what can be said without it."""
    from glassd.service.report import versions  # noqa: PLC0415  a light start: see the package

    report: dict[str, Any] = {"versions": versions()}
    try:
        report |= request_json("GET", "/api/report")
    except DaemonError as error:
        report["daemon"] = str(error)
    text = json.dumps(report, ensure_ascii=False, indent=2)
    if args.output is None:
        print(text)
        return 0
    try:
        args.output.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        print(f"glassd report: {args.output}: {error.strerror}", file=sys.stderr)
        return 5
    print(f"{args.output}: read it before you send it; it holds no keys, frames, prompts or answers")
    return 0
