"""What is kept of asks, in memory: the far side of the runner in tests that are about something else than a disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from glassd.waiting import OutboxError, OutboxLostError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from glassd.answer import Outcome
    from glassd.ask import Ask
    from glassd.record import AskRecord
    from glassd.spending import Spent


class Kept:
    """A journal that remembers what it was told, in order."""

    def __init__(self) -> None:
        self.begun_asks: list[tuple[str, float | None]] = []
        self.ended_asks: list[tuple[AskRecord, Outcome]] = []
        self.skips: list[tuple[str, str]] = []
        self.spent: Spent | None = None
        self.wearers = 1

    def begun(self, ask: Ask, utc: float | None) -> None:
        self.begun_asks.append((ask.id, utc))

    def ended(self, record: AskRecord, ask: Ask, outcome: Outcome) -> None:  # noqa: ARG002  a Journal
        self.ended_asks.append((record, outcome))

    def skipped(self, trigger: str, why: str, utc: float | None) -> None:  # noqa: ARG002  a Journal
        self.skips.append((trigger, why))

    def spend(self, spent: Spent) -> None:
        self.spent = spent

    def new_wearer(self) -> None:
        self.wearers += 1


class NoOutbox:
    """An outbox that the config does not have."""

    @property
    def takes_asks(self) -> bool:
        return False

    async def put(self, ask: Ask, utc: float | None) -> int:  # noqa: ARG002  an Outbox
        raise OutboxError("there is none")

    async def take(self, item: int) -> Ask:
        raise OutboxLostError(f"there is no {item}")

    async def back(self, item: int) -> None:
        raise OutboxError(f"there is no {item}")

    async def drop(self, items: Sequence[int]) -> None:
        """There is nothing to drop."""


class Shelf(NoOutbox):
    """An outbox whose disk is a dictionary: what is on it, and which of it is being sent."""

    def __init__(self) -> None:
        self.asks: dict[int, Ask] = {}
        self.sending: set[int] = set()
        self.full = False
        self._items = 0

    @property
    def takes_asks(self) -> bool:
        return True

    async def put(self, ask: Ask, utc: float | None) -> int:  # noqa: ARG002  an Outbox
        if self.full:
            raise OutboxError("the disk is full")
        self._items += 1
        self.asks[self._items] = ask
        return self._items

    async def take(self, item: int) -> Ask:
        if item not in self.asks:
            raise OutboxLostError(f"there is no {item}")
        self.sending.add(item)
        return self.asks[item]

    async def back(self, item: int) -> None:
        self.sending.discard(item)

    async def drop(self, items: Sequence[int]) -> None:
        for item in items:
            self.asks.pop(item, None)
            self.sending.discard(item)
