"""The one bridge behind its three drivers: an open line, the host end of the link on it, and what came for each role.

Everything happens on the event loop in answer to bytes that came, a timer that is due, or a wish of a driver: then the
host end has its turn, and what it gives is written and handed out. The first fault ends it for all who hold it, with
the same words; the supervisors of the drivers then have a new one made.
"""

from __future__ import annotations

import asyncio
import logging
import os
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final, NoReturn

from glassd_drivers.contracts import PermanentFault, TransientFault
from glassd_drivers.handoff import Handoff
from glassd_drivers.link import told
from glassd_drivers.link.events import (
    ChangeRate,
    Dead,
    EdgeSeen,
    Greeted,
    Incompatible,
    PictureCame,
    PictureFailed,
    RateFailed,
    Shown,
)
from glassd_drivers.link.host import HostEnd
from glassd_drivers.link.memory import Rates, memory_of
from glassd_drivers.link.serial_port import BAUD_LIMIT, SerialLine
from glassd_drivers.link.tcp import SCHEME, TcpLine
from glassd_drivers.news import News

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from glassd_drivers.contracts import DriverError, Screen
    from glassd_drivers.link.camera_role import Pictures, Wish
    from glassd_drivers.link.config import BridgeConfig
    from glassd_drivers.link.events import Device, Event
    from glassd_drivers.link.wire import Line

GREETING_LIMIT_S: Final = 8.5
"""How long a bridge may take to answer, the opening of its line included; a supervisor lets it take 10 s."""
LONGEST_WAIT_S: Final = 3600.0
"""How far ahead a turn is set, where the host end knows of none."""
BLOCKED_WAIT_S: Final = 0.01
"""How long a turn waits at least while nothing can be written: the line tells when it can."""
EDGES_LIMIT: Final = 64
"""How many edges wait for the driver of the buttons."""

_log = logging.getLogger(__name__)


@asynccontextmanager
async def open_bridge(config: BridgeConfig, clock: Callable[[], float]) -> AsyncGenerator[Bridge]:
    """Open the line and begin to greet, and lend the bridge for as long as this is entered."""
    bridge = Bridge(config, clock)
    try:
        await bridge.open()
        yield bridge
    finally:
        await bridge.close()


