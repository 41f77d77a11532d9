"""The terminal that a person sits at: questions with a default, choices by number, keys that are not shown."""

from __future__ import annotations

import contextlib
import os
import sys
import termios
from typing import TYPE_CHECKING

from wcwidth import wcswidth

from glassd.config.keys import MAX_KEY_CHARS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from glassd.setup.texts import Texts

COLUMNS = 80
LINE_LIMIT_BYTES = MAX_KEY_CHARS + 2
"""How much of one line is read; a terminal itself takes no more at once."""


class Console:
    """Says and asks. End of input raises EOFError, as Ctrl-C raises KeyboardInterrupt."""

    def __init__(self, fd: int = 0) -> None:
        self.fd = fd

    @property
    def name(self) -> str:
        """The terminal's own name, such as /dev/tty1."""
        return os.ttyname(self.fd)

    def say(self, text: str = "") -> None:
        """Write lines."""
        print(text, flush=True)  # noqa: T201  it is what a console is for

    def ask(self, question: str, texts: Texts, default: str = "") -> str:
        """Return a line, or the default where it is empty; asked again while it is not plain text."""
        while True:
            line = self._read(f"{question} [{default}]: " if default else f"{question}: ").strip()
            if line.isprintable():
                return line or default
            self.say(texts.plain)

    def choose(self, question: str, options: Sequence[str], texts: Texts, default: int = 0) -> int:
        """Return which option is chosen, from 0."""
        self.say(f"\n{question}")
        digits = len(str(len(options)))
        for number, option in enumerate(options, 1):
            self.say(clipped(f"  {number:>{digits}}  {option}"))
        while True:
            line = self.ask(texts.choose, texts, str(default + 1))
            if line.isascii() and line.isdigit() and len(line) < 4 and 1 <= int(line) <= len(options):
                return int(line) - 1
            self.say(texts.number.format(len(options)))

    def secret(self, question: str) -> str:
        """Return a line that is not shown while it is typed, and nowhere after."""
        with self.quiet():
            line = self._read(f"{question}: ")
        self.say()
        return line.strip("\r\n")

    @contextlib.contextmanager
    def quiet(self) -> Iterator[None]:
        """Show nothing of what is typed; what was typed before or during is dropped."""
        before = termios.tcgetattr(self.fd)
        silent = [*before[:3], before[3] & ~(termios.ECHO | termios.ECHONL), *before[4:]]
        termios.tcsetattr(self.fd, termios.TCSAFLUSH, silent)
        try:
            yield
        finally:
            termios.tcsetattr(self.fd, termios.TCSAFLUSH, before)

    def _read(self, prompt: str) -> str:
        sys.stdout.write(prompt)
        sys.stdout.flush()
        # Not through sys.stdin: it reads ahead, and then nobody could wait for what it has already.
        data = b""
        while not data.endswith(b"\n") and len(data) < LINE_LIMIT_BYTES:
            part = os.read(self.fd, LINE_LIMIT_BYTES)
            if not part:
                raise EOFError
            data += part
        return data.decode(errors="replace").replace("\n", "")


def clipped(text: str, cells: int = COLUMNS - 1) -> str:
    """Return a text that fits a line of the terminal, and moves no cursor there."""
    text = "".join(char if char.isprintable() else "?" for char in text)
    if wcswidth(text) <= cells:
        return text
    while wcswidth(text) > cells - 1:
        text = text[:-1]
    return f"{text}…"


def padded(text: str, cells: int) -> str:
    """Return a text with spaces behind it, to take so many cells of a line."""
    return text + " " * (cells - wcswidth(text))
