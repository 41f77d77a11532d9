"""Runs a command at a terminal of its own and types answers: `python3 at_a_terminal.py ANSWERS SEEN STATUS COMMAND …`.

ANSWERS is a JSON file of pairs, what is waited for and what is typed then; SEEN gets all that stands on the terminal,
STATUS the exit status at the end.
"""

import json
import os
import pty
import sys
from pathlib import Path

LIMIT_BYTES = 65536


def main(answers: str, seen: str, status: str, *command: str) -> None:
    """Run the command to its end."""
    waiting = [(text.encode(), typed.encode()) for text, typed in json.loads(Path(answers).read_text())]
    process, hand = pty.fork()
    if process == 0:
        os.environ.update(TERM="xterm", LANG="en_US.UTF-8")
        os.execvp(command[0], command)
    rest = b""
    with Path(seen).open("wb", buffering=0) as file:
        while data := read(hand):
            file.write(data)
            rest += data
            while waiting and waiting[0][0] in rest:
                text, typed = waiting.pop(0)
                rest = rest.partition(text)[2]
                os.write(hand, typed)
    Path(status).write_text(str(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])))


def read(hand: int) -> bytes:
    """Return what came to stand on the terminal; nothing once its last user has left it."""
    try:
        return os.read(hand, LIMIT_BYTES)
    except OSError:
        return b""


main(*sys.argv[1:])
