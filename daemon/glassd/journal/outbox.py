"""The outbox's rows: asks that wait, sealed. Each function is one operation in a transaction on the writer thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

from glassd.journal.entries import drop
from glassd.journal.packing import UnreadableError, pack, unpack
from glassd.journal.sealing import SealError
from glassd.waiting import OutboxError, OutboxLostError

if TYPE_CHECKING:
    import sqlite3

    from glassd.ask import Ask
    from glassd.config.policy import Outbox as Section
    from glassd.journal.sealing import Seal


def put(connection: sqlite3.Connection, ask: Ask, utc: float | None, seal: Seal, section: Section) -> int:
    """Add an ask and return its item; raise OutboxError where it is one too many, or too large."""
    sealed = seal.close(pack(ask))
    count, size = connection.execute("SELECT count(*), coalesce(sum(length(sealed)), 0) FROM outbox").fetchone()
    if count >= section.asks:
        raise OutboxError(f"{count} asks wait in the outbox, as many as may: outbox.asks")
    if size + len(sealed) > section.size:
        raise OutboxError(f"{len(sealed)} bytes more are too many for the outbox: outbox.size")
    cursor = connection.execute("INSERT INTO outbox (utc, state, sealed) VALUES (?, 'queued', ?)", (utc, sealed))
    assert cursor.lastrowid is not None, "a row was added"
    return cursor.lastrowid


def take(connection: sqlite3.Connection, item: int, seal: Seal) -> Ask | OutboxLostError:
    """Note that an item is being sent, and return its ask.

    The error where it is lost is returned, not raised: so that the drop of what does not open is kept.
    """
    row = connection.execute("UPDATE outbox SET state = 'sending' WHERE item = ? RETURNING sealed", (item,)).fetchone()
    if row is None:
        return OutboxLostError(f"item {item} is not in the outbox any more")
    try:
        return unpack(seal.open(row[0]))
    except (SealError, UnreadableError) as error:
        drop(connection, (item,))
        return OutboxLostError(f"item {item} of the outbox is dropped: {error}")
