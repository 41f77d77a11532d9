"""The one pair of browser glasses behind its drivers: the door that pages come through, and the newest page.

A page comes and goes; the device stays as long as one is there, or comes back soon. It knows what the drivers want of a
page, so that whichever page is there can be told all of it: its parts, the screen as it stands, the still that is
waited for. When no page is there any more, that is the fault for all who hold the device, and their supervisors have a
new one made, which waits.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager, suppress
from itertools import count
from typing import TYPE_CHECKING, Final, NamedTuple, NoReturn, Protocol

from glassd_drivers.contracts import TransientFault
from glassd_drivers.handoff import Handoff
from glassd_drivers.news import News
from glassd_drivers.tasks import Tasks
from glassd_drivers.web import messages
from glassd_drivers.web.messages import Unreadable, plain
from glassd_drivers.web.page import SEND_LIMIT_S, Page

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping

    from glassd_drivers.contracts import Channel, Context, Profile, Screen
    from glassd_drivers.web.messages import Camera, CameraWish, FailedSaid, Hello, Picture

NAME: Final = "web"
"""Of the channels that the daemon's server accepts for the pages, and of the device that the drivers share."""
ABSENCE_LIMIT_S: Final = 2.0
"""How long a page that was there may be away before its drivers are told: a reload, a change of network."""
HELLO_LIMIT_S: Final = 5.0
"""How long a page may take to greet."""
CHANNELS_LIMIT: Final = 4
"""How many connections are served at a time, those that greet or are being closed too; the next ones wait."""
CLOSE_LIMIT_S: Final = 0.8
"""How long one of them may take to close, and all of those that are served as the glasses do."""
EDGES_LIMIT: Final = 64
"""How many edges wait for the driver of the buttons."""

_log = logging.getLogger(__name__)


class Moved(NamedTuple):
    """A key or the touch pad went down or up at an instant; `number` is one more each time, so that a gap shows."""

    number: int
    key: str
    down: bool
    instant: float


class AllLost(NamedTuple):
    """Whatever was held before is lost."""

    number: int


class Eye(Protocol):
    """The driver of the camera, as the device sees it."""

    def picture(self, picture: Picture, instant: float) -> None:
        """A picture came, of the stream or of a still."""

    def failed(self, number: int, reason: str) -> None:
        """The still of that number does not come."""

    def stands(self, camera: Camera) -> None:
        """The browser's camera stands so, or that of another page."""

    def end(self, fault: Exception) -> None:
        """The device is lost."""


@asynccontextmanager
async def open_device(context: Context) -> AsyncGenerator[WebDevice]:
    """Let pages in, and lend the device for as long as this is entered."""
    async with context.sockets(NAME) as channels:
        device = WebDevice(context.clock)
        try:
            device.let_in(channels)
            yield device
        finally:
            await device.close()


