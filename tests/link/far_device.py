"""A host end, and a device that says exactly what a test wants."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import wire

from glassd_drivers.link.host import HostEnd

if TYPE_CHECKING:
    from collections.abc import Sequence

    from glassd_drivers.link.events import (
        Event,
    )

SESSION = 0x0BAD_CAFE
START = 500.0
BOOT = 99
DISPLAYED = ("LINE", "SHOW", "TAIL", "GROW", "EMPTY")
EVERYTHING: list[list[Any]] = [
    ["name", "glasses"],
    ["room", 1024],
    ["window", 8],
    ["largest", 256],
    ["display", 20, 4, 50, 1],
    ["camera", 3, 4096, 80],
    ["sizes", [1600, 1200]],
    ["button", "main"],
    ["button", "back"],
]


class FarEnd:
    """A host end, and what a device would hear and say."""

    def __init__(self, **how: Any) -> None:
        self.now = START
        how.setdefault("rate", None)
        self.host = HostEnd(lambda: SESSION, **how)
        self.host.start(self.now)
        self.sequences = {"BUTTONS": 0, "CONTROL": 0}
        self.acked = {"DISPLAY": 0, "CONTROL": 0}

    def heard(self) -> list[tuple[str, dict[str, Any]]]:
        """Return the packets that the host has for the line now."""
        packets = []
        while data := self.host.outgoing(self.now):
            packets += [wire.read(each, SESSION) for each in data.split(b"\0") if each]
        return packets

    def messages(self) -> list[tuple[str, dict[str, Any]]]:
        """Return the messages of the host that are new, in order, and acknowledge them."""
        said = []
        for name, fields in self.heard():
            if name in self.acked and fields["sequence"] == self.acked[name]:
                self.acked[name] = (self.acked[name] + 1) & 0xFF
                kinds = DISPLAYED if name == "DISPLAY" else ("CAMERA", "DONE")
                said.append(wire.read_message(fields["message"], kinds))
        self.says("ACK", buttons=0, display=self.acked["DISPLAY"], control=self.acked["CONTROL"])
        return said

    def says(self, name: str, **fields: Any) -> None:
        """Have the device say a packet."""
        self.host.receive(wire.packet(name, 0 if name in ("HERE", "WELCOME") else SESSION, **fields), self.now)

    def tells(self, class_: str, name: str, **fields: Any) -> None:
        """Have the device send its next message."""
        sequence = self.sequences[class_]
        self.sequences[class_] = (sequence + 1) & 0xFF
        self.says(class_, sequence=sequence, message=wire.message(name, **fields))

    def welcome(self, fields: Sequence[Sequence[Any]] = EVERYTHING, **changes: Any) -> None:
        said = {"version": 1, "session": SESSION, "boot": BOOT, "fields": list(fields)} | changes
        self.says("WELCOME", **said)

    def begun(self) -> FarEnd:
        """Greet, and answer the first PING: the clocks are equal, in microseconds."""
        self.heard()
        self.welcome()
        self.pong()
        self.host.events()
        return self

    def pong(self) -> None:
        for name, fields in self.heard():
            if name == "PING":
                clock = self.microseconds()
                self.says("PONG", number=fields["number"], received=clock, sent=clock, bad=0, overrun=0)

    def microseconds(self, ago: float = 0.0) -> int:
        return int((self.now - ago) * 1e6) % 2**32

    def passes(self, seconds: float, *, alive: bool = True) -> list[Event]:
        """Let time pass, with a device that answers PINGs or with none."""
        end, events = self.now + seconds, []
        while self.now < end:
            self.now = min(end, max(self.now + 0.001, self.host.due()))
            self.host.tick(self.now)
            if alive:
                self.pong()
            else:
                self.heard()
            events += self.host.events()
        return events


def about(instant: float, within: float) -> Any:
    """Return what equals an instant near this one."""
    return pytest.approx(instant, abs=within)


def only(events: list[Event], kind: type[Event]) -> list[Any]:
    return [each for each in events if isinstance(each, kind)]
