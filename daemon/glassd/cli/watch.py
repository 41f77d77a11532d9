"""`glassd watch`: screens and events of the running daemon, as they happen."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from glassd.cli.daemon_socket import add_and_run, request
from glassd.timeline import time_line

if TYPE_CHECKING:
    import argparse

LINE_LIMIT_BYTES = 1024 * 1024


def add(subparsers: Any) -> None:
    """Add the subcommand."""
    parser = add_and_run(subparsers, "watch", run, "print screens and events as they happen")
    parser.add_argument("--json", action="store_true", help="one JSON object a line, as the API sends them")


def run(args: argparse.Namespace) -> int:
    """Print until the daemon stops or Ctrl-C."""
    with request("GET", "/api/events") as response:
        while line := response.readline(LINE_LIMIT_BYTES):
            text = line.decode().rstrip("\n")
            if text and (told := text if args.json else _readable(json.loads(text))):
                print(told, flush=True)
    return 0


def _readable(event: dict[str, Any]) -> str:
    """Return one event as lines for a person, empty for one that says nothing new."""
    kind = event.get("event")
    if kind == "delta":
        return ""  # the screens have it
    if kind == "screen":
        head = f"screen {event['display']}: {event['mark']}, page {event['page']} of {event['pages']}"
        return "\n".join([head, *(f"  │ {line}" for line in event["lines"])])
    if kind == "ask":
        head = f"ask {event['id']}: {event['outcome']}{', ' + event['code'] if event['code'] else ''}"
        return "\n".join([head, *(f"  {line}" for line in time_line(event))])
    facts = ", ".join(f"{key} {value}" for key, value in event.items() if key != "event" and value not in (None, ""))
    return f"{kind}: {facts}"
