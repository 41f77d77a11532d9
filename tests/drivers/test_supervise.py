from __future__ import annotations

import asyncio
import itertools
import logging
import random
from functools import partial
from typing import TYPE_CHECKING, ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from glassd_drivers.contracts import CONTRACT, DeviceState, DriverConfig, PermanentFault, TransientFault
from glassd_drivers.supervise import CLOSE_LIMIT_S, ERROR_LIMIT, OPEN_LIMIT_S, Backoff, DeviceStatus, Supervisor
from virtual import START, VirtualLoop, run

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

OPENING, READY, WAITING, FAILED, CLOSED = (
    DeviceState.OPENING,
    DeviceState.READY,
    DeviceState.WAITING,
    DeviceState.FAILED,
    DeviceState.CLOSED,
)
AWAY = partial(TransientFault, "not there")
GONE = partial(TransientFault, "unplugged")
FORBIDDEN = partial(PermanentFault, "no permission")
STEADY = Backoff(first=1.0, cap=8.0, rarely=20.0, factor=2.0, jitter=0.0, settled=10.0)


async def passing(seconds: float) -> None:
    """Let virtual seconds pass."""
    over = asyncio.Event()
    asyncio.get_running_loop().call_later(seconds, over.set)
    await over.wait()


async def nothing() -> None:
    pass


async def forever() -> None:
    await asyncio.Event().wait()


def failing(error: Callable[[], BaseException]) -> Callable[[], Awaitable[None]]:
    async def fail() -> None:
        raise error()

    return fail


class Bench:
    """A supervisor over scripted drivers: what each life does in open, serve and close, and when."""

    def __init__(self, backoff: Backoff = STEADY) -> None:
        self.backoff = backoff
        self.opens: list[float] = []
        self.on_open: Callable[[], Awaitable[None]] = nothing
        self.on_serve: Callable[[], Awaitable[None]] = forever
        self.on_close: Callable[[], Awaitable[None]] = nothing
        self.held = 0
        self.seen: list[DeviceStatus] = []
        self.news = asyncio.Event()

    def start(self) -> tuple[Supervisor[ScriptedDriver], asyncio.Task[None]]:
        supervisor = Supervisor(
            "camera",
            lambda: ScriptedDriver(self),
            lambda driver: driver.serve(),
            self.report,
            clock=asyncio.get_running_loop().time,
            backoff=self.backoff,
            rng=random.Random(1),
        )
        return supervisor, asyncio.create_task(supervisor.run(), name="supervisor under test")

    def report(self, status: DeviceStatus) -> None:
        self.seen.append(status)
        self.news.set()

    def states(self) -> list[DeviceState]:
        return [status.state for status in self.seen]

    async def opened(self, times: int) -> None:
        while len(self.opens) < times:
            self.news.clear()
            await self.news.wait()

    def waits(self) -> list[float]:
        return [round(later - sooner, 3) for sooner, later in zip(self.opens, self.opens[1:], strict=False)]


class ScriptedDriver:
    contract: ClassVar[int] = CONTRACT
    Config: ClassVar[type[DriverConfig]] = DriverConfig

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.holds = False

    async def open(self) -> None:
        self.bench.opens.append(asyncio.get_running_loop().time())
        self.bench.news.set()
        assert self.bench.held == 0, "a driver was opened while the one before it was not closed"
        self.bench.held += 1
        self.holds = True
        await self.bench.on_open()

    async def serve(self) -> None:
        await self.bench.on_serve()

    async def close(self) -> None:
        try:
            await self.bench.on_close()
        finally:
            self.bench.held -= self.holds


async def stop(task: asyncio.Task[None]) -> None:
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def supervised(script: Callable[[Bench], Coroutine[None, None, None]], backoff: Backoff = STEADY) -> Bench:
    """Run a script beside a supervisor, then stop it; the bench tells what happened."""
    bench = Bench(backoff)

    async def main() -> None:
        _, task = bench.start()
        await script(bench)
        await stop(task)

    run(main())
    assert bench.held == 0
    return bench


def test_a_driver_is_opened_served_and_closed_with_the_supervisor() -> None:
    async def script(bench: Bench) -> None:
        await bench.opened(1)
        await passing(100)

    bench = supervised(script)
    assert bench.states() == [OPENING, READY, CLOSED]
    assert bench.opens == [START]


def test_waits_grow_up_to_the_cap() -> None:
    async def script(bench: Bench) -> None:
        bench.on_open = failing(AWAY)
        await bench.opened(7)

    bench = supervised(script)
    assert bench.waits() == [1, 2, 4, 8, 8, 8]


