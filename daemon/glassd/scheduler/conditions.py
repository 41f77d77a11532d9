"""What a trigger's `if` asks for, held against what is so now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterable

    from glassd.config.triggers import Condition

MINUTES_OF_DAY = 24 * 60


class Facts(Struct, frozen=True):
    """What is so at one instant, for one trigger.

    `minute`: of the day, in the board's time zone; None while the clock is not known to be right.
    """

    answer_shown: bool = False
    cut_off: bool = False
    over_budget: bool = False
    perhaps_sent: bool = False
    queued: bool = False
    online: bool = True
    scene_changed: bool = True
    minute: int | None = None


def hold(conditions: Iterable[Condition], facts: Facts) -> bool:
    """Tell whether all of them hold."""
    return all(_holds(condition, facts) for condition in conditions)


def _holds(condition: Condition, facts: Facts) -> bool:
    if condition.fact == "between":
        if facts.minute is None:
            return False  # with `not` before it too: of a time that is not known nothing is said
        length = (condition.until - condition.since) % MINUTES_OF_DAY
        return ((facts.minute - condition.since) % MINUTES_OF_DAY < length) is condition.holds
    fact: bool = getattr(facts, condition.fact.replace(" ", "_"))
    return fact is condition.holds
