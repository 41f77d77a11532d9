"""Who answers: the client of the config in force, and the on-board model behind it where the config names it."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, aclosing
from typing import TYPE_CHECKING, Any

from glassd.config.fields import READER_URL
from glassd.config.keys import find_key
from glassd.late import loaded
from glassd.spending import Amounts

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from glassd.answer import AnswerEvent, Outcome
    from glassd.ask import Ask
    from glassd.config.schema import Config
    from glassd.metering import Meter
    from glassd.model.client import Client
    from glassd.model.pictures import Develop


class Answering:
    """The client of the config in force, and the on-board model behind it where the config names it."""

    def __init__(self, develop: Develop, meter: Meter) -> None:
        """`develop` makes of a frame the picture that is sent; `meter` counts the requests."""
        self._develop = develop
        self._meter = meter
        self._client: Client | None = None
        self._config: Config | None = None  # the client's
        self._stack = AsyncExitStack()
        self._open = asyncio.Event()
        self._one_change = asyncio.Lock()

    async def change(self, config: Config) -> None:
        """Take over another config; no ask is under way. Where that fails, all stays as it was."""
        async with self._one_change:
            async with AsyncExitStack() as stack:
                client = await self._made(config, stack)
                before, self._stack = self._stack, stack.pop_all()
            self._client, self._config = client, config
            self._open.set()
            await before.aclose()

    async def _made(self, config: Config, stack: AsyncExitStack) -> Client:
        reader = None
        if any(endpoint.url == READER_URL for endpoint in config.model.endpoints):
            # OpenCV and what hangs on it are 40 MiB that a config without the reader need not pay for.
            await loaded("glassd.reader.server")
            from glassd.reader.server import serve  # noqa: PLC0415  likewise

            reader = await stack.enter_async_context(serve())
        await loaded("glassd.presenter.tables")  # the answer's way
        await loaded("glassd.frames.develop")  # every picture's way, so that the first one does not wait for it
        await loaded("glassd.model.estimate")
        await loaded("glassd.model.client")
        from glassd.model.client import Client  # noqa: PLC0415  aiohttp comes with it

        client = Client(
            config.model,
            find_key,
            allow_hosts=config.allow_hosts,
            reader_socket=reader,
            develop=self._develop,
            tally=self._meter,
        )
        return await stack.enter_async_context(client)

    def ask(self, ask: Ask) -> AsyncGenerator[AnswerEvent]:
        """Yield what comes back, exactly one outcome last; the first asks may have to wait for the way."""
        return self._ask_later(ask) if self._client is None else self._client.ask(ask)

    async def _ask_later(self, ask: Ask) -> AsyncGenerator[AnswerEvent]:
        await self._open.wait()
        assert self._client is not None, "it is open"
        async with aclosing(self._client.ask(ask)) as events:
            async for event in events:
                yield event

    def warm(self) -> None:
        """Have the way to the model open for an ask that may come. Returns at once."""
        if self._client is not None:  # it is still to be opened, or a stop has closed it
            self._client.warm()

    async def reachable(self) -> bool:
        """Tell whether a connection stands to an endpoint of the network, or can be had now."""
        return self._client is not None and await self._client.reachable()

    def likely_cost(self, ask: Ask, pictures: int) -> Amounts:
        """Return what an ask with so many pictures will cost at most likely; before the way is open, itself alone."""
        if self._config is None:
            return Amounts(1, pictures)
        from glassd.model.estimate import Estimate  # noqa: PLC0415  it is loaded by now

        return Estimate(self._config)(ask, pictures)

    def cost(self, outcome: Outcome) -> Amounts | None:
        """Return the tokens and the money of an answer as its server reports them; None where it does not."""
        if self._config is None:
            return None
        from glassd.model.estimate import cost_of  # noqa: PLC0415  likewise

        return cost_of(self._config, outcome)

    def health(self) -> list[dict[str, Any]]:
        """Return what is held against which endpoint, as JSON."""
        return [] if self._client is None else self._client.health.status()

    async def close(self) -> None:
        """Close the connections, and the on-board model."""
        self._client = None
        await self._stack.aclose()
