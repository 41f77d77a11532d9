"""What may be spent an hour and a day, and what has been."""

from __future__ import annotations

from collections.abc import Callable

from glassd.ask import Ask
from glassd.spending import Amounts

Estimate = Callable[[Ask, int], Amounts]
"""What an ask costs at most likely that goes with this many pictures."""


def uncosted(_ask: Ask, pictures: int) -> Amounts:
    """Return what is known of an ask's cost without a word of its model."""
    return Amounts(1, pictures)
