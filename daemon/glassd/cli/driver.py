"""`glassd driver add|list|remove`: other people's drivers beside the glassd of the Debian package."""

from __future__ import annotations

import os
import pwd
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import argparse

    from glassd.added.store import Store

USER = "glassd"
"""Whom the service runs as: a driver is tried as this user before it is taken."""


def add(subparsers: Any) -> None:
    """Add the subcommand with its own three."""
    text = "add, list or remove other people's drivers"
    parser = subparsers.add_parser("driver", help=text, description=text)
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    text = "check a driver's wheel and put it in place; needs no network"
    adding = actions.add_parser("add", help=text, description=text)
    adding.add_argument(
        "wheels", nargs="+", type=Path, metavar="WHEEL", help="the driver's wheel, and those of packages that it needs"
    )
    adding.set_defaults(run=_run_add)
    text = "list what was added, and what is wrong with it"
    actions.add_parser("list", help=text, description=text).set_defaults(run=_run_list)
    text = "remove what was added"
    removing = actions.add_parser("remove", help=text, description=text)
    removing.add_argument(
        "name", metavar="NAME", help="a package as `glassd driver list` has it, or one of its drivers"
    )
    removing.set_defaults(run=_run_remove)


def _run_add(args: argparse.Namespace) -> int:
    from glassd.added.wheel import Refused  # noqa: PLC0415  a light start: see the package

    try:
        for package in _store(change=True).add(args.wheels):
            print(
                f"added {package.name} {package.version}{': ' if package.drivers else ''}{', '.join(package.drivers)}"
            )
    except (Refused, OSError) as error:
        return _refuse(error)
    print("A glassd that runs knows of it after its next start: systemctl restart glassd")
    return 0


def _run_list(_args: argparse.Namespace) -> int:
    from glassd.added.wheel import Refused  # noqa: PLC0415  a light start: see the package

    try:
        store = _store(change=False)
        rows = [("PACKAGE", "VERSION", "WHAT IT BRINGS")]
        rows += [(each.name, each.version, ", ".join(each.drivers) or "(others need it)") for each in store.packages()]
        troubles = store.troubles()
    except (Refused, OSError) as error:
        return _refuse(error)
    widths = [max(len(row[column]) for row in rows) for column in range(2)]
    for name, version, brings in rows:
        print(f"{name:<{widths[0]}}  {version:<{widths[1]}}  {brings}")
    for trouble in troubles:
        print(f"broken: {trouble}", file=sys.stderr)
    return 0


def _run_remove(args: argparse.Namespace) -> int:
    from glassd.added.wheel import Refused  # noqa: PLC0415  a light start: see the package

    try:
        package = _store(change=True).remove(args.name)
    except (Refused, OSError) as error:
        return _refuse(error)
    print(f"removed {package.name} {package.version}")
    print("A glassd that runs keeps what it has until its next start: systemctl restart glassd")
    return 0


def _refuse(error: Exception) -> int:
    print(f"glassd driver: {error}", file=sys.stderr)
    return 1


def _store(*, change: bool) -> Store:
    """Return the folder of drivers; raise Refused where this glassd has none, or this user may not change it."""
    from glassd.added.store import Store, folder_of_this_environment  # noqa: PLC0415  a light start: see the package
    from glassd.added.wheel import Refused  # noqa: PLC0415  as above

    folder = folder_of_this_environment()
    if folder is None:
        raise Refused(
            "this glassd is not the Debian package's: install the driver beside it, "
            f"with {sys.executable} -m pip install WHEEL, and see it with `glassd drivers`"
        )
    if os.geteuid() != 0:
        if change:
            raise Refused("drivers are root's to change: run it with sudo")
        return Store(folder)
    os.umask(0o022)  # what it writes is read by the service, and written by root alone
    try:
        pwd.getpwnam(USER)
    except KeyError:
        return Store(folder)
    return Store(folder, USER)
