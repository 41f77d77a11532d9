"""A token by its hash: what the config may hold in the token's place.

`scrypt.LOG2_N.R.P.SALT.CHECK.HASH`: scrypt (RFC 7914) of the token, its cost parameters before it; salt and hash in
base64url without padding. CHECK is 16 bits of a fast keyed digest, four hexadecimal digits: it turns away all but one
of 65,536 wrong tokens in microseconds, so that guesses, however many, cannot make the board work, nor hold up the
right one.
"""

from __future__ import annotations

import re
from typing import Final

from msgspec import Struct

GROUPS, GROUP_CHARS = 5, 5
ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32: no letter of it is taken for a digit or for another letter. 25 of them are 125 bits."""
FORM: Final = r"scrypt\.1[0-8]\.[0-9]{1,2}\.[0-9]\.[A-Za-z0-9_-]{22}\.[0-9a-f]{4}\.[A-Za-z0-9_-]{43}"
"""A hash as text, as a regular expression."""

_LOG2_N, _R, _P = 14, 8, 1  # 16 MiB, and some 50 ms of a small board: a token has bits enough of its own
_MEMORY_LIMIT_BYTES: Final = 64 * 1024 * 1024
_SALT_BYTES, _HASH_BYTES = 16, 32


class TokenHash(Struct, frozen=True):
    """A hash that has been read."""

    log2_n: int
    r: int
    p: int
    salt: bytes
    check: str
    digest: bytes

    def may_be_of(self, token: bytes) -> bool:
        """Tell at once whether a token can be the right one; one of 65,536 wrong ones can as well."""
        import hmac  # noqa: PLC0415  a config without a hash does without it

        return hmac.compare_digest(_check(self.salt, token), self.check)

    def is_of(self, token: bytes) -> bool:
        """Tell whether a token is the right one; takes as long as the hash is meant to, so on a thread."""
        import hmac  # noqa: PLC0415  likewise

        return hmac.compare_digest(_scrypt(token, self.salt, self.log2_n, self.r, self.p), self.digest)


def new_token() -> str:
    """Return a token that nobody has, or had: 125 random bits, in groups that can be read out and typed."""
    import secrets  # noqa: PLC0415  for setup alone

    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(GROUP_CHARS)) for _ in range(GROUPS))


def hash_of(token: str) -> str:
    """Return the hash of a token, with a salt of its own."""
    import secrets  # noqa: PLC0415  for setup alone

    salt = secrets.token_bytes(_SALT_BYTES)
    digest = _scrypt(token.encode(), salt, _LOG2_N, _R, _P)
    return f"scrypt.{_LOG2_N}.{_R}.{_P}.{_text(salt)}.{_check(salt, token.encode())}.{_text(digest)}"


def read_hash(text: str) -> TokenHash:
    """Return the hash that a text is; raise ValueError for one that is none, or that would take too much memory."""
    if not re.fullmatch(FORM, text):
        raise ValueError("the hash of a token, as `glassd token` prints it")
    _, log2_n, r, p, salt, check, digest = text.split(".")
    found = TokenHash(int(log2_n), int(r), int(p), _bytes(salt), check, _bytes(digest))
    if found.r < 1 or found.p < 1 or 128 * found.r * (found.p + 2**found.log2_n) > _MEMORY_LIMIT_BYTES:
        raise ValueError("the hash of a token, as `glassd token` prints it: this one takes more memory than 64 MiB")
    return found


def _check(salt: bytes, token: bytes) -> str:
    import hashlib  # noqa: PLC0415  likewise

    return hashlib.blake2b(token, key=salt, digest_size=2).hexdigest()


def _scrypt(token: bytes, salt: bytes, log2_n: int, r: int, p: int) -> bytes:
    import hashlib  # noqa: PLC0415  likewise

    memory = 2 * _MEMORY_LIMIT_BYTES  # OpenSSL counts a little more than the algorithm's own
    return hashlib.scrypt(token, salt=salt, n=2**log2_n, r=r, p=p, maxmem=memory, dklen=_HASH_BYTES)


def _text(data: bytes) -> str:
    import base64  # noqa: PLC0415  likewise

    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    import base64  # noqa: PLC0415  likewise

    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
