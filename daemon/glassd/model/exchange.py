"""One request and its response, in a task of its own.

So neither a slow consumer trips a deadline that is about the server, nor does a connection that breaks take with it
what had already arrived. What has arrived and was not fetched yet is bounded by ANSWER_LIMIT_CHARS.
"""

from __future__ import annotations

import asyncio
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Self

import aiohttp
from yarl import URL

from glassd.answer import Outcome, OutcomeKind, Sent, Timings
from glassd.messages.codes import Code
from glassd.model.errors import asked_wait, server_problem
from glassd.model.failures import has_route, portal_problem, redirect_problem, timeout_problem, way_problem
from glassd.model.reading import Reading, Verdict
from glassd.model.server_errors import ServerError, decode_error

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from glassd.answer import AnswerEvent, Problem
    from glassd.config.model import Deadlines
    from glassd.model.connections import Way
    from glassd.model.endpoints import Target
    from glassd.model.post import Response
    from glassd.model.protocol import HttpProtocol

ERROR_BODY_LIMIT_BYTES: Final = 64 * 1024
"""How much of an error's body is read."""
ERROR_BODY_S: Final = 1.0
"""How long it is waited for."""
TAIL_S: Final = 1.0
"""How long the usage and the end are waited for once a finish reason has come."""
DRAIN_S: Final = 0.25
"""How long the end of the body is waited for after [DONE]; only a connection that was read to its end can be kept."""
DRAIN_LIMIT_BYTES: Final = 64 * 1024
UNHEARD_PART: Final = 0.75
"""A connection whose other side takes nothing for this part of the `first` deadline is dead: known soon enough that a
kept one which died in silence, its network gone, is given up for a new one, and not taken for a model that is slow."""


class Stations:
    """When a request passed which station, in seconds from the start of its ask."""

    def __init__(self, clock: Callable[[], float], start: float) -> None:
        self._clock = clock
        self._start = start
        self._passed: dict[str, float] = {}

    def passes(self, station: str) -> None:
        """Take the time of the first passing."""
        self._passed.setdefault(station, self._clock() - self._start)

    def timings(self) -> Timings:
        """Return what was passed so far."""
        return Timings(**self._passed)


