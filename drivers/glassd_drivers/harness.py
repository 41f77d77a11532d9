"""How the conformance checks of `testing` work: the rig around a driver, and the bounds of each wait."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import threading
import time
from collections import Counter
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from glassd_drivers import registry
from glassd_drivers.contracts import DriverError, Screen
from glassd_drivers.host import Host
from glassd_drivers.supervise import CLOSE_LIMIT_S, OPEN_LIMIT_S

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
    from types import TracebackType

    from glassd_drivers.contracts import Context, Frame
    from glassd_drivers.testing import Kit

ANSWER_LIMIT_S = 5.0
"""How long a driver may take to pass on what its device did."""
CALM_S = 0.1
"""How long a device that is there is watched before it goes away."""
OLDEST_S = 10.0
"""How far an instant may lie before what it tells of was seen to begin; further off it is another clock's."""
SETTLE_LIMIT_S = 2.0
"""How long closed descriptors, threads and tasks may take to be gone."""
SETTLE_STEP_S = 0.005
"""How often that is looked at."""
NAME = "conformance"
"""The name that the context gives to the driver under test."""

T = TypeVar("T")


class NotConforming(AssertionError):
    """The driver does not do what its contract says."""


class Rig:
    """The far end of the device under test: entered around each check; override what your device can do.

    `config` is the driver's section of a config that works with this far end, without `driver:`; it is read once
    the rig is entered. What belongs to a connection must be let go of when the driver lets go of it. `host` is what
    lends the driver its context: a far end that comes through the daemon's server is offered to it under NAME.
    """

    def __init__(self, config: dict[str, Any] | None = None) -> None:
        self.config = config or {}

    @functools.cached_property
    def host(self) -> Host:
        """The one host of this rig; also of one whose constructor does not call this one's."""
        return Host(time.monotonic)

    async def __aenter__(self) -> object:
        """Make the device ready to be opened."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take everything down."""

    async def give_frame(self) -> None:
        """Make the camera give one more frame; nothing to do for a camera that streams by itself."""

    async def press(self) -> None:
        """Make one button go down."""
        raise NotImplementedError

    async def release(self) -> None:
        """Make the same button go up."""
        raise NotImplementedError

    async def shown(self, text: str) -> None:
        """Wait until the device shows `text`."""
        raise NotImplementedError

    async def unplug(self) -> None:
        """Make the device go away while it is open."""
        raise NotImplementedError


def run(kit: Kit, check: Callable[[Rig], Coroutine[Any, Any, T]]) -> T:
    """Run one check in an event loop of its own, with a fresh rig entered around it."""

    async def main() -> T:
        rig = kit.rig()
        async with rig:
            return await check(rig)

    return asyncio.run(main())


def make(kit: Kit, config: dict[str, Any], host: Host | None = None) -> Any:
    """Construct the driver as the daemon does, not open yet."""
    context: Context = (host or Host(time.monotonic)).context(NAME, lambda _state, _detail: None)
    kind = registry.load(kit.role, kit.name)
    driver = kind(kind.Config.model_validate(config), context)
    if kit.role == "displays":
        driver.fit(registry.profile(kind.profile))
    return driver


@asynccontextmanager
async def opened(kit: Kit, rig: Rig) -> AsyncIterator[Any]:
    """Lend an open driver, and close it after."""
    driver = make(kit, rig.config, rig.host)
    try:
        await within(OPEN_LIMIT_S, "open", driver.open())
        yield driver
    finally:
        await close(driver)


async def close(driver: Any) -> None:
    """Close a driver, which must be quick and never raise."""
    try:
        await within(CLOSE_LIMIT_S, "close", driver.close())
    except NotConforming:
        raise
    except Exception as error:
        raise NotConforming(f"close raises {type(error).__name__}: {error}") from error


@asynccontextmanager
async def reading(stream: AsyncIterator[T]) -> AsyncIterator[AsyncIterator[T]]:
    """End a stream as the daemon does: what reads it is cancelled, or closes it."""
    try:
        yield stream
    finally:
        if (aclose := getattr(stream, "aclose", None)) is not None:
            await aclose()


