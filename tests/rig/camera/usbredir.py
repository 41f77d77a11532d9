"""The USB redirection protocol's framing: bytes in, messages out; messages in, bytes out. No I/O.

Source: "USB Network Redirection protocol description", version 0.7. Each packet has a header with its type, its
length and an id, which is 32 or 64 bits wide by the capabilities that both sides named in their first packet, hello.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

from rig.camera.packets import NO_CAPABILITIES, Capability, Hello, Packet, PacketError, parse

if TYPE_CHECKING:
    from collections.abc import Iterator

BODY_LIMIT = 1 << 20
"""Bytes that a packet may have after its header; what QEMU asks for or sends in one transfer is far below."""


class ProtocolError(Exception):
    """The other side said what the protocol does not allow: the connection is of no more use."""


class Message(NamedTuple):
    """A packet and its id: an answer has the id of its question, what answers nothing has 0."""

    id: int
    packet: Packet


class Connection:
    """One connection's codec, however its bytes are cut: it remembers what both sides can do.

    Either side encodes its hello first; `common` is known once the other side's has been decoded.
    """

    def __init__(self, own: Capability) -> None:
        self.common: Capability = NO_CAPABILITIES
        self._own = own
        self._rest = bytearray()
        self._hello_seen = False

    def encode(self, message: Message) -> bytes:
        """Return the bytes of a message."""
        body = message.packet.body(self.common)
        header = _HEADER_64 if self.common & Capability.IDS_64BITS else _HEADER_32
        return header.pack(message.packet.type, len(body), message.id) + body

    def decode(self, data: bytes) -> Iterator[Message]:
        """Yield the messages that are whole by now; raise ProtocolError. Use it up: it keeps what is left over."""
        self._rest += data
        while (message := self._next()) is not None:
            if isinstance(message.packet, Hello):
                self.common = self._own & message.packet.capabilities
                self._hello_seen = True
            elif not self._hello_seen:
                raise ProtocolError(f"packet type {message.packet.type} came before hello")
            yield message

    def _next(self) -> Message | None:
        header = _HEADER_64 if self.common & Capability.IDS_64BITS else _HEADER_32
        if len(self._rest) < header.size:
            return None
        number, length, message_id = header.unpack_from(self._rest)
        if length > BODY_LIMIT:
            raise ProtocolError(f"packet type {number} has {length} bytes, more than {BODY_LIMIT}")
        end = header.size + length
        if len(self._rest) < end:
            return None
        body = bytes(self._rest[header.size : end])
        del self._rest[:end]
        try:
            return Message(message_id, parse(number, body, self.common))
        except PacketError as error:
            raise ProtocolError(str(error)) from error


_HEADER_32 = struct.Struct("<3I")  # usb_redir_header: type, length of what follows, id
_HEADER_64 = struct.Struct("<2IQ")  # the same with usb_redir_cap_64bits_ids
