"""The history just after a start, while the journal is still being opened: whoever asks waits, and not for ever."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

import aiohttp
import pytest
from aiohttp.test_utils import TestServer

from glassd.api.history import OPENING_LIMIT_S
from glassd.api.server import House, application
from virtual import run

if TYPE_CHECKING:
    from glassd.journal.history import History
    from glassd.journal.queries import Query


class OneAsk:
    """A history in which one ask is kept."""

    async def asks(self, _query: Query) -> list[dict[str, Any]]:
        return [{"ask": 1}]


class JustStarted:
    """A house whose journal is open when the test says so."""

    def __init__(self) -> None:
        self.opened = asyncio.Event()
        self.asked = asyncio.Event()

    async def history(self) -> History:
        self.asked.set()
        await self.opened.wait()
        return cast("History", OneAsk())


def test_a_request_is_answered_once_the_journal_is_open() -> None:
    async def main() -> None:
        house = JustStarted()
        async with TestServer(application(cast("House", house), None)) as server, aiohttp.ClientSession() as session:
            asking = asyncio.create_task(session.get(server.make_url("/api/history")))
            await house.asked.wait()
            house.opened.set()
            async with await asking as response:
                assert (response.status, await response.json()) == (200, {"asks": [{"ask": 1}]})

    run(main())


def test_a_journal_that_is_not_opened_leaves_nobody_waiting() -> None:
    async def main() -> None:
        began = asyncio.get_running_loop().time()
        house = cast("House", JustStarted())
        async with (
            TestServer(application(house, None)) as server,
            aiohttp.ClientSession() as session,
            session.get(server.make_url("/api/history")) as response,
        ):
            assert response.status == 503
            assert (await response.json())["error"]["code"] == "busy"
            assert asyncio.get_running_loop().time() - began == pytest.approx(OPENING_LIMIT_S, abs=1)

    run(main())
