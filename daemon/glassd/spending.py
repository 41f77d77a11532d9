"""What asks cost: amounts, and what has been spent in the hour and the day that count."""

from __future__ import annotations

from msgspec import Struct


class Amounts(Struct, frozen=True):
    """Asks and pictures that leave the board, tokens, and money in the currency of the endpoints' `price`."""

    asks: int = 0
    frames: int = 0
    tokens: int = 0
    money: float = 0.0

    def __add__(self, other: Amounts) -> Amounts:
        return Amounts(
            self.asks + other.asks,
            self.frames + other.frames,
            self.tokens + other.tokens,
            self.money + other.money,
        )

    def __sub__(self, other: Amounts) -> Amounts:
        return self + Amounts(-other.asks, -other.frames, -other.tokens, -other.money)


class Spent(Struct, frozen=True):
    """What has been spent in one hour and one day of the board's time zone.

    `hour_number` counts hours since the Unix epoch in local time, `day_number` days; -1 before any was known.
    """

    hour_number: int = -1
    hour: Amounts = Amounts()
    day_number: int = -1
    day: Amounts = Amounts()
