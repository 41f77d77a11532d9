"""The model client: an ask in, answer events out.

It knows the endpoints and the way from one to the next; one request is an `Exchange`, what its bytes mean a `Reading`.
"""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import AsyncExitStack
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Self

import aiohttp
from aiohttp.client_proto import ResponseHandler

from glassd.answer import AskError, Outcome, OutcomeKind, Timings
from glassd.config.keys import KeyMissingError
from glassd.messages.codes import Code
from glassd.model.endpoints import Plan, Target, targets
from glassd.model.errors import one_line, problem
from glassd.model.exchange import Exchange, Stations
from glassd.model.request import body, headers
from glassd.model.resolve import DaemonThreadResolver

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable
    from types import TracebackType

    from glassd.answer import AnswerEvent, Problem
    from glassd.ask import Ask
    from glassd.config.schema import Model

KEEPALIVE_S: Final = 120.0
"""How long an idle connection is kept: presses are rarer than the usual 15 s."""
CONNECTIONS_LIMIT: Final = 8
HEADER_LIMIT_BYTES: Final = 16 * 1024

_log = logging.getLogger(__name__)


class Client:
    """Asks the configured models; entered once, used for many asks, also at the same time.

    `find_key` returns the key for a credential's name, or raises KeyMissingError. `reader_socket` is the path of the
    unix socket on which the on-board reader listens; without it, endpoints `reader` are passed over.
    """

    def __init__(
        self,
        model: Model,
        find_key: Callable[[str], str],
        *,
        reader_socket: str | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        """Make ready. `clock` (CLOCK_MONOTONIC seconds) is for the timings, `wall_clock` (UTC) for dates."""
        self._model = model
        self._find_key = find_key
        self._reader_socket = reader_socket
        self._clock = clock
        self._wall_clock = wall_clock
        self._stack = AsyncExitStack()
        self._network: aiohttp.ClientSession | None = None
        self._reader: aiohttp.ClientSession | None = None
        self._refuse_usage: set[str] = set()  # URLs whose server has refused `stream_options`

    async def __aenter__(self) -> Self:
        connector = aiohttp.TCPConnector(
            limit=CONNECTIONS_LIMIT, keepalive_timeout=KEEPALIVE_S, resolver=DaemonThreadResolver()
        )
        self._network = await self._stack.enter_async_context(_session(connector))
        if self._reader_socket is not None:
            self._reader = await self._stack.enter_async_context(_session(aiohttp.UnixConnector(self._reader_socket)))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def ask(self, ask: Ask) -> AsyncGenerator[AnswerEvent, None]:
        """Yield Sent, deltas of text and of reasoning, and as the last event exactly one Outcome.

        After a failed request `Sent` comes again with the next endpoint. Whoever stops early uses
        `contextlib.aclosing`: closing or cancelling closes the request at once, and then no Outcome comes.
        """
        start = self._clock()
        loop = asyncio.get_running_loop()
        due = loop.time() + self._model.deadlines.whole
        plan = Plan([t for t in targets(self._model.endpoints, ask) if self._session_for(t) is not None])
        outcome = _not_sent(_NO_ENDPOINT)
        while (step := plan.next()) is not None:
            target, pause = step
            if loop.time() + pause >= due:
                break
            await asyncio.sleep(pause)
            stations = Stations(self._clock, start)
            try:
                key = self._key(target)
            except AskError as error:
                plan.not_called()
                outcome = _not_sent(error.problem, target.endpoint.url)
                continue
            async with self._exchange(ask, target, key, due, stations) as exchange:
                while batch := await exchange.read():
                    for event in batch:
                        yield event
                outcome = exchange.outcome()
            if outcome.problem is None or exchange.began:
                break
            self._note_failure(plan, target, outcome.problem, stale=exchange.reused)
        yield outcome

    def _exchange(self, ask: Ask, target: Target, key: str | None, due: float, stations: Stations) -> Exchange:
        session = self._session_for(target)
        assert session is not None
        return Exchange(
            session,
            target,
            body=body(ask, target.model, usage=target.chat_url not in self._refuse_usage),
            headers=headers(key),
            deadlines=self._model.deadlines,
            whole_due=due,
            stations=stations,
            key=key,
            wall_clock=self._wall_clock,
        )

    def _session_for(self, target: Target) -> aiohttp.ClientSession | None:
        return self._reader if target.is_reader else self._network

    def _key(self, target: Target) -> str | None:
        name = target.endpoint.key
        if name is None:
            return None
        try:
            return self._find_key(name)
        except KeyMissingError as error:
            raise AskError(problem(Code.KEY_MISSING, f"{target.where}: {one_line(str(error))}")) from error

    def _note_failure(self, plan: Plan, target: Target, trouble: Problem, *, stale: bool) -> None:
        _log.debug("%s: %s, HTTP %s, %s", target.where, trouble.code, trouble.http_status, trouble.vendor_code)
        if stale and trouble.code is Code.CONNECTION_LOST:
            plan.again(target)
        elif _refuses_usage(trouble) and target.chat_url not in self._refuse_usage:
            self._refuse_usage.add(target.chat_url)
            plan.again(target)
        else:
            plan.failed(target, trouble)


class _HeadFirst(ResponseHandler):
    """Has the head of a response parsed before its body.

    A body that breaks HTTP's rules (a wrong Content-Length, a bad chunk) would else take the head with it, and all the
    text before the fault, where both come in one read.
    """

    def data_received(self, data: bytes) -> None:
        head, end, body = data.partition(b"\r\n\r\n")
        super().data_received(head + end)
        if body:
            super().data_received(body)


def _session(connector: aiohttp.BaseConnector) -> aiohttp.ClientSession:
    protocol: type[ResponseHandler] = _HeadFirst
    connector._factory = partial(protocol, loop=asyncio.get_running_loop())  # noqa: SLF001  there is no public place for it
    trace = aiohttp.TraceConfig()
    trace.on_connection_create_end.append(_new_connection)
    trace.on_connection_reuseconn.append(_kept_connection)
    return aiohttp.ClientSession(
        connector=connector,
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),  # the four deadlines are the Exchange's
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
        trace_configs=[trace],
        max_line_size=HEADER_LIMIT_BYTES,
        max_field_size=HEADER_LIMIT_BYTES,
    )


async def _new_connection(_session: aiohttp.ClientSession, context: Any, _params: Any) -> None:
    context.trace_request_ctx.has_connection(reused=False)


async def _kept_connection(_session: aiohttp.ClientSession, context: Any, _params: Any) -> None:
    context.trace_request_ctx.has_connection(reused=True)


def _refuses_usage(trouble: Problem) -> bool:
    return trouble.http_status in (400, 422) and "stream_options" in trouble.message


def _not_sent(trouble: Problem, endpoint: str = "") -> Outcome:
    return Outcome(OutcomeKind.FAILED, problem=trouble, endpoint=endpoint, timings=Timings(done=0.0))


_NO_ENDPOINT = problem(
    Code.NO_ENDPOINT,
    "no endpoint of the config has a model for this ask: set `vision` (for asks with a picture) or `text`",
)
