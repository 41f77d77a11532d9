"""`glassd adb`: opens the page on glasses at a USB cable, whose own localhost is made the board's by `adb reverse`."""

from __future__ import annotations

import re
import shlex
import subprocess
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from glassd.cli.daemon_socket import DaemonError, add_and_run, request_json

if TYPE_CHECKING:
    import argparse

DEVICE_LIMIT_S = 60.0
"""How long the glasses may take until they are there; the first time a person has to allow it on them."""
STEP_LIMIT_S = 20.0
"""How long one command on the glasses may take."""
WORDS_LIMIT_CHARS = 200
"""How much of what adb says stands in an error."""
SERIAL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}")
"""What adb calls a device by, as Android's own serial numbers are (ro.serialno), and addresses."""


def add(subparsers: Any) -> None:
    """Add the subcommand."""
    text = "open the page on glasses at a cable, and make their localhost the board's"
    parser = add_and_run(subparsers, "adb", run, text)
    parser.add_argument(
        "serial", nargs="?", help="which glasses, as `adb devices` lists them; needed where several are"
    )
    parser.add_argument("--stay", action="store_true", help="end only when they are unplugged, as the unit wants it")


def run(args: argparse.Namespace) -> int:
    """Open the page; raise DaemonError where a step fails."""
    glasses = Glasses(args.serial)
    glasses.wait_for()
    url = request_json("POST", "/api/pair", {"scope": "glasses"})["url"]
    port = urlsplit(url).port
    if port is None:
        raise DaemonError(f"the page's address has no port: {_without_code(url)}")
    glasses.reverse(port)
    glasses.open(urlsplit(url)._replace(netloc=f"localhost:{port}").geturl())
    print(f"The page is open on the glasses {args.serial or ''}".rstrip() + ".", flush=True)
    if args.stay:
        glasses.wait_until_gone()
    return 0


class Glasses:
    """Glasses at a cable, as far as adb reaches them."""

    def __init__(self, serial: str | None) -> None:
        """`serial`: which ones; None for the only ones. Raises DaemonError where it is none."""
        if serial is not None and not SERIAL.fullmatch(serial):
            raise DaemonError(f"{serial!r} is no serial number of adb's: `adb devices` lists them")
        self._adb = ["adb"] if serial is None else ["adb", "-s", serial]

    def wait_for(self) -> None:
        """Wait until they are there and let the board in."""
        late = "switch USB debugging on, and allow this board on the glasses"
        self._do("wait-for-device", limit_s=DEVICE_LIMIT_S, late=late)

    def reverse(self, port: int) -> None:
        """Make a port of their localhost the board's."""
        self._do("reverse", f"tcp:{port}", f"tcp:{port}")

    def open(self, url: str) -> None:
        """Open an address in their browser.

        It goes to their shell's input, quoted: the code in it is nothing for the board's list of processes.
        """
        said = self._do("shell", "-T", words=f"am start -a android.intent.action.VIEW -d {shlex.quote(url)}; exit\n")
        if "Error" in said:  # `am` ends well all the same
            raise DaemonError(f"the page cannot be opened on the glasses: {_one_line(said[said.index('Error') :])}")

    def wait_until_gone(self) -> None:
        """Wait until they are unplugged."""
        self._do("wait-for-disconnect", limit_s=None)

    def _do(
        self,
        *command: str,
        words: str = "",
        limit_s: float | None = STEP_LIMIT_S,
        late: str = "unplug the glasses and try again",
    ) -> str:
        """Run a command of adb with words on its input, and return what it says; `late` is what to do if it hangs."""
        try:
            done = subprocess.run(  # noqa: S603  no shell, and each word is ours or was looked at
                [*self._adb, *command],
                input=words,
                capture_output=True,
                timeout=limit_s,
                check=False,
                encoding="utf-8",
                errors="replace",
            )
        except FileNotFoundError:
            raise DaemonError("adb is not installed: apt install adb") from None
        except subprocess.TimeoutExpired:
            raise DaemonError(f"adb {command[0]} took over {limit_s:g} s: {late}") from None
        said = done.stdout + done.stderr
        if done.returncode != 0:
            raise DaemonError(f"adb {command[0]}: {_one_line(said) or f'status {done.returncode}'}")
        return said


def _one_line(said: str) -> str:
    words = " ".join("".join(each if each.isprintable() else " " for each in said).split())
    return _without_code(words)[:WORDS_LIMIT_CHARS]


def _without_code(text: str) -> str:
    return re.sub(r"#code=[\w-]*", "#code=…", text)
