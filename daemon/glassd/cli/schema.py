"""`glassd schema`: the JSON Schema of the config, for editors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import argparse


def add(subparsers: Any) -> None:
    """Add the subcommand."""
    text = "print the JSON Schema of the config, the installed drivers' options included"
    parser = subparsers.add_parser("schema", help=text, description=text)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the schema."""
    from glassd.config.json_schema import json_schema_text  # noqa: PLC0415  a light start: see the package

    del args
    print(json_schema_text(), end="")
    return 0
