"""What is counted since the start, for whoever measures this board from outside (docs/metrics.md).

Plain sums, a microsecond each: the library that writes them out is loaded by the first who reads them. Nothing here
holds a word of an ask. What an endpoint is called comes from the config, so the names are bounded beside it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from glassd.messages.codes import Code
    from glassd.record import AskRecord

BUCKETS_S: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""The upper ends of the histograms' buckets: from a display's frame to the longest that a wearer would wait."""
ENDPOINTS_LIMIT: Final = 64
"""So many URLs are counted apart, those of earlier configs among them; beyond that, all together as OTHERS."""
OTHERS: Final = "others"


class Histogram:
    """How often a time was at most so long."""

    def __init__(self) -> None:
        self.counts = [0] * (len(BUCKETS_S) + 1)
        """Of each bucket alone, the last of what is longer than all."""
        self.sum_s = 0.0

    def add(self, seconds: float) -> None:
        """Count a time."""
        self.counts[bisect_left(BUCKETS_S, seconds)] += 1
        self.sum_s += seconds


class Meter:
    """All that is counted. What is read of it is anybody's to read; it is written here alone."""

    def __init__(self) -> None:
        self.stages: dict[tuple[str, str], Histogram] = {}
        """From an ask's instant to each station, by lane (wearer, gateway) and station."""
        self.asks: Counter[tuple[str, str, str, str]] = Counter()
        """Asks that have ended, by origin, outcome, code (empty where there is none) and endpoint's URL."""
        self.requests: Counter[str] = Counter()
        """Requests that were begun, by endpoint's URL."""
        self.retries: Counter[str] = Counter()
        """Of them those that were not their ask's first."""
        self.failures: Counter[tuple[str, str]] = Counter()
        """Requests that failed, by endpoint's URL and code."""
        self.tokens = 0
        """Tokens, as servers report them."""
        self.money = 0.0
        """What they cost by the config's prices."""
        self.losses: Counter[str] = Counter()
        """How often a device that was ready was lost, by its name."""
        self._ready: set[str] = set()
        self._urls: set[str] = set()

    def ended(self, record: AskRecord) -> None:
        """Count an ask that has ended."""
        code = record.problem.code.value if record.problem is not None else ""
        self.asks[record.origin.value, record.outcome.value, code, self._known(record.endpoint)] += 1
        if record.cost is not None:
            self.tokens += record.cost.tokens
            self.money += record.cost.money
        if "gesture" not in record.times:
            return  # it was refused before it began: that took no time
        lane = "gateway" if record.origin.value == "gateway" else "wearer"
        for station, seconds in record.times.items():
            self.stages.setdefault((lane, station), Histogram()).add(seconds)

    def requested(self, url: str, *, again: bool) -> None:
        """Count a request to an endpoint; `again` where it is not its ask's first."""
        url = self._known(url)
        self.requests[url] += 1
        self.retries[url] += again

    def failed(self, url: str, code: Code) -> None:
        """Count a request that failed."""
        self.failures[self._known(url), code.value] += 1

    def device(self, name: str, *, ready: bool, lost: bool) -> None:
        """Take note of how a device stands: ready, or lost, where it is to be there and is not."""
        if lost and name in self._ready:
            self.losses[name] += 1
        if ready:
            self._ready.add(name)
        else:
            self._ready.discard(name)

    def _known(self, url: str) -> str:
        if url in self._urls or len(self._urls) < ENDPOINTS_LIMIT:
            self._urls.add(url)
            return url
        return OTHERS
