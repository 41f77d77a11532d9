"""The daemon's eyes: when the camera looks, and that the wearer is shown it.

`capture: ring` looks all the time and the displays say so; with `keep_open`, which spares a battery, a press opens the
camera and it is closed again a while after the last one. `capture: after_sign` keeps the camera closed, and for one
picture shows the sign, opens it, and closes it again. All have `Lids`, which the wearer can shut.
"""

from __future__ import annotations

import asyncio
import contextlib
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TypeVar

from glassd.answer import AskError, Problem
from glassd.messages import Code, lines

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
    from contextlib import AbstractAsyncContextManager, AbstractContextManager

    from glassd.frames.view import Picked, View
    from glassd_drivers.contracts import Frame

GESTURE_S = 2.0
"""How long a press alone keeps the eyes open; no gesture takes longer to be one that asks."""


class RingEyes:
    """Eyes that are open all the time."""

    def __init__(self, view: View) -> None:
        self._view = view

    @property
    def newest(self) -> Frame | None:
        """The newest frame that was seen."""
        return self._view.newest

    def pin(self, instant: float) -> None:
        """Hold the frame of an instant."""
        self._view.pin(instant)

    def unpin(self, instant: float) -> None:
        """Let go of it."""
        self._view.unpin(instant)

    def forget(self) -> None:
        """Forget what was seen."""
        self._view.forget()

    def several(self) -> AbstractAsyncContextManager[None]:
        """They are open anyway from one picture to the next."""
        return contextlib.nullcontext()

    async def choose(self, instant: float) -> Picked:
        """Return the frame that was in view; raise AskError if there is none."""
        return await self._view.choose(instant)

    async def newer(self, instant: float) -> Frame:
        """Return the newest frame once it is newer than an instant; raise AskError where the camera is away."""
        return await self._view.newer(instant)


class WakingEyes:
    """Eyes that a press opens, and that close `linger` seconds after the last picture; `camera` opens the camera."""

    def __init__(
        self,
        view: View,
        clock: Callable[[], float],
        camera: Callable[[], AbstractAsyncContextManager[None]],
        linger: float,
    ) -> None:
        self._view = view
        self._clock = clock
        self._camera = camera
        self._linger = linger
        self._looks = 0
        self._close_at = 0.0
        self._changed = asyncio.Event()
        self._awake: asyncio.Task[None] | None = None

    def pin(self, instant: float) -> None:
        """Open at once, so that the gesture's own time is not lost; hold the frame of an instant that is seen."""
        if self._view.sees(instant):
            self._view.pin(instant)
        self._wake(GESTURE_S)

    def unpin(self, instant: float) -> None:
        """Let go of what is held."""
        self._view.unpin(instant)

    def forget(self) -> None:
        """Forget what was seen, and close."""
        self._view.forget()
        if self._awake is not None:
            self._awake.cancel()

    @asynccontextmanager
    async def several(self) -> AsyncIterator[None]:
        """Stay open from one picture to the next while this is entered."""
        with self.kept_open():
            yield

    async def choose(self, instant: float) -> Picked:
        """Return the frame that was in view, or the first one where they were closed; raise AskError without any."""
        with self.kept_open():
            return await (self._view.choose(instant) if self._view.sees(instant) else self._view.first_after(instant))

    async def newer(self, instant: float) -> Frame:
        """Return the newest frame once it is newer than an instant; whoever watches keeps them open."""
        with self.kept_open():
            if self._view.newest is None:
                return (await self._view.first_after(self._clock())).frame
            return await self._view.newer(instant)

    @contextlib.contextmanager
    def kept_open(self) -> Iterator[None]:
        """Stay open while this is entered, and `linger` seconds after it."""
        self._looks += 1
        self._wake(self._linger)
        try:
            yield
        finally:
            self._looks -= 1
            self._close_at = self._clock() + self._linger
            self._changed.set()

    def _wake(self, for_s: float) -> None:
        self._close_at = max(self._close_at, self._clock() + for_s)
        if self._awake is None:
            self._awake = asyncio.create_task(self._stay_awake(), name="camera of the last press")

    async def _stay_awake(self) -> None:
        async with self._camera():
            try:
                while self._looks or self._close_at > self._clock():
                    self._changed.clear()
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(None if self._looks else self._close_at - self._clock()):
                            await self._changed.wait()
            finally:
                self._awake = None  # a press while it closes opens it anew


