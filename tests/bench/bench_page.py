"""From a key to the screen: in a page of browser glasses, over its WebSocket, beside the terminal that glassd runs in.

Nothing but a press is mapped, so a press is known at its first edge, and begins there.
"""

from __future__ import annotations

import asyncio
import os
import pty
import socket
import sys
import tempfile
import termios
import time
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import aiohttp
import cv2
from measure import Ratio, photograph
from processes import daemon, mock_model, stream_url

TESTS = Path(__file__).parents[1]
sys.path += [str(TESTS / "drivers")]

from pages import Page, Socket, serving  # noqa: E402 - the path is what pytest sets by itself

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

PRESSES = 60
WARM_UP = 5
PAUSE_S = 0.4
"""Between two presses: longer than any display's interval, so that the first screen is not held back by it."""
LIMIT_S = 20.0
ANSWER = "前"
"""What the mock model's answers begin with, after their stamp."""
CONFIG = """
model:
  endpoints: [{{url: "{model}", vision: instant}}]
camera: {camera}
buttons: [{buttons}]
displays: [{display}]
triggers: [{{when: main press, ask: "这是什么?"}}]
budgets: {{hour: {{asks: 100000}}}}
api: {{listen: "127.0.0.1:{port}", open: true}}
log: {{level: error}}
"""
PAGE = {
    "camera": "{driver: web, fps: 10}",
    "buttons": "{driver: web}",
    "display": "{driver: web, profile: terminal}",
}
TERMINAL = {
    "camera": "{{driver: clip, path: '{pictures}', fps: 10}}",
    "buttons": "{driver: keyboard}",
    "display": "{driver: terminal, profile: terminal}",
}


class _Times(NamedTuple):
    """Seconds from the key's going down to the first screen, and to the first words of the answer."""

    screen: float
    words: float


def key_to_screen() -> Iterator[Ratio]:
    """Milliseconds from a key to what the far end gets of it, with a model that answers at once."""
    with mock_model() as model, tempfile.TemporaryDirectory() as folder:
        pages, terminals = asyncio.run(_measured(Path(folder), stream_url(model.plain, 3, 0)))
    for what in _Times._fields:
        ours, theirs = ([getattr(each, what) for each in figures] for figures in (pages, terminals))
        for name, part in (("p50", 0.5), ("p95", 0.95)):
            title = "the first screen" if what == "screen" else "the first words"
            yield Ratio(f"key to {title}, page beside terminal, {name}", _at(ours, part), _at(theirs, part), "ms")


def _at(figures: list[float], part: float) -> float:
    return sorted(figures)[int(part * len(figures))] * 1000


async def _measured(folder: Path, model: str) -> tuple[list[_Times], list[_Times]]:
    pictures = folder / "pictures"
    pictures.mkdir()
    jpeg = cv2.imencode(".jpg", photograph(1280, 720))[1].tobytes()
    (pictures / "view.jpg").write_bytes(jpeg)
    with _terminal(folder, model, pictures) as terminal:
        async with _page(folder, model, jpeg) as page:
            figures = [(await _page_press(page), await terminal.press()) for _ in range(WARM_UP + PRESSES)][WARM_UP:]
    pages, terminals = zip(*figures, strict=True)
    return list(pages), list(terminals)


def _config(folder: Path, **facts: Any) -> Path:
    folder.mkdir()
    config = folder / "glassd.yaml"
    config.write_text(CONFIG.format(**facts), encoding="utf-8")
    return config


def _unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


# -- the page ----------------------------------------------------------------------------------------------------------


class _PageWithView(Page):
    """A page whose camera gives one photograph again and again."""

    view = b""

    async def give(self, take: int | None = None, data: bytes | None = None, at: float | None = None) -> int:
        return await super().give(take, self.view if data is None else data, at)


@asynccontextmanager
async def _page(folder: Path, model: str, view: bytes) -> AsyncIterator[Page]:
    port = _unused_port()
    config = _config(folder / "page", model=model, port=port, **PAGE)
    with daemon(config):
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(f"http://127.0.0.1:{port}/api/sockets/web") as far,
        ):
            page = _PageWithView(Socket(far), lambda: time.monotonic() * 1000)
            page.view = view
            async with serving(page):
                async with asyncio.timeout(LIMIT_S):
                    await page.until_looks(True)
                await asyncio.sleep(2.0)  # until the clock is mapped and the ring is full
                yield page


async def _page_press(page: Page) -> _Times:
    page.heard.clear()
    before = time.monotonic()
    await page.edge("Enter", down=True)
    async with asyncio.timeout(LIMIT_S):
        await page.until("screen")
        screen = time.monotonic() - before
        while ANSWER not in "".join((await page.until("screen"))["lines"]):
            pass
        words = time.monotonic() - before
        await page.edge("Enter", down=False)
        await asyncio.sleep(PAUSE_S)
    return _Times(screen, words)


# -- the terminal ------------------------------------------------------------------------------------------------------


class _Terminal:
    """The end of a pseudo-terminal at which a person sits."""

    def __init__(self, end: int) -> None:
        self._end = end
        self._seen = b""
        self._came = asyncio.Event()
        asyncio.get_running_loop().add_reader(end, self._read)

    async def press(self) -> _Times:
        self._seen = b""
        self._came.clear()
        before = time.monotonic()
        os.write(self._end, b"\n")
        async with asyncio.timeout(LIMIT_S):
            await self._came.wait()
            screen = time.monotonic() - before
            while ANSWER.encode() not in self._seen:
                self._came.clear()
                await self._came.wait()
            words = time.monotonic() - before
            await asyncio.sleep(PAUSE_S)
        return _Times(screen, words)

    def _read(self) -> None:
        self._seen += os.read(self._end, 65536)
        self._came.set()


@contextmanager
def _terminal(folder: Path, model: str, pictures: Path) -> Iterator[_Terminal]:
    near, far = pty.openpty()
    termios.tcsetwinsize(far, (24, 80))
    facts = {**TERMINAL, "camera": TERMINAL["camera"].format(pictures=pictures)}
    config = _config(folder / "terminal", model=model, port=_unused_port(), **facts)
    with daemon(config, far):
        time.sleep(2.0)  # until the ring is full
        yield _Terminal(near)
    os.close(near)
    os.close(far)
