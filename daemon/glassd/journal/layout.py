"""The journal's file: its layout, how an older one is brought to it, and how a newer one is known and left alone.

A layout is never changed: the next one is a step more, and every step has run on a fixture of each layout before it
(tests/data/journal).
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

LOCK_LIMIT_S: Final = 1.5
"""How long another process, as `glassd history` beside a daemon that stops, may hold the file; below the two seconds
that an ask waits for the outbox."""
WAL_LIMIT_BYTES: Final = 4 * 1024 * 1024
"""How large the write-ahead log stays, where one large transaction has made it larger."""

_FIRST: Final = """
CREATE TABLE asks (
    number INTEGER PRIMARY KEY AUTOINCREMENT,  -- the order in which they came, whatever the clock said
    id TEXT NOT NULL,                          -- as the log and the API have it: unique within a daemon's life
    wearer INTEGER NOT NULL,
    utc REAL,                                  -- NULL where the clock has never been known to be right
    instant REAL NOT NULL,                     -- CLOCK_MONOTONIC of that life
    origin TEXT NOT NULL,
    trigger TEXT NOT NULL,
    resumes TEXT NOT NULL,
    outcome TEXT,                              -- NULL while it is under way
    code TEXT,
    endpoint TEXT,
    frame_offset REAL,
    times TEXT,                                -- JSON: seconds from the instant to each station
    tokens_in INTEGER,
    tokens_out INTEGER,
    money REAL,
    prompt TEXT,                               -- `keep: text` alone
    answer TEXT
) STRICT;
CREATE INDEX asks_of_wearer ON asks (wearer, number);
CREATE INDEX asks_by_time ON asks (utc);
CREATE INDEX asks_under_way ON asks (id) WHERE outcome IS NULL;
CREATE TABLE pictures (
    ask INTEGER NOT NULL REFERENCES asks ON DELETE CASCADE,
    place INTEGER NOT NULL,
    media_type TEXT NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (ask, place)
) STRICT;
CREATE TABLE skips (
    day INTEGER NOT NULL,                      -- local days since 1970-01-01; -1 while the clock was not known
    wearer INTEGER NOT NULL,
    trigger TEXT NOT NULL,
    why TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (day, wearer, trigger, why)
) STRICT, WITHOUT ROWID;
CREATE TABLE outbox (
    item INTEGER PRIMARY KEY AUTOINCREMENT,
    utc REAL,
    state TEXT NOT NULL CHECK (state IN ('queued', 'sending')),
    sealed BLOB NOT NULL
) STRICT;
CREATE TABLE audit (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    utc REAL,
    what TEXT NOT NULL,
    who TEXT NOT NULL,
    count INTEGER NOT NULL
) STRICT;
CREATE TABLE state (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO state VALUES ('wearer', '1');
"""
_WITH_MODEL: Final = """
ALTER TABLE asks ADD COLUMN model TEXT;  -- which of the endpoint's models was asked
"""

STEPS: Final = (_FIRST, _WITH_MODEL)
"""What makes each layout of the one before it; the first, of nothing."""
VERSION: Final = len(STEPS)
"""The newest layout that this glassd knows, and writes."""

_MAGIC = b"SQLite format 3\0"
_USER_VERSION = slice(60, 64)  # big-endian: the SQLite file format, section 1.3, "the database header"


class NewerLayoutError(Exception):
    """The journal is of a newer glassd: it is left as it is. The text is one line: what it is, what to do."""


def refuse_newer(path: Path) -> None:
    """Raise NewerLayoutError for the journal of a newer glassd, without SQLite's hand on it; OSError if unreadable.

    SQLite would take a look at its write-ahead log, and could write to it.
    """
    try:
        with path.open("rb") as file:
            header = file.read(100)
    except FileNotFoundError:
        return
    version = int.from_bytes(header[_USER_VERSION])
    if header.startswith(_MAGIC) and version > VERSION:
        raise NewerLayoutError(
            f"{path} is of a newer glassd (layout {version}, this one knows {VERSION}): it is left as it is and not "
            "written to; install the newer glassd again to use it, or move it away"
        )


def open_file(path: Path) -> sqlite3.Connection:
    """Return a connection that may write, to a file of the newest layout, made where there is none.

    Raise sqlite3.Error or OSError.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.touch(mode=0o600)  # SQLite makes its log's files with the same mode
    connection = sqlite3.connect(path, timeout=LOCK_LIMIT_S, isolation_level=None)
    try:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute("PRAGMA temp_store = MEMORY")  # no word in another file
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute(f"PRAGMA journal_size_limit = {WAL_LIMIT_BYTES}")
        upgrade(connection)
    except BaseException:  # Ctrl-C of the command too: nothing stays open
        connection.close()
        raise
    return connection


def open_to_read(path: Path) -> sqlite3.Connection:
    """Return a connection that cannot write, for one thread at a time; raise sqlite3.Error or OSError.

    It reads beside whoever writes. Where that takes a file that the disk does not take either (SQLite's shared memory,
    on one that is full or read-only), and the log is empty, the file alone is read.
    """
    uri = f"{path.absolute().as_uri()}?mode=ro"
    try:
        return _reading(uri)
    except sqlite3.OperationalError:
        log = path.with_name(f"{path.name}-wal")
        if log.exists() and log.stat().st_size > 0:
            raise
        return _reading(f"{uri}&immutable=1")


def _reading(uri: str) -> sqlite3.Connection:
    connection = sqlite3.connect(uri, uri=True, timeout=LOCK_LIMIT_S, check_same_thread=False)
    try:
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    except BaseException:  # Ctrl-C of the command too: nothing stays open
        connection.close()
        raise
    return connection


def scrub(connection: sqlite3.Connection) -> bool:
    """See that what was deleted is nowhere in the files any more: the log is written back, and cut to nothing.

    Rows that are deleted are written over (`secure_delete`); what stood in the log goes with it. Return False where
    somebody reads just then, for longer than LOCK_LIMIT_S: the log keeps it until the next time.
    """
    busy: int = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    return not busy


def upgrade(connection: sqlite3.Connection) -> None:
    """Bring a file to the newest layout, each step in a transaction of its own; raise sqlite3.Error."""
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version == 0:
        # Takes effect only while there are no tables; without it a file never gets smaller.
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute("PRAGMA journal_mode = WAL")
    for number, step in enumerate(STEPS[version:], version + 1):
        try:
            connection.executescript(f"BEGIN IMMEDIATE; {step} PRAGMA user_version = {number}; COMMIT;")
        except sqlite3.Error:
            if connection.in_transaction:
                connection.rollback()
            raise