class WebDevice:
    """One life of the glasses, until their page has gone. It is the `Ear` of its pages."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.edges: Handoff[Moved | AllLost] = Handoff(EDGES_LIMIT)
        """What the buttons did, for their driver."""
        self.fault: Exception | None = None
        """What ended it; None while it lives."""
        self._clock = clock
        self._page: Page | None = None
        self._absence: asyncio.TimerHandle | None = None
        self._news = News(self.check)  # told at the next page, shown screen or fault
        self._tasks = Tasks("web", self._lose)
        self._camera: CameraWish | None = None
        self._eye: Eye | None = None
        self._profile: Profile | None = None
        self._map: Mapping[str, str] | None = None
        self._screen: str | None = None
        self._screens = self._shown = 0
        self._still: int | None = None
        self._stills = 0
        self._moves = count()
        self._unserved: list[Channel] = []
        """Those taken whose tasks have not begun: one that is cancelled before that closes nothing."""

    # -- what drivers ask for ------------------------------------------------------------------------------------------

    @property
    def camera(self) -> Camera | None:
        """How the browser's camera stands; None without a page."""
        return None if self._page is None else self._page.camera

    async def arrived(self) -> None:
        """Wait until a page is there."""
        while self._page is None:
            await self._news.next()
        self.check()

    async def watch(self) -> NoReturn:
        """Wait until the glasses are lost, then raise their fault."""
        while True:
            await self._news.next()

    def check(self) -> None:
        """Raise the fault of glasses that are lost."""
        if self.fault is not None:
            raise self.fault

    def look(self, wish: CameraWish, eye: Eye) -> None:
        """Have the page open its camera; `eye` gets what comes of it."""
        self.check()
        self._camera, self._eye = wish, eye
        self._tell_parts()
        if self._page is not None:
            eye.stands(self._page.camera)

    def look_away(self) -> None:
        """Have the page close its camera."""
        self._eye = self._still = None
        self._tell_parts()

    def take(self) -> int:
        """Have the page take a still, and return its number; a still that was asked for before is not wanted any more.

        It comes to the eye; if another page takes over meanwhile, that one is asked for it.
        """
        self.check()
        self._stills += 1
        self._still = self._stills
        if self._page is not None:
            self._page.say("take", messages.take(self._still))
        return self._still

    def take_none(self) -> None:
        """Forget the still that was asked for."""
        self._still = None

    def listen(self, keys: Mapping[str, str] | None) -> None:
        """Have the page say what these keys do (key → button); None for nobody who listens."""
        self._map = keys
        self.edges.clear()  # what was for the listener before, whose keys may have been others
        self._tell_parts()

    def draw_for(self, profile: Profile | None) -> None:
        """Have the page be a display; None for none, which is dark."""
        self._profile = profile
        self._screen = None
        self._tell_parts()

    async def show(self, screen: Screen) -> None:
        """Show a screen; return once the page shows it, or a newer one in its place."""
        self.check()
        self._screens += 1
        number = self._screens
        self._screen = messages.screen(number, screen)
        self._tell_screen()
        while self._shown < number:
            await self._news.next()

    def _tell_parts(self) -> None:
        if self._page is not None:
            parts = messages.welcome(self._camera, self._profile, self._map, looks=self._eye is not None)
            self._page.say("welcome", parts)

    def _tell_screen(self) -> None:
        if self._page is not None and self._screen is not None:
            self._page.show(self._screens, self._screen)

    # -- what its page says --------------------------------------------------------------------------------------------

    def edge(self, page: Page, button: str, instant: float, *, down: bool) -> None:
        """Take what a key did, if anybody listens for it."""
        if page is self._page and self._map is not None and button in self._map:
            self.edges.put(Moved(next(self._moves), button, down, instant))

    def lost(self, page: Page) -> None:
        """Take note that no releases will come of what is held."""
        if page is self._page:
            self._lose_held()

    def _lose_held(self) -> None:
        self.edges.put(AllLost(next(self._moves)))

    def stands(self, page: Page) -> None:
        """Take note of how the browser's camera stands."""
        if page is self._page and self._eye is not None:
            self._eye.stands(page.camera)

    def picture(self, page: Page, picture: Picture, instant: float) -> None:
        """Take a picture that is wanted."""
        if page is not self._page or self._eye is None:
            return
        if picture.take is not None:
            if picture.take != self._still:
                return
            self._still = None
        self._eye.picture(picture, instant)

    def failed(self, page: Page, failed: FailedSaid) -> None:
        """Take note that the still that is waited for does not come."""
        if page is self._page and self._eye is not None and failed.take == self._still:
            self._still = None
            self._eye.failed(failed.take, plain(failed.reason))

    def shown(self, page: Page, number: int) -> None:
        """Take note that a screen is shown."""
        if page is self._page:
            self._shown = max(self._shown, number)
            self._news.tell()

    # -- its pages -----------------------------------------------------------------------------------------------------

    def let_in(self, channels: AsyncIterator[Channel]) -> None:
        """Begin to take pages."""
        self._tasks.start(self._let_in(channels), "door")

    async def _let_in(self, channels: AsyncIterator[Channel]) -> None:
        places = asyncio.Semaphore(CHANNELS_LIMIT)
        while True:
            await places.acquire()
            channel = await anext(channels)
            self._unserved.append(channel)
            self._tasks.start(self._serve(channel, places), "page")

    async def _serve(self, channel: Channel, places: asyncio.Semaphore) -> None:
        """Serve one connection until it is over."""
        self._unserved.remove(channel)
        page: Page | None = None
        why = "the board closes"
        try:
            hello = await self._greeted(channel)
            page = Page(channel, hello, self._clock)
            self._came(page, hello)
            why = await page.serve(self)
        except (TransientFault, TimeoutError) as error:
            _log.debug("web: a page is gone before it greeted: %s", error)
        finally:
            if page is not None:
                self._went(page, why)
            try:
                await _close(channel)
            finally:
                places.release()

    async def _greeted(self, channel: Channel) -> Hello:
        """Return the greeting of a page; raise TransientFault where it is none."""
        async with asyncio.timeout(HELLO_LIMIT_S):
            message = await channel.receive()
        try:
            return messages.read_hello(message)
        except Unreadable as error:
            async with asyncio.timeout(SEND_LIMIT_S):
                await channel.send(messages.refused(str(error)))
            raise TransientFault(str(error)) from error

    def _came(self, page: Page, hello: Hello) -> None:
        """Let a page take over: the newest is the glasses."""
        if self._page is not None:
            self._page.end(messages.replaced(), "another page has taken over")
        if self._absence is not None:
            self._absence.cancel()
            self._absence = None
        self._page = page
        self._lose_held()  # on the page before
        self._tell_parts()
        self._tell_screen()
        if self._still is not None:
            page.say("take", messages.take(self._still))
        size = f"{hello.screen.width:.0f}x{hello.screen.height:.0f}"
        _log.info("web: a page of %s is the glasses, its camera: %s", size, _state(hello.camera))
        self.stands(page)
        self._news.tell()

    def _went(self, page: Page, why: str) -> None:
        if page is not self._page:
            return
        self._page = None
        _log.info("web: the page of the glasses is gone: %s", why)
        self._lose_held()
        fault = TransientFault(f"the page of the glasses is gone: {why}")
        if self.fault is None:
            self._absence = asyncio.get_running_loop().call_later(ABSENCE_LIMIT_S, self._lose, fault)

    # -- its end -------------------------------------------------------------------------------------------------------

    async def close(self) -> None:
        """Close every connection. Never raises."""
        self._lose(TransientFault("web: closed"))
        await self._tasks.close(CLOSE_LIMIT_S)
        await asyncio.gather(*map(_close, self._unserved))  # known only now: the door may have taken one until then

    def _lose(self, fault: Exception) -> None:
        """End it for all who hold it; the first fault counts."""
        if self._absence is not None:
            self._absence.cancel()
        if self.fault is not None:
            return
        self.fault = fault
        self.edges.end(fault)
        if self._eye is not None:
            self._eye.end(fault)
        self._news.tell()


async def _close(channel: Channel) -> None:
    """Close a channel; one that takes nothing any more does not keep the place of others for long."""
    with suppress(TimeoutError):
        async with asyncio.timeout(CLOSE_LIMIT_S):
            await channel.close()


def _state(camera: Camera) -> str:
    return f"{camera.state} ({plain(camera.detail)})" if camera.detail else camera.state
