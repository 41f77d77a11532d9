"""The two lanes that asks wait in: who goes first, who makes room for whom, and how many may wait.

The wearer's (buttons; API and command line; scene, intervals, times, start): one at a time, in this order, and in the
order of their coming within it. The gateway's, for the glasses' own apps: a few at a time, beside the wearer's but
behind it.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from msgspec import Struct

from glassd.ask import Ask, Origin
from glassd.config.triggers import QUEUE_LIMIT_ASKS, Busy, Frames
from glassd.scheduler.armed import QUEUE, Armed

if TYPE_CHECKING:
    from collections.abc import Callable

GATEWAY_WAIT_LIMIT_S = 30.0
"""How long an ask of the gateway may wait before it is refused as busy: a wearer who asks on and on would else keep it
waiting for ever. In the wearer's own lane nobody waits behind more than the line, and the wearer's own presses."""
_RANKS = {Origin.BUTTON: 0, Origin.API: 1, Origin.CLI: 1}
_LAST_RANK = 2


class Wanted(Struct):
    """An ask on its way through a lane, and what is to become of it."""

    ask: Ask
    frames: Frames
    armed: Armed | None = None
    """The trigger that asks."""
    busy: Busy = QUEUE
    follow_up: bool = False
    """Whether its answer belongs to the conversation."""
    outbox: bool = False
    """Whether it may wait on disk while there is no network."""
    resumed: int = 0
    """How many answers before it broke off and are gone on with."""
    again: bool = False
    """It was asked before: a command asks for it once more."""
    admitted: bool = False
    """It has its place in the lane."""
    stopped: bool = False
    """It has been told to stop: nothing of its end is remembered."""
    unwanted: bool = False
    """Nor may it wait in the outbox, for nobody wants its answer any more."""

    @property
    def rank(self) -> int:
        """Its place in the order of the wearer's lane; the lowest goes first."""
        return _RANKS.get(self.ask.origin, _LAST_RANK)

    @property
    def pinned(self) -> bool:
        """Whether frames are held for it."""
        return self.frames.count > 0 and self.ask.origin is not Origin.GATEWAY


class WearersLane:
    """One answer at a time. `waiting` is in the order in which they start."""

    def __init__(self) -> None:
        self.under_way: Wanted | None = None
        self.waiting: deque[Wanted] = deque()

    @property
    def idle(self) -> bool:
        """Nothing is under way or waits."""
        return self.under_way is None and not self.waiting

    def has_room(self, wanted: Wanted) -> bool:
        """Tell whether one more may wait, of all and of its trigger. One that replaces others always may."""
        if self.idle:
            return True
        match wanted.busy.how:
            case "ignore":
                return False
            case "queue":
                same = sum(each.armed is wanted.armed for each in self.waiting) if wanted.armed is not None else 0
                return len(self.waiting) < QUEUE_LIMIT_ASKS and same < wanted.busy.most
        return wanted.rank == 0 or len(self.waiting) - len(self._superseded_by(wanted)) < QUEUE_LIMIT_ASKS

    def enter(self, wanted: Wanted) -> tuple[list[Wanted], Wanted | None]:
        """Have it wait its turn. Return whom it replaces: those that waited, and the one under way that is to stop.

        One that goes before it in the order is not replaced: it waits for that.
        """
        if wanted.busy.how != "replace":
            self._insert(wanted, [each.rank <= wanted.rank for each in self.waiting].count(True))
            return [], None
        superseded = self._superseded_by(wanted)
        for each in superseded:
            self.waiting.remove(each)
        self._insert(wanted, [each.rank < wanted.rank for each in self.waiting].count(True))
        under_way = self.under_way
        return superseded, under_way if under_way is not None and under_way.rank >= wanted.rank else None

    def next(self) -> Wanted | None:
        """Let the next one start, where none is under way."""
        if self.under_way is not None or not self.waiting:
            return None
        self.under_way = self.waiting.popleft()
        return self.under_way

    def take_out(self, which: Callable[[Wanted], bool]) -> list[Wanted]:
        """Take out those that wait and are meant."""
        taken = [each for each in self.waiting if which(each)]
        if taken:
            self.waiting = deque(each for each in self.waiting if not which(each))
        return taken

    def _insert(self, wanted: Wanted, at: int) -> None:
        self.waiting.insert(at, wanted)

    def _superseded_by(self, wanted: Wanted) -> list[Wanted]:
        """Of buttons the newest press counts, of other triggers the newest of their own; what others asked stays."""
        if wanted.rank == 0:
            return [each for each in self.waiting if each.rank == 0]
        return [each for each in self.waiting if wanted.armed is not None and each.armed is wanted.armed]


class GatewaysLane:
    """Some at once, bounded by the config."""

    def __init__(self) -> None:
        self.at_once = 0
        self.under_way: dict[str, Wanted] = {}
        self.waiting: deque[Wanted] = deque()

    @property
    def idle(self) -> bool:
        """Nothing is under way or waits."""
        return not self.under_way and not self.waiting

    @property
    def has_room(self) -> bool:
        """Whether one more may start or wait."""
        return len(self.waiting) < QUEUE_LIMIT_ASKS

    @property
    def due(self) -> float | None:
        """When the first that waits has waited too long."""
        return self.waiting[0].ask.instant + GATEWAY_WAIT_LIMIT_S if self.waiting else None

    def next(self) -> Wanted | None:
        """Let the next one start, where there is room beside those under way."""
        if not self.waiting or len(self.under_way) >= self.at_once:
            return None
        wanted = self.waiting.popleft()
        self.under_way[wanted.ask.id] = wanted
        return wanted

    def take_out(self, which: Callable[[Wanted], bool]) -> list[Wanted]:
        """Take out those that wait and are meant."""
        taken = [each for each in self.waiting if which(each)]
        if taken:
            self.waiting = deque(each for each in self.waiting if not which(each))
        return taken

    def tired(self, now: float) -> list[Wanted]:
        """Take out those that have waited too long."""
        tired = []
        while (due := self.due) is not None and due <= now:
            tired.append(self.waiting.popleft())
        return tired
