"""What the board knows of the date: how far UTC is from the monotonic clock, and whether that can be believed."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

BUILT: Final = 1_793_491_200.0
"""UTC seconds since 1970 (2026-11-01) before which no board can run this code: a clock that is earlier is not set."""


class Wall(Struct, frozen=True):
    """One reading of the wall clock. Seconds.

    `offset`: UTC since the Unix epoch, less CLOCK_MONOTONIC. `zone`: the board's local time, less UTC. `known`: whether
    the clock is right as far as can be told; on a board without a clock of its own it is not before the network is.
    """

    offset: float = 0.0
    zone: float = 0.0
    known: bool = False

    def utc(self, instant: float) -> float:
        """Return the UTC of an instant, seconds since the Unix epoch; only as right as `known` says."""
        return instant + self.offset

    def local(self, instant: float) -> float:
        """Return the board's local time of an instant, as seconds since the local 1970-01-01 00:00."""
        return instant + self.offset + self.zone
