"""The plainest host end of the link that gets a picture over a line without errors: a far end for the emulator.

It is written from docs/link.md and shares no code with the product. What is lost is not asked for again.
"""

from __future__ import annotations

import binascii
import contextlib
import itertools
import os
import select
import socket
import struct
import termios
import time
import tty
from collections import deque
from typing import TYPE_CHECKING, Any, Self

import wire

if TYPE_CHECKING:
    from collections.abc import Iterator

LIMIT_S = 20.0
"""Real seconds within which what is waited for comes."""
ALIVE_S = 0.2
SETTLE_S = 0.01
"""Between a change of rate and the first byte: the device is silent then."""
BASE_RATE = 115_200
SESSION = 0x5E55_1011


def open_port(path: str, rate: int = BASE_RATE) -> int:
    """Open a serial port for bytes as they are, at a rate."""
    port = os.open(path, os.O_RDWR | os.O_NOCTTY)
    tty.setraw(port, termios.TCSANOW)
    set_rate(port, rate)
    return port


def set_rate(port: int, rate: int) -> None:
    """Set a serial port's rate."""
    settings = termios.tcgetattr(port)
    settings[4] = settings[5] = getattr(termios, f"B{rate}")
    termios.tcsetattr(port, termios.TCSANOW, settings)


class PlainHost:
    """A host at a port (its path, with a slash), or at a socket (HOST:PORT)."""

    def __init__(self, place: str, session: int = SESSION) -> None:
        self.session = session
        self.key = 0
        self.bytes = 0
        """How many came until now."""
        self.first_at = self.last_at = 0.0
        """When they did, in monotonic seconds."""
        self._socket: socket.socket | None = None
        self._rest = b""
        self._whole: deque[bytes] = deque()
        self._told_at = 0.0
        self._control = 0  # of the next message
        self._expected = {"BUTTONS": 0, "CONTROL": 0}
        if "/" in place:
            self.port = open_port(place)
        else:
            host, _, port = place.rpartition(":")
            self._socket = socket.create_connection((host, int(port)), LIMIT_S)
            self.port = self._socket.fileno()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._socket:
            self._socket.close()
        else:
            os.close(self.port)

    # -- bytes ---------------------------------------------------------------------------------------------------------

    def write(self, data: bytes) -> None:
        while data:
            data = data[os.write(self.port, data) :]

    def read(self, limit_s: float) -> bytes:
        """Return what comes next; nothing where nothing does."""
        if not select.select([self.port], [], [], limit_s)[0]:
            return b""
        data = os.read(self.port, 65536)
        assert data, "the line has ended"
        self.last_at = time.monotonic()
        self.first_at = self.first_at or self.last_at
        self.bytes += len(data)
        return data

    # -- packets -------------------------------------------------------------------------------------------------------

    def send(self, name: str, **fields: Any) -> None:
        self.write(wire.packet(name, self.key, **fields))

    def packets(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield the good packets that come; let the device know of its host, by HELLO until it greets, then by PING."""
        end = time.monotonic() + LIMIT_S
        while (now := time.monotonic()) < end:
            if now > self._told_at + ALIVE_S:
                self._told_at = now
                if self.key:
                    self.send("PING", number=0)
                else:
                    self.write(b"\0" + self.hello())
            while self._whole:
                with contextlib.suppress(AssertionError, StopIteration, IndexError, struct.error):  # a bad one
                    yield wire.read(self._whole.popleft(), self.key)
            *whole, self._rest = (self._rest + self.read(ALIVE_S)).split(b"\0")
            self._whole.extend(whole)
        raise AssertionError("it did not come")

    def next(self, *names: str) -> tuple[str, dict[str, Any]]:
        """Return the next packet of these names; acknowledge messages, and keep to their order."""
        for name, fields in self.packets():
            if name in self._expected:
                if fields["sequence"] != self._expected[name]:
                    continue
                self._expected[name] = (self._expected[name] + 1) % 256
                self.acknowledge()
            if name in names:
                return name, fields
        raise AssertionError

    def acknowledge(self) -> None:
        self.send("ACK", buttons=self._expected["BUTTONS"], display=0, control=self._expected["CONTROL"])

    def hello(self) -> bytes:
        return wire.packet("HELLO", 0, lowest=1, highest=1, session=self.session, largest=4102)

    # -- what a host does ----------------------------------------------------------------------------------------------

    def greet(self) -> dict[str, Any]:
        """Begin a session; return WELCOME."""
        self.key = self._control = 0
        self._expected = dict.fromkeys(self._expected, 0)
        _, fields = self.next("WELCOME")
        self.key = self.session
        return fields

    def change_rate(self, rate: int) -> None:
        """Go to another rate, with the device."""
        self.send("RATE", rate=rate)
        _, fields = self.next("RATED")
        assert fields["rate"] == rate
        set_rate(self.port, rate)
        self.read(SETTLE_S)
        self.write(b"\0")
        self.send("PING", number=1)
        self.next("PONG")

    def control(self, name: str, **fields: Any) -> None:
        said = wire.message(name, **fields)
        self.send("CONTROL", sequence=self._control, message=said)
        self._control = (self._control + 1) % 256

    def edge(self) -> dict[str, Any]:
        """Return the next edge."""
        _, fields = self.next("BUTTONS")
        return wire.read_message(fields["message"], ("EDGE",))[1]

    def ask(self, width: int = 0, height: int = 0, chunk: int = 1024, mode: int = 1) -> None:
        """Ask for a still."""
        self.control("CAMERA", request=7, mode=mode, width=width, height=height, quality=0, chunk=chunk, interval=0)

    def told(self) -> tuple[str, dict[str, Any]]:
        """Return the next message of control."""
        _, fields = self.next("CONTROL")
        return wire.read_message(fields["message"], ("PICTURE", "END", "FAILED"))

    def fetch(self) -> tuple[dict[str, Any], bytes]:
        """Return what PICTURE says of the picture that comes, and its bytes."""
        name, about = self.told()
        assert name == "PICTURE", (name, about)
        data = bytearray()
        for chunk in itertools.count():
            name, fields = self.next("CHUNK", "CONTROL")
            if name == "CONTROL":
                break
            assert fields["index"] == chunk % 256
            data += fields["data"]
            if chunk % 16 == 15:
                self.send("TAKEN", picture=about["picture"], next=chunk + 1, limit=chunk + 65, missing=[])
        name, end = wire.read_message(fields["message"], ("END",))
        assert end["check"] == binascii.crc32(data)
        self.control("DONE", picture=about["picture"], result=0)
        return about, bytes(data)
