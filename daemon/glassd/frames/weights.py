"""What weighs how much when a frame is chosen, and how far from the press one is."""

from __future__ import annotations

from msgspec import Struct


class Weights(Struct, frozen=True):
    """What "best" weighs."""

    reach: float = 1.0
    """Seconds from the instant that cost as much as all of the sharpness."""
    after: float = 2.0
    """How many times as far a frame after the instant counts: it costs a wait, and a finger that presses moves a
    head."""
    enough: float = 0.8
    """The part of the sharpest frame's sharpness that is as good as it: a steady scene's frames stay above 0.97 in
    noise, and what brings one below 0.8 is blur (16 pixels of motion at 720p and more)."""

    def distance(self, stamp: float, instant: float) -> float:
        """Return the seconds between a frame's stamp and an instant, as they count."""
        return max(instant - stamp, self.after * (stamp - instant))


USUAL = Weights()
