"""Messages that arrive once and in order, or the line is dead (section 4): go-back-N, one sender a class."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from math import inf
from typing import Final

WAIT_MOST_S: Final = 1.0
"""The longest wait for an acknowledgement before all is sent again; waits double up to it."""
DEAD_S: Final = 5.0
"""A message that is not acknowledged for so long means that the line is dead."""
QUEUE_LIMIT: Final = 288
"""Messages of one class that wait or are out: a screen of 255 rows and what is out."""


class Room:
    """The bytes that the device can hold unacknowledged, of all classes, as they are on the line."""

    def __init__(self, size: int) -> None:
        self.left = size


@dataclass(slots=True)
class _Message:
    says: bytes
    size: int
    """Bytes on the line at most."""
    first_sent: float = inf


class Sender:
    """Keeps each message until it is acknowledged; at most `window` of them, and what fits into the room, are out."""

    def __init__(self, window: int, patience: float, room: Room) -> None:
        """Send again after `patience` seconds without an acknowledgement, then after twice as long, and so on."""
        self._window = window
        self._patience = patience
        self._room = room
        self._messages: deque[_Message] = deque()
        self._first = 0
        """The sequence number of the oldest message."""
        self._out = 0
        """How many were sent at least once …"""
        self._cursor = 0
        """… and how many of these in this round."""
        self._wait = patience
        self._again = inf
        self.again = 0
        """How many were sent once more."""

    @property
    def unsent(self) -> int:
        """Messages that were never sent."""
        return len(self._messages) - self._out

    @property
    def full(self) -> bool:
        """Whether no message can be put."""
        return len(self._messages) >= QUEUE_LIMIT

    def put(self, says: bytes, size: int) -> None:
        """Queue a message whose packet has at most `size` bytes on the line. The queue must not be full."""
        assert not self.full
        self._messages.append(_Message(says, size))

    def replace_unsent(self, kind: int, says: bytes, size: int) -> bool:
        """Put a message in the place of one of its kind that was never sent; False if there is none."""
        for place in range(self._out, len(self._messages)):
            if self._messages[place].says[0] == kind:
                self._messages[place] = _Message(says, size)
                return True
        return False

    def ready(self) -> bool:
        """Tell whether a message may be sent now."""
        if self._cursor < self._out:
            return True
        if self._out == len(self._messages) or self._out >= self._window:
            return False
        return self._messages[self._out].size <= self._room.left

    def take(self, now: float, margin: float) -> tuple[int, bytes]:
        """Return sequence number and message to send now: of a sender that is ready.

        `margin` is how many seconds the line may take for what is before the acknowledgement.
        """
        message = self._messages[self._cursor]
        if self._cursor == self._out:
            self._room.left -= message.size
            self._out += 1
            message.first_sent = now
        else:
            self.again += 1
        if self._cursor == 0 or self._again == inf:
            self._again = now + self._wait + margin
        sequence = (self._first + self._cursor) & 0xFF
        self._cursor += 1
        return sequence, message.says

    def acknowledged(self, next_: int, now: float, margin: float) -> int:
        """The far end expects this one next: return how many messages that takes off. Nonsense takes off none."""
        count = (next_ - self._first) & 0xFF
        if not 0 < count <= self._out:
            return 0
        for _ in range(count):
            self._room.left += self._messages.popleft().size
        self._first = next_
        self._out -= count
        self._cursor = max(0, self._cursor - count)
        self._wait = self._patience
        self._again = now + self._wait + margin if self._out else inf
        return count

    def tick(self, now: float) -> None:
        """Begin another round if the wait is over."""
        if now >= self._again:
            self._cursor = 0
            self._wait = min(2 * self._wait, WAIT_MOST_S)
            self._again = inf  # until the first of them is on its way

    def due(self) -> float:
        """Return when `tick` or `dead` is needed next."""
        return min(self._again, self._messages[0].first_sent + DEAD_S) if self._out else inf

    def dead(self, now: float) -> bool:
        """Tell whether a message was not acknowledged for so long that the line is dead."""
        return self._out > 0 and now >= self._messages[0].first_sent + DEAD_S


class Receiver:
    """Takes the next message that it expects and passes any other over."""

    def __init__(self) -> None:
        self.next = 0

    def expects(self, sequence: int) -> bool:
        """Tell whether this is the next message; `took` must follow once it is dealt with."""
        return sequence == self.next

    def took(self) -> None:
        """The message is taken: expect the one after it."""
        self.next = (self.next + 1) & 0xFF
