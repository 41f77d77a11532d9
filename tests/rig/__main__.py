"""The virtual board by hand: `python tests/rig build`, `python tests/rig shell`, `python tests/rig run COMMAND...`."""

from __future__ import annotations

import argparse
import code
import sys
import time
from pathlib import Path

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS), str(TESTS / "daemon"), str(TESTS / "link")]

from rig import snapshots  # noqa: E402 - the path is what pytest sets by itself
from rig.board import Board  # noqa: E402

SNAPSHOTS = {"booted": snapshots.booted, "installed": snapshots.installed}
BANNER = """`board` runs; nothing is plugged in. Try:
    print(board.run("uname -a").out)
    board.camera.plug(); print(board.until("ls /dev/video*").out)
    board.buttons.plug(); board.buttons.press("enter")
    board.reboot(); print(board.console.text())
It ends with this prompt, and forgets all."""


def main() -> int:
    """Build, or start a board and do what is asked with it."""
    parser = argparse.ArgumentParser(prog="tests/rig")
    parser.add_argument(
        "do", choices=["build", "shell", "run"], help="make the snapshots; a Python prompt; commands in the guest"
    )
    parser.add_argument("command", nargs="*", help="with run: one command each, in turn")
    parser.add_argument(
        "-s", "--snapshot", choices=SNAPSHOTS, help="what to start from; else installed, without a .deb booted"
    )
    words = parser.parse_args()
    snapshot = words.snapshot or ("installed" if snapshots.DEB.exists() else "booted")
    folder = SNAPSHOTS[snapshot]()
    if words.do == "build":
        sys.stdout.write(f"{snapshot}: {folder}\n")
        return 0
    began = time.monotonic()
    with Board(folder) as board:
        took = time.monotonic() - began
        sys.stderr.write(f"started from {snapshot} in {took:.1f} s; sockets in {board.folder}\n")
        if words.do == "shell":
            code.interact(banner=BANNER if sys.stdin.isatty() else "", exitmsg="", local={"board": board, "Path": Path})
            return 0
        for command in words.command:
            done = board.run(command, status=None)
            sys.stdout.write(done.out)
            sys.stderr.write(done.err)
            if done.status:
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
