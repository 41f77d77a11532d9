"""`glassd token`: a new token for the API, and its hash for the config."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import argparse


def add(subparsers: Any) -> None:
    """Add the subcommand."""
    text = "print a new token for the API, and its hash for the config"
    parser = subparsers.add_parser("token", help=text, description=text)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print both; neither is kept."""
    from glassd.token_hash import hash_of, new_token  # noqa: PLC0415  a light start: see the package

    del args
    token = new_token()
    print(f"The token, for those who may use the board; it is shown this once:\n\n    {token}\n")
    print(f"Its hash, for the config, where it gives nothing away:\n\n    api:\n      token_hash: {hash_of(token)}")
    return 0
