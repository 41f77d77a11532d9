"""`glassd drivers`: what is installed, ours and third parties', and why a broken one is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import argparse

    from glassd_drivers.registry import Description


def add(subparsers: Any) -> None:
    """Add the subcommand."""
    text = "list the installed drivers"
    parser = subparsers.add_parser("drivers", help=text, description=text)
    parser.add_argument("--json", action="store_true", help="print JSON lines, one a driver")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print a line for each driver; a broken one does not make the command fail."""
    from msgspec.structs import asdict  # noqa: PLC0415  a light start: see the package

    from glassd_drivers.registry import describe, profile_names  # noqa: PLC0415  as above

    found = list(describe())
    if args.json:
        for driver in found:
            print(json.dumps(asdict(driver), ensure_ascii=False))
        return 0
    rows = [("ROLE", "DRIVER", "PACKAGE", "WHAT IT IS"), *map(_row, found)]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    for row in rows:
        print("  ".join([*(f"{text:<{width}}" for text, width in zip(row[:3], widths, strict=True)), row[3]]))
    print(f"\nprofiles: {', '.join(profile_names())}")
    return 0


def _row(driver: Description) -> tuple[str, str, str, str]:
    return driver.role, driver.name, driver.package, f"broken: {driver.error}" if driver.error else driver.summary
