"""Pictures that come through channels: their instants, their replies, and how many may push."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from http_cameras import picture

from glassd_drivers.cameras.push import SENDERS_LIMIT, PushCamera, PushConfig
from glassd_drivers.contracts import PermanentFault, TransientFault
from glassd_drivers.host import Host
from virtual import START, passes, run

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from glassd_drivers.contracts import Frame


class Sender:
    """The far end of a channel, which says what it is told to, and hears the replies."""

    def __init__(self) -> None:
        self.says: asyncio.Queue[bytes | str | None] = asyncio.Queue()
        self.hears: asyncio.Queue[str] = asyncio.Queue()
        self.deaf = False
        self.closed = asyncio.Event()

    async def receive(self) -> bytes | str:
        if (message := await self.says.get()) is None:
            raise TransientFault("gone")
        return message

    async def send(self, message: bytes | str) -> None:
        if self.deaf:
            await asyncio.Event().wait()
        self.hears.put_nowait(str(message))

    async def close(self) -> None:
        self.closed.set()

    async def push(self, *messages: bytes | str) -> dict[str, object]:
        """Say these messages and return the reply."""
        for message in messages:
            self.says.put_nowait(message)
        reply: dict[str, object] = json.loads(await self.hears.get())
        return reply


@asynccontextmanager
async def pushing(senders: int = 1) -> AsyncIterator[tuple[PushCamera, list[Sender], Host]]:
    """Lend an open camera with some channels to it."""
    host = Host(asyncio.get_running_loop().time)
    camera = PushCamera(PushConfig(), host.context("camera", lambda *_: None))
    await camera.open()
    found = [Sender() for _ in range(senders)]
    try:
        for sender in found:
            assert host.offer("camera", sender)
            await passes(0.01)
        yield camera, found, host
    finally:
        await camera.close()


def test_a_picture_is_of_its_arrival_or_of_the_text_before_it_less_the_age_that_this_states() -> None:
    async def main() -> list[tuple[bytes, float]]:
        async with pushing() as (camera, (sender,), _):
            frames = camera.frames()
            found: list[Frame] = []
            for words in ([], ['{"age_ms": 250}'], []):
                for word in words:
                    sender.says.put_nowait(word)
                await passes(1.0)  # as long as a large picture is on its way
                await sender.push(picture(len(found)))
                found.append(await anext(frames))
            return [(frame.data, round(frame.instant - START, 2)) for frame in found]

    assert run(main()) == [(picture(0), 1.01), (picture(1), 0.76), (picture(2), 3.01)]


@pytest.mark.parametrize(
    "text", ["", "now", "[]", "5", '{"age": 5}', '{"age_ms": "5"}', '{"age_ms": NaN}', '{"age_ms": 60001}', " " * 300]
)
def test_a_text_that_states_no_age_is_told_so_and_the_sender_goes_on(text: str) -> None:
    async def main() -> None:
        async with pushing() as (_, (sender,), _):
            assert "age_ms" in str((await sender.push(text))["error"])
            assert await sender.push(picture(1)) == {"width": 64, "height": 48}

    run(main())


def test_what_is_no_picture_is_told_so_and_is_no_frame() -> None:
    async def main() -> None:
        async with pushing() as (camera, (sender,), _):
            for wrong in (b"", b"no picture", picture(1)[:-5]):
                assert "error" in await sender.push(wrong)
            await sender.push(picture(1))
            assert (await anext(camera.frames())).data == picture(1)

    run(main())


def test_one_more_than_may_push_waits_until_one_leaves() -> None:
    async def main() -> None:
        async with pushing(SENDERS_LIMIT + 1) as (_, senders, _):
            waiting = asyncio.create_task(senders[-1].push(picture(9)))
            await passes(60)
            assert not waiting.done()
            senders[0].says.put_nowait(None)
            assert await waiting == {"width": 64, "height": 48}
            assert senders[0].closed.is_set()

    run(main())


def test_a_sender_that_takes_no_reply_is_let_go() -> None:
    async def main() -> None:
        async with pushing() as (_, (sender,), _):
            sender.deaf = True
            sender.says.put_nowait(picture(1))
            await asyncio.wait_for(sender.closed.wait(), 60)

    run(main())


def test_a_close_closes_every_channel_also_those_that_wait_and_then_nobody_is_let_in() -> None:
    async def main() -> None:
        async with pushing(SENDERS_LIMIT + 2) as (camera, senders, host):
            await camera.close()
            assert all(sender.closed.is_set() for sender in senders)
            assert not host.offer("camera", Sender())

    run(main())


def test_a_name_that_another_driver_has_is_a_fault_for_a_person() -> None:
    async def main() -> None:
        async with pushing() as (_, _, host):
            second = PushCamera(PushConfig(), host.context("camera", lambda *_: None))
            with pytest.raises(PermanentFault, match="taken by another driver"):
                await second.open()
            await second.close()

    run(main())
