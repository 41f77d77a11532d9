"""What waits in the outbox is sealed: whoever copies the card without the key learns how many wait, and how large.

ChaCha20-Poly1305 (RFC 8439) of the package cryptography, which is loaded with this module, only where the outbox is on:
docs/decisions/0030-a-cipher-for-the-outbox.md.
"""

from __future__ import annotations

import base64
import binascii
import os
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
"""Drawn at random: two of 2^32 asks under one key would share one with a probability of 2^-33."""
_LABEL: Final = b"glassd outbox 1"


class SealError(ValueError):
    """It is no key, or what it sealed does not open; the text says which, in one line, and never what is in it."""


class Seal:
    """Seals with one key."""

    def __init__(self, key: str) -> None:
        """`key`: 32 bytes as base64, as `glassd setup` makes one."""
        try:
            data = base64.b64decode(key, validate=True)
        except (binascii.Error, ValueError):
            data = b""
        if len(data) != KEY_BYTES:
            raise SealError(
                f"the outbox's key is not {KEY_BYTES} bytes as base64; `glassd setup` makes one, as "
                f"`head -c {KEY_BYTES} /dev/urandom | base64` does"
            )
        self._cipher = ChaCha20Poly1305(data)

    def close(self, data: bytes) -> bytes:
        """Return some bytes sealed."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, data, _LABEL)

    def open(self, sealed: bytes) -> bytes:
        """Return what was sealed; raise SealError where another key did it, or it was changed."""
        try:
            return self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], _LABEL)
        except (InvalidTag, ValueError) as error:
            raise SealError("it was sealed with another key, or is damaged") from error
