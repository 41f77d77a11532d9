"""How late the camera stamps its frames, in the text of its section in the config: put there, kept where it holds.

A section is text as somebody wrote it, or setup itself: of it only the line of the latency changes.
"""

from __future__ import annotations

import re

_BLOCK = re.compile(r"camera:\s*(#.*)?")
_FLOW = re.compile(r"camera:\s*\{(?P<options>[^#{}]*)\}\s*(?P<comment>#.*)?")
_LINE = re.compile(r"\s+latency:\s")
_OPTION = re.compile(r"(?:^|,)\s*latency:[^,]*")


def duration(seconds: float) -> str:
    """Return a duration as the config has it, in whole milliseconds."""
    return f"{round(seconds * 1000)}ms"


def with_latency(section: str, seconds: float, comment: str = "") -> str | None:
    """Return the text of a camera's section with its latency; None where it is written in a way that is not known.

    That is `camera:` and its options below, or all of them within { } on one line.
    """
    lines = section.splitlines()
    option = f"latency: {duration(seconds)}"
    behind = f"  # {comment}" if comment else ""
    for at, line in enumerate(lines):
        if _BLOCK.fullmatch(line):
            below = [line for line in lines[at + 1 :] if not _LINE.match(line)]
            indent = next((line[: -len(line.lstrip())] for line in below if _says_something(line)), "")
            return "\n".join([*lines[: at + 1], *below, f"{indent}{option}{behind}"]) if indent else None
        if (flow := _FLOW.fullmatch(line)) is not None:
            options = _OPTION.sub("", flow["options"]).strip(" ,")
            above = [f"# latency: {comment}"] if comment else []
            own = f"  {flow['comment']}" if flow["comment"] else ""
            return "\n".join([*lines[:at], *above, f"camera: {{{options}, {option}}}{own}", *lines[at + 1 :]])
    return None


def with_latency_of(section: str, before: str) -> str:
    """Return a section that setup wrote with the latency of the one before it, where all else of both is the same.

    Another camera, size or rate has another latency.
    """
    if any(map(_LINE.match, section.splitlines())) or _facts(section) != _facts(before):
        return section
    return "\n".join([section, *filter(_LINE.match, before.splitlines())])


def _facts(section: str) -> list[str]:
    return [line for line in section.splitlines() if _says_something(line) and not _LINE.match(line)]


def _says_something(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith("#")
