"""One request and its response, in a task of its own.

So neither a slow consumer trips a deadline that is about the server, nor does a connection that breaks take with it
what had already arrived. What has arrived and was not fetched yet is bounded by ANSWER_LIMIT_CHARS.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final, Self

import aiohttp
from aiohttp.http import StreamWriter

from glassd.answer import Outcome, OutcomeKind, Sent, Timings
from glassd.messages.codes import Code
from glassd.model.chunks import ServerError, decode_error
from glassd.model.errors import retry_after, server_problem
from glassd.model.failures import has_route, portal_problem, redirect_problem, timeout_problem, way_problem
from glassd.model.reading import Reading, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from aiohttp.abc import AbstractStreamWriter

    from glassd.answer import AnswerEvent, Problem
    from glassd.config.schema import Deadlines
    from glassd.model.endpoints import Target

ERROR_BODY_LIMIT_BYTES: Final = 64 * 1024
"""How much of an error's body is read."""
ERROR_BODY_S: Final = 1.0
"""How long it is waited for."""
TAIL_S: Final = 1.0
"""How long the usage and the end are waited for once a finish reason has come."""
DRAIN_S: Final = 0.25
"""How long the end of the body is waited for after [DONE]; only a connection that was read to its end can be kept."""
DRAIN_LIMIT_BYTES: Final = 64 * 1024


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
        session: aiohttp.ClientSession,
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
        """Make ready. `whole_due` is the event loop's time by which the whole ask has to be over."""
        self._session = session
        self._target = target
        self._body = body
        self._headers = headers
        self._deadlines = deadlines
        self._whole_due = whole_due
        self._stations = stations
        self._key = key
        self._wall_clock = wall_clock
        self._reading = Reading(target.where)
        self._arrived: list[AnswerEvent] = []
        self._news = asyncio.Event()
        self._http_problem: Problem | None = None
        self._broken: Problem | None = None
        self._timer = asyncio.timeout(None)
        self._waits_for = Code.CONNECT_TIMEOUT
        self._sent = False
        self.reused = False
        """Whether the request went over a connection that was kept from an earlier one."""
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run(), name=f"request to {self._target.where}")
        self._task.add_done_callback(lambda _: self._news.set())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        assert self._task is not None
        self._task.cancel()
        await asyncio.wait([self._task])

    async def read(self) -> list[AnswerEvent]:
        """Return what has arrived since the last time, at least one event; nothing once the exchange is over."""
        assert self._task is not None
        while not self._arrived and not self._task.done():
            self._news.clear()
            await self._news.wait()
        if not self._arrived:
            self._task.result()  # a bug of ours is not to be taken for an empty answer
        arrived, self._arrived = self._arrived, []
        return arrived

    @property
    def began(self) -> bool:
        """Whether any delta has come."""
        return self._reading.progress > 0

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
            self._broken = way_problem(
                error, where=self._target.where, now=self._wall_clock(), has_route=has_route(), key=self._key
            )
        self._end_answer()

    async def _call(self) -> None:
        response = await self._session.post(
            self._target.chat_url,
            data=_Pieces(self._body, self._was_sent),
            headers=self._headers,
            allow_redirects=False,
            trace_request_ctx=self,
        )
        try:
            self._was_sent()  # some servers answer before they have read it all
            if 200 <= response.status < 300:
                await self._read_answer(response)
            else:
                await self._read_error(response)
        finally:
            response.close()

    async def _read_answer(self, response: aiohttp.ClientResponse) -> None:
        reading = self._reading
        may_be_page = response.content_type == "text/html"  # also what some frameworks call all that they send
        while not reading.over and (piece := await response.content.readany()):
            if may_be_page and (start := piece.lstrip()):
                may_be_page = False
                if start.startswith(b"<"):
                    self._http_problem = portal_problem(self._target.where)
                    return
            before, was_complete = reading.progress, reading.complete
            self._take(reading.feed(piece))
            if reading.complete and not was_complete:
                self._wait_for(Code.GAP_TIMEOUT, min(TAIL_S, self._deadlines.gap))
            elif reading.progress > before:
                self._wait_for(Code.GAP_TIMEOUT, self._deadlines.gap)
        self._end_answer()
        await self._drain(response)

    def _end_answer(self) -> None:
        self._take(self._reading.end())
        self._stations.passes("done")

    async def _drain(self, response: aiohttp.ClientResponse) -> None:
        left = DRAIN_LIMIT_BYTES
        try:
            async with asyncio.timeout(DRAIN_S):
                while left > 0 and (piece := await response.content.readany()):
                    left -= len(piece)
        except (TimeoutError, aiohttp.ClientError, OSError):
            return  # the answer is whole; only the connection is lost

    async def _read_error(self, response: aiohttp.ClientResponse) -> None:
        if response.status < 400:
            location = response.headers.get("Location")
            self._http_problem = redirect_problem(
                self._target.chat_url, location, response.status, where=self._target.where, key=self._key
            )
            return
        wait = retry_after(response.headers.get("Retry-After"), self._wall_clock())
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

    def has_connection(self, *, reused: bool) -> None:
        """Take note that the connection stands."""
        self.reused = reused
        self._stations.passes("connected")
        self._wait_for(Code.WHOLE_TIMEOUT, self._deadlines.whole)

    def _was_sent(self) -> None:
        if not self._sent:
            self._sent = True
            self._stations.passes("sent")
            self._wait_for(Code.FIRST_TIMEOUT, self._deadlines.first)
            self._take([Sent(self._target.endpoint.url)])

    def _take(self, events: list[Any]) -> None:
        if self.began:
            self._stations.passes("first_delta")
        if events:
            self._arrived += events
            self._news.set()

    def _wait_for(self, code: Code, seconds: float) -> None:
        if self._timer.expired():
            return
        due = asyncio.get_running_loop().time() + seconds
        self._waits_for = code if due < self._whole_due else Code.WHOLE_TIMEOUT
        self._timer.reschedule(min(due, self._whole_due))

    def _passed_deadline(self) -> Problem:
        code = self._waits_for
        seconds = getattr(self._deadlines, code.removesuffix("_timeout"))
        return timeout_problem(code, where=self._target.where, seconds=seconds)


class _Pieces(aiohttp.payload.Payload):
    """The body as it lies in pieces: written one after the other, never joined; tells when all of it has left."""

    def __init__(self, pieces: list[bytes], was_sent: Callable[[], None]) -> None:
        super().__init__(pieces, content_type="application/json")
        self._pieces = pieces
        self._was_sent = was_sent

    @property
    def size(self) -> int:
        return sum(map(len, self._pieces))

    @property
    def autoclose(self) -> bool:
        return True

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        return b"".join(self._pieces).decode(encoding, errors)

    async def write(self, writer: AbstractStreamWriter) -> None:
        if isinstance(writer, StreamWriter) and writer.transport is not None:
            writer.transport.set_write_buffer_limits(high=0)  # so that `drain` means: handed to the kernel
        for piece in self._pieces:
            await writer.write(piece)
        await writer.drain()
        self._was_sent()
