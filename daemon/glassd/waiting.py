"""What waits in the outbox, and what can be wrong with it, as the scheduler, its runner and the journal tell it."""

from __future__ import annotations

from msgspec import Struct


class Waiting(Struct, frozen=True):
    """One ask in the outbox. `since`: UTC seconds when it was asked, None where the clock was not known to be right."""

    item: int
    since: float | None
    size: int
    """Bytes on disk."""
    perhaps_sent: bool = False
    """It was being sent when glassd died: it goes again only when the wearer says so."""


class OutboxError(Exception):
    """The outbox cannot do that now; the text is one line: what happened, what to do."""


class OutboxLostError(OutboxError):
    """The item is not there, or cannot be read and was dropped: it will never be sent."""
