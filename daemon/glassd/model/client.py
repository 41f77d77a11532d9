"""The model client: an ask in, answer events out.

It knows the endpoints and the way from one to the next; one request is an `Exchange`, what its bytes mean a `Reading`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from typing import TYPE_CHECKING, Protocol, Self

from msgspec.structs import replace

from glassd.answer import AskError, Outcome, OutcomeKind, Timings
from glassd.ask import Ask, Link, Origin
from glassd.config.keys import KeyMissingError
from glassd.messages.codes import Code
from glassd.model.connections import Connections
from glassd.model.endpoints import Plan, Target, jittered, targets
from glassd.model.errors import one_line, own_words, problem
from glassd.model.exchange import UNHEARD_PART, Exchange, Stations
from glassd.model.failures import timeout_problem
from glassd.model.health import Health
from glassd.model.pictures import Fitting
from glassd.model.request import body, headers
from glassd.model.resume import resumed

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Sequence
    from types import TracebackType

    from glassd.answer import AnswerEvent, Problem
    from glassd.config.model import Model
    from glassd.limits import Limits
    from glassd.model.connections import Way
    from glassd.model.pictures import Develop
    from glassd_drivers.contracts import Frame

_log = logging.getLogger(__name__)


class Tally(Protocol):
    """Who counts requests, by the URL of their endpoint as the config has it."""

    def requested(self, url: str, *, again: bool) -> None:
        """One begins; `again` where it is not its ask's first."""

    def failed(self, url: str, code: Code) -> None:
        """One has failed."""


class _Uncounted:
    """Counts nothing."""

    def requested(self, url: str, *, again: bool) -> None:
        """Pass it over."""

    def failed(self, url: str, code: Code) -> None:
        """Pass it over."""


