"""The one supervisor of every driver: open, serve, watch, reopen.

                 ┌────────────── a fault, then a wait ──────────────┐
    CLOSED ─▶ OPENING ─▶ READY ─▶ WAITING (passes by itself) ───────┤
                 ▲                 FAILED (waits for a person) ─────┤
                 └──────────────────────────────────────────────────┘

Each life is a new driver object, and the old one is closed before it is made. Attempts out of WAITING and FAILED stay
in that state until one succeeds, so that a device which is away for a week is two lines in the log and not a thousand.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
import traceback
from typing import TYPE_CHECKING, Generic, TypeVar

from msgspec import Struct

from glassd_drivers.contracts import DeviceState, Driver, DriverError, PermanentFault, TransientFault

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

OPEN_LIMIT_S = 10.0
"""How long a driver may take to open."""
CLOSE_LIMIT_S = 1.0
"""How long a driver may take to close; one that is stuck is left behind, so that it never holds a stop."""
ERROR_LIMIT = 500
"""How many characters of an error a status keeps."""

D = TypeVar("D", bound=Driver)

_log = logging.getLogger(__name__)


class Backoff(Struct, frozen=True):
    """How long to wait between two attempts, in seconds: from `first`, times `factor`, never above `cap`.

    The cap is short, for the wearer waits: a camera that froze is back within 2 s of its thaw, which nothing announces,
    and an attempt in vain costs next to nothing. `rarely` lies between two attempts at what waits for a person.
    `jitter` is the share of a wait that chance takes off, so that boards behind one hub do not retry in step. A life
    of at least `settled` seconds makes the next wait `first` again.
    """

    first: float = 0.5
    cap: float = 1.5
    rarely: float = 30.0
    factor: float = 2.0
    jitter: float = 0.2
    settled: float = 1.0

    def after(self, wait: float) -> float:
        """Return the wait that follows one of `wait` seconds (0 for none), before jitter."""
        return min(self.cap, max(self.first, wait * self.factor))


USUAL_BACKOFF = Backoff()


class DeviceStatus(Struct, frozen=True):
    """Where one driver stands: `since` is the clock's seconds of the last change of state, `error` a line or empty."""

    name: str
    state: DeviceState
    since: float
    error: str = ""