def test_a_device_that_stays_away_is_one_state_and_one_log_line(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)

    async def script(bench: Bench) -> None:
        bench.on_open = failing(AWAY)
        await bench.opened(20)

    bench = supervised(script)
    assert bench.states() == [OPENING, WAITING, CLOSED]
    assert bench.seen[1].error == "not there"
    assert [record.message for record in caplog.records] == [
        "camera: opening",
        "camera: waiting (not there)",
        "camera: closed",
    ]


def test_what_waits_for_a_person_is_tried_rarely_from_the_start() -> None:
    async def script(bench: Bench) -> None:
        bench.on_open = failing(FORBIDDEN)
        await bench.opened(3)

    bench = supervised(script)
    assert bench.states() == [OPENING, FAILED, CLOSED]
    assert bench.waits() == [20, 20]


def test_a_life_that_was_long_enough_makes_the_next_wait_short_again() -> None:
    async def script(bench: Bench) -> None:
        bench.on_open = failing(AWAY)
        await bench.opened(4)

        async def live() -> None:
            await passing(STEADY.settled)
            raise TransientFault("unplugged")

        bench.on_open, bench.on_serve = nothing, live
        await bench.opened(7)

    bench = supervised(script)
    assert bench.waits() == [1, 2, 4, 8, 11, 11]


def test_a_life_too_short_keeps_the_wait_growing() -> None:
    async def script(bench: Bench) -> None:
        bench.on_serve = failing(GONE)
        await bench.opened(5)

    bench = supervised(script)
    assert bench.waits() == [1, 2, 4, 8]
    assert bench.states()[:5] == [OPENING, READY, WAITING, READY, WAITING]


