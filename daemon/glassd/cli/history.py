"""`glassd history`: what is kept of the asks; at the running daemon or, where there is none, in its file."""

from __future__ import annotations

import argparse
import re
import shutil
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from glassd.cli.daemon_socket import DaemonError
from glassd.cli.history_source import source
from glassd.journal import HistoryError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import TextIO

EXIT_NOTHING = 1
EXIT_USAGE = 2
EXIT_FAILED = 5
DEFAULT_LIMIT = 20
MOST = 500
"""What one answer of the API holds."""


def add(subparsers: Any) -> None:
    """Add the subcommand."""
    text = "show, search, export and delete what is kept of the asks"
    parser = subparsers.add_parser("history", help=text, description=f"{text}; without a word more: list")
    _add_listing(parser)
    defaults = {"all": False, "since": None, "failed": False, "limit": DEFAULT_LIMIT, "json": False, "text": ""}
    parser.set_defaults(run=_guarded(_list), **defaults)
    verbs = parser.add_subparsers(metavar="WHAT", title="what to do")
    _add_listing(_verb(verbs, "list", _list, "show the newest asks"))
    search = _verb(verbs, "search", _list, "show the newest asks whose words hold a text")
    search.add_argument("text", metavar="TEXT", type=_text, help="in whatever case and width it was written")
    _add_listing(search)
    show = _verb(verbs, "show", _show, "show one ask whole, with its time line")
    show.add_argument("ask", metavar="ASK", help="its number, or its id as the log has it")
    show.add_argument("--json", action="store_true", help="the API's own object")
    show.add_argument("--pictures", type=Path, metavar="FOLDER", default=None, help="write its pictures there")
    _add_all(show)
    export = _verb(verbs, "export", _export, "write asks whole, oldest first")
    export.add_argument("--format", choices=("jsonl", "md"), default="jsonl", help="JSON lines (default), or Markdown")
    export.add_argument("-o", "--output", type=Path, metavar="FILE", default=None, help="(default: standard output)")
    _add_which(export)
    delete = _verb(verbs, "delete", _delete, "delete asks, with their words and pictures, for good")
    delete.add_argument("numbers", metavar="NUMBER", nargs="+", type=_count)
    _add_all(delete)
    forget = _verb(verbs, "forget", _forget, "delete all asks, for good")
    forget.add_argument("--yes", action="store_true", default=False, help="do not ask first")
    _add_all(forget)
    _add_all(_verb(verbs, "skipped", _skipped, "show how often triggers asked nothing, and why"))
    _verb(verbs, "audit", _audit, "show what was exported and deleted, when, and by whom")