class Client:
    """Asks the configured models; entered once, used for many asks, also at the same time.

    `find_key` returns the key for a credential's name, or raises KeyMissingError. `allow_hosts` are the patterns of the
    only hosts that anything may be sent to, None for those of the endpoints. `reader_socket` is the path of the unix
    socket on which the on-board reader listens; without it, endpoints `reader` are passed over. `develop` makes of each
    frame the picture that is sent; without it all go as they are.
    """

    def __init__(
        self,
        model: Model,
        find_key: Callable[[str], str],
        *,
        allow_hosts: Sequence[str] | None = None,
        reader_socket: str | None = None,
        develop: Develop | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
        jitter: Callable[[float], float] = jittered,
        tally: Tally | None = None,
    ) -> None:
        """Make ready. `clock` (CLOCK_MONOTONIC seconds) is for timings and rests, `wall_clock` (UTC) for dates.

        `jitter` makes a pause out of a full one. `tally` is told of each request.
        """
        self.health = Health(clock, jitter)
        """What is remembered of the endpoints."""
        self._model = model
        self._usual = _usual(model)
        self._find_key = find_key
        self._develop = develop or _as_it_is
        self._clock = clock
        self._wall_clock = wall_clock
        self._jitter = jitter
        self._tally = tally or _Uncounted()
        self._in_trouble: dict[tuple[str, str], Code] = {}  # by URL and model
        self._refuse_usage: set[str] = set()  # URLs whose server has refused `stream_options`
        self._connections = Connections(
            find_key,
            connect_s=model.deadlines.connect,
            unheard_s=UNHEARD_PART * model.deadlines.first,
            allow_hosts=allow_hosts,
            reader_socket=reader_socket,
            reached=self.health.reachable,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._connections.close()

    def warm(self) -> None:
        """See in the background that a connection stands to the endpoint that would be asked first; return at once.

        Those before it that rest are tried as well: where the network is back, their rest is over before the ask comes.
        """
        for target in self._usual:
            try:
                self._key(target)
                way = self._connections.way(target)
            except AskError as error:
                _log.debug("no connection ahead: %s", error.problem.message)
                continue
            way.warm(target)
            if self.health.resting(target) is None:
                return

    async def reachable(self) -> bool:
        """Tell whether a connection to an endpoint of the network can be had now; bounded by `connect`.

        A new one, for those that are kept may have died with the network and not know it yet. It is kept for the ask
        that was waited for.
        """
        ways: dict[Way, Target] = {}
        for target in self._usual:
            with contextlib.suppress(AskError):  # it may not be called: that is no network
                ways.setdefault(self._connections.way(target), target)
        tries = [asyncio.create_task(way.opens(target), name="reachable") for way, target in ways.items()]
        try:
            for each in asyncio.as_completed(tries):
                if await each:
                    return True
        finally:
            for each in tries:
                each.cancel()
            if tries:
                await asyncio.wait(tries)
        return False

    def ask(self, ask: Ask) -> AsyncGenerator[AnswerEvent, None]:
        """Yield Sent, deltas of text and of reasoning, and as the last event exactly one Outcome.

        After a failed request `Sent` comes again with the next endpoint. Where the ask has `given`, that is the first
        delta, and the answer goes on from there. Whoever stops early uses `contextlib.aclosing`: closing or cancelling
        closes the request at once, and then no Outcome comes.
        """
        events = self._ask(ask)
        return resumed(ask.given, events) if ask.given else events

    async def _ask(self, ask: Ask) -> AsyncGenerator[AnswerEvent, None]:
        start = self._clock()
        loop = asyncio.get_running_loop()
        due = loop.time() + self._model.deadlines.whole
        found = [target for target in targets(self._model.endpoints, ask) if self._connections.can_take(target)]
        plan = Plan(self.health.order(found), self._jitter)
        outcome: Outcome | None = None
        again = False
        fitting = Fitting(ask, self._develop)
        while (step := plan.next()) is not None:
            target, pause = step
            if loop.time() + pause >= due:
                break
            if pause > 0:
                await asyncio.sleep(pause)
            stations = Stations(self._clock, start)
            try:
                key, way, fitted = await self._ready(target, fitting, due)
            except AskError as error:
                plan.not_called()
                outcome = _not_sent(error.problem, target)
                continue
            self._tally.requested(target.endpoint.url, again=again)
            again = True
            async with self._exchange(fitted, target, way, key=key, due=due, stations=stations) as exchange:
                began = False
                while batch := await exchange.read():
                    if not began and exchange.began:
                        began = True
                        self.health.succeeded(target)
                        self._tell(target, None)
                    for event in batch:
                        yield event
                outcome = exchange.outcome()
            if outcome.problem is None:
                break
            stale = way if exchange.reused else None
            self._note_failure(plan, target, outcome.problem, stale=stale, began=exchange.began)
            if exchange.began:
                break
        yield outcome or _not_sent(_NO_ENDPOINT)

    async def _ready(self, target: Target, fitting: Fitting, due: float) -> tuple[str | None, Way, Ask]:
        """Return the key, the way, and the ask as it goes to a target; raise AskError where one of them is missing."""
        try:
            key = self._key(target)
            way = self._connections.way(target)
        except AskError as error:
            self._tell(target, error.problem)
            raise
        try:
            async with asyncio.timeout_at(due):
                return key, way, await fitting.for_target(target)  # what it raises is no fault of the endpoint's
        except TimeoutError as error:
            whole = self._model.deadlines.whole
            raise AskError(timeout_problem(Code.WHOLE_TIMEOUT, where=target.where, seconds=whole)) from error

    def _exchange(
        self, ask: Ask, target: Target, way: Way, *, key: str | None, due: float, stations: Stations
    ) -> Exchange:
        pieces = body(ask, target, usage=target.chat_url not in self._refuse_usage)
        stations.passes("body")
        return Exchange(
            way,
            target,
            body=pieces,
            headers=headers(key, target.endpoint.headers),
            deadlines=self._model.deadlines,
            whole_due=due,
            stations=stations,
            key=key,
            wall_clock=self._wall_clock,
        )

    def _key(self, target: Target) -> str | None:
        name = target.endpoint.key
        if name is None:
            return None
        try:
            return self._find_key(name)
        except KeyMissingError as error:
            raise AskError(problem(Code.KEY_MISSING, f"{target.where}: {one_line(str(error))}")) from error

    def _note_failure(self, plan: Plan, target: Target, trouble: Problem, *, stale: Way | None, began: bool) -> None:
        _log.debug("%s: %s, HTTP %s, %s", target.where, trouble.code, trouble.http_status, trouble.vendor_code)
        self._tally.failed(target.endpoint.url, trouble.code)
        if stale is not None and trouble.code is Code.CONNECTION_LOST:
            stale.close_idle()  # or each of them, as dead as this one, would cost another request
            plan.again(target)
        elif _refuses_usage(trouble) and target.chat_url not in self._refuse_usage:
            self._refuse_usage.add(target.chat_url)
            plan.again(target)
        else:
            plan.failed(target, trouble)
            self.health.failed(target, trouble)
            if not began:  # else it ends the ask, whose own line tells it
                self._tell(target, trouble)

    def _tell(self, target: Target, trouble: Problem | None) -> None:
        """Log how an endpoint stands where that has changed: an ask that another one answers says nothing of it."""
        key = (target.endpoint.url, target.model)
        if trouble is None:
            if self._in_trouble.pop(key, None):
                _log.info("%s: answers again", target.where)
        elif trouble.code not in (Code.MODERATED, Code.STOPPING, self._in_trouble.get(key)):
            self._in_trouble[key] = trouble.code
            _log.warning("%s", own_words(trouble))


def _usual(model: Model) -> list[Target]:
    """Return the endpoints of the network as a press would ask them: with a picture, or without if none can see."""
    press = Ask("", "", Origin.BUTTON, 0.0, (Link(""),))
    for usual in (press, replace(press, pictures=())):
        if found := [target for target in targets(model.endpoints, usual) if not target.is_reader]:
            return found
    return []


async def _as_it_is(frame: Frame, limits: Limits | None) -> Frame:  # noqa: ARG001  a Develop
    return frame


def _refuses_usage(trouble: Problem) -> bool:
    return trouble.http_status in (400, 422) and "stream_options" in trouble.message


def _not_sent(trouble: Problem, target: Target | None = None) -> Outcome:
    url, model = (target.endpoint.url, target.model) if target else ("", "")
    return Outcome(OutcomeKind.FAILED, problem=trouble, endpoint=url, timings=Timings(done=0.0), model=model)


_NO_ENDPOINT = problem(
    Code.NO_ENDPOINT,
    "no endpoint of the config has a model for this ask: set `vision` (for asks with a picture) or `text`",
)
