"""The thin runner around the pure scheduler: it feeds events and time in, and carries out the actions.

Whatever happens, an ask that was started ends with exactly one outcome and one record. Asks of the gateway never touch
the stage or the eyes; nor does what the outbox sends, whose answer comes late and is shown when it disturbs nobody.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING

from glassd.answer import AnswerEvent, Outcome, OutcomeKind
from glassd.ask import Ask, Origin
from glassd.config.triggers import NO_FRAMES
from glassd.messages import Code
from glassd.scheduler.actions import (
    Do,
    Drop,
    End,
    NewWearer,
    Pause,
    Pin,
    Refuse,
    Send,
    Skip,
    Spend,
    Start,
    Stop,
    Tell,
    Unpin,
)
from glassd.scheduler.courier import Courier
from glassd.scheduler.late_answers import LateAnswers
from glassd.scheduler.records import Records
from glassd.scheduler.submission import Submission
from glassd.scheduler.turns import Turns
from glassd.scheduler.under_way import refused

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterable
    from contextlib import AbstractAsyncContextManager

    from glassd.config.commands import Command
    from glassd.config.schema import Config
    from glassd.config.triggers import Busy, Frames
    from glassd.record import AskRecord
    from glassd.scheduler.actions import Action
    from glassd.scheduler.boxes import Boxes
    from glassd.scheduler.machine import Scheduler
    from glassd.scheduler.under_way import UnderWay
    from glassd.spending import Spent
    from glassd.waiting import Waiting
    from glassd.wall import Wall
    from glassd_drivers.contracts import Edge

log = logging.getLogger(__name__)

WALL_S = 30.0
"""Seconds between two readings of the wall clock at most, so that a date which was set is noticed."""
WALL_LEAST_S = 1.0
"""Seconds between two readings at least, however many events there are."""
WALL_STEP_S = 0.5
"""How far the date has to move against the monotonic clock to be told."""
SKIPS_LIMIT = 1000
"""Triggers, each with a reason, whose skipped events are counted: as many as a config has triggers."""

_BESIDE = (Code.BUSY, Code.TOO_SOON)
"""Refusals that leave what stands on the display where it is."""


class Runner:
    """Feeds the scheduler and carries out its actions; owns one task for each ask under way."""

    def __init__(
        self,
        scheduler: Scheduler,
        boxes: Boxes,
        on_record: Callable[[AskRecord], None],
        *,
        on_pause: Callable[[bool], None] = lambda _on: None,
        on_asked: Callable[[Ask], None] = lambda _ask: None,
        on_event: Callable[[str, AnswerEvent], None] = lambda _ask_id, _event: None,
    ) -> None:
        """Take who is told: `on_record` each ask's end, `on_pause` each pause and its end.

        `on_asked` is told each ask that begins, `on_event` what comes back for which; it never raises.
        """
        self.scheduler = scheduler
        self.skips: Counter[tuple[str, str]] = Counter()
        """How often which trigger asked nothing, and why."""
        self._boxes = boxes
        self._eyes, self._model, self._stage, self._journal = boxes.eyes, boxes.model, boxes.stage, boxes.journal
        self._on_pause = on_pause
        self._on_event = on_event
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._wall: Wall | None = None
        self._wall_read = float("-inf")
        self._closed = False
        self._submissions: dict[str, Submission] = {}
        self._records = Records(boxes, on_record)
        self._late = LateAnswers(self._show_late, self._is_quiet)
        self._courier = Courier(boxes.outbox, boxes.model, self._network_is, lambda: scheduler.wants_network)
        self._turns = Turns(
            boxes,
            self._courier,
            asked=on_asked,
            tell=self._tell,
            ended=self._ended,
            may_queue=self._may_queue,
            utc=self._utc,
        )

    # -- what happens --------------------------------------------------------------------------------------------------

    def ready(self) -> None:
        """Take note that the daemon is ready."""
        self._feed(self.scheduler.ready)

    def configure(self, config: Config) -> None:
        """Take over the triggers and policies of a config."""
        self._feed(partial(self.scheduler.configure, config))

    def restored(self, spent: Spent, waiting: list[Waiting]) -> None:
        """Take what was kept over the restart."""
        self._feed(partial(self.scheduler.restored, spent, waiting))

    def edge(self, edge: Edge) -> None:
        """Take an edge of any button."""
        self._feed(lambda _now: self.scheduler.edge(edge))

    def scene_changed(self, instant: float) -> None:
        """Take a change of the scene, at rest by this instant."""
        self._feed(lambda _now: self.scheduler.scene_changed(instant))

    def command(self, command: Command, origin: Origin = Origin.API) -> None:
        """Take a command that comes from no button."""
        self._feed(lambda now: self.scheduler.commanded(command, now, origin))

    def faded(self) -> None:
        """What stands on the displays has stood there long enough."""
        self._feed(self.scheduler.faded)

    async def submit(
        self,
        ask: Ask,
        frames: Frames = NO_FRAMES,
        *,
        busy: Busy | None = None,
        follow_up: bool = True,
        outbox: bool = False,
    ) -> AsyncGenerator[AnswerEvent]:
        """Ask on somebody's behalf, and yield what comes back, exactly one outcome last.

        Closing this early means that the answer is not wanted any more.
        """
        submission = self._submissions[ask.id] = Submission()
        asked = partial(self.scheduler.asked, ask, frames, busy=busy, follow_up=follow_up, outbox=outbox)
        try:
            self._feed(lambda _now: asked())
            async for event in submission:
                yield event
        finally:
            del self._submissions[ask.id]
            if not submission.complete:
                self._feed(lambda _now: self.scheduler.cancelled(ask.id))

    def between_asks(self) -> AbstractAsyncContextManager[None]:
        """Wait until no ask is under way, and let none begin for as long as this is entered: for a reload."""
        return self._turns.between()

    @property
    def clock_known(self) -> bool:
        """Whether the date is known to be right."""
        return self._wall is not None and self._wall.known

    @property
    def records(self) -> list[AskRecord]:
        """What is remembered of the newest asks, the newest last."""
        return [*self._records.newest]

    @property
    def so_far(self) -> list[tuple[Ask, str]]:
        """Asks under way, each with what has come of its answer."""
        return self._turns.so_far

    def stuck(self) -> str:
        """Return what does not go on as it must, empty where all does. The scheduler is fed a tick for that."""
        self._feed(self.scheduler.tick)
        return self._turns.stuck()

    async def close(self) -> None:
        """Break off what is under way and wait for its end; from now on every ask is refused."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        await self._turns.close()
        self._records.finish()
        self._late.forget()
        await self._courier.close()

    # -- events in, actions out ----------------------------------------------------------------------------------------

    def _feed(self, event: Callable[[float], Iterable[Action]]) -> None:
        """Have the scheduler take an event, once it knows the date, and carry out what it says."""
        now = self._loop.time()
        if now - self._wall_read >= WALL_LEAST_S:
            self._read_wall(now)
        self._carry_out(event(now))

    def _read_wall(self, now: float) -> None:
        wall, before = self._boxes.wall(), self._wall
        self._wall_read = now
        moved = before is None or abs(wall.offset - before.offset) > WALL_STEP_S
        if before is None or moved or (wall.zone, wall.known) != (before.zone, before.known):
            self._wall = wall
            self._carry_out(self.scheduler.clock_is(now, wall))

    def _utc(self, instant: float) -> float | None:
        return self._wall.utc(instant) if self._wall is not None and self.clock_known else None

    def _carry_out(self, actions: Iterable[Action]) -> None:
        told = []
        for action in actions:
            match action:
                case Pin(instant):
                    self._eyes.pin(instant)
                    self._model.warm()
                case Unpin(instant):
                    self._eyes.unpin(instant)
                case Start() | Send() if self._closed:
                    self._start_nothing(action)
                case Start() | Send():
                    self._turns.start(action)
                case Stop():
                    self._turns.stop(action)
                case Refuse():
                    self._refuse(action)
                case Tell(code):
                    told.append(code)
                case _:
                    self._do(action)
        for code in told:  # last: what has been started by now is to have the display before it
            self._notice(code)
        self._stage.signs(self.scheduler.signs)
        self._set_timer()
        self._courier.look_for_network()
        self._late.look()

    def _do(self, action: Action) -> None:
        match action:
            case Do(command):
                self._stage.command(command)
                self._late.disturbed()
            case Pause(on):
                self._pause(on=on)
            case Drop(items):
                self._turns.dropped(items)
                self._courier.drop(items)
            case Skip(trigger, why, instant):
                if len(self.skips) < SKIPS_LIMIT or (trigger, why) in self.skips:
                    self.skips[trigger, why] += 1
                self._journal.skipped(trigger, why, self._utc(instant))
            case Spend(spent):
                self._journal.spend(spent)
            case NewWearer():
                self._late.forget()
                self._journal.new_wearer()

    def _set_timer(self) -> None:
        """Set the one timer anew: for the scheduler, and for the date."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self._closed:
            due, wall_due = self.scheduler.due, max(self._wall_read, self._loop.time() - WALL_S) + WALL_S
            self._timer = self._loop.call_at(wall_due if due is None else min(due, wall_due), self._tick)

    def _tick(self) -> None:
        self._timer = None
        self._feed(self.scheduler.tick)

    # -- what it says --------------------------------------------------------------------------------------------------

    def _start_nothing(self, action: Start | Send) -> None:
        """Refuse what would begin after the end has begun; what waits in the outbox waits on."""
        now = self._loop.time()
        if isinstance(action, Start):
            ask, item = action.ask, None
            self._eyes.unpin(ask.instant)
            self._refuse(Refuse(ask, Code.STOPPING))
        else:
            ask, item = Ask(action.ask_id, "", Origin.BUTTON, now), action.item
        end = End(ask, OutcomeKind.FAILED, Code.STOPPING, sent=False, queued=item)
        self._carry_out(self.scheduler.ended(ask.id, end, now))

    def _refuse(self, refusal: Refuse) -> None:
        ask, code = refusal.ask, refusal.code
        outcome, record = refused(ask, code, self._loop.time())
        assert outcome.problem is not None, "it is refused"
        self._tell(ask.id, outcome)
        if refusal.seen and (code in _BESIDE or self._turns.of_wearer):
            self._notice(code)
        elif refusal.seen:
            self._stage.problem(outcome.problem)
            self._late.disturbed()
        self._records.add(record, ask, outcome)

    def _notice(self, code: Code) -> None:
        self._turns.notice(code)
        self._late.disturbed()

    def _pause(self, *, on: bool) -> None:
        log.info("paused: nothing is looked at, and no ask goes out" if on else "no longer paused")
        if on:
            self._eyes.shut()
        else:
            self._eyes.open()
            self._model.warm()
        self._on_pause(on)
        self._stage.pause(on=on)
        self._late.disturbed()

    # -- what comes of asks --------------------------------------------------------------------------------------------

    def _may_queue(self, ask_id: str, code: Code, size: int) -> bool:
        return self.scheduler.may_queue(ask_id, code, size, self._loop.time())

    def _tell(self, ask_id: str, event: AnswerEvent) -> None:
        self._on_event(ask_id, event)
        if (submission := self._submissions.get(ask_id)) is not None:
            submission.put(event)

    def _ended(self, under_way: UnderWay) -> None:
        """Remember an ask that has its outcome, then let the next one in."""
        outcome = under_way.outcome
        assert outcome is not None, "it has ended"
        end = under_way.end(self._boxes.cost(outcome))
        if outcome.kind is not OutcomeKind.FAILED:
            self._courier.found_network()
        if under_way.item is None:
            self._records.ended(under_way)
            if under_way.of_wearer:
                self._late.disturbed()
        elif under_way.begun:
            self._records.ended(under_way)
            if under_way.queued is None and not under_way.dropped:
                self._late.came(outcome, end)
        self._carry_out(self.scheduler.ended(under_way.ask.id, end, self._loop.time()))

    def _network_is(self, up: bool) -> None:
        self._feed(partial(self.scheduler.network_is, up))

    def _is_quiet(self) -> bool:
        return not (self._closed or self.scheduler.paused or self._turns.of_wearer)

    def _show_late(self, outcome: Outcome, end: End) -> None:
        self._stage.late_answer(outcome)
        self._carry_out(self.scheduler.shown(end, self._loop.time()))
