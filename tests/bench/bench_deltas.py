"""A delta's way to the display's channel, and how many bytes an answer takes there."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from statistics import median
from textwrap import wrap
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer
from measure import Ratio

sys.path.append(str(Path(__file__).parents[1]))

from glassd.answer import Delta, Outcome, OutcomeKind
from glassd.presenter.compositor import Compositor
from glassd.presenter.stage import Stage
from glassd_drivers.contracts import DriverConfig, Profile, Screen
from glassd_drivers.displays.box import Box, Window
from glassd_drivers.displays.json_lines import JsonConfig, JsonDisplay
from glassd_drivers.displays.profiles import GLASS3, TERMINAL
from glassd_drivers.host import Host
from glassd_drivers.link.events import DisplayFacts
from glassd_drivers.link.packets import DISPLAY, seal, seed_of
from glassd_drivers.link.screens import Screens
from virtual import passes, run

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from aiohttp import ClientWebSocketResponse

ROUNDS = 400
DELTAS = 300
DELTAS_A_SECOND = 50
UPDATES_A_SECOND = 20
CHARACTERS = 1_000
TEXTS = {
    "English": "It is a bookshop, open daily from nine to nine; the green door stands half open, and a lamp is on. ",
    "Chinese": "这是一家书店，每天九点开门，二十一点关门；绿色的门半开着，门后亮着一盏灯，桌上放着三本书和一杯茶。",
}
GOAL_MS = 0.5


class ChannelDisplay:
    """A display behind a channel: what a screen is there, or changes there, is written to it."""

    contract: ClassVar[int] = 1
    Config: ClassVar[type[DriverConfig]] = DriverConfig
    profile: ClassVar[str] = "terminal"

    def __init__(self, update: Callable[[Screen], bytes], write: Callable[[bytes], object]) -> None:
        self._update = update
        self._write = write

    def fit(self, profile: Profile) -> None: ...

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def show(self, screen: Screen) -> None:
        self._write(self._update(screen))

    async def watch(self) -> None:
        await asyncio.get_running_loop().create_future()


class Arrivals(asyncio.Protocol):
    """The far end of a channel, in this process: when a message comes there, and what it was."""

    def __init__(self) -> None:
        self.data = b""
        self._next: asyncio.Future[float] = asyncio.get_running_loop().create_future()

    def data_received(self, data: bytes) -> None:
        self.data = data
        if not self._next.done():
            self._next.set_result(time.perf_counter())

    async def took(self, begin: Callable[[], object]) -> float:
        """Return how long after this call something came."""
        self._next = asyncio.get_running_loop().create_future()
        before = time.perf_counter()
        begin()
        return await self._next - before


@dataclass(frozen=True)
class Channel:
    """A display that writes to a channel, what writes to it bare, and its far end."""

    name: str
    display: Any
    bare: Callable[[bytes], object]
    far: Arrivals


def delta_to_channel() -> Iterator[Ratio]:
    """From a delta, or from a screen, to the bytes at the far end of a display's channel, beside a bare write to it.

    A channel is a loopback within this process: a fifo, which is written on a thread as all devices are that may
    block; a WebSocket of aiohttp's, as pages have it; plain TCP. *Bare* is what asyncio itself has for it, called
    with the very bytes that the screen before was: `run_in_executor(os.write)`, `send_bytes`, `transport.write`.
    *Ours* is a call of the stage with a delta of four characters, as the model client makes it: markup, layout,
    page, the compositor, a driver's `show` (on the fifo the driver `json` itself), which makes JSON of the screen
    and writes it; or a call of the compositor alone with a screen. Both end when the reader at the far end has the
    message. They take turns, each as often first, second and third, and each begins once the display has taken the
    one before, so that its rate permits the next: what is compared is work, not what other processes have left of
    the caches meanwhile.

    Where asyncio writes by itself a bare write is little but two system calls, 10 to 20 us. What a delta takes in
    Python (its layout, its page, the compositor's task) is more than that on any machine: there the aim in
    milliseconds stands alone, and what the compositor adds is held.
    """
    for name, (delta, screen, bare) in asyncio.run(_times()).items():
        blocks = name == "fifo"
        yield Ratio(
            f"a delta to its bytes at the far end of a channel, {name}",
            *(1000 * delta, 1000 * bare, "ms"),
            must=2.0 if blocks else None,
            goal=GOAL_MS,
        )
        yield Ratio(f"  likewise a screen by the compositor, {name}", 1000 * screen, 1000 * bare, "ms", must=2.0)


async def _times() -> dict[str, list[float]]:
    """Return, for each channel, the medians of a delta, of a screen, and of a bare write."""
    async with AsyncExitStack() as there:
        channels = [await there.enter_async_context(channel) for channel in (_fifo(), _web_socket(), _tcp())]
        paths = [_Paths(channel) for channel in channels]
        for path in paths:
            await there.enter_async_context(path.served())
        figures = [[await path.times(number) for path in paths] for number in range(ROUNDS)]
        return {
            channel.name: [median(figure) for figure in zip(*times, strict=True)]
            for channel, times in zip(channels, zip(*figures, strict=True), strict=True)
        }


class _Paths:
    """The ways to one channel: with a delta, with a screen, bare."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._text = TEXTS["English"] * (ROUNDS // 20)
        profile = Profile("bench", TERMINAL.columns, TERMINAL.rows, interval=0.0)
        self._stage = Stage(time.monotonic, lambda *_: None)
        self._whole, self._alone = self._stage.add("displays.0", profile, "en"), Compositor(profile, time.monotonic)

    @asynccontextmanager
    async def served(self) -> AsyncIterator[None]:
        display = self._channel.display
        serving = [asyncio.create_task(each.serve(display)) for each in (self._whole, self._alone)]
        self._stage.asked()
        await self._stage.shown()
        yield
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)

    async def times(self, number: int) -> list[float]:
        channel, took = self._channel, self._channel.far.took
        data, text = channel.far.data, self._text[4 * number : 4 * number + 4]
        ways = (
            partial(self._stage.event, Delta(text)),
            partial(self._alone.put, replace(_SCREEN, page=number)),
            partial(channel.bare, data),
        )
        times = [0.0] * len(ways)
        for turn in range(len(ways)):  # each as often first, second and third
            way = (number + turn) % len(ways)
            await self._whole.shown()
            await self._alone.shown()
            times[way] = await took(ways[way])
        return times


