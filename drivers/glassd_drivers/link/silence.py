"""When a line is dead for want of good packets (section 3): soon, if what comes is noise; else after a second."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Final

from glassd_drivers.link.rates import BASE_RATE

if TYPE_CHECKING:
    from glassd_drivers.link.line import Line

SILENCE_S: Final = 1.0
"""Without a good packet the line is dead …"""
NOISE_S: Final = 0.4
"""… and above the base rate after this time, if bytes came: a device that has begun anew is at the base rate."""
_LAST_PACKET_S: Final = 0.1
"""Bytes that come within this time may be of a packet that the device will not end."""
_NEXT_PACKET_S: Final = 0.05
"""The first bytes after a pause may be of a packet that comes yet."""
_BAD_LINE: Final = 0.1
"""Noise that takes more than this share of the line is not a device that says HERE, but a rate that does not work."""


class Silence:
    """Listens to one line, from the beginning of a session. `received` counts its bytes."""

    def __init__(self, line: Line, now: float) -> None:
        self.received = 0
        self._line = line
        self._heard = now
        self._received_heard = 0
        """Bytes that had come with the last good packet."""
        self._noise_at = inf
        """When the first bytes came that are of no packet, it seems."""

    def bytes_came(self, size: int, now: float) -> None:
        """So many bytes came."""
        self.received += size
        if size and now >= self._heard + _LAST_PACKET_S:
            self._noise_at = min(self._noise_at, now)

    def packet_came(self, now: float) -> None:
        """A good packet was among them."""
        self._heard, self._noise_at, self._received_heard = now, inf, self.received

    def due(self) -> float:
        """Return when the line is dead, if nothing comes until then."""
        silence = self._heard + SILENCE_S
        if self._line.rate in (None, BASE_RATE):
            return silence
        return min(silence, max(self._heard + NOISE_S, self._noise_at + _NEXT_PACKET_S))

    def dead(self, now: float) -> str | None:
        """Return why the line is dead, as half a sentence; None if it is not."""
        if now >= self._heard + SILENCE_S:
            return f"nothing was heard for {SILENCE_S:g} s"
        if now >= self.due():
            return "the device talks at another rate, or the line is noise"
        return None

    def bad_line(self, now: float) -> bool:
        """Tell whether so much came since the last good packet that the rate is to blame."""
        noise = self.received - self._received_heard
        return self._line.rate not in (None, BASE_RATE) and self._line.seconds(noise) > _BAD_LINE * (now - self._heard)
