"""The token of the API: as a credential, or as a hash in the config."""

from __future__ import annotations

import asyncio
import hmac
import secrets
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from glassd.token_hash import TokenHash

WAITING_LIMIT: Final = 16
"""How many tokens may wait to be hashed; of one more it is said that it should come again."""


class BusyError(Exception):
    """So many tokens are being looked at that this one has to come again."""


class Token:
    """What opens the API beside the unix socket."""

    def __init__(self, token: str | TokenHash) -> None:
        self._token = token
        self._good = b""  # the digest of one that has been found right
        self._key = secrets.token_bytes(32)
        self._one_at_a_time = asyncio.Semaphore(1)
        self._waiting = 0

    @property
    def known_as(self) -> bytes:
        """What differs from token to token; as secret as the config has it."""
        return self._token.encode() if isinstance(self._token, str) else self._token.salt + self._token.digest

    async def is_(self, given: str) -> bool:
        """Tell whether this is it; compared in constant time. Raise BusyError where that has to wait too long.

        A hash is taken once of a token that is right, on a thread; from then on a digest is compared with the one that
        is kept of it.
        """
        data = given.encode(errors="surrogateescape")  # bytes that are no UTF-8 reach us as surrogates
        if isinstance(self._token, str):
            return hmac.compare_digest(data, self._token.encode())
        digest = hmac.digest(self._key, data, "sha256")
        if hmac.compare_digest(digest, self._good):
            return True
        if not self._token.may_be_of(data):
            return False
        if self._waiting >= WAITING_LIMIT:
            raise BusyError
        self._waiting += 1
        try:
            async with self._one_at_a_time:
                right = await asyncio.to_thread(self._token.is_of, data)
        finally:
            self._waiting -= 1
        if right:
            self._good = digest
        return right
