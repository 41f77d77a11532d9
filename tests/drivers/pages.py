"""A page of glasses in Python: what docs/web.md asks of one, over a channel within the process or a real WebSocket."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, Protocol

from aiohttp import WSMsgType
from http_cameras import picture

from glassd_drivers import registry
from glassd_drivers.contracts import TransientFault
from glassd_drivers.host import Host
from glassd_drivers.web.device import NAME
from virtual import passes

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    import aiohttp

    from glassd_drivers.contracts import Role


class Gone(Exception):
    """The board has closed the connection, with this code."""


class Wire(Protocol):
    """The page's end of a connection."""

    async def send(self, message: bytes | str) -> None:
        """Send a message to the board."""

    async def receive(self) -> str:
        """Return the next message of the board's; raise Gone once it has closed."""

    async def close(self) -> None:
        """Close."""


class Pipe:
    """Both ends of a channel: the board's is a `Channel`, the page's a `Wire`. It holds little, as a network does."""

    def __init__(self, depth: int = 64) -> None:
        self._to_board: asyncio.Queue[bytes | str | None] = asyncio.Queue(depth)
        self._to_page: asyncio.Queue[str | None] = asyncio.Queue(depth)
        self.stalled = asyncio.Event()
        """Set: nothing gets to the page any more, and nobody is told."""
        self.closed = asyncio.Event()
        """The board has closed its end."""
        self.board = _Board(self)

    async def send(self, message: bytes | str) -> None:
        await self._to_board.put(message)

    async def receive(self) -> str:
        if (message := await self._to_page.get()) is None:
            raise Gone
        return message

    async def close(self) -> None:
        """The page closes: what it said before still comes."""
        await self._to_board.put(None)


class _Board:
    """The board's end."""

    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe

    async def receive(self) -> bytes | str:
        if (message := await self._pipe._to_board.get()) is None:
            raise TransientFault("gone")
        return message

    async def send(self, message: bytes | str) -> None:
        if self._pipe.stalled.is_set():
            await asyncio.Event().wait()
        await self._pipe._to_page.put(str(message))

    async def close(self) -> None:
        self._pipe.closed.set()
        with suppress(asyncio.QueueFull):
            self._pipe._to_page.put_nowait(None)


