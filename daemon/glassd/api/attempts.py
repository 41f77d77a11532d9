"""How often somebody may be wrong: log-ins that failed, counted for each address and for all together.

Each failure fills a bucket, which empties with time. Whose bucket is full is told when to come again, and what it
brings is not looked at until then. An attempt counts from its beginning, so that many at once are no way around it.
"""

from __future__ import annotations

import ipaddress
import math
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

ADDRESS_LIMIT: Final = 10
"""How many failures one address may have at a stroke; then one more each 6 s."""
OVERALL_LIMIT: Final = 60
"""How many all addresses together may have at a stroke; then one more each second."""
ADDRESSES_LIMIT: Final = 1024
"""Of how many addresses failures are counted; of more, those of the emptiest bucket are forgotten."""
_PERIOD_S: Final = 60.0  # in which a full bucket is empty


class _Bucket:
    """How full it was when it was last looked at."""

    def __init__(self, limit: int, clock: Callable[[], float]) -> None:
        self._limit = limit
        self._clock = clock
        self._level = 0.0
        self._seen = clock()

    def level(self) -> float:
        now = self._clock()
        self._level = max(0.0, self._level - (now - self._seen) * self._limit / _PERIOD_S)
        self._seen = now
        return self._level

    def wait_s(self) -> float:
        """Return how long until one more fits in."""
        return max(0.0, (self.level() + 1 - self._limit) * _PERIOD_S / self._limit)

    def add(self, count: int) -> None:
        self._level = max(0.0, self.level() + count)


class Attempts:
    """The buckets. `clock` is monotonic seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._all = _Bucket(OVERALL_LIMIT, clock)
        self._each: dict[str, _Bucket] = {}

    def wait_s(self, address: str) -> int:
        """Return for how many seconds an address may try nothing more; 0 where it may now."""
        buckets = [self._all, *filter(None, [self._each.get(_network(address))])]
        return math.ceil(max(bucket.wait_s() for bucket in buckets))

    def begin(self, address: str) -> None:
        """Count an attempt as failed, until it is told to be none."""
        bucket = self._each.get(network := _network(address))
        if bucket is None:
            if len(self._each) >= ADDRESSES_LIMIT:
                del self._each[min(self._each, key=lambda known: self._each[known].level())]
            bucket = self._each[network] = _Bucket(ADDRESS_LIMIT, self._clock)
        bucket.add(1)
        self._all.add(1)

    def succeeded(self, address: str) -> None:
        """Count an attempt that was begun no longer."""
        self._all.add(-1)
        if (bucket := self._each.get(_network(address))) is not None:
            bucket.add(-1)


def _network(address: str) -> str:
    """Return what one caller can have all addresses of: of IPv6 the /64 that a host may number as it likes."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if (mapped := getattr(found, "ipv4_mapped", None)) is not None:
        return str(mapped)
    return str(found) if found.version == 4 else str(ipaddress.ip_network((int(found), 64), strict=False))