def _verb(verbs: Any, name: str, run: Callable[[argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
    # What is left out here stays as it was said before the verb: `history --all show 3`.
    parser: argparse.ArgumentParser = verbs.add_parser(
        name, help=text, description=text, argument_default=argparse.SUPPRESS
    )
    parser.set_defaults(run=_guarded(run))
    return parser


def _add_all(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--all", action="store_true", default=argparse.SUPPRESS, help="earlier wearers' too")


def _add_which(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--since", type=_since, metavar="WHEN", help="2026-11-28, '2026-11-28 14:30', or 2h")
    parser.add_argument("--failed", action="store_true", default=argparse.SUPPRESS, help="that did not go well, alone")
    _add_all(parser)


def _add_listing(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--limit", type=_limit, metavar="N", help=f"how many at most (default: {DEFAULT_LIMIT})")
    parser.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="one JSON object a line")
    _add_which(parser)


def _guarded(run: Callable[[argparse.Namespace], int]) -> Callable[[argparse.Namespace], int]:
    """Return a subcommand whose errors are one line on stderr."""

    def guarded(args: argparse.Namespace) -> int:
        try:
            return run(args)
        except (DaemonError, HistoryError) as error:
            print(f"glassd history: {error}", file=sys.stderr)
        return EXIT_FAILED

    return guarded


# -- what it does ------------------------------------------------------------------------------------------------------


def _list(args: argparse.Namespace) -> int:
    from glassd.cli.history_text import lines  # noqa: PLC0415  a light start: wcwidth comes with it
    from glassd.cli.terminal import json_line  # noqa: PLC0415  likewise

    wanted = {"limit": args.limit, **_which(args), "text": args.text}
    asks = source().asks(wanted)
    if args.json:
        for ask in asks:
            print(json_line(ask))
        return 0
    _print_lines(lines(asks))
    if not asks:
        hint = "; words are kept only with `journal: {keep: text}`" if args.text else ""
        print(f"nothing is kept that fits{hint}", file=sys.stderr)
    return 0


def _show(args: argparse.Namespace) -> int:
    from glassd.cli.history_text import whole  # noqa: PLC0415  likewise
    from glassd.cli.terminal import json_line  # noqa: PLC0415  likewise

    history = source()
    ask = history.ask(args.ask, everybody=args.all)
    if ask is None:
        print(f"glassd history: nothing is kept of an ask {args.ask}; `glassd history` lists them", file=sys.stderr)
        return EXIT_NOTHING
    print(json_line(ask) if args.json else "\n".join(whole(ask)))
    if args.pictures is not None:
        return _write_pictures(history.pictures(ask, everybody=args.all), ask["number"], args.pictures)
    return 0


def _export(args: argparse.Namespace) -> int:
    asks = source().export(_which(args))
    if args.output is None:
        _write(asks, args.format, sys.stdout)
        return 0
    try:
        with args.output.open("w", encoding="utf-8") as file:
            count = _write(asks, args.format, file)
    except OSError as error:
        print(f"glassd history: {args.output}: {error.strerror}", file=sys.stderr)
        return EXIT_FAILED
    print(f"{args.output}: {_counted(count)}")
    return 0


def _delete(args: argparse.Namespace) -> int:
    gone = source().delete(args.numbers, everybody=args.all)
    print(f"{_counted(gone)} deleted")
    return 0 if gone else EXIT_NOTHING


def _forget(args: argparse.Namespace) -> int:
    history = source()
    whose = "every wearer's" if args.all else "this wearer's"
    if not args.yes:
        if not sys.stdin.isatty():
            print(f"glassd history: this deletes {whose} asks for good: say --yes", file=sys.stderr)
            return EXIT_USAGE
        if input(f"Delete {whose} asks for good? [y/N] ").strip().lower() not in ("y", "yes"):
            print("nothing is deleted")
            return EXIT_NOTHING
    print(f"{_counted(history.forget(everybody=args.all))} deleted")
    return 0


def _skipped(args: argparse.Namespace) -> int:
    from glassd.cli.history_text import day, table  # noqa: PLC0415  a light start: wcwidth comes with it

    skips = source().skips(everybody=args.all)
    _print_lines(table([(day(one["day"]), f"{one['count']}x", one["trigger"], one["why"]) for one in skips]))
    return 0


def _audit(_args: argparse.Namespace) -> int:
    from glassd.cli.history_text import table, when  # noqa: PLC0415  likewise

    lines = source().audit()
    _print_lines(table([(when(one["utc"]), one["what"], _counted(one["count"]), one["who"]) for one in lines]))
    return 0


# -- helpers -----------------------------------------------------------------------------------------------------------


def _which(args: argparse.Namespace) -> dict[str, Any]:
    return {"since": args.since, "failed": args.failed, "all": args.all}


def _print_lines(lines: Iterable[str]) -> None:
    """Print lines, each cut to the terminal's width where there is one."""
    from glassd.cli.history_text import clipped  # noqa: PLC0415  likewise

    columns = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    for line in lines:
        print(line if columns is None else clipped(line, columns))


def _write(asks: Iterable[dict[str, Any]], form: str, file: TextIO) -> int:
    from glassd.cli.history_text import markdown  # noqa: PLC0415  likewise
    from glassd.cli.terminal import json_line  # noqa: PLC0415  likewise

    count = 0
    for ask in asks:
        file.write(markdown(ask) if form == "md" else f"{json_line(ask)}\n")
        count += 1
    return count


def _write_pictures(pictures: Iterable[tuple[str, bytes]], number: int, folder: Path) -> int:
    place = 0
    for place, (media_type, data) in enumerate(pictures, 1):
        file = folder / f"{number}-{place}.{_ENDINGS.get(media_type, 'raw')}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
        except OSError as error:
            print(f"glassd history: {file}: {error.strerror}", file=sys.stderr)
            return EXIT_FAILED
        print(f"{file}: {media_type}, {len(data)} bytes")
    if place == 0:
        print(f"no picture of ask {number} is kept: `journal: {{pictures: 7d}}` keeps them", file=sys.stderr)
    return 0


def _counted(count: int) -> str:
    return "1 ask" if count == 1 else f"{count} asks"


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r}: a number from the first column of `glassd history`")
    return int(text)


def _limit(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= MOST:
        raise argparse.ArgumentTypeError(f"{text!r}: a number from 1 to {MOST}; `export` writes all")
    return int(text)


def _text(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("an empty text is in everything: `list` shows it")
    return text


def _since(text: str) -> float:
    """Return the time that a text means, as UTC seconds: a date or time of the board's zone, or how long ago."""
    if match := re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)(min|h|d|w)", text.strip()):
        return time.time() - float(match[1]) * _SECONDS[match[2]]
    try:
        return datetime.fromisoformat(text.strip()).astimezone().timestamp()
    except (ValueError, OverflowError) as error:
        message = f"{text!r}: a date (2026-11-28), a time ('2026-11-28 14:30'), or how long ago (30min, 2h, 3d, 1w)"
        raise argparse.ArgumentTypeError(message) from error


_SECONDS = {"min": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_ENDINGS = {"image/jpeg": "jpg", "image/png": "png"}
