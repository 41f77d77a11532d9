"""The door of an address: who has which key to it. The guard asks here; the routes of sessions hand keys out here."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from glassd.api.attempts import Attempts
from glassd.api.codes import Codes
from glassd.api.sessions import Sessions
from glassd.api.token import BusyError, Token
from glassd.service.paths import state_folder
from glassd.token_hash import read_hash

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from glassd.api.codes import Scope
    from glassd.api.sessions import Session
    from glassd.api.tls import Tls
    from glassd.config.schema import Api
    from glassd.wall import Wall

_log = logging.getLogger(__name__)

BUSY_WAIT_S: Final = 1
"""When somebody should come again whose token could not be looked at."""
TOLD_EACH_S: Final = 60.0
"""How often at most the log tells of log-ins that fail."""


class Caller(Struct, frozen=True):
    """Who has come in: by what scope, and the session where it is one; without a scope, a stranger."""

    scope: Scope | None
    session: Session | None = None


class Refusal(Struct, frozen=True):
    """Why somebody is not let in; `wait_s` is when to come again, 0 where that would not help."""

    status: int
    reason: str
    wait_s: int = 0


class Door:
    """What opens an address. `token` None leaves it open."""

    def __init__(
        self, token: Token | None, folder: Path, wall: Callable[[], Wall], hosts: frozenset[str] = frozenset()
    ) -> None:
        """`folder` is where sessions are kept; `hosts` are the names of the board beside its addresses."""
        self._clock = clock = asyncio.get_running_loop().time
        self._told_until = clock()
        self.hosts = hosts
        self.token = token
        self.sessions = Sessions(folder, b"" if token is None else token.known_as, wall)
        self.codes = Codes(clock)
        self.url: Callable[[], str] | None = None
        """Returns where a browser finds the board: scheme, host and port; None while there is nothing to find."""
        self._tls: Tls | None = None
        self._log_ins = Attempts(clock)
        self._bearers = Attempts(clock)

    def serves(self, url: Callable[[], str], tls: Tls | None) -> None:
        """Take note of where browsers find the board, and by what their connections are encrypted."""
        self.url, self._tls = url, tls

    @property
    def fingerprint(self) -> str:
        """What a person can know the board's own certificate by; empty where there is none."""
        return "" if self._tls is None else self._tls.certificate.fingerprint

    async def by_token(self, address: str, given: str) -> Caller | Refusal:
        """Return who brings a token; the right one is let in, whatever else has come from its address."""
        try:
            if self.token is None or await self.token.is_(given):
                return Caller("board")
        except BusyError:
            return _TOO_BUSY
        if wait_s := self._bearers.wait_s(address):
            return _too_often(wait_s)
        self._bearers.begin(address)
        return _WRONG

    def by_cookie(self, secret: str) -> Caller | None:
        """Return who brings the secret of a session."""
        session = self.sessions.find(secret)
        return None if session is None else Caller(session.scope, session)

    async def log_in(self, address: str, *, token: str | None = None, code: str | None = None) -> Scope | Refusal:
        """Return what a token or a code opens, or why it opens nothing; who is wrong too often is not looked at."""
        if wait_s := self._log_ins.wait_s(address):
            return _too_often(wait_s)
        self._log_ins.begin(address)
        scope: Scope | None
        try:
            if code is not None:
                scope = self.codes.use(code)
            else:
                scope = "board" if self.token is None or await self.token.is_(token or "") else None
        except BusyError:
            self._log_ins.succeeded(address)
            return _TOO_BUSY
        if scope is None:
            self._tell_of_guesses(address)
            return _WRONG_CODE if code is not None else _WRONG
        self._log_ins.succeeded(address)
        _log.info("signed in from %s with %s: %s", address, "the token" if code is None else "a code", scope)
        return scope

    def _tell_of_guesses(self, address: str) -> None:
        """Have the log know of an address that has to wait, now and then."""
        if self._log_ins.wait_s(address) and (now := self._clock()) >= self._told_until:
            self._told_until = now + TOLD_EACH_S
            _log.warning("log-ins fail too often, as those from %s: they have to wait", address)


def door_of(api: Api, token: str | None, wall: Callable[[], Wall]) -> Door:
    """Return the door that the config has; `token` is what the credential holds that it names."""
    key = token if api.token_hash is None else read_hash(api.token_hash)
    return Door(None if key is None else Token(key), state_folder(), wall, frozenset(api.hosts))


def _too_often(wait_s: int) -> Refusal:
    return Refusal(429, f"too often wrong: try again in {wait_s} s", wait_s)


_WRONG = Refusal(401, "this is not the token")
_WRONG_CODE = Refusal(401, "this code opens nothing, or not any more: `glassd pair` on the board shows a new one")
_TOO_BUSY = Refusal(429, "too many tokens are being looked at: try again", BUSY_WAIT_S)