def some_frames(kit: Kit, count: int = 3) -> list[tuple[Frame, float]]:
    """Return some frames of the camera, each with the instant of its arrival."""

    async def collect(rig: Rig) -> list[tuple[Frame, float]]:
        async with opened(kit, rig) as camera:
            return [item async for item in _each_frame(rig, camera, count)]

    return run(kit, collect)


async def _each_frame(rig: Rig, camera: Any, count: int) -> AsyncIterator[tuple[Frame, float]]:
    if camera.kind == "still":
        for _ in range(count):
            await rig.give_frame()
            frame = await within(ANSWER_LIMIT_S, "a still", camera.take(time.monotonic()))
            yield frame, time.monotonic()
        return
    async with reading(camera.frames()) as frames:
        for _ in range(count):
            await rig.give_frame()
            frame = await within(ANSWER_LIMIT_S, "a frame", anext(frames))
            yield frame, time.monotonic()


async def use(kit: Kit, rig: Rig, driver: Any) -> None:
    """Use an open driver a little, as its role has it."""
    if kit.role == "cameras":
        async for _ in _each_frame(rig, driver, 1):
            pass
    elif kit.role == "buttons":
        async with reading(driver.edges()) as edges:
            await rig.press()
            await within(ANSWER_LIMIT_S, "the edge of a press", anext(edges))
            await rig.release()
            await within(ANSWER_LIMIT_S, "the edge of a release", anext(edges))
    else:
        await within(ANSWER_LIMIT_S, "show", driver.show(Screen(lines=("hello",))))


async def until_lost(kit: Kit, driver: Any) -> None:
    """Read a driver whose device is gone: what came before may still be read, then it must raise."""

    async def read() -> None:
        if kit.role == "displays" or getattr(driver, "kind", None) == "still":
            await driver.watch()
        else:
            async for _ in driver.frames() if kit.role == "cameras" else driver.edges():
                pass

    await must_raise(read())


async def must_raise(doing: Awaitable[Any], what: str = "the loss of the device", limit_s: float | None = None) -> None:
    """Wait for something that must end with a DriverError; `what` names the reason in an error."""
    try:
        await within(limit_s or ANSWER_LIMIT_S, f"telling {what}", doing)
    except DriverError as error:
        one_line(error)
    except NotConforming:
        raise
    except StopAsyncIteration:
        raise NotConforming(f"{what} ends the stream without an error; it must raise DriverError") from None
    except Exception as error:
        raise NotConforming(f"{what} raises {type(error).__name__}, which is no DriverError: {error}") from error
    else:
        raise NotConforming(f"{what} raises nothing; it must raise DriverError")


async def within(limit_s: float, what: str, doing: Awaitable[T]) -> T:
    """Wait for something that a conforming driver does within `limit_s` seconds; `what` names it in the error."""
    limit = asyncio.timeout(limit_s)
    try:
        async with limit:
            return await doing
    except TimeoutError:
        if limit.expired():
            raise NotConforming(f"{what} took over {limit_s:g} s") from None
        raise
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        raise NotConforming(f"{what} lets out a CancelledError that nobody asked for") from error


class Holdings:
    """What this process holds at an instant: open file descriptors, threads, tasks."""

    def __init__(self) -> None:
        self._held = _held()

    async def same_again(self, after: str) -> None:
        """Wait until all that came since is gone; raise NotConforming naming what is not."""
        deadline = time.monotonic() + SETTLE_LIMIT_S
        while left := _held() - self._held:
            if time.monotonic() > deadline:
                raise NotConforming(f"{after} left behind: {', '.join(sorted(left))}")
            await asyncio.sleep(SETTLE_STEP_S)


def _held() -> Counter[str]:
    held = Counter(f"thread {thread.name}" for thread in threading.enumerate())
    held.update(f"task {task.get_name()}" for task in asyncio.all_tasks())
    for fd in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # the one that lists the folder
            held[f"descriptor {fd.name} ({fd.readlink()})"] += 1
    return held


def one_line(error: DriverError) -> None:
    """Demand that an error is one that an operator can read."""
    text = str(error)
    require(bool(text.strip()) and "\n" not in text, f"a DriverError's text is one line that says what to do: {text!r}")


def require(holds: bool, otherwise: str) -> None:
    """Raise NotConforming with `otherwise` unless `holds`."""
    if not holds:
        raise NotConforming(otherwise)
