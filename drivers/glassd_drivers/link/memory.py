"""What is remembered of a line beyond one life of its bridge, as long as the process lives: edges and failed rates."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from glassd_drivers.link.events import EdgesHad

RATE_REST_S: Final = 60.0
"""How long a rate that failed is left out; each time twice as long…"""
RATE_REST_LIMIT_S: Final = 3600.0
"""…up to this."""
TOLD_LIMIT: Final = 16
"""How much is said of a line only once; a device that is another one each time is told of again."""
MEMORIES_LIMIT: Final = 16
"""Of how many lines something is remembered: more than a config names."""


@dataclass(slots=True)
class Memory:
    """What is remembered of one line."""

    had: EdgesHad | None = None
    failed: dict[int, _Rest] = field(default_factory=dict)  # at most one for each rate that a greeting holds
    told: set[str] = field(default_factory=set)
    """What was said of it that need not be said again, at most TOLD_LIMIT."""

    def is_new(self, words: str) -> bool:
        """Tell whether these words have not been said of the line; from now on they have."""
        if words in self.told:
            return False
        if len(self.told) >= TOLD_LIMIT:
            self.told.clear()
        self.told.add(words)
        return True


@dataclass(slots=True)
class _Rest:
    until: float
    length: float


class Rates:
    """The rates that a line may go up to: all up to a limit, but for those that failed and still rest."""

    def __init__(self, limit: int, memory: Memory, clock: Callable[[], float]) -> None:
        self._limit = limit
        self._failed = memory.failed
        self._clock = clock

    def __contains__(self, rate: object) -> bool:
        """Tell whether a rate may be tried."""
        if not isinstance(rate, int) or rate > self._limit:
            return False
        rest = self._failed.get(rate)
        return rest is None or self._clock() >= rest.until

    def fail(self, rate: int) -> None:
        """Leave a rate out for a while."""
        rest = self._failed.get(rate)
        length = RATE_REST_S if rest is None else min(2 * rest.length, RATE_REST_LIMIT_S)
        self._failed[rate] = _Rest(self._clock() + length, length)


_memories: OrderedDict[str, Memory] = OrderedDict()


def memory_of(where: str) -> Memory:
    """Return what is remembered of a line; the one that was not asked for longest is forgotten for a new one."""
    memory = _memories.setdefault(where, Memory())
    _memories.move_to_end(where)
    while len(_memories) > MEMORIES_LIMIT:
        _memories.popitem(last=False)
    return memory
