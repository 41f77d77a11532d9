"""Both ends of the link on a line of its own in virtual time: the host end in Python, the device end in C.

The line carries what its rate carries, garbles what the two ends send at different rates, and has the faults that a
test gives it. Time goes in steps; nothing is ever slept.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Final

from device_end import DeviceEnd, Facts, Rate

from glassd_drivers.link.events import ChangeRate, Dead, Event, Incompatible
from glassd_drivers.link.host import HostEnd

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Container

    from device_end import Call

    from glassd_drivers.link.events import EdgesHad

BASE: Final = 115_200
STEP_S: Final = 0.000_5
START_S: Final = 1000.0
SIZES: Final = {"GL_PACKET_MAX": 4102, "GL_ROOM": 4096, "GL_CHUNK_MAX": 4096}
"""Of a device that has memory."""
JPEG: Final = bytes(itertools.islice(itertools.cycle(bytes(range(256)) + bytes(range(255, 0, -3))), 20_000))


def clean(data: bytes) -> bytes:
    """Have no faults."""
    return data


def bit_errors(chance: random.Random, rate: float) -> Callable[[bytes], bytes]:
    """Return a fault that turns each bit around with this probability."""

    def garble(data: bytes) -> bytes:
        bent = bytearray(data)
        at = int(chance.expovariate(rate))
        while at < 8 * len(bent):
            bent[at // 8] ^= 1 << at % 8
            at += 1 + int(chance.expovariate(rate))
        return bytes(bent)

    return garble


def lost_and_doubled(chance: random.Random, share: float) -> Callable[[bytes], bytes]:
    """Return a fault that loses or doubles a run of up to 40 bytes in this share of what comes."""

    def spoil(data: bytes) -> bytes:
        if not data or chance.random() >= share:
            return data
        begin = chance.randrange(len(data))
        end = begin + chance.randint(1, 40)
        return data[:begin] + data[begin:end] * chance.choice((0, 2)) + data[end:]

    return spoil


class Pair:
    """A host and a device. `events` and `calls` collect what the two said."""

    def __init__(
        self,
        facts: Facts | None = None,
        *,
        rates: Container[int] = (921_600, 3_000_000),
        drift: float = 0.0,
        picture_limit: int = 1 << 20,
        rate: int | None = BASE,
    ) -> None:
        self.now = START_S
        self.drift = drift
        self._facts = facts or Facts()
        self.device = DeviceEnd(self._facts, boot=7, now=self.microseconds(), sizes=SIZES)
        self.to_host: Callable[[bytes], bytes] = clean
        self.to_device: Callable[[bytes], bytes] = clean
        self.events: list[Event] = []
        self.calls: list[Call] = []
        self.numbers = itertools.count(0x1234_5678)
        self._rates = rates
        self._picture_limit = picture_limit
        self._paced = rate is not None
        self.carried = [0, 0]
        """Bytes to the host, to the device."""
        self.host_rate = self.device_rate = BASE
        self._room = 0.0
        self._way: list[tuple[float, bytes]] = []
        self.begin()

    def begin(self, had: EdgesHad | None = None) -> None:
        """Begin a new life of the host end."""
        self.host_rate = BASE
        self.over = False
        self.host = HostEnd(
            self.numbers.__next__,
            self._rates,
            rate=BASE if self._paced else None,
            picture_limit=self._picture_limit,
            had=had,
        )
        self.host.start(self.now)

    def reset_device(self, boot: int = 8) -> None:
        """Have the device start anew, in the middle of whatever it does."""
        self.device = DeviceEnd(self._facts, boot=boot, now=self.microseconds() & 0xFFFF_FFFF, sizes=SIZES)
        self.device_rate = BASE

    def press(self, button: int = 0, down: bool = True) -> float:
        """Press a button, and return when."""
        self.device.edge(button, down, self.microseconds() & 0xFFFF_FFFF)
        return self.now

    def microseconds(self, instant: float | None = None) -> int:
        """Return the device's clock at an instant."""
        instant = self.now if instant is None else instant
        return int((instant - START_S) * (1 + self.drift) * 1e6) + 0xFFFF_0000

    def run(self, seconds: float) -> list[Event]:
        """Let time pass; return what the host told meanwhile."""
        before = len(self.events)
        for _ in range(round(seconds / STEP_S)):
            self.step()
        return self.events[before:]

    def until(self, kind: type[Event], seconds: float = 5.0) -> Event:
        """Let time pass until the host tells such an event."""
        for _ in range(round(seconds / STEP_S)):
            before = len(self.events)
            self.step()
            for event in self.events[before:]:
                if isinstance(event, kind):
                    return event
        raise AssertionError(f"no {kind.__name__} within {seconds:g} s, but {self.events}")

    def step(self) -> None:
        """Let one step of time pass."""
        self.now += STEP_S
        arrived = b"".join(data for at, data in self._way if at <= self.now)
        self._way = [each for each in self._way if each[0] > self.now]
        self._device(self.to_device(arrived))
        if self.host.due() <= self.now:
            self.host.tick(self.now)
        self._write()
        self._read_events()

    def _device(self, arrived: bytes) -> None:
        if self._paced:
            self._room = min(self._room, 64.0) + STEP_S * self.device_rate / 10
        else:
            self._room = 1 << 20
        sent = self.device.turn(arrived, self.microseconds() & 0xFFFF_FFFF, int(self._room))
        self._room -= len(sent)
        if self._room >= 1:
            self.device.sent(self.microseconds() & 0xFFFF_FFFF)
        calls = self.device.calls()
        self.calls += calls
        if sent:
            self.carried[0] += len(sent)
            self.host.receive(self.to_host(self._garbled(sent)), self.now)
        for call in calls:
            if isinstance(call, Rate):
                self.device_rate = call.baud

    def _garbled(self, data: bytes) -> bytes:
        """What is sent at one rate and read at another is noise."""
        return data if self.host_rate == self.device_rate else bytes(0xA5 ^ each for each in data[::2])

    def _write(self) -> None:
        free = max([self.now, *(at for at, _ in self._way)])
        while data := self.host.outgoing(self.now):
            free += 10 * len(data) / self.host_rate if self._paced else 0.0
            self.carried[1] += len(data)
            self._way.append((free, self._garbled(data)))

    def _read_events(self) -> None:
        for event in self.host.events():
            self.events.append(event)
            if isinstance(event, ChangeRate):
                self.host_rate = event.rate
            self.over |= isinstance(event, (Dead, Incompatible))
