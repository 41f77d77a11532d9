"""One page of glasses: what is said to it, what it says, its clock, and whether it is still there.

Of each kind of message to the page only the newest waits, so a page that takes nothing costs nothing. What comes is
handed to an `Ear` with its instant by the board's clock, in its order.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Final, Literal, NoReturn, Protocol

from glassd_drivers.contracts import TransientFault
from glassd_drivers.web import messages
from glassd_drivers.web.clock import PageClock
from glassd_drivers.web.messages import (
    Camera,
    EdgeSaid,
    FailedSaid,
    Hello,
    LostSaid,
    Picture,
    Pong,
    ShownSaid,
    Unreadable,
)
from glassd_drivers.web.rate import Rate

if TYPE_CHECKING:
    from collections.abc import Callable

    from glassd_drivers.contracts import Channel

SILENCE_LIMIT_S: Final = 6.0
"""A page of which nothing was heard for so long is gone: a large picture on a slow network takes a few seconds."""
SEND_LIMIT_S: Final = 5.0
"""How long a page may take nothing."""
SHOWN_LIMIT_S: Final = 5.0
"""How long a page may take to paint a screen."""
PING_S: Final = 1.0
FIRST_PINGS: Final = 8
FIRST_PING_S: Final = 0.05
"""How often the page's clock is asked for: first, and after it has stepped, more often."""
PINGS_LIMIT: Final = 16
"""How many pings are remembered; a pong to an older one says nothing."""
LATE_S: Final = 0.3
"""An edge that seems to be later waits for the next pong: it is late, or the page's clock has stood still."""
HELD_LIMIT: Final = 64
"""How many edges wait for that."""
BURST: Final = 400
PER_S: Final = 200.0
"""How many messages may come at once, and a second: a page sends some 60 pictures and screens at the very most."""

Kind = Literal["welcome", "take", "screen"]
_ORDER: Final[tuple[Kind, ...]] = ("welcome", "take", "screen")
"""What is said first of what waits; a ping that is due comes before the last two."""


class Over(Exception):
    """The page is over; the text says why, in half a sentence."""


class Ear(Protocol):
    """Who hears what a page says."""

    def edge(self, page: Page, button: str, instant: float, *, down: bool) -> None:
        """A key or the touch pad went down or up."""

    def lost(self, page: Page) -> None:
        """The releases of what is held will not come."""

    def stands(self, page: Page) -> None:
        """The browser's camera stands otherwise than before."""

    def picture(self, page: Page, picture: Picture, instant: float) -> None:
        """A picture came."""

    def failed(self, page: Page, failed: FailedSaid) -> None:
        """A still does not come."""

    def shown(self, page: Page, number: int) -> None:
        """The page has painted the screen of that number."""


