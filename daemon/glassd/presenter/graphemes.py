"""A model's text, as it comes, into graphemes that a display can take.

Two steps, each of which gives the same result however the text was cut into deltas. `Cleaner` takes out what could act
on a display instead of being read on it. `Graphemes` cuts the rest where UAX #29 lets it, and holds the last one back:
a combining mark, a joiner or a flag's second half may come with the next delta.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

GRAPHEME_LIMIT = 32
"""Code points of one grapheme; what goes past it begins a new one. UAX #15's stream-safe format allows 30 marks."""
REPLACEMENT = "\ufffd"


class Cleaner:
    """Makes text harmless: line ends become LF, tabs a space, lone surrogates U+FFFD; controls are taken out."""

    def __init__(self) -> None:
        self._high = ""  # a high surrogate whose low one may come with the next delta: some servers cut inside a pair
        self._after_cr = False

    def feed(self, delta: str) -> str:
        """Return the harmless form of the next piece."""
        if not delta:
            return ""
        text = self._high + delta
        self._high = ""
        if self._after_cr and text[0] == "\n":
            text = text[1:]
        self._after_cr = delta[-1] == "\r"
        if text.isprintable() or not re.search(_ODD, text):  # the first is stricter, and faster
            return text
        if "\ud800" <= text[-1] <= "\udbff":
            text, self._high = text[:-1], text[-1]
        text = re.sub(_PAIR, _join, text)
        text = re.sub(_LINE_END, "\n", text).replace("\t", " ")
        return re.sub(_HARMFUL, "", re.sub(_SURROGATE, REPLACEMENT, text))

    def finish(self) -> str:
        """Return what was held back, now that no more text comes."""
        held, self._high = self._high, ""
        return REPLACEMENT if held else ""


class Graphemes:
    """Cuts harmless text into graphemes; a line end is one of its own."""

    held = ""
    """The last grapheme, still open."""

    def feed(self, text: str) -> Iterator[str]:
        """Yield each grapheme that is complete, in order; must be read to its end."""
        for start in range(0, len(text), _WINDOW):
            yield from self._feed(text[start : start + _WINDOW])

    def finish(self) -> str:
        """Return the last grapheme, or nothing."""
        held, self.held = self.held, ""
        return held

    def fork(self) -> Graphemes:
        """Return an independent copy."""
        twin = Graphemes()
        twin.held = self.held
        return twin

    def _feed(self, text: str) -> Iterator[str]:
        text = self.held + text
        self.held = ""
        if (text.isascii() and text.isprintable() and text) or re.fullmatch(SINGLES, text):
            yield from text[:-1]
            if text[-1] == "\n":
                yield "\n"
            else:
                self.held = text[-1]
            return
        for grapheme in _split(text):
            if self.held:
                yield self.held
            self.held = grapheme
        if self.held == "\n":  # nothing joins a line end
            yield self.finish()


_WINDOW = 256
"""Code points that are split at a time, so that a flood of joined ones costs no more than its length."""


def _split(text: str) -> Iterator[str]:
    from glassd.presenter.tables import iter_graphemes  # noqa: PLC0415  after READY: see there

    start = 0
    while start < len(text):
        for grapheme in iter_graphemes(text[start:]):
            if len(grapheme) > GRAPHEME_LIMIT:
                yield grapheme[:GRAPHEME_LIMIT]
                start += GRAPHEME_LIMIT
                break
            yield grapheme
            start += len(grapheme)


def _join(pair: re.Match[str]) -> str:
    high, low = ord(pair[0][0]), ord(pair[0][1])
    return chr(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))


# Texts, which `re` compiles when the first text comes and then keeps: a start need not wait for that.
_LINE_END = "\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]"
_PAIR = "[\ud800-\udbff][\udc00-\udfff]"
_SURROGATE = "[\ud800-\udfff]"
_HARMFUL = (
    "["
    "\x00-\x09\x0b-\x1f\x7f-\x9f"  # C0 and C1: escape sequences lose their introducer
    "\u00ad\u180e\u2060-\u2064\ufeff"  # invisible: soft hyphen, joiners, byte-order mark
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u206f"  # bidi marks, embeddings, overrides, isolates
    "\ufff9-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e001f"  # formats that nothing here draws
    "]"
)
SINGLES = "[ -~\n\u2010-\u2027\u2030-\u205e\u3001-\u3029\u3041-\u3096\u30a1-\u30fa\u4e00-\u9fff\uff01-\uff60]+"
"""Characters that never join one another: among them each is a grapheme, and none needs to be looked for."""
_ODD = f"[\r\t\v\f\x1c-\x1e\u2028\u2029\ud800-\udfff]|{_HARMFUL}"
