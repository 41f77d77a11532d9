"""`glassd ask --direct`: the model client in this process."""

from __future__ import annotations

import asyncio
import logging
import signal
from contextlib import AsyncExitStack, aclosing, closing
from typing import TYPE_CHECKING

from glassd.cli.ask_output import SIGNALS, Interrupted
from glassd.config.fields import READER_URL
from glassd.config.keys import find_key
from glassd.frames.darkroom import Darkroom
from glassd.model.client import Client

if TYPE_CHECKING:
    from glassd.ask import Ask
    from glassd.cli.ask_output import Output
    from glassd.config.model import Model


def answer(model: Model, ask: Ask, output: Output) -> None:
    """Ask and tell the output what comes; raise Interrupted where a signal came, with the request closed."""
    logging.getLogger("glassd").addHandler(logging.NullHandler())  # the outcome says it all
    stopped_by: list[int] = []

    async def tell() -> None:
        task = asyncio.current_task()
        assert task is not None
        loop = asyncio.get_running_loop()

        def stop(number: int) -> None:
            stopped_by.append(number)
            task.cancel()

        for number in SIGNALS:
            loop.add_signal_handler(number, stop, number)
        async with AsyncExitStack() as stack:
            reader = None
            if any(endpoint.url == READER_URL for endpoint in model.endpoints):
                from glassd.reader.server import serve  # noqa: PLC0415  cv2 comes with it

                reader = await stack.enter_async_context(serve())
            darkroom = stack.enter_context(closing(Darkroom()))
            client = Client(model, find_key, reader_socket=reader, develop=darkroom.develop)
            await stack.enter_async_context(client)
            events = await stack.enter_async_context(aclosing(client.ask(ask)))
            async for event in events:
                output.tell(event)

    try:
        asyncio.run(tell())
    except asyncio.CancelledError:
        if not stopped_by:
            raise
        raise Interrupted(stopped_by[0]) from None
    finally:
        for number in SIGNALS:
            signal.signal(
                number, signal.SIG_IGN
            )  # closing the loop has put back the handlers that kill; only the end is left
