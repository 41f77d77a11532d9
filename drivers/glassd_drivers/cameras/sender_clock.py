"""How late a picture came, by the stamps of a sender whose clock is not ours: no I/O.

Where the network stalls, what was sent meanwhile comes in a burst, and on arrival all of it looks new. The sender's
stamps tell how far apart the pictures were sent, whatever its clock shows. Against the least delay seen of late, each
one's own delay is what it was held up by.
"""

from __future__ import annotations

import math
from typing import Final

WINDOW_S: Final = 5.0
"""The least delay is that of one to two windows. Clocks drift by 0.1 ms a second at most, so 1 ms in them."""
LATE_LIMIT_S: Final = 10.0
"""What is later than that is no delay: the sender's clock was set."""


class SenderClock:
    """One sender's clock, known by its stamps alone."""

    def __init__(self) -> None:
        self._before = self._now = math.inf  # the least delays of the window before and of this one, in seconds
        self._begun = self._last = -math.inf

    def late(self, stamp: float, arrival: float) -> float:
        """Return by how many seconds a picture that was sent at `stamp` was held up on its way; 0 where unknown.

        `stamp` is seconds of any clock, `arrival` seconds of ours; both come in the order of arrival.
        """
        delay = arrival - stamp
        if not math.isfinite(delay):
            return 0.0
        if stamp < self._last or delay - self._least() > LATE_LIMIT_S:
            self._forget()
        if arrival - self._begun > WINDOW_S:
            self._before, self._now, self._begun = self._now, delay, arrival
        self._last = stamp
        self._now = min(self._now, delay)
        return delay - self._least()

    def _least(self) -> float:
        return min(self._before, self._now)

    def _forget(self) -> None:
        """Begin anew, as with a sender that was never heard."""
        self._before = self._now = math.inf
        self._begun = self._last = -math.inf