class Supervisor(Generic[D]):
    """Keeps one driver alive: `await run()` serves it until cancelled, through every loss and every bug of its.

    `make` gives a fresh driver that is not open yet; `serve` works with an open one until it raises, which a driver
    does when its device is lost. `report` is told each new status, at once and on the event loop; it must not raise.
    """

    def __init__(
        self,
        name: str,
        make: Callable[[], D],
        serve: Callable[[D], Awaitable[None]],
        report: Callable[[DeviceStatus], None],
        clock: Callable[[], float] = time.monotonic,
        *,
        backoff: Backoff = USUAL_BACKOFF,
        rng: random.Random | None = None,
    ) -> None:
        self._name = name
        self._make = make
        self._serve = serve
        self._report = report
        self._clock = clock
        self._backoff = backoff
        self._rng = rng or random.Random()  # noqa: S311 - jitter is no secret
        self._status = DeviceStatus(name, DeviceState.CLOSED, clock())
        self._hint = asyncio.Event()
        self._alive = False
        self._lived_s = 0.0
        self._known_bugs: set[_Place] = set()  # at most one for each line of the driver that can raise
        self._left_behind: set[asyncio.Task[None]] = set()  # closes past their limit, held until they end

    @property
    def status(self) -> DeviceStatus:
        """Where the driver stands now."""
        return self._status

    def retry_now(self) -> None:
        """End the wait early, for a device was plugged in; `first` seconds still lie between two attempts."""
        if not self._alive:
            self._hint.set()

    def note(self, state: DeviceState, detail: str = "") -> None:
        """Take note of what an open driver reports itself, such as a camera that has frozen; else it is passed over."""
        if self._alive:
            self._enter(state, detail)

    async def run(self) -> None:
        """Open, serve and reopen for ever; when cancelled, close the driver within CLOSE_LIMIT_S."""
        wait = 0.0
        self._enter(DeviceState.OPENING)
        try:
            while True:
                self._hint.clear()
                fault = await self._live()
                if isinstance(fault, PermanentFault):
                    wait = 0.0
                    await self._pause(self._backoff.rarely)
                else:
                    wait = self._backoff.after(0.0 if self._lived_s >= self._backoff.settled else wait)
                    if await self._pause(wait):
                        wait = 0.0
        finally:
            self._enter(DeviceState.CLOSED)

    async def _live(self) -> DriverError:
        """Live one life of a fresh driver, and return what ended it."""
        driver: D | None = None
        born = self._clock()
        try:
            try:
                driver = self._make()
                await self._open(driver)
                _let_out_cancellation()
                born = self._clock()
                self._alive = True
                self._enter(DeviceState.READY)
                await self._serve(driver)
                fault: DriverError = TransientFault("it ended by itself")
            except asyncio.CancelledError as error:
                if _being_cancelled():
                    raise
                fault = self._fault_of(error)  # a cancellation of the driver's own making, let out by mistake
            except Exception as error:  # noqa: BLE001 - whatever a driver does, the daemon goes on
                fault = self._fault_of(error)
            _let_out_cancellation()
            self._lived_s = self._clock() - born if self._alive else 0.0
            self._alive = False
            self._enter(DeviceState.FAILED if isinstance(fault, PermanentFault) else DeviceState.WAITING, _line(fault))
            return fault
        finally:
            self._alive = False
            if driver is not None:
                await self._close(driver)

    async def _open(self, driver: D) -> None:
        limit = asyncio.timeout(OPEN_LIMIT_S)
        try:
            async with limit:
                await driver.open()
        except TimeoutError as error:
            if limit.expired():
                raise TransientFault(f"did not open within {OPEN_LIMIT_S:g} s") from error
            raise

    async def _close(self, driver: D) -> None:
        """Wait for the close, bounded, also when the stop comes meanwhile: a close that is cut short may leak."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + CLOSE_LIMIT_S
        closing = asyncio.create_task(self._close_quietly(driver), name=f"{self._name}: close")
        try:
            await asyncio.wait({closing}, timeout=CLOSE_LIMIT_S)
        except asyncio.CancelledError:
            await asyncio.wait({closing}, timeout=deadline - loop.time())
            raise
        finally:
            if not closing.done():
                _log.error("%s: did not close within %g s; left behind", self._name, CLOSE_LIMIT_S)
                self._left_behind.add(closing)
                closing.add_done_callback(self._left_behind.discard)
                closing.cancel()

    async def _close_quietly(self, driver: D) -> None:
        try:
            await driver.close()
        except Exception as error:  # noqa: BLE001 - a close must not raise; where one does, the daemon goes on
            self._fault_of(error)

    async def _pause(self, wait: float) -> bool:
        """Wait about `wait` seconds; return whether a hint ended it early."""
        wait *= 1.0 - self._backoff.jitter * self._rng.random()
        _log.debug("%s: next attempt in %.1f s", self._name, wait)
        least = min(wait, self._backoff.first)
        await asyncio.sleep(least)
        try:
            async with asyncio.timeout(wait - least):
                await self._hint.wait()
        except TimeoutError:
            return False
        return True

    def _enter(self, state: DeviceState, error: str = "") -> None:
        was = self._status
        if (was.state, was.error) == (state, error):
            return
        changed = was.state is not state
        self._status = DeviceStatus(self._name, state, self._clock() if changed else was.since, error)
        trouble = state in (DeviceState.WAITING, DeviceState.FAILED)
        level = (logging.WARNING if trouble else logging.INFO) if changed else logging.DEBUG
        _log.log(level, "%s: %s%s", self._name, state, f" ({error})" if error else "")
        self._report(self._status)

    def _fault_of(self, error: BaseException) -> DriverError:
        """Return what is to be done about an error; a bug is logged with its traceback the first time."""
        leaves = list(_leaves(error))
        faults = [leaf for leaf in leaves if isinstance(leaf, DriverError)]
        if len(faults) == len(leaves):
            return next((fault for fault in faults if isinstance(fault, PermanentFault)), faults[0])
        bug = next(leaf for leaf in leaves if not isinstance(leaf, DriverError))
        if (place := _place(bug)) not in self._known_bugs:
            self._known_bugs.add(place)
            _log.error("%s: a bug in its driver", self._name, exc_info=error)
        fault = TransientFault(f"a bug in its driver: {type(bug).__name__}: {bug}")
        fault.__cause__ = error
        return fault


_Place = tuple[str, str, int | None]


def _place(error: BaseException) -> _Place:
    """Return what tells one bug from another: its type and the line that raised it."""
    frames = traceback.extract_tb(error.__traceback__)
    return (
        (type(error).__name__, frames[-1].filename, frames[-1].lineno) if frames else (type(error).__name__, "", None)
    )


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _leaves(inner)
    else:
        yield error


def _line(error: Exception) -> str:
    """Return an error as one line for a log or a terminal: what it quotes may come from a device."""
    printable = "".join(character if character.isprintable() else " " for character in str(error))
    return " ".join(printable.split())[:ERROR_LIMIT] or type(error).__name__


def _let_out_cancellation() -> None:
    """Raise the cancellation that a driver has swallowed: no driver undoes a stop."""
    if _being_cancelled():
        raise asyncio.CancelledError


def _being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
