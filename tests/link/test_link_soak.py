"""A million packets over a line that bends, loses and doubles bytes and bursts with noise: both ends, in virtual time.

What each end is told is written down beside what the other one did. SOAK=full is `make soak`; a twentieth otherwise.
"""

from __future__ import annotations

import gc
import os
import random
import sys
import zlib
from dataclasses import dataclass, field
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Final, NamedTuple

import pytest
from device_end import Capture, Session
from device_end import Screen as ScreenShown
from pair import STEP_S, Pair

from glassd_drivers.contracts import Mark, Screen
from glassd_drivers.link.events import CameraMode, Dead, EdgeSeen, Event, Greeted, PictureCame, Shown

FULL: Final = os.environ.get("SOAK") == "full"
PACKETS: Final = 1_000_000 if FULL else 50_000
SEED: Final = 20_261_127
WEATHER_S: Final = 1.5
"""How long a line stays as it is."""
KEPT_S: Final = 2.0
"""How old an edge may be that goes over into the next session."""
HOST_BYTES: Final = 128 * 1024
"""What the host end may hold with pictures of 20,000 bytes: one that comes, those that wait to be read, what is out."""


class Made(NamedTuple):
    """An edge on the device: `kept`, the device had a place for it."""

    button: int
    down: bool
    at: float
    kept: bool