BUGS: list[Callable[[], BaseException]] = [
    partial(ValueError, "x"),
    RuntimeError,
    partial(TimeoutError, "of its own making"),
    asyncio.CancelledError,
    lambda: ExceptionGroup("in a task group", [TransientFault("unplugged"), KeyError("y")]),
]


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: type(bug()).__name__)
@pytest.mark.parametrize("where", ["on_open", "on_serve"])
def test_a_bug_of_a_driver_is_survived_and_its_traceback_logged_once(
    bug: Callable[[], BaseException], where: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def script(bench: Bench) -> None:
        setattr(bench, where, failing(bug))
        await bench.opened(5)
        assert bench.seen[-1].state is WAITING
        assert "a bug in its driver" in bench.seen[-1].error
        bench.on_open, bench.on_serve = nothing, forever
        await bench.opened(6)
        await passing(1)
        assert bench.seen[-1].state is READY

    bench = supervised(script)
    assert bench.waits() == [1, 2, 4, 8, 8]
    assert len([record for record in caplog.records if record.exc_info]) == 1


def test_a_driver_that_cannot_be_made_is_survived() -> None:
    async def main() -> None:
        seen: list[DeviceStatus] = []
        tried = asyncio.Event()

        def make() -> ScriptedDriver:
            if len(seen) > 1:
                tried.set()
            raise AttributeError("no such thing")

        task = asyncio.create_task(
            Supervisor("x", make, lambda driver: driver.serve(), seen.append, backoff=STEADY).run()
        )
        await tried.wait()
        await stop(task)
        assert [status.state for status in seen] == [OPENING, WAITING, CLOSED]

    run(main())


def test_faults_that_come_out_of_a_task_group_are_faults_and_no_bug(caplog: pytest.LogCaptureFixture) -> None:
    async def script(bench: Bench) -> None:
        bench.on_serve = failing(lambda: ExceptionGroup("both", [GONE(), ExceptionGroup("in", [FORBIDDEN()])]))
        await bench.opened(2)

    bench = supervised(script)
    assert bench.states()[:3] == [OPENING, READY, FAILED]
    assert not [record for record in caplog.records if record.exc_info]


def test_serving_that_ends_without_an_error_is_a_loss() -> None:
    async def script(bench: Bench) -> None:
        bench.on_serve = nothing
        await bench.opened(2)

    assert supervised(script).states()[:3] == [OPENING, READY, WAITING]


def test_opening_has_a_time_limit() -> None:
    async def script(bench: Bench) -> None:
        bench.on_open = forever
        await bench.opened(2)

    bench = supervised(script)
    assert bench.waits() == [OPEN_LIMIT_S + 1]
    assert bench.seen[1].error == "did not open within 10 s"


def test_a_close_that_fails_or_is_stuck_is_left_behind(caplog: pytest.LogCaptureFixture) -> None:
    async def script(bench: Bench) -> None:
        bench.on_serve, bench.on_close = failing(GONE), failing(partial(ValueError, "in close"))
        await bench.opened(2)
        bench.on_close = forever
        await bench.opened(3)
        bench.on_close = nothing

    bench = supervised(script)
    assert bench.waits() == [1, 2 + CLOSE_LIMIT_S]
    assert [record.message for record in caplog.records if record.levelno == logging.ERROR] == [
        "camera: a bug in its driver",
        "camera: did not close within 1 s; left behind",
    ]


def test_a_stuck_close_holds_a_stop_no_longer_than_its_limit() -> None:
    async def main() -> None:
        bench = Bench()
        bench.on_close = forever
        _, task = bench.start()
        await bench.opened(1)
        before = asyncio.get_running_loop().time()
        await stop(task)
        assert asyncio.get_running_loop().time() - before <= CLOSE_LIMIT_S

    run(main())


@pytest.mark.parametrize("where", ["on_open", "on_serve"])
@pytest.mark.parametrize("instead", [AWAY, partial(ValueError, "x"), None], ids=["fault", "bug", "nothing"])
def test_a_driver_that_swallows_its_cancellation_does_not_undo_a_stop(
    where: str, instead: Callable[[], BaseException] | None
) -> None:
    async def swallow() -> None:
        try:
            await forever()
        except asyncio.CancelledError:
            if instead is not None:
                raise instead() from None

    async def main() -> None:
        bench = Bench()
        setattr(bench, where, swallow)
        _, task = bench.start()
        await bench.opened(1)
        await passing(1)
        task.cancel()
        done, _ = await asyncio.wait([task], timeout=100)
        assert done
        assert bench.seen[-1].state is CLOSED
        assert WAITING not in bench.states()
        assert bench.held == 0

    run(main())


def test_what_an_error_quotes_of_a_device_is_one_short_line_that_steers_no_terminal() -> None:
    async def script(bench: Bench) -> None:
        bench.on_open = failing(partial(TransientFault, "said\x1b]0;owned\x07 \n" + "x" * 10_000))
        await bench.opened(2)

    error = supervised(script).seen[1].error
    assert error.startswith("said ]0;owned xxx")
    assert len(error) == ERROR_LIMIT


def test_a_stop_during_a_close_lets_the_close_end() -> None:
    async def main() -> None:
        bench = Bench()
        closing, closed = asyncio.Event(), asyncio.Event()

        async def slow_close() -> None:
            closing.set()
            await passing(CLOSE_LIMIT_S / 2)
            closed.set()

        bench.on_serve, bench.on_close = failing(GONE), slow_close
        _, task = bench.start()
        await closing.wait()
        await stop(task)
        assert closed.is_set()
        assert bench.seen[-1].state is CLOSED

    run(main())


def test_a_hint_ends_the_wait_but_never_hurries_past_the_first_wait() -> None:
    async def main() -> None:
        bench = Bench()
        bench.on_open = failing(FORBIDDEN)
        supervisor, task = bench.start()
        await bench.opened(2)
        await passing(3)
        supervisor.retry_now()
        await bench.opened(3)
        for times in (4, 5):
            supervisor.retry_now()
            await passing(0.1)
            supervisor.retry_now()
            await bench.opened(times)
        await stop(task)
        assert bench.waits() == [20, 3, 1, 1]

    run(main())


def test_what_an_open_driver_reports_is_its_status_until_it_is_lost() -> None:
    async def main() -> None:
        bench = Bench()
        supervisor, task = bench.start()
        supervisor.note(WAITING, "before it is open")
        await bench.opened(1)
        await passing(1)
        supervisor.note(WAITING, "frozen")
        assert supervisor.status == DeviceStatus("camera", WAITING, START + 1, "frozen")
        supervisor.note(READY)
        await stop(task)
        supervisor.note(READY)
        assert [(status.state, status.error) for status in bench.seen] == [
            (OPENING, ""),
            (READY, ""),
            (WAITING, "frozen"),
            (READY, ""),
            (CLOSED, ""),
        ]

    run(main())


@given(
    st.builds(
        Backoff,
        first=st.floats(0.01, 10),
        cap=st.floats(10, 1000),
        rarely=st.floats(10, 1000),
        factor=st.floats(1, 100),
        jitter=st.floats(0, 1),
        settled=st.just(5.0),
    ),
    st.lists(st.sampled_from([AWAY, FORBIDDEN, partial(ValueError, "bug"), None]), min_size=1, max_size=30),
)
def test_waits_stay_between_the_jittered_first_and_the_cap_whatever_happens(
    backoff: Backoff, lives: list[Callable[[], BaseException] | None]
) -> None:
    async def script(bench: Bench) -> None:
        for number, error in enumerate(lives, 1):
            bench.on_open = failing(error) if error else nothing
            bench.on_serve = failing(GONE)
            await bench.opened(number)
        await bench.opened(len(lives) + 1)

    logging.disable()
    try:
        bench = supervised(script, backoff)
    finally:
        logging.disable(logging.NOTSET)
    least = backoff.first * (1 - backoff.jitter)
    longest = max(backoff.cap, backoff.rarely)
    assert all(least - 0.001 <= wait <= longest + 0.001 for wait in bench.waits())
    assert bench.states()[-1] is CLOSED


class SupervisedDevice(RuleBasedStateMachine):
    """A device that comes, goes, hangs and has bugs in any order, with hints of the operator in between."""

    def __init__(self) -> None:
        super().__init__()
        logging.disable()
        self.runner = asyncio.Runner(loop_factory=VirtualLoop)
        self.bench = Bench(Backoff(first=1.0, cap=8.0, rarely=8.0, settled=10.0))
        self.serving = 0
        self.bench.on_serve = self.serve
        self.supervisor, self.task = self.runner.run(self._start())

    async def _start(self) -> tuple[Supervisor[ScriptedDriver], asyncio.Task[None]]:
        return self.bench.start()

    async def serve(self) -> None:
        self.serving += 1
        self.loss = asyncio.get_running_loop().create_future()
        try:
            await self.loss
        finally:
            self.serving -= 1

    @rule(behaviour=st.sampled_from([nothing, forever, failing(AWAY), failing(FORBIDDEN), *map(failing, BUGS)]))
    def open_does(self, behaviour: Callable[[], Awaitable[None]]) -> None:
        self.bench.on_open = behaviour

    @rule(behaviour=st.sampled_from([nothing, forever, failing(AWAY), failing(partial(ValueError, "x"))]))
    def close_does(self, behaviour: Callable[[], Awaitable[None]]) -> None:
        self.bench.on_close = behaviour

    @rule(error=st.sampled_from([AWAY, FORBIDDEN, *BUGS]))
    def device_is_lost(self, error: Callable[[], BaseException]) -> None:
        if self.serving and not self.loss.done():
            self.loss.set_exception(error())

    @rule()
    def operator_hints(self) -> None:
        self.supervisor.retry_now()

    @rule(state=st.sampled_from([WAITING, READY]))
    def driver_reports(self, state: DeviceState) -> None:
        self.supervisor.note(state, "frozen" if state is WAITING else "")

    @rule(seconds=st.sampled_from([0.0, 0.1, 0.5, 1.0, 5.0, 20.0, 60.0]))
    def time_passes(self, seconds: float) -> None:
        self.runner.run(passing(seconds))

    @invariant()
    def one_driver_lives_at_a_time_and_the_supervisor_outlives_it(self) -> None:
        assert not self.task.done()
        assert self.serving <= 1
        assert self.bench.held <= 1

    @invariant()
    def attempts_keep_their_distance(self) -> None:
        least = self.bench.backoff.first * (1 - self.bench.backoff.jitter)
        assert all(wait >= least - 0.001 for wait in self.bench.waits())

    @invariant()
    def the_status_is_the_last_that_was_told_and_no_change_is_told_twice(self) -> None:
        told = [(status.state, status.error) for status in self.bench.seen]
        assert all(one != other for one, other in itertools.pairwise(told))
        assert not self.bench.seen or self.supervisor.status == self.bench.seen[-1]

    def teardown(self) -> None:
        try:
            self.runner.run(self._comes_back_and_stops())
        finally:
            self.runner.close()
            logging.disable(logging.NOTSET)

    async def _comes_back_and_stops(self) -> None:
        """A device that behaves again is back within the longest wait, and a stop closes it."""
        self.bench.on_open = self.bench.on_close = nothing
        await passing(OPEN_LIMIT_S + CLOSE_LIMIT_S + self.bench.backoff.cap + CLOSE_LIMIT_S)
        assert self.serving == 1
        await stop(self.task)
        assert self.bench.held == 0
        assert self.bench.seen[-1].state is CLOSED


SupervisedDevice.TestCase.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
TestSupervisedDevice = SupervisedDevice.TestCase