class Bridge:
    """One life of a bridge, from the opening of its line to the first fault.

    Whoever waits for something of it has its fault raised, and so does whoever asks for something after that.
    """

    def __init__(self, config: BridgeConfig, clock: Callable[[], float]) -> None:
        self.where = config.device
        self.rate_limit = config.rate
        self.edges: Handoff[EdgeSeen] = Handoff(EDGES_LIMIT)
        """What the buttons did, for their driver; it may find edges that came before it."""
        self.fault: Exception | None = None
        """What ended it; None while it lives."""
        self._clock = clock
        self._began = clock()
        self._memory = memory_of(config.device)
        self._line: Line = TcpLine(config.device) if config.device.startswith(SCHEME) else SerialLine(config.device)
        self._rates = Rates(BAUD_LIMIT if config.rate == "auto" else config.rate, self._memory, clock)
        self._end = HostEnd(_session, self._rates, rate=self._line.rate, had=self._memory.had)
        self._device: Device | None = None
        self._shown = -1
        self._pictures: Pictures | None = None
        self._news = News(self.check)  # told at the next greeting, shown screen or fault
        self._tick: asyncio.TimerHandle | None = None
        self._greeting: asyncio.TimerHandle | None = None
        self._changing: asyncio.Task[None] | None = None

    # -- its life ------------------------------------------------------------------------------------------------------

    async def open(self) -> None:
        """Open the line and begin to greet; raise DriverError where the line is not to be had."""
        await self._line.open(self)
        left = GREETING_LIMIT_S - (self._clock() - self._began)
        self._greeting = asyncio.get_running_loop().call_later(left, self._give_up)
        self._end.start(self._clock())
        self._turn()

    async def ready(self) -> Device:
        """Wait until the bridge has answered, and return what it says of itself."""
        while self._device is None:
            await self._news.next()
        self.check()
        return self._device

    async def watch(self) -> NoReturn:
        """Wait until the bridge is lost, then raise its fault."""
        while True:
            await self._news.next()

    def check(self) -> None:
        """Raise the fault of a bridge that is lost."""
        if self.fault is not None:
            raise self.fault

    async def close(self) -> None:
        """Tell the bridge that this is over, and close the line. Never raises."""
        if self.fault is None and self._device is not None:
            self._end.bye(self._clock())
            self._write(self._clock())
        self._lose(TransientFault(f"{self.where}: closed"))
        try:
            if self._changing is not None:
                self._changing.cancel()
                await asyncio.wait([self._changing])
        finally:
            await self._line.close()

    # -- what drivers ask for ------------------------------------------------------------------------------------------

    async def show(self, screen: Screen) -> None:
        """Show a screen; return once the bridge shows it, or a newer one in its place."""
        self.check()
        number = self._end.show(screen)
        self._turn()
        while self._shown < number:
            await self._news.next()

    def ask_camera(self, wish: Wish, pictures: Pictures | None) -> int:
        """Ask the camera for something in place of what it was asked for before, and return the request's number.

        `pictures` is given what comes of it.
        """
        self.check()
        self._pictures = pictures
        request = self._end.camera(wish.mode, *wish.size, wish.quality, wish.interval)
        self._turn()
        return request

    def counts(self) -> dict[str, int]:
        """Return how many packets of this life came and went, and how many of them were bad."""
        return self._end.counts()

    def tell_once(self, level: int, words: str) -> None:
        """Log what is so in each life of this line the first time alone."""
        if self._memory.is_new(words):
            _log.log(level, "%s: %s", self.where, words)

    # -- what its line calls -------------------------------------------------------------------------------------------

    def received(self, data: bytes) -> None:
        """Take what came on the line."""
        self._turn(lambda now: self._end.receive(data, now))

    def writable(self) -> None:
        """Go on writing."""
        self._turn()

    def ended(self, fault: DriverError) -> None:
        """Take note that the line is gone."""
        self._lose(fault)

    # -- its turns -----------------------------------------------------------------------------------------------------

    def _turn(self, begin: Callable[[float], None] | None = None) -> None:
        """Hand out what happened, write what is to be written, and see to it that the next turn comes in time."""
        if self.fault is not None:
            return
        now = self._clock()
        try:
            if begin is not None:
                begin(now)
            for event in self._end.events():
                self._take(event)
            self._write(now)
            self._come_back(self._end.due() - now)
        except Exception as bug:  # noqa: BLE001 - it reaches the supervisors, who tell a bug from a fault
            self._lose(bug)

    def _ticked(self) -> None:
        self._tick = None
        self._turn(self._end.tick)

    def _come_back(self, wait: float) -> None:
        """Have a turn after `wait` seconds; a timer that is earlier stays, for most turns put it off again."""
        loop = asyncio.get_running_loop()
        shortest = (
            0.0 if self._may_write else BLOCKED_WAIT_S
        )  # what is due to be written is due for as long as it waits
        at = loop.time() + max(shortest, min(wait, LONGEST_WAIT_S))
        if self.fault is not None or (self._tick is not None and self._tick.when() <= at):
            return
        if self._tick is not None:
            self._tick.cancel()
        self._tick = loop.call_at(at, self._ticked)

    @property
    def _may_write(self) -> bool:
        return self._line.is_clear and self._changing is None

    def _write(self, now: float) -> None:
        while self._may_write and (packet := self._end.outgoing(now)):
            self._line.write(packet)

    def _take(self, event: Event) -> None:
        match event:
            case EdgeSeen():
                self._memory.had = self._end.had
                self.edges.put(event)
            case PictureCame() | PictureFailed():
                if self._pictures is not None:
                    self._pictures.put(event)
            case Shown(number):
                self._shown = number
                self._news.tell()
            case Greeted(device):
                self._greeted(device)
            case ChangeRate(rate):
                self._changing = asyncio.create_task(self._change_rate(rate), name=f"{self.where}: {rate} baud")
            case RateFailed(rate):
                self._rates.fail(rate)
                _log.warning("%s: it does not work at %d baud, which is left out for now", self.where, rate)
            case Incompatible(lowest, highest):
                self._lose(PermanentFault(f"{self.where}: {told.incompatible(lowest, highest)}"))
            case Dead(reason):
                self._lose(TransientFault(f"{self.where}: the bridge was lost: {reason}"))

    def _greeted(self, device: Device) -> None:
        self._device = device
        if self._greeting is not None:
            self._greeting.cancel()
        _log.info("%s: %s", self.where, told.device(device))
        self._news.tell()

    async def _change_rate(self, rate: int) -> None:
        try:
            await self._line.change_rate(rate)
        except Exception as error:  # noqa: BLE001 - it reaches the supervisors
            self._lose(error)
        self._changing = None
        self._turn()

    def _give_up(self) -> None:
        self._lose(TransientFault(told.no_answer(self.where, self._end.good, self._end.bad)))

    # -- its end -------------------------------------------------------------------------------------------------------

    def _lose(self, fault: Exception) -> None:
        """End it for all who hold it; the first fault counts."""
        if self.fault is not None:
            return
        self.fault = fault
        for timer in (self._tick, self._greeting):
            if timer is not None:
                timer.cancel()
        self.edges.end(fault)
        if self._pictures is not None:
            self._pictures.end(fault)
        self._news.tell()


def _session() -> int:
    return 1 + int.from_bytes(os.urandom(4), "little") % 0xFFFFFFFF
