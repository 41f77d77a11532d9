"""Growing text into sentences to be spoken: each once, when it is finished. Text in, sentences out, no I/O.

A sentence ends with its mark and the quotes and brackets that close after it, or with its line; it is finished once
something follows. UAX #29's own division (uniseg's) puts an opening “ with the sentence before, ends one at `Dr. `, and
took 75 µs a character.
"""

from __future__ import annotations

import re

SENTENCE_LIMIT = 300
"""Characters: what goes on for longer is cut at a pause, so that speaking begins."""

_ENDS = re.compile(
    r"(?:[。！？｡…!?؟۔।]+|\.+(?=[\"'”’)\]]*(?:\s|$)))"  # a dot inside a number or an address ends nothing
    r"[\"'”’」』）)\]》〉]*\s*"
)
_ENDS_NOTHING = re.compile(
    r"(?:^|[\s(\"“])(?:[a-z]|mr|mrs|ms|dr|prof|st|no|vol|fig|vs|etc|approx|inc|ltd|jr|sr|[a-z]\.[a-z])\.\s*$"
    r"|^\s*[0-9]{1,3}\.\s*$",  # the number of a list
    re.IGNORECASE,
)
_PAUSES = re.compile(r"[,;:，、；：]\s*|\s+")


def sentences(text: str, *, complete: bool) -> list[str]:
    """Return the finished sentences that a text begins with, spaces included: together they are as far as it was read.

    All of it is finished where it is `complete`; what is longer than SENTENCE_LIMIT comes in parts.
    """
    found = []
    start = 0
    while start < len(text):
        end = _end_of_sentence(text, start, complete=complete)
        if not end:
            break
        found.append(text[start:end])
        start = end
    return found


def _end_of_sentence(text: str, start: int, *, complete: bool) -> int:
    """Return where the sentence ends that begins at `start`; 0 where it is not finished."""
    stop = min(len(text), start + SENTENCE_LIMIT + 1)
    line_end = text.find("\n", start, stop)
    if line_end >= 0:
        stop = line_end
    for match in _ENDS.finditer(text, start, stop):
        if match.end() < stop and not _ENDS_NOTHING.search(text[start : match.end()]):
            return match.end()
    if line_end >= 0:
        return line_end + 1
    if len(text) - start > SENTENCE_LIMIT:
        return max((match.end() for match in _PAUSES.finditer(text, start, stop - 1)), default=stop - 1)
    return stop if complete else 0
