"""`glassd status`: how the running daemon and its devices stand."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from glassd.cli.daemon_socket import add_and_run, request_json

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

SKIPPED_LIMIT_LINES = 8
"""How many of them are told."""


def add(subparsers: Any) -> None:
    """Add the subcommand."""
    parser = add_and_run(subparsers, "status", run, "show how the daemon and its devices stand")
    parser.add_argument("--json", action="store_true", help="the API's own object")


def run(args: argparse.Namespace) -> int:
    """Print how the daemon, devices, endpoints in trouble, gateway, budgets and journal stand, and the last ask."""
    status = request_json("GET", "/api/status")
    if args.json:
        print(json.dumps(status, ensure_ascii=False, indent=2))
        return 0
    print(f"glassd {status['version']}, up {status['uptime_s']:.0f} s, {status['state']}")
    for device in status["devices"]:
        error = f": {device['error']}" if device["error"] else ""
        print(f"  {device['name']:<12} {device['driver']:<10} {device['state']} for {device['for_s']:.0f} s{error}")
    for trouble in status["health"]:
        print(f"  {_trouble(trouble)}")
    if gateway := status["gateway"]:
        asks = f"{gateway['under_way']} under way, {gateway['waiting']} waiting"
        print(f"  gateway at {gateway['listen']}: {asks if gateway['listening'] else 'no address yet, see the log'}")
    for line in (*_clock(status["clock"]), *_budgets(status["budgets"]), *_kept(status), *_skipped(status["skipped"])):
        print(f"  {line}")
    if last := status["last_ask"]:
        print(f"  last ask: {last['outcome']}{', ' + last['code'] if last['code'] else ''}")
    return 0


def _clock(clock: dict[str, Any]) -> Iterator[str]:
    """Yield a line where the date is not known, with what waits for it."""
    if not clock["known"]:
        held = [*clock["holds_up"]]
        waits = f"; until it is, this waits: {', '.join(held)}" if held else ""
        yield f"clock: not known to be right, nothing has set it since the start{waits}"


def _budgets(budgets: dict[str, Any]) -> Iterator[str]:
    """Yield a line for the hour and the day that have limits."""
    for window, amounts in budgets.items():
        told = [
            f"{amount['spent']:.4g} of {amount['limit']:.4g} {'' if what == 'money' else what}".rstrip()
            for what, amount in amounts.items()
            if amount["limit"] is not None
        ]
        if told:
            yield f"spent this {window}: {', '.join(told)}"


def _kept(status: dict[str, Any]) -> Iterator[str]:
    if outbox := status["outbox"]:
        perhaps = f", {outbox['perhaps_sent']} of them perhaps sent" if outbox["perhaps_sent"] else ""
        closed = "" if outbox["open"] else "; it takes nothing now, see the log"
        yield f"outbox: {outbox['waiting']} waiting{perhaps}{closed}"
    if status["journal"]["trouble"]:
        yield "journal: the disk takes nothing, see the log; answers go on"


def _skipped(skipped: list[dict[str, Any]]) -> Iterator[str]:
    """Yield a line for each of the most frequent reasons why a trigger asked nothing."""
    for skip in skipped[:SKIPPED_LIMIT_LINES]:
        yield f"{skip['trigger']} asked nothing {skip['count']}×: {skip['why']}"


def _trouble(health: dict[str, Any]) -> str:
    model = f", {health['model']}" if health["model"] else ""
    rest = f", tried last for {health['rests_s']:.0f} s" if health["rests_s"] else ""
    return f"{health['endpoint']}{model}: {health['code']}, {health['failures']} in a row{rest}"
