"""How often something may happen: a token bucket."""

from __future__ import annotations


class Rate:
    """Lets `burst` happen at once and `per_s` a second after that; begins with all of the burst."""

    def __init__(self, burst: float, per_s: float, now: float) -> None:
        self._burst = self._left = burst
        self._per_s = per_s
        self._at = now

    def allows(self, now: float) -> bool:
        """Take note of one more, and tell whether it may be; one that may not counts as none."""
        self._left = min(self._burst, self._left + (now - self._at) * self._per_s)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True
