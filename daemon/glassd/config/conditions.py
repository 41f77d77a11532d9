"""What must hold for a trigger: the words of `if:` as values, and `str` of a value gives its words back."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

from msgspec import Struct

from glassd.config.events import TIME, clock_text, whole_clock
from glassd.config.mistakes import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable

Fact = Literal["answer shown", "cut off", "over budget", "perhaps sent", "queued", "online", "scene changed"]
FACTS: tuple[Fact, ...] = get_args(Fact)
DAY_MINUTES: Final = 24 * 60


class Condition(Struct, frozen=True):
    """One condition: a fact that holds or, with `not` before it, does not; or a time of the day."""

    fact: Fact | Literal["between"]
    holds: bool = True
    """False where the words begin with `not`."""
    since: int = 0
    until: int = 0
    """Of `between`: minutes since midnight in the board's time zone; `until` before `since` is on the next day."""

    def __str__(self) -> str:
        between = f"between {clock_text(self.since)} and {clock_text(self.until)}"
        words = self.fact if self.fact != "between" else between
        return words if self.holds else f"not {words}"

    def holds_at(self, minute: int) -> bool:
        """Tell whether it can hold at a time of the day, in minutes since midnight."""
        if self.fact != "between":
            return True
        length = (self.until - self.since) % DAY_MINUTES
        return ((minute - self.since) % DAY_MINUTES < length) == self.holds


def read_condition(text: str) -> Condition | None:
    """Return the condition that a text of the file names, None where it is none; ValueError for no time at all."""
    words = " ".join(text.split())
    holds = not words.startswith("not ")
    words = words.removeprefix("not ")
    for fact in FACTS:
        if words == fact:
            return Condition(fact, holds)
    if match := re.fullmatch(f"between {TIME} and {TIME}", words):
        since, until = int(match[1]) * 60 + int(match[2]), int(match[3]) * 60 + int(match[4])
        if since == until:
            raise ValueError("two times of the day that differ, such as between 08:00 and 20:00")
        return Condition("between", holds, since, until)
    return None


def condition_of(written: Any) -> Condition:
    """Return the condition that a text names; raise ValueError, which says what is expected there, for any other."""
    if isinstance(written, Condition):
        return written
    if isinstance(written, str) and (found := read_condition(written)) is not None:
        return found
    near = _nearest_condition(written) if isinstance(written, str) else None
    hint = f"; did you mean {near}?" if near else ""
    raise ValueError(f"{', '.join(FACTS)}, or between 08:00 and 20:00, with or without not before it{hint}")


def can_hold(conditions: Iterable[Condition]) -> bool:
    """Tell whether some moment of a day can have all of these: none is the contrary of another."""
    together = list(conditions)
    facts = {(each.fact, each.holds) for each in together if each.fact != "between"}
    if any((fact, not holds) in facts for fact, holds in facts):
        return False
    return any(all(each.holds_at(minute) for each in together) for minute in range(DAY_MINUTES))


def _nearest_condition(text: str) -> str | None:
    negated = "not " if re.match(r"(?i)\s*(not|no|never)\b", text) else ""
    times = re.findall(r"(?<![0-9])([0-9]{1,2})[:：.]([0-9]{2})(?![0-9])", text)
    if len(times) == 2:
        since, until = (whole_clock(*time) for time in times)
        return f"{negated}between {since} and {until}" if since and until and since != until else None
    bare = re.sub(r"(?i)^\s*(not|no|never)\b", "", text)
    near = nearest(" ".join(re.split(r"[\s_-]+", bare.strip())), FACTS)
    return f"{negated}{near}" if near else None
