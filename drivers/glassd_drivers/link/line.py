"""When the line has room for the next packet: made as late as possible, and never more than the device can hold."""

from __future__ import annotations

from math import inf
from typing import Final

from glassd_drivers.link.packets import END
from glassd_drivers.link.rates import BITS_A_BYTE

LEAD_S: Final = 0.002
"""How far ahead of what the line has carried packets are given out."""
LOOSE_BYTES: Final = 128
"""What is not acknowledged may come to a device so fast that it holds this much of it …"""
LOOSE_S: Final = 0.01
"""… and reads it within this time."""
PAUSE_S: Final = 0.02
"""After a pause of this length a 00 ends whatever noise it brought."""


class Line:
    """The way from the host to the device. `rate` is its baud, None if it has none."""

    def __init__(self, rate: int | None) -> None:
        self.rate = rate
        self._free = -inf
        """When all that was given out is on the line."""
        self._loose = float(LOOSE_BYTES)
        self._loose_at = -inf

    def free_at(self) -> float:
        """Return when the next packet may be given out."""
        return self._free - LEAD_S if self.rate else -inf

    def loose_at(self, size: int) -> float:
        """Return when a packet of that size that is not acknowledged may be given out."""
        if not self.rate:
            return -inf  # TCP or a pipe holds what the device does not read
        lacking = min(size, LOOSE_BYTES) - self._loose
        return -inf if lacking <= 0 else self._loose_at + lacking * LOOSE_S / LOOSE_BYTES

    def spend(self, size: int, now: float) -> None:
        """So many bytes are given out that are not acknowledged."""
        gained = (now - self._loose_at) * LOOSE_BYTES / LOOSE_S
        self._loose = min(LOOSE_BYTES, self._loose + gained) - size
        self._loose_at = now

    def starts(self, now: float) -> float:
        """Return when the first byte of a packet that is given out now goes on the line."""
        return self._begins(now) + (self.seconds(len(END)) if self._paused(now) else 0.0)

    def _begins(self, now: float) -> float:
        return max(now, self._free) if self.rate else now

    def _paused(self, now: float) -> bool:
        return now - self._free >= PAUSE_S

    def seconds(self, size: int) -> float:
        """Return how long so many bytes take on the line."""
        return size * BITS_A_BYTE / self.rate if self.rate else 0.0

    def give(self, packet: bytes, now: float) -> bytes:
        """Return what is to be written for this packet."""
        if self._paused(now):
            packet = END + packet
        self._free = self._begins(now) + self.seconds(len(packet))
        return packet

    def change(self, rate: int) -> None:
        """The line has this rate now; nothing is on it, and noise may have been."""
        self.rate = rate
        self._free = -inf
