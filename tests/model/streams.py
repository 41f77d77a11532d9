"""The recorded and constructed answers under tests/data/streams, one file each.

A file begins with `key: JSON` lines, ends its head with `----`, and goes on with the body as the server sends it, but
for what would not survive an editor: `bom` and `eol` (LF where absent) say how the bytes are made from it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from paths import TREE

if TYPE_CHECKING:
    from pathlib import Path

_EOL = {"LF": b"\n", "CRLF": b"\r\n", "CR": b"\r"}


@dataclass(frozen=True)
class Stream:
    """One answer: what the server sends, and what is right to make of it."""

    name: str
    body: bytes
    head: dict[str, Any]

    @property
    def status(self) -> int:
        return int(self.head.get("status", 200))

    def expected(self) -> dict[str, Any]:
        """Return what does not depend on how the body came: outcome, words, finish reason, usage."""
        return {
            "outcome": self.head["outcome"],
            "text": self.head.get("text", ""),
            "reasoning": self.head.get("reasoning", ""),
            "refusal": self.head.get("refusal", ""),
            "finish_reason": self.head.get("finish_reason"),
            "usage": self.head.get("usage"),
        }


def load(path: Path) -> Stream:
    """Read one file."""
    head, _, body = path.read_bytes().partition(b"\n----\n")
    fields = {}
    for line in head.split(b"\n"):
        key, _, value = line.partition(b": ")
        fields[key.decode()] = json.loads(value)
    body = body.replace(b"\n", _EOL[fields.get("eol", "LF")])
    return Stream(path.stem, (b"\xef\xbb\xbf" if fields.get("bom") else b"") + body, fields)


STREAMS = {path.stem: load(path) for path in sorted((TREE / "tests" / "data" / "streams").glob("*.stream"))}