@dataclass
class Weather:
    """The faults of one direction; each is a chance for a byte, `bits` for a bit."""

    rng: random.Random
    bits: float = 0.0
    lost: float = 0.0
    doubled: float = 0.0
    burst: float = 0.0

    def __call__(self, data: bytes) -> bytes:
        """Return what is left of some bytes."""
        if not data or not (self.bits or self.lost or self.doubled or self.burst):
            return data
        bent = bytearray(data)
        for at in self._hits(8 * len(bent), self.bits):
            bent[at // 8] ^= 1 << at % 8
        for at in reversed(self._hits(len(bent), self.lost)):
            del bent[at]
        for at in reversed(self._hits(len(bent), self.doubled)):
            bent.insert(at, bent[at])
        for at in reversed(self._hits(len(bent), self.burst)):
            bent[at:at] = self.rng.randbytes(self.rng.randrange(1, 200))
        return bytes(bent)

    def _hits(self, places: int, chance: float) -> list[int]:
        hits = []
        at = int(self.rng.expovariate(chance)) if chance else places
        while at < places:
            hits.append(at)
            at += 1 + int(self.rng.expovariate(chance))
        return hits


def weathers(rng: random.Random) -> tuple[Weather, Weather]:
    """Return how a line is for a while: mostly fair, sometimes so that nothing comes through."""
    kind = rng.random()
    if kind < 0.3:
        return Weather(rng), Weather(rng)
    if kind < 0.85:
        strength = 10 ** rng.uniform(-6, -4)
        return tuple(Weather(rng, *(strength * rng.choice((0, 1)) for _ in range(4))) for _ in range(2))  # type: ignore[return-value]  # two of them
    strong = Weather(rng, bits=10 ** rng.uniform(-4, -2), lost=1e-3, doubled=1e-3, burst=1e-3)
    return (strong, Weather(rng)) if rng.random() < 0.5 else (strong, strong)


@dataclass
class Ledger:
    """What was done at one end and told at the other; each check raises at once."""

    edges: list[Made] = field(default_factory=list)
    heard: int = 0
    """How many of the device's edges the host has had or knows to be missing."""
    screens: list[tuple[str, ...]] = field(default_factory=list)
    on_display: int = -1
    has_shown: bool = False
    """Whether the display has shown one in this session; the first may be the last one of the session before."""
    pictures: set[int] = field(default_factory=set)
    """The checks of those that were taken."""
    counts: dict[str, int] = field(default_factory=dict)

    def count(self, what: str, n: int = 1) -> None:
        """Count something, so that a run that did nothing is seen."""
        self.counts[what] = self.counts.get(what, 0) + n

    def edge(self, seen: EdgeSeen, session_began: float) -> None:
        """An edge was told: the next one that was made, or the next after those that are said to be missing."""
        missed = self.edges[self.heard : self.heard + seen.missed]
        assert len(missed) == seen.missed
        for each in missed:
            assert not each.kept or session_began - each.at > KEPT_S - 0.01, f"{each} never came"
        self.heard += seen.missed
        made = self.edges[self.heard]
        assert (seen.button, seen.down) == (made.button, made.down)
        assert seen.number == self.heard % 256
        self.heard += 1
        self.count("edges")

    def shown(self, screen: ScreenShown) -> None:
        """The display shows one of the screens that were given, a later one than before in this session."""
        first = self.on_display + 1 if self.has_shown else max(0, self.on_display)
        assert screen.rows in self.screens[first:], f"a screen that was never given: {screen.rows}"
        self.on_display = self.screens.index(screen.rows, first)
        self.has_shown = True
        self.count("screens")

    def picture(self, came: PictureCame) -> None:
        """A picture is one that was taken, and comes once."""
        self.pictures.remove(zlib.crc32(came.data))
        self.count("pictures")


def held_by(whole: object) -> int:
    """Return how many bytes an object and all that it holds have; code and classes are everybody's."""
    seen: dict[int, object] = {}
    left = [whole]
    while left:
        each = left.pop()
        if id(each) not in seen and not isinstance(each, (type, ModuleType, FunctionType, BuiltinFunctionType)):
            seen[id(each)] = each
            left += gc.get_referents(each)
    return sum(map(sys.getsizeof, seen.values()))


class Soak:
    """Both ends at work: presses, screens and a stream of pictures, in changing weather."""

    def __init__(self) -> None:
        self.rng = random.Random(SEED)
        self.ledger = Ledger()
        self.pair = Pair(rates=(921_600, 3_000_000), drift=60e-6)
        self.packets = 0
        self.most_bytes = 0
        self.session_began = 0.0
        self._numbers: dict[int, int] = {}
        self.pair.to_host, self.pair.to_device = self._way_to_host, self._way_to_device
        self._to_host, self._to_device = weathers(self.rng)
        self._taken = 0
        self._down = [False, False]

    def _way_to_device(self, data: bytes) -> bytes:
        self.packets += data.count(0)
        return self._to_device(data)

    def _way_to_host(self, data: bytes) -> bytes:
        """Hand the host some of what comes byte by byte."""
        self.packets += data.count(0)
        data = self._to_host(data)
        if self.rng.random() < 0.1:
            while len(data) > 1:
                self.pair.host.receive(data[:1], self.pair.now)
                data = data[1:]
        return data

    def run(self) -> None:
        """Go on until so many packets were on the line."""
        weather_at = 0.0
        while self.packets < PACKETS:
            if self.pair.now >= weather_at:
                self._to_host, self._to_device = weathers(self.rng)
                weather_at = self.pair.now + WEATHER_S
                self.most_bytes = max(self.most_bytes, held_by(self.pair.host))
            self._act()
            self._told(self.pair.run(self.rng.choice((1, 5, 20)) * STEP_S))

    def settle(self) -> None:
        """Have a fair line until all that is kept has come."""
        self._to_host = self._to_device = Weather(self.rng)
        for _ in range(2):
            for _ in range(40):
                self._told(self.pair.run(0.25))
            self._press(0)  # with which the host sees whether edges before it are missing
        self._told(self.pair.run(0.25))

    def _act(self) -> None:
        if self.rng.random() < 0.25:
            self._press(self.rng.randrange(2))
        if self.rng.random() < 0.3:
            number = len(self.ledger.screens)
            rows = tuple(f"{number} {row} {'字' * (number * row % 9)}" for row in range(10))
            changed = self.rng.randrange(10)
            before = self.ledger.screens[-1] if self.ledger.screens else rows
            rows = (rows[0], *(rows[row] if row <= changed else before[row] for row in range(1, 10)))
            self.ledger.screens.append(rows)
            shown = self.pair.host.show(Screen(rows, mark=Mark.WRITING))
            self._numbers[shown] = number

    def _press(self, button: int) -> None:
        """Press a button, or release it."""
        self._down[button] = not self._down[button]
        kept = self.pair.device.edge(button, self._down[button], self.pair.microseconds())
        self.ledger.edges.append(Made(button, self._down[button], self.pair.now, kept))

    def _take(self) -> None:
        """Take a picture, which is unlike all others; or fail to."""
        if self.rng.random() < 0.02:
            self.pair.device.failed(4)
            return
        self._taken += 1
        size = self.rng.choice((1, 255, 4_000, 20_000))
        data = self._taken.to_bytes(8, "little") + self.rng.randbytes(size)
        self.ledger.pictures.add(zlib.crc32(data))
        self.pair.device.picture(data, time=self.pair.microseconds() & 0xFFFF_FFFF)

    def _told(self, events: list[Event]) -> None:
        for call in self.pair.calls:
            if isinstance(call, ScreenShown) and any(call.rows):
                self.ledger.shown(call)
            elif isinstance(call, Capture):
                self._take()
            elif isinstance(call, Session):
                self.ledger.has_shown = False
        self.pair.calls.clear()
        for event in events:
            self._event(event)
        if self.pair.over:
            self._again()

    def _event(self, event: Event) -> None:
        match event:
            case EdgeSeen():
                self.ledger.edge(event, self.session_began)
            case PictureCame():
                self.ledger.picture(event)
            case Shown():
                assert self._numbers[event.number] <= self.ledger.on_display
            case Greeted():
                self.session_began = self.pair.now
                self.ledger.count("sessions")
                self.pair.host.camera(CameraMode.STREAM)
            case Dead():
                self.ledger.count("deaths")

    def _again(self) -> None:
        had = self.pair.host.had
        self.pair.begin(had)
        self._numbers = {self.pair.host.show(Screen(self.ledger.screens[-1])): len(self.ledger.screens) - 1}


@pytest.mark.soak
def test_a_million_packets_over_a_bad_line_deliver_nothing_wrong_and_lose_nothing() -> None:
    soak = Soak()
    soak.ledger.screens.append(tuple(f"first {row}" for row in range(10)))
    soak.run()
    soak.settle()
    ledger = soak.ledger
    assert ledger.heard == len(ledger.edges)
    assert ledger.on_display == len(ledger.screens) - 1
    assert all(ledger.counts.get(what, 0) > 20 for what in ("edges", "screens", "pictures"))
    assert soak.pair.device.faults == 0
    assert 0 < soak.most_bytes < HOST_BYTES
