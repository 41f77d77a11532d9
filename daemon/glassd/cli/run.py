"""`glassd run`: the daemon in the foreground, as systemd starts it."""

from __future__ import annotations

import gc
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from glassd.service.paths import command, default_config, state_folder

if TYPE_CHECKING:
    import argparse


def add(subparsers: Any) -> None:
    """Add the subcommand."""
    text = "run the daemon"
    parser = subparsers.add_parser("run", help=text, description=text)
    parser.add_argument(
        "-c", "--config", type=Path, metavar="FILE", help="the config (default: /etc/glassd/glassd.yaml)"
    )
    parser.add_argument(
        "--set", action="append", default=[], metavar="PATH=VALUE", help="a value over the file's: log.level=debug"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run until SIGTERM or SIGINT; 2 for a config with mistakes, 1 where the daemon cannot start."""
    gc.disable()  # what is loaded stays, and looking through it again and again takes a tenth of the start
    from glassd.config.mistakes import ConfigError  # noqa: PLC0415  a light start: see the package
    from glassd.config.settings import EDITS_NAME, Settings  # noqa: PLC0415  likewise

    file: Path = args.config or default_config()
    if args.config is None and _is_missing(file):
        print(f"there is no {file} yet: run `{command()} setup`", file=sys.stderr)
        return 2
    settings = Settings(file, args.set, state_folder() / EDITS_NAME)
    try:
        loaded = settings.load()
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 2
    for warning in (*loaded.warnings, *filter(None, [settings.trouble])):
        print(f"warning: {warning}", file=sys.stderr)
    from glassd.service.process import run_daemon  # noqa: PLC0415  aiohttp comes with it

    return run_daemon(loaded.config, settings)


def _is_missing(file: Path) -> bool:
    try:
        file.stat()
    except FileNotFoundError:
        return True
    except OSError:
        return False  # loading it tells what stands in the way
    return False