class SignedEyes:
    """Eyes that open for one picture, after the sign: `sign` shows it while entered, `camera` opens the camera."""

    def __init__(
        self,
        view: View,
        clock: Callable[[], float],
        sign: Callable[[], AbstractAsyncContextManager[None]],
        camera: Callable[[], AbstractAsyncContextManager[None]],
    ) -> None:
        self._view = view
        self._clock = clock
        self._sign = sign
        self._camera = camera

    def pin(self, instant: float) -> None:
        """Nothing was seen at the instant, so there is nothing to hold."""

    def unpin(self, instant: float) -> None:
        """There is nothing to let go of."""

    def forget(self) -> None:
        """Forget what was seen."""
        self._view.forget()

    @asynccontextmanager
    async def several(self) -> AsyncIterator[None]:
        """Stay open, and show the sign, from one picture to the next while this is entered."""
        async with self._sign(), self._camera():
            yield

    async def choose(self, _instant: float) -> Picked:
        """Return the first frame after the sign is shown; raise AskError if there is none."""
        async with self._sign(), self._camera():
            return await self._view.first_after(self._clock())

    async def newer(self, _instant: float) -> Frame:
        """Raise AskError: nobody watches through a camera that opens for one picture, after its sign."""
        raise AskError(
            Problem(Code.NO_PICTURE, "no live picture: `capture: after_sign` opens the camera for asks alone")
        )


class NoEyes:
    """No camera is configured: every ask goes without a picture."""

    def pin(self, instant: float) -> None:
        """There is nothing to hold."""

    def unpin(self, instant: float) -> None:
        """There is nothing to let go of."""

    def forget(self) -> None:
        """Nothing was seen."""

    def several(self) -> AbstractAsyncContextManager[None]:
        """There is nothing to keep open."""
        return contextlib.nullcontext()

    async def choose(self, _instant: float) -> None:
        """Return no frame."""

    async def newer(self, _instant: float) -> None:
        """Return no frame."""


T = TypeVar("T")
Eyes = RingEyes | WakingEyes | SignedEyes | NoEyes


class Lids:
    """The lids of the eyes in use: what the runner and the API look through. Shut, nothing is seen, held or waited for.

    `keep_looking` is told whether a camera that looks all the time is to be open.
    """

    def __init__(self, keep_looking: Callable[[bool], None]) -> None:
        self.eyes: Eyes = NoEyes()
        self._keep_looking = keep_looking
        self._shut = False
        self._looks: set[asyncio.Timeout] = set()  # one for each look under way

    def shut(self) -> None:
        """See nothing from now on, forget what was seen, and break off whatever looks."""
        self._shut = True
        self.eyes.forget()
        for look in self._looks:
            look.reschedule(asyncio.get_running_loop().time())
        self._looks.clear()
        self._keep_looking(False)

    def open(self) -> None:
        """See again."""
        self._shut = False
        self._keep_looking(True)

    @property
    def newest(self) -> Frame | None:
        """The newest frame in view, of eyes that are open all the time."""
        return None if self._shut or not isinstance(self.eyes, RingEyes) else self.eyes.newest

    def pin(self, instant: float) -> None:
        """Hold the frame of an instant."""
        self.eyes.pin(instant)

    def unpin(self, instant: float) -> None:
        """Let go of it."""
        self.eyes.unpin(instant)

    async def pick(self, instant: float) -> Frame | None:
        """Return the frame that was in view, None where there is no camera; raise AskError if there is no frame."""
        picked = await self.choose(instant)
        return None if picked is None else picked.frame

    async def choose(self, instant: float) -> Picked | None:
        """Return the frame that was in view, and why this one; None and AskError as `pick`."""
        return await self._look(lambda: self.eyes.choose(instant))

    async def newer(self, instant: float) -> Frame | None:
        """Return the newest frame once it is newer than an instant, None and AskError as `pick`."""
        return await self._look(lambda: self.eyes.newer(instant))

    def kept_open(self) -> AbstractContextManager[None]:
        """Keep eyes open that would close between two looks; raise AskError where nothing may be seen."""
        if self._shut:
            raise _shut()
        return self.eyes.kept_open() if isinstance(self.eyes, WakingEyes) else contextlib.nullcontext()

    @asynccontextmanager
    async def several(self) -> AsyncIterator[None]:
        """Stay open from one picture to the next while this is entered; raise AskError where nothing may be seen."""
        if self._shut:
            raise _shut()
        async with self.eyes.several():
            yield

    async def _look(self, look_through: Callable[[], Awaitable[T]]) -> T:
        if self._shut:
            raise _shut()
        look = asyncio.timeout(None)
        try:
            async with look:
                self._looks.add(look)
                try:
                    return await look_through()
                finally:
                    self._looks.discard(look)
        except TimeoutError as error:
            if not look.expired():
                raise
            raise _shut() from error


def _shut() -> AskError:
    return AskError(Problem(Code.PAUSED, "; ".join(lines(Code.PAUSED, "en"))))