_SCREEN = Screen(tuple(wrap(TEXTS["English"] * 3, TERMINAL.columns)))


@asynccontextmanager
async def _fifo() -> AsyncIterator[Channel]:
    loop = asyncio.get_running_loop()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "screens"
        os.mkfifo(path)
        reading = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        reader, far = await loop.connect_read_pipe(Arrivals, os.fdopen(reading, "rb"))
        writing = os.open(path, os.O_WRONLY)
        display = JsonDisplay(
            JsonConfig(path=path), Host(time.monotonic).context("displays.0", lambda _state, _detail: None)
        )
        await display.open()
        yield Channel("fifo", display, lambda data: loop.run_in_executor(None, os.write, writing, data), far)
        await display.close()
        reader.close()
        os.close(writing)


@asynccontextmanager
async def _web_socket() -> AsyncIterator[Channel]:
    near: asyncio.Future[web.WebSocketResponse] = asyncio.get_running_loop().create_future()
    arrivals = Arrivals()

    async def accept(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        near.set_result(socket)
        async for _ in socket:
            pass
        return socket

    async def read(far: ClientWebSocketResponse) -> None:
        async for message in far:
            arrivals.data_received(message.data)

    app = web.Application()
    app.router.add_get("/", accept)
    server = TestServer(app)
    async with server, ClientSession() as session, session.ws_connect(server.make_url("/")) as far:
        reading = asyncio.create_task(read(far))
        socket = await near

        def write(data: bytes) -> None:
            # It waits for nothing while the far end reads: one step is all of it, and needs no task of its own.
            with suppress(StopIteration):
                socket.send_bytes(data).send(None)

        yield Channel("WebSocket", ChannelDisplay(msgspec.json.encode, write), write, arrivals)
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)


@asynccontextmanager
async def _tcp() -> AsyncIterator[Channel]:
    loop = asyncio.get_running_loop()
    far = Arrivals()
    server = await loop.create_server(lambda: far, "127.0.0.1", 0)
    near, _ = await loop.create_connection(asyncio.Protocol, *server.sockets[0].getsockname())
    yield Channel("TCP", ChannelDisplay(msgspec.json.encode, near.write), near.write, far)
    near.close()
    server.close()


def bytes_of_an_answer() -> Iterator[Ratio]:
    """Bytes for 1,000 characters in 300 deltas, 50 a second, at 20 updates a second, beside those of the text alone.

    All that goes to the terminal or the line for it: positions, colours, framing, marks. Counted on a virtual clock, so
    that it is the same number each time.
    """
    name = f"bytes of {CHARACTERS:,} characters"
    for language, text in TEXTS.items():
        answer = (text * CHARACTERS)[:CHARACTERS]
        size = len(answer.encode()) / 1000
        for color, words in ((False, "terminal"), (True, "terminal with colours")):
            ours = _terminal(answer, color=color) / 1000
            yield Ratio(f"{name} in {language}: {words}", ours, size, "KB", must=3.0, aim=1.5)
        ours = run(_sent(GLASS3, answer, _link(grows=True))) / 1000
        yield Ratio(f"{name} in {language}: bridge", ours, size, "KB", must=3.0, aim=1.5)
        ours = run(_sent(GLASS3, answer, _link(grows=False))) / 1000
        yield Ratio(f"{name} in {language}: bridge of older firmware", ours, size, "KB")


def _terminal(answer: str, *, color: bool) -> int:
    box = Box(TERMINAL, Window(80, 24), TERMINAL.rows, color=color)
    return run(_sent(TERMINAL, answer, lambda screen: box.update(screen).encode()))


def _link(*, grows: bool) -> Callable[[Screen], bytes]:
    screens, facts = Screens(), DisplayFacts(GLASS3.columns, GLASS3.rows, 0.0, grows=grows)

    def update(screen: Screen) -> bytes:
        screens.show(screen)
        messages = screens.messages(facts, 1024)
        screens.acknowledged(len(messages))
        return b"".join(seal(DISPLAY, b"\1" + message, seed_of(1)) for message in messages)

    return update


async def _sent(profile: Profile, answer: str, update: Callable[[Screen], bytes]) -> int:
    """Return how many bytes go to a display from the question on to the answer's end."""
    loop = asyncio.get_running_loop()
    stage = Stage(loop.time, lambda *_: None)
    sizes: list[int] = []
    at_its_rate = Profile(profile.name, profile.columns, profile.rows, 1 / UPDATES_A_SECOND)
    compositor = stage.add("displays.0", at_its_rate, "en")
    display = ChannelDisplay(update, lambda data: sizes.append(len(data)))
    serving = asyncio.create_task(compositor.serve(display))
    await compositor.shown()
    sizes.clear()
    stage.asked()
    for number in range(DELTAS):
        stage.event(Delta(answer[CHARACTERS * number // DELTAS : CHARACTERS * (number + 1) // DELTAS]))
        await passes(1 / DELTAS_A_SECOND)
    stage.event(Outcome(OutcomeKind.FINISHED, text=answer, finish_reason="stop"))
    await compositor.shown()
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)
    return sum(sizes)
