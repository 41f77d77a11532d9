"""Consistent Overhead Byte Stuffing (Cheshire and Baker, 1999): bytes without a zero, so that a zero can end a packet.

The cost of a packet is that of its zeros and of its length over 254, not of its bytes: a JPEG of 4 KB has some 25
codes, and only those are touched one by one.
"""

from __future__ import annotations

from typing import Final

_FULL: Final = 0xFF
"""Code of a block of 254 bytes with no zero after it."""
_BLOCK: Final = _FULL - 1


def encoded_limit(size: int) -> int:
    """Return how many bytes `size` bytes have at most once they are encoded, without the zero that ends them."""
    return size + size // _BLOCK + 1


def encode(data: bytes) -> bytes:
    """Return the encoded bytes, without the zero that ends them."""
    encoded = bytearray()
    blocks = data.split(b"\0")
    for block in blocks:
        begin = 0
        while len(block) - begin >= _BLOCK:
            encoded.append(_FULL)
            encoded += block[begin : begin + _BLOCK]
            begin += _BLOCK
        encoded.append(len(block) - begin + 1)
        encoded += block[begin:]
    if blocks[-1] and len(blocks[-1]) % _BLOCK == 0:
        encoded.pop()  # no code follows a full block that ends the packet
    return bytes(encoded)


def decode(packet: bytearray) -> bool:
    """Decode in place what stood between two zeros; return False for what no encoder makes."""
    at = 0
    size = len(packet)
    after_full = []
    while at < size:
        code = packet[at]
        packet[at] = 0  # the zero that the code stands for; for a full block there is none
        at += code
        if code == _FULL:
            after_full.append(at)
    if at != size:
        return False
    for place in reversed(after_full):
        if place < size:
            del packet[place]
    del packet[:1]
    return True