class Exchange:
    """Send a request, read its answer: enter, `read` until it returns nothing, then ask for the `outcome`.

    Leaving closes the connection at once, unless the answer was read to its end.
    """

    def __init__(
        self,
        way: Way,
        target: Target,
        *,
        body: list[bytes],
        headers: dict[str, str],
        deadlines: Deadlines,
        whole_due: float,
        stations: Stations,
        key: str | None,
        wall_clock: Callable[[], float],
    ) -> None:
        """Make ready. `body` is its own from now on; `whole_due` is the event loop's time by which the ask is over."""
        self._way = way
        self._target = target
        self._body = body
        self._headers = headers
        self._deadlines = deadlines
        self._whole_due = whole_due
        self._stations = stations
        self._key = key
        self._wall_clock = wall_clock
        self._arrived: list[AnswerEvent] = []
        self._news: asyncio.Future[None] | None = None  # whoever waits for more to arrive
        self._over: asyncio.Future[None] | None = None  # the task's, while the answer is read
        self._fault: BaseException | None = None
        self._taken_bytes = 0
        self._may_be_page = False
        self._in_tail = False
        self._progress = 0
        self._http_problem: Problem | None = None
        self._broken: Problem | None = None
        self._timer = asyncio.timeout(None)
        self._alarm = _Alarm(self._timer, self._deadline_passes)
        self._waits_for = Code.CONNECT_TIMEOUT
        self._opened_before = way.opened
        self._sent = False
        self.reused = False
        """Whether the request went over a connection that was kept from an earlier one."""
        self._connection: HttpProtocol | None = None
        self._unheard = False
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run(), name=f"request to {self._target.where}")
        self._task.add_done_callback(self._tell)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        assert self._task is not None
        self._task.cancel()
        await asyncio.wait([self._task])
        self._body.clear()  # a traceback may lead in a circle: it would keep the picture until the collector comes

    async def read(self) -> list[AnswerEvent]:
        """Return what has arrived since the last time, at least one event; nothing once the exchange is over."""
        assert self._task is not None
        while not self._arrived and not self._task.done():
            self._news = asyncio.get_running_loop().create_future()
            await self._news
        if not self._arrived:
            self._task.result()  # a bug of ours is not to be taken for an empty answer
        arrived, self._arrived = self._arrived, []
        return arrived

    @cached_property
    def _reading(self) -> Reading:
        """What has come; made once the request is on its way, which it is not to hold up."""
        return Reading(self._target.where)

    @property
    def began(self) -> bool:
        """Whether any delta has come."""
        return self._progress > 0

    def outcome(self) -> Outcome:
        """Return how it ended."""
        verdict = self._verdict()
        reading = self._reading
        return Outcome(
            kind=verdict.kind,
            text=reading.text,
            reasoning=reading.reasoning,
            refusal=reading.refusal,
            finish_reason=reading.finish_reason,
            usage=reading.usage,
            problem=verdict.problem,
            endpoint=self._target.endpoint.url,
            timings=self._stations.timings(),
            model=self._target.model,
        )

    def _verdict(self) -> Verdict:
        if self._http_problem is not None:
            refused = self._http_problem.code is Code.MODERATED
            return Verdict(OutcomeKind.REFUSED if refused else OutcomeKind.FAILED, self._http_problem)
        return self._reading.verdict(self._broken, self._explain)

    # -- the task ------------------------------------------------------------------------------------------------------

    async def _run(self) -> None:
        try:
            async with self._timer:
                self._wait_for(Code.CONNECT_TIMEOUT, self._deadlines.connect)
                await self._call()
        except TimeoutError:
            self._broken = self._passed_deadline()
        except (aiohttp.ClientError, OSError, ValueError) as error:  # ValueError: what aiohttp says of odd URLs
            self._broken = self._way_problem(error)
        finally:
            self._alarm.cancel()
        self._end_answer()

    async def _call(self) -> None:
        response = await self._way.post(
            URL(self._target.chat_url),
            self._headers,
            self._body,
            has_connection=self._has_connection,
            was_sent=self._was_sent,
        )
        try:
            self._was_sent()  # some servers answer before they have read it all
            if 200 <= response.status < 300:
                await self._read_answer(response)
            else:
                await self._read_error(response)
        finally:
            response.close()

    async def _read_answer(self, response: Response) -> None:
        """Take the body as it comes, in the very turn of the loop that brings it, until it is over."""
        protocol = response.protocol
        self._may_be_page = response.media_type == "text/html"  # also what some frameworks call all that they send
        self._over = asyncio.get_running_loop().create_future()
        protocol.listen(lambda: self._take_arrived(response))
        try:
            self._take_arrived(response)  # what came with the head
            await self._over
        finally:
            protocol.listen(None)
        if self._fault is not None:
            try:
                raise self._fault
            finally:
                self._fault = None  # its traceback leads back here
        if self._http_problem is None:
            self._end_answer()
            await self._drain(response)

    def _take_arrived(self, response: Response) -> None:
        assert self._over is not None
        if self._over.done():
            return
        content = response.content
        try:
            while self._taken_bytes < content.total_bytes and not self._is_over():
                piece = content.read_nowait()
                self._taken_bytes += len(piece)
                self._take_piece(piece)
            if not (self._is_over() or content.at_eof()):
                self._fault = content.exception() or response.protocol.fault()
                if self._fault is None:
                    return  # more is to come
        except Exception as error:  # noqa: BLE001  to be raised where it is waited for, not in the protocol's callback
            self._fault = error
        self._over.set_result(None)

    def _is_over(self) -> bool:
        return self._reading.over or self._http_problem is not None

    def _take_piece(self, piece: bytes) -> None:
        if self._may_be_page and (start := piece.lstrip()):
            self._may_be_page = False
            if start.startswith(b"<"):
                self._http_problem = portal_problem(self._target.where)
                return
        before = self._progress
        self._take(self._reading.feed(piece))
        if self._reading.complete:
            if not self._in_tail:
                self._in_tail = True
                self._wait_for(Code.GAP_TIMEOUT, min(TAIL_S, self._deadlines.gap))
        elif self._progress > before or not self._target.endpoint.stream:
            self._wait_for(Code.GAP_TIMEOUT, self._deadlines.gap)

    def _end_answer(self) -> None:
        self._take(self._reading.end())
        self._stations.passes("done")

    async def _drain(self, response: Response) -> None:
        left = DRAIN_LIMIT_BYTES
        try:
            async with asyncio.timeout(DRAIN_S):
                while left > 0 and (piece := await response.content.readany()):
                    left -= len(piece)
        except (TimeoutError, aiohttp.ClientError, OSError):
            return  # the answer is whole; only the connection is lost

    async def _read_error(self, response: Response) -> None:
        if response.status < 400:
            location = response.headers.get("Location")
            self._http_problem = redirect_problem(
                self._target.chat_url, location, response.status, where=self._target.where, key=self._key
            )
            return
        wait = asked_wait(response.headers, self._wall_clock())
        body = bytearray()
        try:
            async with asyncio.timeout(ERROR_BODY_S):
                while len(body) < ERROR_BODY_LIMIT_BYTES and (piece := await response.content.readany()):
                    body += piece
        except (TimeoutError, aiohttp.ClientError, OSError):
            pass  # the status says enough
        finally:  # also where one of the four deadlines passes meanwhile
            error = decode_error(bytes(body[:ERROR_BODY_LIMIT_BYTES]))
            self._http_problem = self._explain(error, response.status, wait)

    def _explain(self, error: ServerError, status: int | None = None, wait: float | None = None) -> Problem:
        return server_problem(
            error,
            where=self._target.where,
            vendor=self._target.vendor,
            http_status=status,
            retry_after_s=wait,
            key=self._key,
        )

    # -- stations and deadlines ----------------------------------------------------------------------------------------

    def _has_connection(self, protocol: HttpProtocol) -> None:
        self._connection = protocol
        self.reused = protocol.kept
        protocol.kept = True
        self._stations.passes("connected")
        self._wait_for(Code.WHOLE_TIMEOUT, self._deadlines.whole)

    def _was_sent(self) -> None:
        if not self._sent:
            self._sent = True
            self._stations.passes("sent")
            if self._target.endpoint.stream:
                self._wait_for(Code.FIRST_TIMEOUT, self._deadlines.first)
            self._take([Sent(self._target.endpoint.url)])

    def _take(self, events: list[Any]) -> None:
        """Take what the last piece brought."""
        if progress := self._reading.progress:
            if not self._progress:
                self._stations.passes("first_delta")
            self._progress = progress
        if events:
            self._arrived += events
            self._tell()

    def _tell(self, _: object = None) -> None:
        if self._news is not None and not self._news.done():
            self._news.set_result(None)

    def _wait_for(self, code: Code, seconds: float) -> None:
        due = asyncio.get_running_loop().time() + seconds
        self._waits_for = code if due < self._whole_due else Code.WHOLE_TIMEOUT
        self._alarm.set(min(due, self._whole_due))

    def _deadline_passes(self) -> None:
        """Look whether it is the way that is dead, while the connection still is there to be looked at."""
        if self._waits_for is Code.FIRST_TIMEOUT and self._connection is not None:
            self._unheard = self._connection.unheard(UNHEARD_PART * self._deadlines.first)

    def _way_problem(self, error: BaseException) -> Problem:
        return way_problem(
            error,
            where=self._target.where,
            now=self._wall_clock(),
            has_route=has_route(),
            key=self._key,
            proxy=self._way.proxy,
        )

    def _passed_deadline(self) -> Problem:
        code = self._waits_for
        if self._unheard:
            return self._way_problem(aiohttp.ServerTimeoutError("the other side took nothing of it any more"))
        seconds = getattr(self._deadlines, code.removesuffix("_timeout"))
        unreached = code is Code.CONNECT_TIMEOUT and self._way.opened == self._opened_before
        return timeout_problem(
            code, where=self._target.where, seconds=seconds, proxy=self._way.proxy if unreached else None
        )


class _Alarm:
    """Lets a timeout pass once a time has come. To set it later, as each piece of an answer does, costs no timer."""

    def __init__(self, timeout: asyncio.Timeout, passes: Callable[[], None]) -> None:
        """`passes` is called just before the timeout does."""
        self._timeout = timeout
        self._passes = passes
        self._loop = asyncio.get_running_loop()
        self._due = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def set(self, due: float) -> None:
        """Let it pass at this time of the event loop, and not before."""
        self._due = due
        if self._timer is None or due < self._timer.when():
            self.cancel()
            self._timer = self._loop.call_at(due, self._check)

    def cancel(self) -> None:
        """Never let it pass."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _check(self) -> None:
        self._timer = None
        if self._loop.time() >= self._due:
            self._passes()
            self._timeout.reschedule(0.0)  # long past: the task is stopped at once
        else:
            self.set(self._due)
