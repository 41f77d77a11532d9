"""The host end of one line's life: bytes and time in, bytes and events out. Nothing here does I/O or has a clock.

A transport drives it: `start` once the line is open, `receive` with what came, `tick` when `due` says so; after each of
these and after each wish (`show`, `camera`) it writes what `outgoing` gives until that is empty, and reads `events`.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Final

from glassd_drivers.link import messages, packets
from glassd_drivers.link.camera import Requests
from glassd_drivers.link.events import Dead, Event, Greeted, Incompatible
from glassd_drivers.link.line import Line
from glassd_drivers.link.rates import BASE_RATE
from glassd_drivers.link.screens import Screens
from glassd_drivers.link.session import Session

if TYPE_CHECKING:
    from collections.abc import Callable, Container

    from glassd_drivers.link.events import CameraMode, Device, EdgesHad
    from glassd_drivers.link.screens import LinkScreen

PICTURE_LIMIT: Final = 8 * 1024 * 1024
"""Bytes of the largest picture that is taken, where no other limit is given."""
HELLO_S: Final = 0.2
"""Between two greetings that were not answered."""
BYES: Final = 2
"""One may be lost."""


class HostEnd:
    """One life of the line, from `start` to Dead or Incompatible; whatever comes from the far end, nothing is raised.

    All times are CLOCK_MONOTONIC seconds, handed in. What it holds is bounded, whatever the far end sends.
    """

    def __init__(
        self,
        sessions: Callable[[], int],
        rates: Container[int] = (),
        *,
        rate: int | None = BASE_RATE,
        picture_limit: int = PICTURE_LIMIT,
        had: EdgesHad | None = None,
    ) -> None:
        """Be the end of a line that has just been opened.

        `sessions` makes up session numbers, u32 and not 0. `rate` is the baud that the line has now, None for one
        that has none (TCP, a pipe); `rates` holds those that it may go up to. A picture over `picture_limit` bytes is
        refused. `had` is what the life before this left in its `had`.
        """
        self._number = sessions()
        self._seed = packets.seed_of(self._number)
        self._framer = packets.Framer()
        self._framer.seed = self._seed
        self._line = Line(rate)
        self._rates = rates
        self._picture_limit = picture_limit
        self._had = had
        self._session: Session | None = None
        self._events: list[Event] = []
        self._screens = Screens()
        self._requests = Requests()
        self._hello_at = inf
        self._over = False
        self._byes = 0
        self._now = 0.0

    @property
    def had(self) -> EdgesHad | None:
        """The last edge that came, for the next life of this line."""
        return self._had if self._session is None else self._session.had

    @property
    def good(self) -> int:
        """Packets that came with a right check."""
        return self._framer.good

    @property
    def bad(self) -> int:
        """Packets that came and were none: many of them and no good one is another program's talk."""
        return self._framer.bad

    def counts(self) -> dict[str, int]:
        """Return the packets that came and went; of those that went, how many the device found bad."""
        sent = {} if self._session is None else self._session.sent
        return {"received": self.good, "received_bad": self.bad, **sent}

    def start(self, now: float) -> None:
        """Greet: the line is open."""
        self._now = self._hello_at = now

    def receive(self, data: bytes, now: float) -> None:
        """Take what came on the line, however it is split."""
        self._now = now
        if self._over:
            return
        found = self._framer.feed(data)
        if self._session is not None:
            self._session.bytes_came(len(data), now)
        for packet in found:
            if packet[0] > packets.WELCOME and self._session is not None:
                self._session.receive(packet, now)
            else:
                self._greeting(packet, now)
            if self._over or (self._session is not None and self._session.over):
                self._over = True
                return

    def _greeting(self, packet: bytearray, now: float) -> None:
        body = packet[1 : -packets.CHECK]
        if packet[0] == packets.HERE and (here := messages.read_here(body)) is not None:
            self._here(here, now)
        elif packet[0] == packets.WELCOME and self._session is None:
            device = messages.read_welcome(body, self._number)
            if device is not None:
                self._begin(device, now)

    def _here(self, here: messages.Here, now: float) -> None:
        if self._session is not None:
            self._session.end("the device has dropped the session", now)
        elif here.lowest <= here.highest and not here.lowest <= messages.VERSION <= here.highest:
            self._over = True
            self._events.append(Incompatible(here.lowest, here.highest))

    def _begin(self, device: Device, now: float) -> None:
        self._hello_at = inf
        self._session = Session(
            self._seed,
            device,
            self._line,
            self._framer,
            rates=[each for each in device.rates if self._line.rate and each and each in self._rates],
            picture_limit=self._picture_limit,
            had=self._had,
            screens=self._screens,
            requests=self._requests,
            events=self._events,
            now=now,
        )
        self._events.append(Greeted(device))

    def tick(self, now: float) -> None:
        """Do what is due."""
        self._now = now
        if self._session is not None and not self._over:
            self._session.tick(now)
            self._over = self._session.over

    def due(self) -> float:
        """Return when `tick`, and `outgoing` after it, are needed next; infinity for never."""
        if self._over:
            return max(self._now, self._line.free_at()) if self._byes else inf
        if self._session is None:
            return max(self._hello_at, self._line.free_at())
        return self._session.due(self._now)

    def outgoing(self, now: float) -> bytes:
        """Return the next packet for the line, made at this moment; b"" if there is none before `due`.

        On a line with a rate, it is given out a few milliseconds ahead at most of what the line can carry.
        """
        self._now = now
        if self._session is not None and not self._over:
            return self._session.outgoing(now)
        if now < self._line.free_at():
            return b""
        if self._byes:
            self._byes -= 1
            return self._line.give(packets.seal(packets.BYE, b"", self._seed), now)
        if self._over or now < self._hello_at:
            return b""
        self._hello_at = now + HELLO_S
        return self._line.give(packets.seal(packets.HELLO, messages.hello(self._number)), now)

    def events(self) -> list[Event]:
        """Return what has happened since the last call."""
        happened = self._events.copy()
        self._events.clear()  # it is the session's list, too
        return happened

    def show(self, screen: LinkScreen) -> int:
        """Have a screen shown, and return its number. One that is not yet on its way is replaced by a newer one."""
        return self._screens.show(screen)

    def camera(self, mode: CameraMode, width: int = 0, height: int = 0, quality: int = 0, interval: float = 0.0) -> int:
        """Ask the camera for a still or a stream or to stop; return the request's number.

        Width and height are pixels, quality is 1 to 100, 0 for the device's choice; `interval` is seconds from one
        picture of a stream to the next at least. It takes the place of the request before, of which nothing more
        comes.
        """
        return self._requests.ask(mode, (width, height), quality, interval)

    def bye(self, now: float) -> None:
        """End the session: what is left in `outgoing` tells the device. Dead follows at once."""
        self._now = now
        if self._over:
            return
        self._over = True
        if self._session is not None:
            self._byes = BYES
        self._events.append(Dead("this end has ended the session"))
