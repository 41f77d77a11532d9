"""What is written of asks, skips, the ledger and the wearer: values made on the event loop, statements for the thread.

A value holds what is to be kept and nothing else, so that no picture stays in memory for a journal that keeps none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec
from msgspec import Struct

from glassd.spending import Spent
from glassd.waiting import Waiting
from glassd_drivers.contracts import Frame

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from glassd.answer import Outcome
    from glassd.ask import Ask
    from glassd.record import AskRecord

INTERRUPTED: Final = "interrupted"
"""The outcome of an ask whose daemon ended before it did, as far as anybody can tell."""
TOKENS_LIMIT: Final = 2**53
"""What a server says beyond that, or that is no whole number, is no count of tokens."""


class Begun(Struct, frozen=True):
    """An ask that begins. `prompt` is None where words are not kept."""

    id: str
    utc: float | None
    instant: float
    origin: str
    trigger: str
    resumes: str
    prompt: str | None

    def write(self, connection: sqlite3.Connection) -> int:
        """Add it, for the wearer of now; return its number."""
        cursor = connection.execute(
            "INSERT INTO asks (id, utc, instant, origin, trigger, resumes, prompt, wearer) "
            "SELECT ?, ?, ?, ?, ?, ?, ?, CAST(value AS INTEGER) FROM state WHERE name = 'wearer'",
            msgspec.structs.astuple(self),
        )
        assert cursor.lastrowid is not None, "a row was added"
        return cursor.lastrowid


class Ended(Struct, frozen=True):
    """How an ask ended; `begun` is all of it for one that never began."""

    begun: Begun
    outcome: str
    code: str | None
    endpoint: str
    model: str
    frame_offset: float | None
    times: dict[str, float]
    tokens_in: int | None
    tokens_out: int | None
    money: float | None
    answer: str | None
    pictures: tuple[Frame, ...]

    def write(self, connection: sqlite3.Connection) -> None:
        """Complete the ask that is under way, or add it whole."""
        # What an earlier daemon left under way has been given its end when the file was opened, so the id is enough.
        row = connection.execute(
            "SELECT number FROM asks WHERE id = ? AND outcome IS NULL", (self.begun.id,)
        ).fetchone()
        number = self.begun.write(connection) if row is None else row[0]
        connection.execute(
            "UPDATE asks SET outcome = ?, code = ?, endpoint = ?, model = ?, frame_offset = ?, times = ?, "
            "tokens_in = ?, tokens_out = ?, money = ?, answer = ? WHERE number = ?",
            (
                self.outcome,
                self.code,
                self.endpoint,
                self.model,
                self.frame_offset,
                msgspec.json.encode(self.times).decode(),
                self.tokens_in,
                self.tokens_out,
                self.money,
                self.answer,
                number,
            ),
        )
        connection.executemany(
            "INSERT INTO pictures (ask, place, media_type, width, height, data) VALUES (?, ?, ?, ?, ?, ?)",
            [
                (number, place, picture.media_type, picture.width, picture.height, picture.data)
                for place, picture in enumerate(self.pictures, 1)
            ],
        )

    @property
    def size(self) -> int:
        """How much it holds, bytes."""
        words = len(self.begun.prompt or "") + len(self.answer or "")
        return words * 3 + sum(len(picture.data) for picture in self.pictures)  # a Chinese character has three


def begun(ask: Ask, utc: float | None, *, words: bool) -> Begun:
    """Return what is kept of an ask that begins."""
    prompt = storable(ask.prompt) if words else None
    return Begun(ask.id, utc, ask.instant, ask.origin.value, storable(ask.trigger), ask.resumes, prompt)


def ended(record: AskRecord, ask: Ask, outcome: Outcome, utc: float | None, *, words: bool, pictures: bool) -> Ended:
    """Return what is kept of how an ask ended."""
    usage = outcome.usage or {}
    return Ended(
        begun=begun(ask, utc, words=words),
        outcome=record.outcome.value,
        code=record.problem.code.value if record.problem else None,
        endpoint=storable(record.endpoint),
        model=storable(getattr(outcome, "model", "")),
        frame_offset=record.frame_offset,
        times=dict(record.times),
        tokens_in=_tokens(usage, "prompt_tokens"),
        tokens_out=_tokens(usage, "completion_tokens"),
        money=(record.cost.money or None) if record.cost is not None else None,  # nothing where no price is known
        answer=storable(outcome.text or outcome.refusal) if words else None,
        pictures=tuple(picture for picture in ask.pictures if isinstance(picture, Frame)) if pictures else (),
    )


def skip(connection: sqlite3.Connection, day: int, trigger: str, why: str) -> None:
    """Count a skip of a local day."""
    connection.execute(
        "INSERT INTO skips (day, trigger, why, count, wearer) "
        "SELECT ?, ?, ?, 1, CAST(value AS INTEGER) FROM state WHERE name = 'wearer' "
        "ON CONFLICT (day, wearer, trigger, why) DO UPDATE SET count = count + 1",
        (day, storable(trigger), storable(why)),
    )


def keep_spent(connection: sqlite3.Connection, spent: Spent) -> None:
    """Keep the ledger."""
    text = msgspec.json.encode(spent).decode()
    connection.execute("INSERT OR REPLACE INTO state VALUES ('spent', ?)", (text,))


def kept_spent(connection: sqlite3.Connection) -> Spent:
    """Return the ledger, an empty one where there is none that can be read."""
    row = connection.execute("SELECT value FROM state WHERE name = 'spent'").fetchone()
    try:
        return Spent() if row is None else msgspec.json.decode(row[0], type=Spent)
    except msgspec.MsgspecError:
        return Spent()


def next_wearer(connection: sqlite3.Connection) -> None:
    """Have whoever wears the glasses be another one from now on."""
    connection.execute("UPDATE state SET value = CAST(value AS INTEGER) + 1 WHERE name = 'wearer'")


def newest(connection: sqlite3.Connection) -> int:
    """Return the number of the ask that came last, 0 where none ever did."""
    row = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'asks'").fetchone()
    return 0 if row is None else int(row[0])


def end_what_was_under_way(connection: sqlite3.Connection) -> None:
    """Give the asks an end whose daemon ended before they did."""
    connection.execute("UPDATE asks SET outcome = ? WHERE outcome IS NULL", (INTERRUPTED,))


def waiting(connection: sqlite3.Connection) -> list[Waiting]:
    """Return what waits in the outbox, oldest first. For a start: what was being sent then has perhaps been."""
    rows = connection.execute("SELECT item, utc, length(sealed), state FROM outbox ORDER BY item")
    return [Waiting(item, utc, size, perhaps_sent=state == "sending") for item, utc, size, state in rows]


def wait_on(connection: sqlite3.Connection, item: int) -> None:
    """Note that what waits in the outbox was not sent after all."""
    connection.execute("UPDATE outbox SET state = 'queued' WHERE item = ?", (item,))


def drop(connection: sqlite3.Connection, items: tuple[int, ...]) -> None:
    """Forget what waits in the outbox."""
    connection.executemany("DELETE FROM outbox WHERE item = ?", [(item,) for item in items])


def storable(text: str) -> str:
    """Return a text as SQLite can hold it: a server's JSON can have half a surrogate pair in it, or a NUL."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", "\ufffd")


def _tokens(usage: Mapping[str, Any], key: str) -> int | None:
    count = usage.get(key)
    return count if type(count) is int and 0 <= count < TOKENS_LIMIT else None
