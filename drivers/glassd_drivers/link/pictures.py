"""A picture put together from its chunks: holes are seen and asked for again, what is whole is checked (section 7).

Nothing is allotted for what a picture claims to be: memory grows with the chunks that come, and only 64 of them may
wait behind a hole.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Final
from zlib import crc32

from glassd_drivers.link.messages import CHUNK_LEAST, CHUNK_MOST, JPEG, MISSING_MOST, PICTURES, taken

if TYPE_CHECKING:
    from glassd_drivers.link.messages import Picture

AHEAD: Final = 64
"""Chunks that a device may send beyond the first that is missing."""
GIVEN_UP_S: Final = 2.0
"""A picture of which nothing new came for so long is given up."""
HOLE_WAIT_S: Final = 0.05
"""And the time of three chunks: so long a hole may take to be filled before it is asked for again."""
_QUARTER: Final = AHEAD // 4
_PLACES: Final = 0xFFFF
_TAKEN_SIZE: Final = 5
"""Bytes of the body of a TAKEN that asks for nothing."""

TAKEN_WELL: Final = 0
TOO_LARGE: Final = 1
NOT_WANTED: Final = 2
WRONG_CHECK: Final = 3
"""Results that DONE has."""


def refusal(claim: Picture, limit: int) -> int | None:
    """Return the result for a picture that is over `limit` bytes or makes no sense; None for one to take."""
    if not CHUNK_LEAST <= claim.chunk <= CHUNK_MOST or not claim.size or claim.format != JPEG:
        return NOT_WANTED
    if claim.picture >= PICTURES:
        return NOT_WANTED
    return TOO_LARGE if claim.size > limit or _count(claim) > _PLACES else None


def _count(claim: Picture) -> int:
    return -(-claim.size // claim.chunk)


class Assembly:
    """One picture on its way, from PICTURE to the last chunk and END. `wait` is the wait for a hole, in seconds."""

    def __init__(self, claim: Picture, wait: float, now: float) -> None:
        self.claim = claim
        self.wait = wait
        self.next = 0
        """All chunks below this one are here."""
        self._count = _count(claim)
        self._last_size = claim.size - (self._count - 1) * claim.chunk
        self._parts: list[bytearray] = []
        self._check = 0
        """CRC-32 of the parts."""
        self._ahead: dict[int, bytearray] = {}
        """Chunks behind a hole."""
        self._limit = AHEAD
        self._passed = 0
        """The device has passed all chunks below this one: those that are not here are holes."""
        self._asked: dict[int, float] = {}
        """When each hole was asked for last."""
        self._told = 0
        """`next` of the last TAKEN."""
        self._to_tell = False
        self._fresh = now
        """When something new came last …"""
        self._stirred = now
        """… or TAKEN was sent."""
        self._right_check: int | None = None

    @property
    def whole(self) -> bool:
        """Whether all chunks and END are here."""
        return self.next == self._count and self._right_check is not None

    @property
    def held(self) -> int:
        """Bytes that are held, and never more than the claim."""
        return sum(map(len, self._parts)) + sum(map(len, self._ahead.values()))

    def add(self, index: int, data: bytearray, now: float) -> None:
        """Take a chunk: only one that may come, is not here yet and has the size that its place asks."""
        place = self.next + ((index - self.next) & 0xFF)
        if place >= self._limit or place >= self._count or place in self._ahead:
            return
        if len(data) != (self.claim.chunk if place < self._count - 1 else self._last_size):
            return
        self._fresh = self._stirred = now
        if place >= self._passed:
            self._to_tell |= place > self._passed
            self._passed = place + 1
        else:
            self._asked.pop(place, None)
        if place != self.next:
            self._ahead[place] = data
            return
        self._append(data)
        while self._ahead and (following := self._ahead.pop(self.next, None)) is not None:
            self._append(following)
        self._to_tell |= self.next - self._told >= _QUARTER and self._limit < self._count

    def _append(self, data: bytearray) -> None:
        self._parts.append(data)
        self._check = crc32(data, self._check)
        self.next += 1

    def end(self, check: int, now: float) -> None:
        """All chunks were sent at least once, and the whole picture has this CRC-32."""
        self._right_check = check
        self._fresh = self._stirred = now
        self._pass_by(self._count)

    def _pass_by(self, place: int) -> None:
        """What is not here of all that is below `place` is a hole."""
        self._passed = max(self._passed, place)
        self._to_tell |= self.next < self._passed

    def tick(self, now: float) -> None:
        """See to what was asked for and has not come, and to a silence."""
        if now >= self._stirred + self.wait and self.next < self._count:
            self._stirred = now
            self._pass_by(min(self._limit, self._count))
            self._to_tell = True
        elif now >= self._overdue():
            self._to_tell = True

    def _overdue(self) -> float:
        return min(self._asked.values()) + self.wait if self._asked else inf

    def due(self) -> float:
        """Return when `tick` is needed next."""
        if self.next == self._count:
            return self._fresh + GIVEN_UP_S
        return min(self._stirred + self.wait, self._overdue(), self._fresh + GIVEN_UP_S)

    def silent(self, now: float) -> bool:
        """Tell whether it is to be given up."""
        return now >= self._fresh + GIVEN_UP_S

    @property
    def to_tell(self) -> bool:
        """Whether the device should have a TAKEN."""
        return self._to_tell and self.next < self._count

    @property
    def tell_size(self) -> int:
        """Bytes of the body of the next TAKEN at most."""
        return _TAKEN_SIZE + 2 * min(MISSING_MOST, self._passed - self.next)

    def tell(self, now: float) -> bytes:
        """Return the body of TAKEN as it is right now, with the holes that were not asked for within `wait`."""
        long_ago = now - self.wait
        holes = [
            place
            for place in range(self.next, self._passed)
            if place not in self._ahead and self._asked.get(place, -inf) <= long_ago
        ][:MISSING_MOST]
        self._asked.update(dict.fromkeys(holes, now))
        self._told = self.next
        self._limit = min(self.next + AHEAD, _PLACES)
        self._to_tell = False
        self._stirred = now
        return taken(self.claim.picture, self.next, self._limit, holes)

    def data(self) -> bytes | None:
        """Return the picture, which must be whole; None if its check is wrong."""
        return b"".join(self._parts) if self._check == self._right_check else None
