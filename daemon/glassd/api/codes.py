"""Pairing codes: short, for one use, for a few minutes. Whoever brings one gets a session without knowing the token."""

from __future__ import annotations

import asyncio
import hmac
import secrets
from typing import TYPE_CHECKING, Final, Literal

from glassd.token_hash import ALPHABET

if TYPE_CHECKING:
    from collections.abc import Callable

Scope = Literal["board", "glasses"]
"""What a session may do: all, or what a page needs that is a pair of glasses."""
SCOPES: Final[tuple[Scope, ...]] = ("board", "glasses")

CODE_CHARS: Final = 8
"""40 bits: with all the log-ins that may fail, some 360 in the life of a code, one of CODES_LIMIT is guessed in some
380 million such lives."""
CODE_LIFE_S: Final = 300.0
"""How long a code opens the door."""
CODES_LIMIT: Final = 8
"""How many may be open at once; the oldest gives way."""

_MISREAD: Final = str.maketrans("oil", "011")


class _Code:
    """One code, and what has become of it: used, or not any more."""

    def __init__(self, scope: Scope, ends: float) -> None:
        self.scope: Scope = scope
        self.ends = ends
        self.used = asyncio.Event()


class Codes:
    """Those that are open. `clock` is monotonic seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._open: dict[str, _Code] = {}

    def new(self, scope: Scope) -> str:
        """Return a new code, as it is shown: in two halves."""
        self._forget_old()
        while len(self._open) >= CODES_LIMIT:
            del self._open[next(iter(self._open))]
        code = "".join(secrets.choice(ALPHABET) for _ in range(CODE_CHARS))
        self._open[code] = _Code(scope, self._clock() + CODE_LIFE_S)
        return f"{code[: CODE_CHARS // 2]}-{code[CODE_CHARS // 2 :]}"

    def use(self, given: str) -> Scope | None:
        """Return what a code opens, and let it open nothing more; None for one that is not open."""
        self._forget_old()
        for code, entry in self._open.items():
            if hmac.compare_digest(code.encode(), _plain(given).encode(errors="replace")):
                del self._open[code]
                entry.used.set()
                return entry.scope
        return None

    async def used(self, given: str) -> bool:
        """Wait until a code has been used, or is open no longer; tell which."""
        self._forget_old()
        if (entry := self._open.get(_plain(given))) is None:
            return False
        try:
            async with asyncio.timeout(entry.ends - self._clock()):
                return await entry.used.wait()
        except TimeoutError:
            return False

    def _forget_old(self) -> None:
        now = self._clock()
        self._open = {code: entry for code, entry in self._open.items() if entry.ends > now}


def _plain(given: str) -> str:
    """Return a code as it was made, however it was typed."""
    return "".join(given.split()).replace("-", "").lower().translate(_MISREAD)
