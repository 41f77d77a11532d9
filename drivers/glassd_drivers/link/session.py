"""One session with a device: what is sent next, what came, what is due, and when it is over (docs/link.md)."""

from __future__ import annotations

from enum import Enum, auto
from math import inf
from typing import TYPE_CHECKING, Final

from glassd_drivers.link import messages, packets
from glassd_drivers.link.camera import CameraEnd, Requests
from glassd_drivers.link.clock import Clock
from glassd_drivers.link.edges import Edges
from glassd_drivers.link.events import (
    ChangeRate,
    Dead,
    Device,
    Event,
    Failure,
    PictureFailed,
    RateFailed,
    Shown,
)
from glassd_drivers.link.quality import Quality
from glassd_drivers.link.rates import BASE_RATE, Outcome, Rates
from glassd_drivers.link.reliable import Receiver, Room, Sender
from glassd_drivers.link.silence import Silence

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from glassd_drivers.link.events import EdgesHad
    from glassd_drivers.link.line import Line
    from glassd_drivers.link.packets import Framer
    from glassd_drivers.link.screens import Screens

PING_S: Final = 0.25
FIRST_PINGS: Final = 8
FIRST_PING_S: Final = 0.02
DISPLAY_S: Final = 0.2
CONTROL_S: Final = 0.1
"""What is not acknowledged is sent again, after this and the time of three chunks."""
RESULTS_LIMIT: Final = 64
"""Results for the device that wait: beyond that none of its messages is taken."""
RESULTS_UNSENT: Final = 8
"""Of these, messages that were made."""
_CHUNK_FRAME: Final = 8


class _Next(Enum):
    RATE = auto()
    ACK = auto()
    PING = auto()
    DISPLAY = auto()
    CONTROL = auto()
    TAKEN = auto()


_LOOSE: Final = {
    _Next.ACK: packets.sealed_limit(3),
    _Next.PING: packets.sealed_limit(13),
    _Next.TAKEN: packets.sealed_limit(5 + 2 * messages.MISSING_MOST),
}
"""What is not acknowledged, and the bytes that it has on the line at most."""


