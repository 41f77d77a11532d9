"""A delta's way to the display's channel, and how many bytes an answer takes there."""

from __future__ import annotations

import asyncio
import sys
import time
from functools import partial
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, ClassVar

from measure import Ratio

sys.path.append(str(Path(__file__).parents[1]))

from glassd.answer import Delta, Outcome, OutcomeKind
from glassd.presenter.compositor import Compositor
from glassd.presenter.stage import Stage
from glassd_drivers.contracts import DriverConfig, Profile, Screen
from glassd_drivers.displays.box import Box, Window
from glassd_drivers.displays.profiles import GLASS3, TERMINAL
from glassd_drivers.link.events import DisplayFacts
from glassd_drivers.link.packets import DISPLAY, seal, seed_of
from glassd_drivers.link.screens import Screens
from virtual import passes, run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROUNDS = 400
PAUSE_S = 0.002
"""Between two deltas: the display has taken the one before, and its rate permits the next."""
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
    """A display behind a channel: what a screen changes of a box goes there."""

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


def delta_to_channel() -> Iterator[Ratio]:
    """From a delta, and from a screen, to bytes at the far end of a loopback channel, beside a bare write there."""
    delta, screen, bare = asyncio.run(_times())
    name = "to the bytes at the far end of a channel, p50"
    yield Ratio(f"a screen by the compositor {name}", screen * 1000, bare * 1000, "ms", aim=2.0)
    yield Ratio(f"a delta, laid out and drawn, {name}", delta * 1000, bare * 1000, "ms", goal=GOAL_MS)


async def _times() -> list[float]:
    loop = asyncio.get_running_loop()
    arrived: asyncio.Future[float] = loop.create_future()

    class Far(asyncio.Protocol):
        def data_received(self, _data: bytes) -> None:
            if not arrived.done():
                arrived.set_result(time.perf_counter())

    server = await loop.create_server(Far, "127.0.0.1", 0)
    near, _ = await loop.create_connection(asyncio.Protocol, *server.sockets[0].getsockname())
    profile = Profile("bench", TERMINAL.columns, TERMINAL.rows, interval=0.0)
    box = Box(profile, Window(80, 24), profile.rows, color=False)
    sent = [b""]

    def write(data: bytes) -> None:
        sent[0] = data
        near.write(data)

    stage, compositor = Stage(loop.time, lambda *_: None), Compositor(profile, loop.time)
    serving = [
        asyncio.create_task(served.serve(ChannelDisplay(update, write)))
        for served, update in (
            (stage.add("displays.0", profile, "en"), lambda screen: box.update(screen).encode()),
            (compositor, lambda _screen: sent[0]),
        )
    ]
    stage.asked()

    async def took(begin: Callable[[], object]) -> float:
        nonlocal arrived
        await asyncio.sleep(PAUSE_S)
        arrived = loop.create_future()
        before = time.perf_counter()
        begin()
        return await arrived - before

    figures = []
    text = TEXTS["English"] * (ROUNDS // 20)
    for number in range(ROUNDS):
        delta, screen = Delta(text[4 * number : 4 * number + 4]), Screen((str(number),))
        figures.append(
            (
                await took(partial(stage.event, delta)),
                await took(partial(compositor.put, screen)),
                await took(lambda: near.write(sent[0])),
            )
        )
    for task in serving:
        task.cancel()
    await asyncio.gather(*serving, return_exceptions=True)
    near.close()
    server.close()
    return [median(figure) for figure in zip(*figures, strict=True)]


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
