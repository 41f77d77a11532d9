"""What waits on disk for the network: which of it may go next, what has waited too long, and what may join it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from glassd.messages.codes import Code
from glassd.scheduler.timers import Timers
from glassd.wall import Wall

if TYPE_CHECKING:
    from collections.abc import Iterator

    from glassd.config.policy import Outbox as Rules
    from glassd.waiting import Waiting

NETWORK_CODES = frozenset(
    (
        Code.DNS,
        Code.NO_NETWORK,
        Code.CONNECTION_REFUSED,
        Code.CONNECTION_LOST,
        Code.CONNECT_TIMEOUT,
        Code.PORTAL,
        Code.PROXY,
    )
)
"""What says that the way to the model is not open."""


class _Item(Struct):
    size: int
    since: float | None  # UTC
    came: float  # in this life, monotonic
    perhaps_sent: bool = False


class Outbox:
    """The items by their numbers, the oldest first. `sending` is the one under way, with the ask that it is sent as."""

    def __init__(self) -> None:
        self._rules: Rules | None = None
        self._items: dict[int, _Item] = {}
        self._over: Timers[int] = Timers()
        self._wall = Wall()
        self.sending: tuple[int, str] | None = None

    def configure(self, rules: Rules | None) -> None:
        """Take over the rules. Without any nothing joins or goes; what waits is kept."""
        self._rules = rules
        self._set_all()

    def clock_is(self, wall: Wall) -> None:
        """The wall clock was read."""
        self._wall = wall
        self._set_all()

    def __iter__(self) -> Iterator[int]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    @property
    def perhaps_sent(self) -> int:
        """How many of them were perhaps sent."""
        return sum(item.perhaps_sent for item in self._items.values())

    @property
    def due(self) -> float | None:
        """When the first has waited too long."""
        return self._over.due

    @property
    def next(self) -> int | None:
        """The item that is to go next, once it may; None where none is or one is under way."""
        if self._rules is None or self.sending is not None:
            return None
        return next((number for number, item in self._items.items() if not item.perhaps_sent), None)

    def has_room(self, size: int) -> bool:
        """Tell whether one more of so many bytes may wait."""
        rules = self._rules
        if rules is None or len(self._items) >= rules.asks:
            return False
        return size + sum(item.size for item in self._items.values()) <= rules.size

    def add(self, waiting: Waiting, now: float) -> None:
        """One more is on disk."""
        self._items[waiting.item] = _Item(waiting.size, waiting.since, now, waiting.perhaps_sent)
        self._set(waiting.item)

    def sent(self, *, again: bool, perhaps: bool = False) -> int:
        """Return what was under way and has ended; `again`: it waits on, `perhaps`: for the wearer's word."""
        assert self.sending is not None, "it was under way"
        number, self.sending = self.sending[0], None
        if (item := self._items.get(number)) is not None:
            if again:
                item.perhaps_sent = perhaps
                self._set(number)
            else:
                self.remove(number)
        return number

    def holds(self, number: int) -> bool:
        """Tell whether that item still waits, or is under way."""
        return number in self._items

    def was_perhaps_sent(self, number: int) -> bool:
        """Tell whether that item goes again only on the wearer's word."""
        return self._items[number].perhaps_sent

    def release(self) -> bool:
        """Those that were perhaps sent may go again; tell whether there are any."""
        freed = [item for item in self._items.values() if item.perhaps_sent]
        for item in freed:
            item.perhaps_sent = False
        return bool(freed)

    def drop_all(self) -> tuple[int, ...]:
        """Forget all of them, what is under way too."""
        numbers = tuple(self._items)
        for number in numbers:
            self.remove(number)
        return numbers

    def expired(self, now: float) -> int | None:
        """Return one that has waited too long, None where none has; what is under way is not one of them."""
        while (number := self._over.take(now)) is not None:
            if self.sending is None or self.sending[0] != number:
                return number
        return None

    def remove(self, number: int) -> None:
        """Forget one."""
        del self._items[number]
        self._over.set(number, None)

    def _set_all(self) -> None:
        for number in self._items:
            self._set(number)

    def _set(self, number: int) -> None:
        self._over.set(number, self._over_at(self._items[number]))

    def _over_at(self, item: _Item) -> float | None:
        """Return when it has waited too long; nothing that has a date before the date is known."""
        if self._rules is None:
            return None
        if item.since is None:
            return item.came + self._rules.age
        return item.since + self._rules.age - self._wall.offset if self._wall.known else None
