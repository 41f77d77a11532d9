"""A camera that is somebody else's: an app or a script pushes its pictures through the daemon's API.

Each sender is a channel. A binary message is a picture; a text message before it says {"age_ms": 120}: how old the
picture was when the text was sent. The instant is the arrival, of the text where there is one, less that age. So a text
right before a large picture also keeps the time that the picture takes on its way out of its instant. Each picture is
answered: {"width": …, "height": …}, or {"error": "one line"}, and the sender goes on.
"""

from __future__ import annotations

import asyncio
import json
import logging
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal

from glassd_drivers.contracts import CONTRACT, Context, DriverConfig, Frame, TransientFault
from glassd_drivers.handoff import Handoff
from glassd_drivers.pictures import media_type_and_size
from glassd_drivers.tasks import Tasks

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    from glassd_drivers.contracts import Channel

SENDERS_LIMIT: Final = 4
"""How many may push at a time; the next ones wait for a place."""
AGE_LIMIT_MS: Final = 60_000
"""What is older than that is no picture of now."""
TEXT_LIMIT_CHARS: Final = 200
"""The longest text before a picture."""
REPLY_LIMIT_S: Final = 5.0
"""How long a sender may take for the reply to its picture."""
CLOSE_LIMIT_S: Final = 0.8
"""How long the channels may take to close."""

_log = logging.getLogger(__name__)


class PushConfig(DriverConfig):
    """Nothing: what is pushed comes through the API."""


class PushCamera:
    """Pictures that an app or a script pushes through the API."""

    contract: ClassVar[int] = CONTRACT
    Config: ClassVar[type[DriverConfig]] = PushConfig
    kind: ClassVar[Literal["stream"]] = "stream"

    def __init__(self, config: PushConfig, context: Context) -> None:  # noqa: ARG002  every driver has one
        self._context = context
        self._open = AsyncExitStack()
        self._frames: Handoff[Frame] = Handoff()
        self._tasks = Tasks(f"{context.name} push", self._frames.end)

    async def open(self) -> None:
        """Let senders in; raise PermanentFault where another driver has this name already."""
        channels = await self._open.enter_async_context(self._context.sockets(self._context.name))
        self._tasks.start(self._let_in(channels), "door")

    async def frames(self) -> AsyncGenerator[Frame]:
        """Yield each picture as it comes; a slow reader misses the older ones. Silence is no loss: an app may rest."""
        while True:
            yield await self._frames.get()

    async def close(self) -> None:
        """Close all channels."""
        await self._tasks.close(CLOSE_LIMIT_S)
        await self._open.aclose()

    async def _let_in(self, channels: AsyncIterator[Channel]) -> None:
        """Take SENDERS_LIMIT channels at a time; the others wait with the host, which turns away the next ones."""
        places = asyncio.Semaphore(SENDERS_LIMIT)
        while True:
            await places.acquire()
            self._tasks.start(self._serve(await anext(channels), places), "sender")

    async def _serve(self, channel: Channel, places: asyncio.Semaphore) -> None:
        """Take the pictures of one sender until it is gone."""
        try:
            stated: float | None = None
            while True:
                message = await channel.receive()
                now = self._context.clock()
                try:
                    if isinstance(message, str):
                        stated = now - _age(message)
                        continue
                    reply: dict[str, Any] = self._take(message, now if stated is None else stated)
                except ValueError as error:
                    reply = {"error": str(error)}
                stated = None
                async with asyncio.timeout(REPLY_LIMIT_S):
                    await channel.send(json.dumps(reply))
        except (TransientFault, TimeoutError) as error:
            _log.debug("%s: a sender is gone: %s", self._context.name, error)
        finally:
            places.release()
            await channel.close()

    def _take(self, data: bytes, instant: float) -> dict[str, Any]:
        facts = media_type_and_size(data)
        self._frames.put(Frame(data, *facts, instant, self._context.name))
        return {"width": facts.width, "height": facts.height}


def _age(text: str) -> float:
    """Return the age in seconds that a text states; raise ValueError, which says what was expected."""
    expected = f'expected {{"age_ms": N}} before a picture, N from 0 to {AGE_LIMIT_MS}'
    if len(text) > TEXT_LIMIT_CHARS:
        raise ValueError(expected)
    try:
        said = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(expected) from error
    age = said.get("age_ms") if isinstance(said, dict) and len(said) == 1 else None
    if not isinstance(age, int | float) or isinstance(age, bool) or not 0 <= age <= AGE_LIMIT_MS:
        raise ValueError(expected)
    return age / 1000
