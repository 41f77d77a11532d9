"""Packets of the link (docs/link.md, section 1): sealed into bytes for the line, and found again in what comes."""

from __future__ import annotations

from typing import Final
from zlib import crc32

from glassd_drivers.link.cobs import decode, encode, encoded_limit

HERE: Final = 0x01
HELLO: Final = 0x02
WELCOME: Final = 0x03
BYE: Final = 0x08
PING: Final = 0x09
PONG: Final = 0x0A
ACK: Final = 0x0B
TAKEN: Final = 0x0C
RATE: Final = 0x0D
RATED: Final = 0x0E
ECHO: Final = 0x0F
ECHOED: Final = 0x10
BUTTONS: Final = 0x20
DISPLAY: Final = 0x21
CONTROL: Final = 0x22
CHUNK: Final = 0x80
"""And the 127 types after it: CHUNK + the picture's number."""

HOST_LARGEST: Final = 4102
"""Bytes of the largest packet that the host takes, decoded: a chunk of 4096."""
ANY_LARGEST: Final = 128
"""Bytes of the largest packet that an end takes of which no more is known."""
CHECK: Final = 4
_SHORTEST: Final = 1 + CHECK
_GREETING: Final = WELCOME
"""Packets up to this type are those of the greeting, whose key is 0."""
_INTACT: Final = 0x2144DF1C
"""CRC-32 of whatever has its own CRC-32 behind it."""
_NO_KEY: Final = crc32(bytes(4))
END: Final = b"\0"


def seed_of(key: int) -> int:
    """Return what the check of each packet with this key begins with."""
    return crc32(key.to_bytes(4, "little"))


def seal(type_: int, body: bytes, seed: int = _NO_KEY) -> bytes:
    """Return a packet as it is on the line, with the zero that ends it; `seed` is of its key, or of no key."""
    plain = bytes((type_,)) + body
    return encode(plain + crc32(plain, seed).to_bytes(CHECK, "little")) + END


def sealed_limit(body: int) -> int:
    """Return how many bytes a packet with a body of that size has on the line at most."""
    return encoded_limit(1 + body + CHECK) + len(END)


class Framer:
    """Takes the line's bytes, however they are split, and gives the packets whose check is right.

    Holds at most one packet of the largest size between two calls. `good` and `bad` count since the beginning.
    """

    def __init__(self, largest: int = HOST_LARGEST) -> None:
        """Take packets of at most `largest` bytes, decoded."""
        self.good = 0
        self.bad = 0
        self.seed = _NO_KEY
        """Of the session's number (`seed_of`)."""
        self._limit = encoded_limit(largest)
        self._held = bytearray()
        self._too_long = False

    @property
    def held(self) -> int:
        """Bytes of a packet whose end has not come."""
        return len(self._held)

    def feed(self, data: bytes) -> list[bytearray]:
        """Return the packets that end in these bytes, each from its type to its check, in order."""
        held, packets = self._held, []
        begin, searched = 0, len(held)
        held += data
        while (end := held.find(END, searched)) >= 0:
            packet = held[begin:end]
            begin = searched = end + 1
            if self._too_long or len(packet) > self._limit:
                self._too_long = False
                self.bad += 1
            elif self._check(packet):
                packets.append(packet)
        del held[:begin]
        if len(held) > self._limit:
            self._too_long = True
            held.clear()
        return packets

    def _check(self, packet: bytearray) -> bool:
        """Decode in place; return whether it is a packet. Nothing between two zeros is none, and no mistake."""
        if not packet:
            return False
        if decode(packet) and len(packet) >= _SHORTEST:
            seed = self.seed if packet[0] > _GREETING else _NO_KEY
            if crc32(packet, seed) == _INTACT:
                self.good += 1
                return True
        self.bad += 1
        return False
