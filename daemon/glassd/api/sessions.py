"""Sessions: who has signed in, kept over a restart of the daemon so that it throws nobody out.

A browser has 256 random bits in its cookie; the board keeps a keyed digest of them, so that whoever reads the file can
sign in with nothing that stands there. The key of the board's sessions is the token that is in force: with another
token none of theirs is found any more. A pair of glasses stays paired through that.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import logging
import secrets
from typing import TYPE_CHECKING, Final, Literal

import msgspec

from glassd.api.codes import SCOPES, Scope
from glassd.files import write_whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from glassd.wall import Wall

log = logging.getLogger(__name__)

NAME: Final = "sessions.json"
DISUSE_LIMIT_S: Final = 30 * 86_400.0
"""How long a session may go unused."""
AGE_LIMIT_S: Final[dict[Scope, float]] = {"board": 90 * 86_400.0, "glasses": 400 * 86_400.0}
"""How old one may grow; browsers keep no cookie longer than 400 days (RFC 6265bis, section 5.5)."""
SESSIONS_LIMIT: Final = 64
"""How many there may be; the one that has been unused longest gives way."""
FILE_LIMIT_BYTES: Final = 64 * 1024
"""More than so many sessions take."""
NOTED_EACH_S: Final = 3600.0
"""How exactly the disk knows when a session was used last."""
WRITE_LIMIT_S: Final = 1.0
"""How long a stop waits for the disk."""


class Session(msgspec.Struct):
    """One session as it is kept. UTC seconds since the Unix epoch; None while the board's clock was not set."""

    key: str
    scope: Scope
    made: float | None = None
    used: float | None = None


class _File(msgspec.Struct):
    sessions: list[Session]
    version: Literal[1] = 1


class Sessions:
    """Those that there are. `token` is what the token in force is known by, empty where there is none."""

    def __init__(self, folder: Path, token: bytes, wall: Callable[[], Wall]) -> None:
        self._path = folder / NAME
        self._token = token
        self._wall = wall
        self._clock = asyncio.get_running_loop().time
        self._known: dict[str, Session] = {}  # the one that has been unused longest first
        self._open: dict[str, set[asyncio.BaseTransport | None]] = {}
        self._changed = False
        self._touched = False
        self._noted = self._clock()
        self._writing: asyncio.Task[None] | None = None

    async def load(self) -> None:
        """Take over what a daemon before has kept; nobody, and the log says so, where the file cannot be read."""
        try:
            data = await asyncio.to_thread(_read, self._path)
            kept = [] if data is None else msgspec.json.decode(data, type=_File).sessions
        except (OSError, msgspec.DecodeError) as error:
            log.warning("%s cannot be read, so everybody has to sign in again: %s", self._path, error)
            kept = []
        self._known = {session.key: session for session in kept[-SESSIONS_LIMIT:]}

    def new(self, scope: Scope) -> str:
        """Begin a session; return its secret, which stands nowhere else."""
        secret = secrets.token_urlsafe(32)
        now = self._now()
        self._end_old()
        while len(self._known) >= SESSIONS_LIMIT:
            self._drop(next(iter(self._known)))
        session = Session(self._key(scope, secret), scope, now, now)
        self._known[session.key] = session
        self._keep()
        return secret

    def find(self, secret: str) -> Session | None:
        """Return the session of a secret, and count it as used; None where there is none any more."""
        for scope in SCOPES:
            session = self._known.get(self._key(scope, secret))
            if session is not None and session.scope == scope:
                if self._is_over(session):
                    self._drop(session.key)
                    self._keep()
                    return None
                self.touch(session)
                return session
        return None

    def touch(self, session: Session) -> None:
        """Count a session as used now."""
        if self._known.pop(session.key, None) is None:
            return  # it has ended meanwhile
        self._known[session.key] = session
        if (now := self._now()) is not None:
            session.made = now if session.made is None else min(session.made, now)
            session.used = now
        self._touched = True
        if self._clock() - self._noted > NOTED_EACH_S:
            self._keep()

    @contextlib.contextmanager
    def using(self, session: Session, connection: asyncio.BaseTransport | None) -> Iterator[None]:
        """Count a session as used for as long as this is entered, and have its end close the connection."""
        connections = self._open.setdefault(session.key, set())
        if connection is not None:
            connections.add(connection)
        try:
            yield
        finally:
            connections.discard(connection)
            if not connections and self._open.get(session.key) is connections:
                del self._open[session.key]
            self.touch(session)

    def end(self, session: Session, *, but: asyncio.BaseTransport | None = None) -> None:
        """End a session, and close what it has open; `but` is the connection that asks for that."""
        self._drop(session.key, but)
        self._keep()

    def end_all(self, *, but: asyncio.BaseTransport | None = None) -> int:
        """End all of them; return how many there were."""
        count = len(self._known)
        for key in list(self._known):
            self._drop(key, but)
        self._keep()
        return count

    async def close(self) -> None:
        """Have the disk know all, bounded."""
        if self._touched:
            self._keep()
        if self._writing is not None:
            await asyncio.wait([self._writing], timeout=WRITE_LIMIT_S)

    # -- inside --------------------------------------------------------------------------------------------------------

    def _key(self, scope: Scope, secret: str) -> str:
        key = b"board:" + self._token if scope == "board" else b"glasses"
        return hmac.new(key, secret.encode(errors="replace"), hashlib.sha256).hexdigest()

    def _now(self) -> float | None:
        wall = self._wall()
        return wall.utc(self._clock()) if wall.known else None

    def _is_over(self, session: Session) -> bool:
        """Tell whether one has had its time; while the date is a guess nothing has."""
        if (now := self._now()) is None or session.made is None or session.used is None:
            return False
        return now - session.used > DISUSE_LIMIT_S or now - session.made > AGE_LIMIT_S[session.scope]

    def _end_old(self) -> None:
        for session in list(self._known.values()):
            if self._is_over(session):
                self._drop(session.key)

    def _drop(self, key: str, but: asyncio.BaseTransport | None = None) -> None:
        self._known.pop(key, None)
        for connection in self._open.pop(key, set()):
            if connection is not None and connection is not but:
                connection.close()

    def _keep(self) -> None:
        self._changed = True
        if self._writing is None:
            self._writing = asyncio.create_task(self._write(), name="keep the sessions")

    async def _write(self) -> None:
        while self._changed:
            self._changed = self._touched = False
            self._noted = self._clock()
            data = msgspec.json.encode(_File(list(self._known.values())))
            try:
                await asyncio.to_thread(_write, self._path, data)
            except OSError as error:
                log.warning("sessions are not kept over a restart: %s: %s", self._path, error.strerror)
        self._writing = None


def _read(path: Path) -> bytes | None:
    try:
        with path.open("rb") as file:
            return file.read(FILE_LIMIT_BYTES)
    except FileNotFoundError:
        return None


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
    write_whole(path, data, 0o600)
