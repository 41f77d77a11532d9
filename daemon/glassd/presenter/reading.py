"""How long a screen stays: until its page is read, or until what stands there has stood long enough.

Pure, and without a clock of its own: it is told each newest screen with its instant, and says what is due when.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from glassd.config.schema import Reading
    from glassd.presenter.presenter import Presenter

Step = Literal["turn", "clear"]

LEAST_PAGE_S = 2.0
"""How long a page is in view at least that is turned by itself: an eye has to find it first."""
WORD_LIMIT_CHARS = 12
"""Characters that are read as one word at most: Thai has no spaces, and a URL none either."""
_WIDE = "\u1100-\u11ff\u2e80-\ua4cf\uac00-\ud7ff\uf900-\ufaff\U00020000-\U0003ffff"
_READ_AS_ONE = rf"(?=\w)[{_WIDE}]|(?=[^\s{_WIDE}]{{0,{WORD_LIMIT_CHARS - 1}}}\w)[^\s{_WIDE}]{{1,{WORD_LIMIT_CHARS}}}"
"""A character of Chinese, Japanese or Korean, or what stands between two spaces: people read about as many of the one
as of the other in a minute (228 words of English, 255 characters of Chinese: Trauzettel-Klosinski and Dietz,
"Standardized Assessment of Reading Performance", 2012)."""


class Timing:
    """What is due of one display's screen, and when."""

    def __init__(self) -> None:
        self._number = -1
        self._since = 0.0
        self._turn_at: float | None = None
        self._spent = False

    def due(self, presenter: Presenter, reading: Reading, now: float) -> tuple[float, Step] | None:
        """Return what is due and when, given how things stand now; None where the screen stays as it is."""
        if presenter.number != self._number:
            self._number, self._since, self._turn_at = presenter.number, now, None
            self._spent = False
        if self._spent:
            return None
        if presenter.more:
            if self._turn_at is None:
                lines = presenter.screen.lines
                ends = (self._since + seconds(lines, reading), now + seconds(lines[-1:], reading))
                self._turn_at = max(*ends, self._since + LEAST_PAGE_S)
            return self._turn_at, "turn"
        match presenter.rests:
            case "answer":
                hold = reading.hold
            case "note":
                hold = reading.hold_errors
            case _:
                return None
        if hold == "always":
            return None
        return self._since + max(hold, seconds(presenter.screen.lines, reading)), "clear"

    def spent(self) -> None:
        """Nothing more is due of what stands there: it was told that it has stood long enough."""
        self._spent = True


def seconds(lines: Sequence[str], reading: Reading) -> float:
    """Return how long lines take to read at the wearer's speed; nothing where none is set."""
    if reading.auto_page == "never":
        return 0.0
    return 60.0 / reading.auto_page * sum(len(re.findall(_READ_AS_ONE, line)) for line in lines)
