"""`glassd pair`: lets a browser in, without a token to type."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from glassd.cli.daemon_socket import add_and_run, request_json

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator


def add(subparsers: Any) -> None:
    """Add the subcommand."""
    parser = add_and_run(subparsers, "pair", run, "let a browser in: glasses or a phone as a pair of glasses")
    parser.add_argument("--board", action="store_true", help="let it see and do all, as with the token")
    parser.add_argument("--url", action="store_true", help="print the link alone, for a device that is managed")
    parser.add_argument("--forget", action="store_true", help="end all sessions instead: all have to pair again")


def run(args: argparse.Namespace) -> int:
    """Show a code for one browser, and wait until it has been used; 1 where nobody does."""
    if args.forget:
        ended = request_json("DELETE", "/api/sessions/all")["ended"]
        print(f"sessions ended: {ended}")
        return 0
    told = request_json("POST", "/api/pair", {"scope": "board" if args.board else "glasses"})
    if args.url:
        print(told["url"])
        return 0
    for line in _shown(told):
        print(line)
    if not sys.stdout.isatty():
        return 0
    sys.stdout.flush()
    if request_json("POST", "/api/pair/wait", {"code": told["code"]})["used"]:
        print("Paired.")
        return 0
    print("Nobody has used the code, and it is good no longer: run this again for another one.", file=sys.stderr)
    return 1


def _shown(told: dict[str, Any]) -> Iterator[str]:
    """Yield what a person reads, and what a phone does."""
    url: str = told["url"]
    parts = urlsplit(url)
    page = parts._replace(fragment="").geturl()
    drawn = list(_drawn(url))
    yield from drawn
    yield f"{'Scan this, or open' if drawn else 'Open'} {page} and type {told['code']}"
    yield f"It is good once, within {told['expires_s'] // 60} minutes."
    if "fingerprint" in told:
        yield "The certificate is the board's own, so the browser asks. It is the right one if its SHA-256 is"
        yield f"{told['fingerprint']}"
    if parts.hostname == "localhost":
        yield f"localhost is the board: from glasses at a cable, after `adb reverse tcp:{parts.port} tcp:{parts.port}`."
    elif parts.scheme == "http":
        yield "Over http a browser gives no page its camera: `api: {tls: own}` makes it https."


def _drawn(url: str) -> Iterator[str]:
    """Yield a QR code, two modules to a character; nothing where the output has no room or no signs for it."""
    modules = qr_modules(url)
    colours = sys.stdout.isatty()
    columns = shutil.get_terminal_size().columns
    try:
        "▀▄█".encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return
    if colours and len(modules) > columns:
        return
    for upper, lower in zip(modules[::2], [*modules[1::2], [True] * len(modules)], strict=False):
        line = "".join(" ▄▀█"[2 * above + below] for above, below in zip(upper, lower, strict=True))
        yield f"\033[97;40m{line}\033[0m" if colours else line  # white on black, whatever the terminal's own colours


def qr_modules(text: str) -> list[list[bool]]:
    """Return the QR code of a text, row by row; true is light. Its quiet zone is that of ISO/IEC 18004, 4 modules."""
    import cv2  # noqa: PLC0415  a light start: see the package

    parameters = cv2.QRCodeEncoder.Params()
    parameters.correction_level = cv2.QRCodeEncoder_CORRECT_LEVEL_L
    drawn = cv2.QRCodeEncoder.create(parameters).encode(text)
    dark = drawn == 0
    rows, columns = dark.any(axis=1).nonzero()[0], dark.any(axis=0).nonzero()[0]
    code = drawn[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]  # its own margin differs from version to version
    framed = cv2.copyMakeBorder(code, 4, 4, 4, 4, cv2.BORDER_CONSTANT, value=(255,))
    return [[bool(module) for module in row] for row in framed]