class Session:
    """Made when WELCOME came; over once `over` is true, of which Dead in `events` tells."""

    def __init__(
        self,
        seed: int,
        device: Device,
        line: Line,
        framer: Framer,
        *,
        rates: Sequence[int],
        picture_limit: int,
        had: EdgesHad | None,
        screens: Screens,
        requests: Requests,
        events: list[Event],
        now: float,
    ) -> None:
        self.over = False
        self.events = events
        self._seed = seed
        self._device = device
        self._line = line
        self._framer = framer
        self._screens = screens
        self._requests = requests
        self._asked = 0
        """The number of the latest request that was passed on …"""
        self._chunk = 0
        """… and the size of its chunks."""
        self._rates = Rates(line.rate or BASE_RATE, rates)
        self._rates_asked = False
        self._quality = Quality(line.rate, device.camera.chunk if device.camera else messages.CHUNK_LEAST)
        self._clock = Clock()
        self._camera = CameraEnd(picture_limit, self._clock, line, events)
        room = Room(device.room)
        self._display = Sender(device.window, DISPLAY_S, room)
        self._control = Sender(device.window, CONTROL_S, room)
        self._message_limit = min(device.largest - packets.CHECK - 2, device.room - 10 - device.room // 254)
        self._buttons_in = Receiver()
        self._control_in = Receiver()
        self._silence = Silence(line, now)
        self._ack_due = False
        self._pings: dict[int, float] = {}
        """When PING of a number was on the line."""
        self._ping_number = 0
        self._quick_pings = FIRST_PINGS
        self._ping_at = now
        self._edges = Edges(device, had, self._clock, events)
        self._handlers: dict[int, Callable[[bytearray, float], None]] = {
            packets.PONG: self._pong,
            packets.ACK: self._ack,
            packets.RATED: self._rated,
            packets.ECHOED: self._echoed,
            packets.BUTTONS: self._edge,
            packets.CONTROL: self._control_message,
        }

    @property
    def sent(self) -> dict[str, int]:
        """How many packets went, how many of them the device found bad, and how many messages went once more."""
        again = self._display.again + self._control.again
        return {"sent": self._quality.packets_sent, "sent_bad": self._quality.packets_lost, "sent_again": again}

    @property
    def had(self) -> EdgesHad | None:
        """The last edge that came."""
        return self._edges.had

    # -- what came ----------------------------------------------------------------------------------------------------

    def bytes_came(self, size: int, now: float) -> None:
        """So many bytes came on the line; `receive` gets the packets that are among them."""
        self._silence.bytes_came(size, now)

    def receive(self, packet: bytearray, now: float) -> None:
        """Take a packet of this session's."""
        self._silence.packet_came(now)
        kind = packet[0]
        if kind >= packets.CHUNK:
            self._camera.chunk(packet, now)
        elif (handler := self._handlers.get(kind)) is not None:
            handler(packet[1 : -packets.CHECK], now)

    def _pong(self, body: bytearray, now: float) -> None:
        pong = messages.read_pong(body)
        if pong is None or (sent := self._pings.pop(pong.number, None)) is None:
            return
        self._clock.exchange(sent, pong.received, pong.sent, now)
        if self._clock.known:
            self._edges.tell(now)
        self._quality.pong(pong, self._framer.good, self._framer.bad, self._silence.received, now)
        if self._clock.known and not self._rates_asked:
            self._rates_asked = True
            self._rates.highest(now)
        elif self._quality.too_bad():
            self._rates.leave(now)
        self._resize_chunks()

    def _ack(self, body: bytearray, now: float) -> None:
        if (ack := messages.read_ack(body)) is not None:
            self._control.acknowledged(ack.control, now, self._margin)
            shown = self._screens.acknowledged(self._display.acknowledged(ack.display, now, self._margin))
            if shown is not None:
                self.events.append(Shown(shown))

    def _rated(self, body: bytearray, now: float) -> None:
        if (rate := messages.read_rated(body)) is not None:
            self._rate_outcome(self._rates.rated(rate, now), now)

    def _echoed(self, body: bytearray, now: float) -> None:
        self._rate_outcome(self._rates.echoed(body), now)

    def _rate_outcome(self, outcome: Outcome | None, now: float) -> None:
        if outcome is Outcome.CHANGE:
            self._line.change(self._rates.rate)
            self._quality.rate_changed(
                self._rates.rate, self._framer.good, self._framer.bad, self._silence.received, now
            )
            self._clock.rate_changed()
            self._pings.clear()
            self.events.append(ChangeRate(self._rates.rate))
        elif outcome is Outcome.FAILED:
            self.events.append(RateFailed(self._rates.wanted))
            self.end(f"the line does not work at {self._rates.wanted} baud", now)
        elif outcome is not None:
            self._quick_pings, self._ping_at = FIRST_PINGS, now
            self._resize_chunks()

    def _edge(self, body: bytearray, now: float) -> None:
        self._ack_due = True
        if not body or not self._buttons_in.expects(body[0]) or self._edges.full:
            return
        self._buttons_in.took()
        if (edge := messages.read_edge(body[1:])) is not None:
            self._edges.take(edge, now)

    def _control_message(self, body: bytearray, now: float) -> None:
        self._ack_due = True
        if not body or not self._control_in.expects(body[0]) or len(self._camera.results) >= RESULTS_LIMIT:
            return
        self._control_in.took()
        if len(body) > 1:
            self._camera.control(body[1:], now)

    # -- what is due --------------------------------------------------------------------------------------------------

    def tick(self, now: float) -> None:
        """Do what is due."""
        self._rate_outcome(self._rates.tick(now), now)
        if self.over:
            return
        self._display.tick(now)
        self._control.tick(now)
        self._camera.tick(now)
        if self._rates.changing:
            return  # it judges the line by itself
        if (reason := self._silence.dead(now)) is not None:
            if self._silence.bad_line(now):
                self.events.append(RateFailed(self._rates.rate))
            self.end(reason, now)
        elif self._display.dead(now) or self._control.dead(now):
            self.end("what was sent is not acknowledged", now)

    def end(self, reason: str, now: float) -> None:
        """Be over."""
        self.over = True
        self._edges.tell(now)
        self.events.append(Dead(reason))

    def due(self, now: float) -> float:
        """Return when `tick` or `outgoing` is needed next."""
        picture = self._camera.on_line
        timers = min(
            self._rates.due(now),
            self._display.due(),
            self._control.due(),
            picture.due() if picture is not None else inf,
            inf if self._rates.changing else self._silence.due(),
        )
        what = self._next(now)
        if what is not None:
            return min(timers, self._when(what))
        if self._rates.changing:
            return timers
        return min(timers, self._line.free_at() if self._to_queue else self._ping_at)

    @property
    def _margin(self) -> float:
        """Seconds that three of the largest packets take on the line."""
        return self._line.seconds(3 * max(packets.ANY_LARGEST, self._chunk + _CHUNK_FRAME))

    # -- what is sent -------------------------------------------------------------------------------------------------

    def _next(self, now: float) -> _Next | None:
        """Return what is to be sent first of all that waits."""
        if self._rates.changing:
            return _Next.RATE if self._rates.ready(now) else None
        picture = self._camera.on_line
        if self._ack_due:
            return _Next.ACK
        if now >= self._ping_at:
            return _Next.PING
        if self._display.ready():
            return _Next.DISPLAY
        if self._control.ready():
            return _Next.CONTROL
        return _Next.TAKEN if picture is not None and picture.to_tell else None

    @property
    def _to_queue(self) -> bool:
        """Whether there is something to make messages of."""
        request = self._requests.latest
        return (
            (self._device.display is not None and self._screens.waits)
            or (request is not None and request.number != self._asked)
            or (bool(self._camera.results) and self._control.unsent < RESULTS_UNSENT)
        )

    def _queue(self) -> None:
        """Make messages of what is wanted, as late as possible: of the newest screen, the latest request."""
        facts = self._device.display
        if facts is not None and self._screens.waits:
            for says in self._screens.messages(facts, self._message_limit):
                self._display.put(says, packets.sealed_limit(1 + len(says)))
        request = self._requests.latest
        if request is not None and request.number != self._asked:
            self._asked = request.number
            if self._device.camera is None:
                self.events.append(PictureFailed(request.number, Failure.NO_CAMERA))
            else:
                self._ask_camera()
        while self._camera.results and self._control.unsent < RESULTS_UNSENT:
            says = self._camera.results.pop(0)
            self._control.put(says, packets.sealed_limit(1 + len(says)))

    def _ask_camera(self) -> None:
        request = self._requests.latest
        assert request is not None
        self._chunk = self._quality.chunk()
        says = self._camera.request(request, self._chunk)
        size = packets.sealed_limit(1 + len(says))
        if not self._control.replace_unsent(says[0], says, size):
            self._control.put(says, size)

    def _resize_chunks(self) -> None:
        """Ask for other chunks where the line asks for them: for a stream, or in place of a hopeless picture."""
        if self._rates.changing or not self._camera.busy:
            return
        chunk, picture = self._quality.chunk(), self._camera.on_line
        if picture is not None and picture.claim.chunk > chunk and self._quality.mostly_bad():
            self._camera.drop()
            self._ask_camera()
        elif chunk != self._chunk and self._camera.streaming:
            self._ask_camera()

    def _when(self, what: _Next) -> float:
        """Return when that may be given out."""
        free = self._line.free_at()
        picture = self._camera.on_line
        if what is _Next.TAKEN and picture is not None:
            return max(free, self._line.loose_at(packets.sealed_limit(picture.tell_size)))
        return max(free, self._line.loose_at(_LOOSE[what])) if what in _LOOSE else free

    def outgoing(self, now: float) -> bytes:
        """Return the next packet for the line, or nothing."""
        if now < self._line.free_at():
            return b""
        if not self._rates.changing:
            self._queue()
        what = self._next(now)
        if what is None or now < self._when(what):
            return b""
        packet = packets.seal(*self._packet(what, now), self._seed)
        self._quality.sent()
        if what in _LOOSE:
            self._line.spend(len(packet), now)
        return self._line.give(packet, now)

    def _packet(self, what: _Next, now: float) -> tuple[int, bytes]:
        """Return type and body."""
        if what is _Next.RATE:
            return self._rates.packet(now)
        if what is _Next.ACK:
            self._ack_due = False
            return packets.ACK, messages.ack(self._buttons_in.next, self._control_in.next)
        if what is _Next.PING:
            return packets.PING, self._ping(now)
        if what is _Next.TAKEN:
            assert self._camera.on_line is not None
            return packets.TAKEN, self._camera.on_line.tell(now)
        type_, sender = (packets.DISPLAY, self._display) if what is _Next.DISPLAY else (packets.CONTROL, self._control)
        sequence, says = sender.take(now, self._margin)
        return type_, bytes((sequence,)) + says

    def _ping(self, now: float) -> bytes:
        number = self._ping_number
        self._ping_number = (number + 1) & 0xFF
        while len(self._pings) >= FIRST_PINGS:
            del self._pings[next(iter(self._pings))]
        self._pings[number] = self._line.starts(now)
        self._quick_pings -= 1
        self._ping_at = now + (FIRST_PING_S if self._quick_pings > 0 else PING_S)
        return messages.ping(number)
