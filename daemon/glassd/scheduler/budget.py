"""The ledger: what has been spent in the hour and the day that count, and whether there is room for one more ask.

An ask counts from its admission on with what it costs at most likely; how it ended puts that right: what never left the
board is given back, and what the server reports takes the estimate's place. So what is under way is always in it, and
no two asks are admitted into the same room.

A window ends when the board's local time, once it is known to be right, has come to a later one; until then counts go
on in the window that stands.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from msgspec import Struct

from glassd.ask import Ask
from glassd.spending import Amounts, Spent
from glassd.wall import Wall

if TYPE_CHECKING:
    from glassd.config.policy import Budget, Budgets

Estimate = Callable[[Ask, int], Amounts]
"""What an ask costs at most likely that goes with this many pictures."""
LOW = 0.8
"""The part of a budget past which the wearer is warned."""
AHEAD_LIMIT_S = 2 * 86400.0
"""How far ahead of the clock, once that is known, the window that counts may be: zones differ by a day and a bit. One
that is further ahead is of a clock that was wrong, and would never end."""
_KINDS = ("asks", "frames", "tokens", "money")
_ROUNDING = 1 + 1e-9  # money is added and taken away as floats


def uncosted(_ask: Ask, pictures: int) -> Amounts:
    """Return what is known of an ask's cost without a word of its model."""
    return Amounts(1, pictures)


class _Limit(Struct, frozen=True):
    kind: str
    most: float


class _Window:
    """One hour or one day: what was spent in it, and what may be."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.number = -1
        self.turn = 0  # how often it has begun anew
        self.spent = Amounts()
        self._limits: list[_Limit] = []
        self._low: set[str] = set()  # of what the wearer has been warned

    def limit(self, budget: Budget) -> None:
        most = ((kind, getattr(budget, kind)) for kind in _KINDS)
        self._limits = [_Limit(kind, limit * _ROUNDING) for kind, limit in most if limit is not None]
        self._low &= self.now_low()  # of a budget that has grown it is warned again

    def clock_is(self, local: float) -> bool:
        """Begin anew where the clock says so, and tell whether it did."""
        number = int(local // self._seconds)
        ahead = self.number - number
        began = self.number >= 0 > ahead
        if began:
            self.turn += 1
            self.spent = Amounts()
            self._low.clear()
        if self.number < 0 or ahead < 0 or ahead > AHEAD_LIMIT_S / self._seconds:
            self.number = number
        return began

    def ends_at(self) -> float:
        """Return the local time at which it is over."""
        return (self.number + 1) * self._seconds

    def restored(self, number: int, spent: Amounts) -> None:
        """Add what was spent before a restart, where that is the same window as far as is known."""
        if number < 0 or number >= self.number:
            self.spent += spent
        self.number = max(self.number, number)
        self.is_low()  # what is low already was told before

    def has_room(self, more: Amounts) -> bool:
        return all(getattr(self.spent, each.kind) + getattr(more, each.kind) <= each.most for each in self._limits)

    def is_low(self) -> bool:
        """Tell whether a limit is near of which the wearer has not been warned; the next time it has been."""
        low = self.now_low()
        new = not low <= self._low
        self._low |= low
        return new

    def now_low(self) -> set[str]:
        """Return which limits are near."""
        return {each.kind for each in self._limits if getattr(self.spent, each.kind) >= LOW * each.most / _ROUNDING}


class _Taken(Struct, frozen=True):
    """What an ask counts with, and in which windows."""

    amounts: Amounts
    turns: tuple[int, ...]


class Ledger:
    """What has been spent. Whoever takes has a key: the id of an ask, or of an item of the outbox."""

    def __init__(self) -> None:
        self._windows = self._hour, self._day = _Window(3600.0), _Window(86400.0)
        self._taken: dict[str, _Taken] = {}
        self._wall = Wall()
        self._over_at: float | None = None  # when the first window is over, monotonic
        self.changed = False
        """Whether anything was spent or given back since this was last set to False."""

    def configure(self, budgets: Budgets) -> None:
        """Take over the limits; what has been spent stays."""
        self._hour.limit(budgets.hour)
        self._day.limit(budgets.day)

    @property
    def spent(self) -> Spent:
        """All that counts now."""
        return Spent(self._hour.number, self._hour.spent, self._day.number, self._day.spent)

    def clock_is(self, now: float, wall: Wall) -> None:
        """The wall clock was read."""
        self._wall = wall
        self._over_at = now if wall.known else None
        self._roll(now)

    def restored(self, spent: Spent, now: float) -> None:
        """Add what had been spent before a restart."""
        self._hour.restored(spent.hour_number, spent.hour)
        self._day.restored(spent.day_number, spent.day)
        self.changed = True
        self.clock_is(now, self._wall)

    def take(self, key: str, amounts: Amounts, now: float, *, anyway: bool = False) -> bool:
        """Count an ask, where there is room for it; `anyway`: also where there is none. Return whether it counts."""
        self._roll(now)
        hour, day = self._hour, self._day
        if not anyway and not (hour.has_room(amounts) and day.has_room(amounts)):
            return False
        hour.spent += amounts
        day.spent += amounts
        self._taken[key] = _Taken(amounts, (hour.turn, day.turn))
        self.changed = True
        return True

    def settle(self, key: str, cost: Amounts | None) -> None:
        """An ask has ended that left the board: its tokens and money are what the server says, where it says it."""
        taken = self._taken.pop(key, None)
        if taken is not None and cost is not None:
            before = taken.amounts
            self._add(taken, Amounts(0, 0, cost.tokens - before.tokens, cost.money - before.money))

    def give_back(self, key: str) -> None:
        """An ask has ended that never left the board: it does not count."""
        if (taken := self._taken.pop(key, None)) is not None:
            self._add(taken, Amounts() - taken.amounts)

    def hand_on(self, key: str, to: str) -> None:
        """What one key took belongs to another one from now on."""
        if (taken := self._taken.pop(key, None)) is not None:
            self._taken[to] = taken

    def is_low(self) -> bool:
        """Tell whether the wearer is to be warned of a limit: once in each window."""
        return [window.is_low() for window in self._windows] != [False, False]

    @property
    def low(self) -> bool:
        """Whether a limit is near now."""
        return any(window.now_low() for window in self._windows)

    def _add(self, taken: _Taken, amounts: Amounts) -> None:
        for window, turn in zip(self._windows, taken.turns, strict=True):
            if window.turn == turn:
                window.spent += amounts
                self.changed = True

    def _roll(self, now: float) -> None:
        if self._over_at is None or now < self._over_at:
            return
        local = self._wall.local(now)
        for window in self._windows:
            self.changed |= window.clock_is(local)
        self._over_at = now + min(window.ends_at() for window in self._windows) - local
