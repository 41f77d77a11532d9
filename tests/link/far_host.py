"""A host that says what a test tells it to, to a device end in this process, on one virtual clock."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import wire
from device_end import Call, DeviceEnd

SESSION = 7
MS = 1000
"""Microseconds."""
JPEG = bytes(range(256)) * 40
"""A picture, as far as the link is concerned."""
ALIVE = wire.stuffed(wire.checked(b"\x7f", SESSION))
"""A packet of the session whose type nobody knows: it has no effect but that the line is alive."""

FROM_DEVICE = {"BUTTONS": ("EDGE",), "CONTROL": ("PICTURE", "END", "FAILED")}


@dataclass(frozen=True)
class Heard:
    """A packet from the device. That of a message has the message's name, and its fields with the sequence."""

    name: str
    fields: dict[str, Any] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Any:
        return self.fields[name]


def parse(data: bytes, session: int = SESSION) -> list[Heard]:
    """Return the packets in these bytes, all of which must be right."""
    heard = []
    for encoded in data.split(b"\0"):
        if encoded:
            name, fields = wire.read(encoded, session)
            if name in FROM_DEVICE:
                name, says = wire.read_message(fields["message"], FROM_DEVICE[name])
                fields = {"sequence": fields["sequence"], **says}
            heard.append(Heard(name, fields))
    return heard


def names(heard: list[Heard]) -> list[str]:
    return [each.name for each in heard]


class FarHost:
    def __init__(self, end: DeviceEnd | None = None, now: int = 0) -> None:
        self.end = end or DeviceEnd(now=now)
        self.now = now
        self.sequences = {"DISPLAY": 0, "CONTROL": 0}

    def greet(self, session: int = SESSION, largest: int = 4102, **fields: int) -> list[Heard]:
        """Say HELLO; return the answer."""
        self.end.transmit(self.now)
        self.say("HELLO", **{"lowest": 1, "highest": 1, "session": session, "largest": largest, **fields})
        self.sequences = {"DISPLAY": 0, "CONTROL": 0}
        return self.hear()

    def say(self, name: str, **fields: Any) -> None:
        key = 0 if name == "HELLO" else SESSION
        self.end.receive(wire.packet(name, key, **fields), self.now)

    def tell(self, name: str, *, sequence: int | None = None, **says: Any) -> None:
        """Say a message of display or control, with the sequence that is due unless another is given."""
        kind = "DISPLAY" if name in ("LINE", "SHOW", "TAIL", "GROW", "EMPTY") else "CONTROL"
        if sequence is None:
            sequence = self.sequences[kind]
            self.sequences[kind] = (sequence + 1) % 256
        self.say(kind, sequence=sequence, message=wire.message(name, **says))

    def ask(self, request: int = 1, mode: int = 1, chunk: int = 100, interval: int = 0, **says: int) -> None:
        """Ask for a still or a stream, and let it be taken."""
        asked = {"width": 0, "height": 0, "quality": 0, **says}
        self.tell("CAMERA", request=request, mode=mode, chunk=chunk, interval=interval, **asked)
        self.end.poll(self.now)

    def hear(self) -> list[Heard]:
        """Return the packets that the device sends now."""
        return parse(self.end.transmit(self.now))

    def passes(self, ms: int, *, alive: bool = True) -> list[Heard]:
        """Let time pass by milliseconds; return what was heard meanwhile. Alive: the host is heard every 100 ms."""
        heard = []
        for _ in range(ms):
            self.now += MS
            if alive and self.now // MS % 100 == 0:
                self.end.receive(ALIVE, self.now)
            self.end.poll(self.now)
            heard += self.hear()
        return heard

    def calls(self, kind: type[Call]) -> list[Call]:
        """Return the calls of this kind since the last time calls were asked for; the others are gone."""
        return [each for each in self.end.calls() if isinstance(each, kind)]


def in_session(end: DeviceEnd | None = None, **hello: int) -> FarHost:
    """Return a host that has greeted, with nothing heard or called yet."""
    far = FarHost(end)
    far.greet(**hello)
    far.end.calls()
    return far


def ack(display: int = 0, control: int = 0) -> Heard:
    """Return the device's ACK."""
    return Heard("ACK", {"buttons": 0, "display": display, "control": control})


def of(heard: list[Heard], name: str) -> list[dict[str, Any]]:
    """Return the fields of each packet or message of this name."""
    return [each.fields for each in heard if each.name == name]


def begun(far: FarHost, data: bytes = JPEG, chunk: int = 100) -> list[Heard]:
    """Ask for a still and have it begun."""
    far.ask(chunk=chunk)
    far.end.picture(data, 1600, 1200, 77)
    far.end.calls()
    return far.hear()
