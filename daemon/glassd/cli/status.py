"""`glassd status`: how the running daemon and its devices stand."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from glassd.cli.daemon_socket import add_and_run, request_json

if TYPE_CHECKING:
    import argparse


def add(subparsers: Any) -> None:
    """Add the subcommand."""
    parser = add_and_run(subparsers, "status", run, "show how the daemon and its devices stand")
    parser.add_argument("--json", action="store_true", help="the API's own object")


def run(args: argparse.Namespace) -> int:
    """Print the state of the daemon, of each device, of endpoints in trouble, of the gateway, and of the last ask."""
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
    if last := status["last_ask"]:
        print(f"  last ask: {last['outcome']}{', ' + last['code'] if last['code'] else ''}")
    return 0


def _trouble(health: dict[str, Any]) -> str:
    model = f", {health['model']}" if health["model"] else ""
    rest = f", tried last for {health['rests_s']:.0f} s" if health["rests_s"] else ""
    return f"{health['endpoint']}{model}: {health['code']}, {health['failures']} in a row{rest}"