class Socket:
    """A real WebSocket."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket

    async def send(self, message: bytes | str) -> None:
        await (self._socket.send_str(message) if isinstance(message, str) else self._socket.send_bytes(message))

    async def receive(self) -> str:
        message = await self._socket.receive()
        if message.type is not WSMsgType.TEXT:
            raise Gone(self._socket.close_code)
        text: str = message.data
        return text

    async def close(self) -> None:
        await self._socket.close()


class Page:
    """A page that does as it should, but for what a test has it do otherwise.

    `clock` is its performance.now(), in milliseconds. Its camera's pictures are numbered from `first`.
    """

    def __init__(self, wire: Wire, clock: Callable[[], float], *, camera: str = "granted", first: int = 1) -> None:
        self.wire = wire
        self.clock = clock
        self.camera = camera
        self.number = first
        self.paints = True
        self.answers = True
        """Whether it answers pings."""
        self.gives = True
        """Whether its camera gives pictures."""
        self.parts: dict[str, Any] = {}
        self.heard: list[dict[str, Any]] = []
        self.screens: list[dict[str, Any]] = []
        """All that it was given to show."""
        self.sent: dict[int, float] = {}
        """When the picture of a number was taken, by its clock."""
        self._news = asyncio.Event()
        self._streaming: asyncio.Task[None] | None = None

    # -- what it says --------------------------------------------------------------------------------------------------

    async def say(self, kind: str, **facts: Any) -> None:
        await self.wire.send(json.dumps({"type": kind, **facts}))

    async def hello(self, **facts: Any) -> None:
        screen = {"width": 480, "height": 640}
        told = {"version": 1, "screen": screen, "language": "en", "camera": {"state": self.camera, "detail": ""}}
        await self.say("hello", **{**told, **facts})

    async def edge(self, button: str, *, down: bool, at: float | None = None) -> None:
        await self.say("edge", button=button, down=down, at=self.clock() if at is None else at)

    async def press(self, button: str, at: float | None = None) -> None:
        await self.edge(button, down=True, at=at)
        await self.edge(button, down=False, at=at)

    async def stands(self, camera: str, detail: str = "") -> None:
        self.camera = camera
        await self.say("camera", state=camera, detail=detail)

    async def give(self, take: int | None = None, data: bytes | None = None, at: float | None = None) -> int:
        """Send a picture, the next one, and return its number."""
        number, self.number = self.number, self.number + 1
        stamp = self.sent[number] = self.clock() if at is None else at
        head = {"at": stamp} if take is None else {"at": stamp, "take": take}
        await self.wire.send(json.dumps(head).encode() + b"\n" + (picture(number) if data is None else data))
        self._tell()
        return number

    async def until_given(self, number: int) -> None:
        """Wait until it has sent the picture of a number."""
        while self.number <= number:
            await self._next_news()

    # -- what it hears -------------------------------------------------------------------------------------------------

    async def let_in(self) -> bool:
        """Wait for what the board says first, and tell whether it is a welcome; it keeps what it says."""
        while not self.heard:
            await self._next_news()
        return bool(self.heard[0]["type"] == "welcome")

    async def until_part(self, part: str) -> Any:
        """Wait until it is to play a part, and return what is said of it."""
        while self.parts.get(part) is None:
            await self._next_news()
        return self.parts[part]

    async def until_no_part(self, part: str) -> None:
        while self.parts.get(part) is not None:
            await self._next_news()

    async def until_shows(self, text: str) -> dict[str, Any]:
        """Wait until it shows a text, and return that screen."""
        while not (self.screens and text in " ".join(self.screens[-1]["lines"])):
            await self._next_news()
        return self.screens[-1]

    async def until(self, kind: str, **facts: Any) -> dict[str, Any]:
        """Return the first message of this kind and with these facts that was not returned before."""
        while True:
            for message in self.heard:
                if message["type"] == kind and all(message.get(key) == value for key, value in facts.items()):
                    self.heard.remove(message)
                    return message
            await self._next_news()

    async def _next_news(self) -> None:
        await self._news.wait()

    def _tell(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()

    @property
    def looks(self) -> bool:
        """Whether its camera is open."""
        return self._streaming is not None

    async def until_looks(self, looks: bool) -> None:
        while self.looks != looks:
            await self._next_news()

    async def serve(self) -> None:
        """Do as a page does until the board closes."""
        try:
            await self.hello()
            while True:
                await self._take(json.loads(await self.wire.receive()))
        except Gone as gone:
            self.heard.append({"type": "closed", "code": gone.args[0] if gone.args else None})
            self._tell()
        finally:
            await self._look(on=False)

    async def _take(self, message: dict[str, Any]) -> None:
        match message["type"]:
            case "ping":
                if self.answers:
                    await self.say("pong", id=message["id"], at=self.clock())
                return
            case "welcome":
                self.parts = message
                await self.look()
            case "screen":
                self.screens.append(message)
                if self.paints:
                    await self.say("shown", id=message["id"])
            case "take":
                if self.gives:
                    await self.give(message["id"])
        self.heard.append(message)
        self._tell()

    async def look(self) -> None:
        """Have its camera open where that is wanted and it may be."""
        camera = self.parts["camera"]
        await self._look(on=bool(camera and camera["on"] and self.camera == "granted"))

    async def until_wanted(self) -> None:
        """Wait until its camera is to be open."""
        while not (self.parts.get("camera") or {}).get("on"):
            await self._next_news()

    async def _look(self, *, on: bool) -> None:
        if on and self._streaming is None:
            self._streaming = asyncio.create_task(self._stream(), name="a page's camera")
        elif not on and self._streaming is not None:
            streaming, self._streaming = self._streaming, None
            streaming.cancel()
            await asyncio.wait([streaming])
        self._tell()

    async def _stream(self) -> None:
        if self.parts["camera"]["mode"] == "stream":
            while True:
                if self.gives:
                    await self.give()
                await asyncio.sleep(1 / self.parts["camera"]["fps"])


@asynccontextmanager
async def serving(page: Page, host: Host | None = None) -> AsyncIterator[Page]:
    """Have a page do as it should for as long as this is entered, at the door of a host as soon as that is open."""
    task = asyncio.create_task(_come(page, host), name="a page")
    try:
        yield page
    finally:
        task.cancel()
        await asyncio.wait([task])
        if not task.cancelled() and (error := task.exception()) is not None:
            raise error


async def _come(page: Page, host: Host | None) -> None:
    while host is not None and isinstance(page.wire, Pipe) and not host.offer(NAME, page.wire.board):
        await passes(0.1)
    await page.serve()


def made(role: Role, host: Host, name: str = "web", **config: Any) -> Any:
    """Return a driver that is not open yet."""
    kind = registry.load(role, name)
    driver = kind(kind.Config.model_validate(config), host.context(role, lambda _state, _detail: None))
    if role == "displays":
        driver.fit(registry.profile(kind.profile))
    return driver


@asynccontextmanager
async def opened(driver: Any) -> AsyncIterator[Any]:
    """Lend a driver while it is open."""
    try:
        await driver.open()
        yield driver
    finally:
        await driver.close()


@asynccontextmanager
async def page_at(host: Host, ahead_s: float = 77.0, **options: Any) -> AsyncIterator[Page]:
    """Bring a page to the door of a host, now or once it is open; its clock is ahead of the board's."""
    loop = asyncio.get_running_loop()
    page = Page(Pipe(), lambda: (loop.time() + ahead_s) * 1000, **options)
    async with serving(page, host):
        yield page


def virtual_host() -> Host:
    """Return a host on the clock of the running loop."""
    return Host(asyncio.get_running_loop().time)
