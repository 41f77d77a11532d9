"""The wearer's commands: what a trigger, the API and `glassd do` may tell the daemon to do instead of asking."""

from __future__ import annotations

from typing import Literal, get_args

Command = Literal[
    "cancel",
    "clear",
    "repeat",
    "resume",
    "pause",
    "unpause",
    "toggle pause",
    "next page",
    "previous page",
    "new conversation",
    "new wearer",
    "ask anyway",
    "send again",
    "drop queued",
]
COMMANDS: tuple[Command, ...] = get_args(Command)


def read_command(text: str) -> Command:
    """Return the command that a text names; raise ValueError, which names the nearest one, for any other."""
    for command in COMMANDS:
        if command == text:
            return command
    from glassd.config.mistakes import did_you_mean, readable  # noqa: PLC0415  `glassd --help` does without difflib

    raise ValueError(f"no command {readable(text)}; {did_you_mean(text, COMMANDS, known='there are')}")
