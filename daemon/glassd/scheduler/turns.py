"""Asks being carried out: one task for each, from its pictures to its one outcome."""

from __future__ import annotations

import asyncio
import logging
from contextlib import aclosing
from typing import TYPE_CHECKING

from msgspec.structs import replace

from glassd.answer import AnswerEvent, AskError, Outcome, Problem
from glassd.ask import Ask, Origin
from glassd.messages import Code, lines
from glassd.scheduler.actions import Send, Stop
from glassd.scheduler.courier import never_read, queued_outcome
from glassd.scheduler.gate import Gate
from glassd.scheduler.look import look
from glassd.scheduler.under_way import UnderWay, pieces
from glassd.waiting import OutboxError, OutboxLostError
from glassd_drivers.contracts import Frame

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from glassd.scheduler.actions import Start
    from glassd.scheduler.boxes import Boxes
    from glassd.scheduler.courier import Courier

log = logging.getLogger(__name__)

BREAK_OFF_LIMIT_S = 10.0
"""How long an ask may take to end that was broken off; it closes a request and a look, both bounded well below."""


class Turns:
    """Owns the task of each ask under way.

    `asked` is told each ask that begins, `tell` what comes back for which ask, `ended` each ask once it has its
    outcome. `may_queue` tells whether one that met this end may wait in the outbox with so many bytes; `utc` the date
    of an instant, if it is known.
    """

    def __init__(
        self,
        boxes: Boxes,
        courier: Courier,
        *,
        asked: Callable[[Ask], None],
        tell: Callable[[str, AnswerEvent], None],
        ended: Callable[[UnderWay], None],
        may_queue: Callable[[str, Code, int], bool],
        utc: Callable[[float], float | None],
    ) -> None:
        self._eyes, self._model, self._stage, self._journal = boxes.eyes, boxes.model, boxes.stage, boxes.journal
        self._courier = courier
        self._asked = asked
        self._tell = tell
        self._told_end = ended
        self._may_queue = may_queue
        self._utc = utc
        self._loop = asyncio.get_running_loop()
        self._under_way: dict[str, UnderWay] = {}
        self._gate = Gate()

    def start(self, action: Start | Send) -> None:
        """Begin to carry out an ask, or to send what waits in the outbox."""
        now = self._loop.time()
        if isinstance(action, Send):
            under_way = UnderWay(Ask(action.ask_id, "", Origin.BUTTON, now), item=action.item)
            turn = self._send(under_way, action.item)
        else:
            under_way = UnderWay(action.ask, action.frames)
            turn = self._take(under_way)
        under_way.reached("gesture", now)
        ask_id = under_way.ask.id
        self._under_way[ask_id] = under_way
        under_way.task = self._loop.create_task(turn, name=f"ask {ask_id}")
        under_way.task.add_done_callback(lambda task: self._ended(under_way, task))
        if under_way.item is None:
            self._asked(under_way.ask)

    def stop(self, stop: Stop) -> None:
        """Break off an ask under way."""
        under_way = self._under_way[stop.ask_id]
        if under_way.stop is None:
            under_way.stopped_at = self._loop.time()
        under_way.stop = stop
        if not under_way.task.cancelling():  # a second cancellation would cut short the closing of its request
            under_way.task.cancel()

    def dropped(self, items: tuple[int, ...]) -> None:
        """Take note that these of the outbox are not wanted any more; one that is being sent is broken off beside."""
        for under_way in self._under_way.values():
            if under_way.item in items:
                under_way.dropped, under_way.queued = True, None

    def notice(self, code: Code) -> None:
        """Tell the wearer something, as soon as an ask that has just begun no longer takes it off the display."""
        wearers = self._wearers()
        if wearers is None or wearers.on_stage:
            self._stage.notice(code)
        else:
            wearers.notices.append(code)

    @property
    def of_wearer(self) -> bool:
        """Whether an ask of the wearer's has the displays."""
        return self._wearers() is not None

    @property
    def so_far(self) -> list[tuple[Ask, str]]:
        """Those under way, each with what has come of its answer; what waits in the outbox is none until it is read."""
        there = (each for each in self._under_way.values() if each.item is None or each.begun)
        return [(each.ask, "".join(each.text)) for each in there]

    def between(self) -> AbstractAsyncContextManager[None]:
        """Wait until none is under way, and let none begin for as long as this is entered."""
        return self._gate.held()

    def stuck(self) -> str:
        """Return which does not end though it was broken off, empty where none is."""
        now = self._loop.time()
        for under_way in self._under_way.values():
            if under_way.stop is not None and now - under_way.stopped_at > BREAK_OFF_LIMIT_S:
                return f"ask {under_way.ask.id} does not end"
        return ""

    async def close(self) -> None:
        """Break off what is under way and wait for its end."""
        tasks = [under_way.task for under_way in self._under_way.values()]
        for under_way in self._under_way.values():
            if under_way.stop is None:
                self.stop(Stop(under_way.ask.id, Code.STOPPING))
        if tasks:
            await asyncio.wait(tasks)

    def _wearers(self) -> UnderWay | None:
        return next((under_way for under_way in self._under_way.values() if under_way.seen), None)

    # -- one ask -------------------------------------------------------------------------------------------------------

    async def _take(self, under_way: UnderWay) -> None:
        async with self._gate.wearer() if under_way.of_wearer else self._gate.gateway():
            if under_way.frames.count and not await self._look(under_way):
                return
            if under_way.seen:
                self._stage.asked()
                self._comes_on_stage(under_way)
            await self._ask(under_way)

    async def _look(self, under_way: UnderWay) -> bool:
        """Take the pictures into the ask; where there is none, end it with the reason and return False."""
        ask = under_way.ask
        self._stage.looking()
        self._comes_on_stage(under_way)
        try:
            frames = await look(self._eyes, under_way.frames, ask.instant)
        except AskError as error:
            self._event(under_way, under_way.broken_off(error.problem, self._loop.time()))
            return False
        if frames:
            under_way.frame_offset = frames[0].instant - ask.instant
            under_way.ask = replace(ask, pictures=(*ask.pictures, *frames))
        under_way.reached("frame", self._loop.time())
        return True

    async def _send(self, under_way: UnderWay, item: int) -> None:
        """Send what waited in the outbox: that it is being sent stands on the disk first."""
        async with self._gate.gateway():
            placeholder, under_way.queued = under_way.ask, item  # until it is known to be answered
            under_way.taken = True  # also where this is broken off: the disk may have noted it by then
            try:
                ask = await self._courier.take(item)
            except OutboxError as error:
                log.warning("the outbox: %s", error)
                under_way.taken = False
                if isinstance(error, OutboxLostError):
                    under_way.queued = None
                # The disk, as a network that is away, is tried again after a while.
                problem = Problem(Code.NO_NETWORK if under_way.queued else Code.INTERNAL, str(error))
                self._event(under_way, under_way.broken_off(problem, self._loop.time()))
                return
            under_way.ask = replace(ask, id=placeholder.id, instant=placeholder.instant)
            self._asked(under_way.ask)
            await self._ask(under_way)

    async def _ask(self, under_way: UnderWay) -> None:
        """Ask the model, which is written down first."""
        ask = under_way.ask
        self._journal.begun(ask, self._utc(ask.instant))
        under_way.begun = under_way.left = True
        async with aclosing(self._model.ask(ask)) as events:
            async for event in events:
                told = await self._instead(under_way, event) if isinstance(event, Outcome) else event
                for piece in pieces(told):
                    self._event(under_way, piece)
                    if under_way.seen:
                        await asyncio.sleep(0)  # a server faster than our layout does not keep the loop to itself

    async def _instead(self, under_way: UnderWay, outcome: Outcome) -> Outcome:
        """Return how an ask ends that found no network: it waits in the outbox, where that takes it."""
        ask, problem = under_way.ask, outcome.problem
        if under_way.item is not None:
            if not never_read(outcome):
                under_way.queued = None
                return outcome
            under_way.left = False
        elif under_way.of_wearer and problem is not None and self._courier.takes(outcome):
            size = sum(len(picture.data) for picture in ask.pictures if isinstance(picture, Frame))
            if self._may_queue(ask.id, problem.code, size):
                under_way.queued = await self._courier.put(ask, self._utc(ask.instant))
        if under_way.queued is None or problem is None:
            return outcome
        under_way.met = problem.code
        return queued_outcome(outcome)

    # -- what comes of it ----------------------------------------------------------------------------------------------

    def _comes_on_stage(self, under_way: UnderWay) -> None:
        under_way.on_stage = True
        notices, under_way.notices = under_way.notices, []
        for code in notices:
            self._stage.notice(code)

    def _event(self, under_way: UnderWay, event: AnswerEvent) -> None:
        first = under_way.came(event, self._loop.time())
        if under_way.seen:
            self._stage.event(event)
            if first:
                under_way.first_screen.awaited = self._stage.once_shown(under_way.first_screen.shown)
        self._tell(under_way.ask.id, event)

    def _ended(self, under_way: UnderWay, task: asyncio.Task[None]) -> None:
        """See to it that the ask has its one outcome."""
        now = self._loop.time()
        if under_way.outcome is None:
            self._event(under_way, under_way.broken_off(_problem(under_way, task), now))
        if under_way.of_wearer:
            self._eyes.unpin(under_way.ask.instant)
        elif under_way.item is not None and not under_way.dropped:
            self._settle(under_way, under_way.item)
        under_way.reached("done", now)
        del self._under_way[under_way.ask.id]
        del under_way.task  # a cancelled one's traceback leads back here: a circle would keep the picture for long
        self._told_end(under_way)

    def _settle(self, under_way: UnderWay, item: int) -> None:
        """See to the place in the outbox that an ask has come from."""
        if under_way.queued is None:
            self._courier.drop((item,))
        elif under_way.taken and not under_way.left:
            self._courier.back(item)


def _problem(under_way: UnderWay, task: asyncio.Task[None]) -> Problem:
    """Return why an ask's task ended without an outcome: it was broken off, or met a bug of ours."""
    if task.cancelled():
        code = under_way.stop.code if under_way.stop is not None else Code.CANCELLED
        return Problem(code, f"broken off before its end: {lines(code, 'en')[0]}")
    log.error("ask %s: a bug in glassd", under_way.ask.id, exc_info=task.exception())
    return Problem(Code.INTERNAL, "a bug in glassd: see its log")