class Page:
    """One page that has greeted, until it is gone, replaced or refused."""

    def __init__(self, channel: Channel, hello: Hello, clock: Callable[[], float]) -> None:
        self.camera: Camera = hello.camera
        """How its browser's camera stands."""
        self._channel = channel
        self._now = clock
        self._heard = clock()
        self._rate = Rate(BURST, PER_S, self._heard)
        self._clock = PageClock()
        self._waiting: dict[Kind, str] = {}
        self._last: str | None = None
        self._why = ""
        self._news = asyncio.Event()
        self._pings: dict[int, float] = {}
        """When the ping of a number was sent."""
        self._next_ping = 0
        self._ping_at = self._heard
        self._quick_pings = FIRST_PINGS
        self._held: deque[EdgeSaid | LostSaid] = deque()
        self._confirmed_by = 0
        """The ping whose pong says of what is held when it was."""
        self._sent_screen = self._shown_screen = -1
        self._painting: float | None = None
        """Since when a screen is to be painted."""

    # -- what is said to it --------------------------------------------------------------------------------------------

    def say(self, kind: Kind, message: str) -> None:
        """Have a message said, in place of one of its kind that waits."""
        self._waiting[kind] = message
        self._news.set()

    def show(self, number: int, message: str) -> None:
        """Have a screen shown, in place of one that waits."""
        self._sent_screen = number
        if self._painting is None:
            self._painting = self._now()
        self.say("screen", message)

    def end(self, last: str, why: str) -> None:
        """Have this said and nothing after it, as soon as what is being said is out."""
        self._last, self._why = last, why
        self._news.set()

    # -- its life ------------------------------------------------------------------------------------------------------

    async def serve(self, ear: Ear) -> str:
        """Say and hear what there is until it is over; return why, as half a sentence."""
        why = ""
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._write(), name="web: say")
                both.create_task(self._read(ear), name="web: hear")
        except* (Over, TransientFault, TimeoutError) as over:
            why = _why(over)
        return why

    async def _write(self) -> NoReturn:
        while True:
            message = await self._next_message()
            async with asyncio.timeout(SEND_LIMIT_S):
                await self._channel.send(message)
            if message is self._last:
                raise Over(self._why)

    async def _next_message(self) -> str:
        while True:
            now = self._now()
            if self._last is not None:
                return self._last
            self._check(now)
            if "welcome" not in self._waiting and now >= self._ping_at:
                return self._ping(now)
            for kind in _ORDER:
                if (message := self._waiting.pop(kind, None)) is not None:
                    return message
            self._news.clear()
            await self._news_within(min(self._ping_at, self._due()) - now)

    async def _news_within(self, wait: float) -> None:
        try:
            async with asyncio.timeout(wait):
                await self._news.wait()
        except TimeoutError:
            return

    def _due(self) -> float:
        """Return when the page is gone, if nothing comes until then."""
        silent = self._heard + SILENCE_LIMIT_S
        return silent if self._painting is None else min(silent, self._painting + SHOWN_LIMIT_S)

    def _check(self, now: float) -> None:
        if now >= self._heard + SILENCE_LIMIT_S:
            raise Over(f"nothing was heard of it for {SILENCE_LIMIT_S:g} s")
        if now >= self._due():
            raise Over(f"it has shown nothing for {SHOWN_LIMIT_S:g} s: reload it")

    # -- its clock -----------------------------------------------------------------------------------------------------

    def _ping(self, now: float) -> str:
        number = self._next_ping
        self._next_ping += 1
        while len(self._pings) >= PINGS_LIMIT:
            del self._pings[next(iter(self._pings))]
        self._pings[number] = now
        self._quick_pings -= 1
        self._ping_at = now + (FIRST_PING_S if self._quick_pings > 0 else PING_S)
        return messages.ping(number)

    def _ping_soon(self, now: float) -> None:
        self._ping_at = now
        self._news.set()

    def _pong(self, pong: Pong, ear: Ear, now: float) -> None:
        if (sent := self._pings.pop(pong.id, None)) is None:
            return
        if self._clock.exchange(sent, pong.at, now):
            self._quick_pings = FIRST_PINGS
            self._ping_soon(now)
        if self._held and pong.id >= self._confirmed_by:
            while self._held:
                self._tell(self._held.popleft(), ear, now)

    # -- what it says --------------------------------------------------------------------------------------------------

    async def _read(self, ear: Ear) -> NoReturn:
        while self._last is None:
            message = await self._channel.receive()
            try:
                self._take(message, ear, self._now())
            except Unreadable as error:
                self.end(messages.refused(str(error)), f"refused: {error}")
        while True:
            await asyncio.Event().wait()  # until the last is said: nothing that it says counts any more

    def _take(self, message: bytes | str, ear: Ear, now: float) -> None:
        """Take a message; raise Unreadable where it is none, or one too many."""
        self._heard = now
        if not self._rate.allows(now):
            raise Unreadable(f"over {PER_S:g} messages a second")
        match said := messages.read(message):
            case Pong():
                self._pong(said, ear, now)
            case EdgeSaid() | LostSaid():
                self._edge(said, ear, now)
            case Picture():
                if self._clock.known:
                    ear.picture(self, said, self._clock.instant(said.at, now))
            case ShownSaid(id=number):
                self._painted(number, ear, now)
            case FailedSaid():
                ear.failed(self, said)
            case Camera():
                self.camera = said
                ear.stands(self)
            case Hello():
                raise Unreadable("it has said hello already")

    def _painted(self, number: int, ear: Ear, now: float) -> None:
        if self._shown_screen < number <= self._sent_screen:
            self._shown_screen = number
            self._painting = now if number < self._sent_screen else None
            ear.shown(self, number)

    def _edge(self, said: EdgeSaid | LostSaid, ear: Ear, now: float) -> None:
        if not self._held and not self._doubtful(said, now):
            self._tell(said, ear, now)
            return
        if len(self._held) >= HELD_LIMIT:
            raise Unreadable(f"over {HELD_LIMIT} edges at once")
        if not self._held:
            self._confirmed_by = self._next_ping
            self._ping_soon(now)
        self._held.append(said)

    def _doubtful(self, said: EdgeSaid | LostSaid, now: float) -> bool:
        if isinstance(said, LostSaid):
            return False
        return not self._clock.known or now - self._clock.instant(said.at, now) > LATE_S

    def _tell(self, said: EdgeSaid | LostSaid, ear: Ear, now: float) -> None:
        if isinstance(said, LostSaid):
            ear.lost(self)
        else:
            ear.edge(self, said.button, self._clock.instant(said.at, now), down=said.down)


def _why(over: BaseExceptionGroup[Over | TransientFault | TimeoutError]) -> str:
    first = over.exceptions[0]
    while isinstance(first, BaseExceptionGroup):
        first = first.exceptions[0]
    return str(first) or f"it took nothing for {SEND_LIMIT_S:g} s"
