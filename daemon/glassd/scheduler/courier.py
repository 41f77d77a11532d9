"""The courier of the outbox: what it is told, and whether there is a network for what waits there.

What waits is the scheduler's to order; what is on the disk the outbox's. The courier carries between the two.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from glassd.answer import Outcome, OutcomeKind, Problem
from glassd.messages import Code, lines
from glassd.scheduler.outbox import NETWORK_CODES
from glassd.waiting import OutboxError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from glassd.ask import Ask
    from glassd.scheduler.boxes import Model, Outbox

log = logging.getLogger(__name__)

PUT_LIMIT_S = 2.0
"""How long an ask may take into the outbox; the wearer waits for that word."""
LEAST_POLL_S = 1.0
MOST_POLL_S = 30.0
"""Seconds between two looks for a network, doubled each time from the one to the other: most gaps are short."""
REACH_LIMIT_S = 60.0
"""How long one look may take; `deadlines.connect` ends it long before."""
ERRANDS_LIMIT_S = 1.0
"""How long a stop waits for what the outbox is still to be told."""


def never_read(outcome: Outcome) -> bool:
    """Tell whether an ask failed before any model can have read it, so that it may be sent another time."""
    problem = outcome.problem
    if outcome.kind is not OutcomeKind.FAILED or outcome.text or problem is None or problem.code not in NETWORK_CODES:
        return False
    return outcome.timings.sent is None or problem.code is Code.PORTAL  # whose owner answered in the model's place


class Courier:
    """Carries asks into the outbox and out of it. Owns the look for a network and what the outbox is told meanwhile."""

    def __init__(
        self, outbox: Outbox, model: Model, network_is: Callable[[bool], None], wanted: Callable[[], bool]
    ) -> None:
        """`network_is` is told what each look found, for as long as `wanted` says that somebody waits for one."""
        self._outbox = outbox
        self._model = model
        self._network_is = network_is
        self._wanted = wanted
        self._loop = asyncio.get_running_loop()
        self._looking: asyncio.Task[None] | None = None
        self._next_look = float("-inf")
        self._pause = LEAST_POLL_S
        self._errands: set[asyncio.Task[None]] = set()
        self._closed = False

    # -- into the outbox -----------------------------------------------------------------------------------------------

    def takes(self, outcome: Outcome) -> bool:
        """Tell whether what ended like this could wait in the outbox, as far as the outbox goes."""
        return self._outbox.takes_asks and never_read(outcome)

    async def put(self, ask: Ask, utc: float | None) -> int | None:
        """Put an ask into the outbox; return its place once it is on disk, None where that fails or takes too long.

        Whoever stops waiting is not told, so it is not to be sent either: it is dropped.
        """
        putting = asyncio.create_task(self._outbox.put(ask, utc), name=f"put {ask.id} into the outbox")
        told = False
        try:
            async with asyncio.timeout(PUT_LIMIT_S):
                item = await asyncio.shield(putting)
            told = True
        except (OutboxError, TimeoutError) as error:
            log.warning("ask %s cannot wait for the network: %s", ask.id, error or f"no word within {PUT_LIMIT_S:g} s")
            return None
        else:
            return item
        finally:
            if not told:
                putting.add_done_callback(self._drop_untold)

    def _drop_untold(self, putting: asyncio.Task[int]) -> None:
        if not putting.cancelled() and putting.exception() is None:
            self.drop((putting.result(),))

    # -- out of it -----------------------------------------------------------------------------------------------------

    async def take(self, item: int) -> Ask:
        """Return what is to be sent, once it is noted on the disk that it is; raise OutboxError."""
        return await self._outbox.take(item)

    def back(self, item: int) -> None:
        """It was not sent after all, and waits on."""
        self._errand(f"item {item} waits on", self._outbox.back(item))

    def drop(self, items: tuple[int, ...]) -> None:
        """They are answered, or not wanted any more."""
        self._errand(f"drop {len(items)} of the outbox", self._outbox.drop(items))

    def _errand(self, name: str, told: Awaitable[None]) -> None:
        async def tell() -> None:
            try:
                await told
            except OutboxError as error:
                log.warning("the outbox: %s", error)

        task = asyncio.create_task(tell(), name=name)
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)

    # -- the network ---------------------------------------------------------------------------------------------------

    def look_for_network(self) -> None:
        """See to it that a network is looked for where somebody waits for one; costs nothing where nobody does."""
        if self._looking is None and not self._closed and self._wanted():
            self._looking = asyncio.create_task(self._look(), name="look for a network")

    def found_network(self) -> None:
        """An ask was answered: where the way is lost again, it is soon looked for."""
        self._pause = LEAST_POLL_S
        self._next_look = min(self._next_look, self._loop.time() + LEAST_POLL_S)

    async def _look(self) -> None:
        try:
            while self._wanted():
                # Also the first look keeps its distance from the one before: a way that opens and carries nothing (a
                # portal, a proxy) would else be tried on and on.
                await asyncio.sleep(max(0.0, self._next_look - self._loop.time()))
                up = False
                try:
                    async with asyncio.timeout(REACH_LIMIT_S):
                        up = await self._model.reachable()
                except TimeoutError:
                    log.debug("no network: a look took too long")
                self._next_look = self._loop.time() + self._pause
                self._pause = min(2 * self._pause, MOST_POLL_S)
                self._network_is(up)
        finally:
            self._looking = None

    async def close(self) -> None:
        """Look no more, and wait, bounded, until the outbox was told all."""
        self._closed = True
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.wait([self._looking])
        if self._errands:
            await asyncio.wait(set(self._errands), timeout=ERRANDS_LIMIT_S)


def queued_outcome(outcome: Outcome) -> Outcome:
    """Return the outcome of an ask that waits in the outbox, in place of the one that it met."""
    assert outcome.problem is not None, "the network failed"
    why = f"{lines(Code.QUEUED, 'en')[0]} ({outcome.problem.message})"
    problem = Problem(Code.QUEUED, why)
    return Outcome(OutcomeKind.FAILED, problem=problem, endpoint=outcome.endpoint, timings=outcome.timings)
