"""What the camera sees, and which frame of it was in view at an instant.

A press at t gets the best of a few frames around t: near it, sharp, not black. Which they are is settled at once, for
the ring forgets; a frame after t is waited for where it will be nearer than the newest one. Nothing within `fresh` of t
is an error, never an old picture.

A camera that is opened for the ask alone has no frame of the press: it gives its first, within `late`.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from glassd.answer import AskError, Problem
from glassd.frames.ring import Ring
from glassd.frames.weights import Weights
from glassd.late import loaded
from glassd.messages.codes import Code
from glassd_drivers.contracts import DriverError, StillCamera, StreamCamera

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from glassd.config.schema import Camera
    from glassd_drivers.contracts import Frame

PINS_LIMIT = 12
"""Instants whose frames can be held at a time: those of a full line of asks, and of the gestures beside it. The oldest
gives way."""
CANDIDATES_LIMIT = 3
"""How many frames are looked at for one picture: the nearest, and one on either side of it. A look takes 1 to 2 ms at
720p here, several times that on a board."""
DELIVERY_S = 0.05
"""How long after its instant a frame may come: what its transfer takes, and a moment of a busy board."""
TAKE_LIMIT_S = 12.0
"""How long a camera of stills may take for one. Start-ups of 12 s were seen on glasses."""

SIGN_STAYS_S = 1.0
"""How long the sign of a picture that was asked for stays after it: what takes a moment only would never be seen."""


class Picked(Struct, frozen=True):
    """The frames that were weighed for an instant, in their order, which of them is the picture, and a line on each."""

    candidates: tuple[Frame, ...]
    index: int
    reasons: tuple[str, ...]

    @property
    def frame(self) -> Frame:
        """The picture."""
        return self.candidates[self.index]


class View:
    """The frames of one camera. `serve` is fed by the supervisor; `pick` is asked by the runner.

    An instant is that of the world: `camera.latency` lies between it and a frame's stamp, and frames that are handed
    out have it taken off. `looks` is told when a camera of stills takes one, and SIGN_STAYS_S later that it does not
    any more; one that streams looks for as long as it is open.
    """

    def __init__(
        self, options: Camera, clock: Callable[[], float], looks: Callable[[bool], None] = lambda _: None
    ) -> None:
        self._options = options
        self._clock = clock
        self._looks = looks
        self._weights = Weights(options.choice.reach, options.choice.after, options.choice.enough)
        self._ring = Ring(options.keep, options.memory)
        self._pins: dict[float, asyncio.Task[Picked]] = {}
        self._still: StillCamera | None = None
        self._taking = asyncio.Lock()
        self._came = asyncio.Event()
        self._connected = False
        self._loading: asyncio.Task[None] | None = None
        self._sign_off: asyncio.TimerHandle | None = None

    async def serve(self, camera: StreamCamera | StillCamera) -> None:
        """Take the frames of an open camera until it is lost."""
        self._connected = True
        try:
            if isinstance(camera, StreamCamera):
                self._get_ready_to_weigh()
                async for frame in camera.frames():
                    self._ring.add(frame)
                    self._tell()
            else:
                self._still = camera
                self._tell()
                await camera.watch()
        finally:
            if self._sign_off is not None:
                self._sign_off.cancel()
                self._looks(False)
            self._still = None
            self._connected = False
            self._ring.clear()
            self._tell()

    @property
    def newest(self) -> Frame | None:
        """The newest frame that a streaming camera has given."""
        return None if self._ring.newest is None else self._of_the_world(self._ring.newest)

    async def changed(self) -> None:
        """Wait until another frame has come, or the camera has gone."""
        await self._came.wait()

    async def newer(self, instant: float) -> Frame:
        """Return the newest frame once it is newer than an instant; raise AskError where none comes.

        For somebody who watches: frames are not weighed, and those between two calls are missed.
        """
        while self._connected and self._still is None:
            if (newest := self.newest) is not None and newest.instant > instant:
                return newest
            await self.changed()
        if self._still is None:
            raise self._nothing()
        return await self._take(self._still, self._clock())

    def sees(self, instant: float) -> bool:
        """Tell whether there is a frame of an instant already, or a camera that takes one."""
        fresh = self._candidates(instant + self._options.latency)
        return bool(fresh) or instant in self._pins or self._still is not None

    # -- the picture of an instant -------------------------------------------------------------------------------------

    def pin(self, instant: float) -> None:
        """Settle at once which frame is that of an instant, and hold it, so that a slow gesture does not lose it."""
        if instant not in self._pins:
            while len(self._pins) >= PINS_LIMIT:
                self.unpin(next(iter(self._pins)))
            task = self._pins[instant] = asyncio.create_task(self._choose(instant), name=f"picture of {instant:.3f}")
            task.add_done_callback(_note)

    def unpin(self, instant: float) -> None:
        """Let go of what `pin` holds for that instant."""
        if (task := self._pins.pop(instant, None)) is not None:
            task.cancel()

    def forget(self) -> None:
        """Forget every frame, those that are pinned too."""
        self._ring.clear()
        for instant in [*self._pins]:
            self.unpin(instant)

    async def pick(self, instant: float) -> Frame:
        """Return the frame that was in view at an instant; raise AskError if there is none."""
        return (await self.choose(instant)).frame

    async def choose(self, instant: float) -> Picked:
        """Return the frame that was in view at an instant, and why this one; raise AskError if there is none."""
        pinned = self._pins.get(instant)
        if pinned is None:
            return await self._choose(instant)
        # Whoever waits may give up without ending it for the others; one that is let go of meanwhile sees nothing.
        await asyncio.wait([pinned])
        if pinned.cancelled():
            raise self._nothing()
        return pinned.result()

    async def first_after(self, instant: float) -> Picked:
        """Return the first frame from an instant on, for a camera that was opened for it; raise AskError."""
        late = self._options.late
        if not await self._until(lambda: self._first(instant) is not None or self._still is not None, late):
            problem = f"the camera gave nothing within {late:g} s of being opened: camera.late is how long it may take"
            raise AskError(Problem(Code.NO_PICTURE, problem))
        if self._still is not None:
            return await self._taken(self._still, instant)
        frame = self._first(instant)
        assert frame is not None, "it was just seen to be there, and nothing ran in between"
        return _alone(self._of_the_world(frame), "the first after the camera was opened")

    async def _choose(self, instant: float) -> Picked:
        stamp = instant + self._options.latency
        left = max(0.0, stamp + self._options.fresh - self._clock())
        await self._until(lambda: self._still is not None or bool(self._candidates(stamp)), left)
        if self._still is not None:
            return await self._taken(self._still, instant)
        distance = self._weights.distance
        if not (candidates := self._candidates(stamp)):
            raise self._nothing()
        await self._await_one_within(min(distance(frame.instant, stamp) for frame in candidates), stamp)
        candidates = self._candidates(stamp, candidates)
        picked = await self._weighed(candidates, instant)
        # Where the nearest is spoilt, the frame after it may be nearer than the neighbour that was there.
        await self._await_one_within(distance(picked.frame.instant, instant), stamp)
        later = self._candidates(stamp, candidates)
        return picked if later == candidates else await self._weighed(later, instant)

    async def _weighed(self, candidates: list[Frame], instant: float) -> Picked:
        """Return the choice among some candidates."""
        frames = tuple(map(self._of_the_world, candidates))
        if len(frames) == 1:
            return _alone(frames[0], "no other frame is near")
        await loaded("glassd.frames.weigh")
        from glassd.frames.weigh import weigh  # noqa: PLC0415  NumPy and OpenCV come with it

        choice = await weigh(frames, instant, self._weights)
        return Picked(frames, choice.index, choice.reasons)

    def _candidates(self, stamp: float, held: Iterable[Frame] = ()) -> list[Frame]:
        """Return the frame nearest to a stamp, if it is fresh, and its neighbours within the window, in order.

        Those that are held count as well, though the ring may have forgotten them.
        """
        options = self._options
        there = {id(frame): frame for frame in (*self._ring, *held)}.values()
        near = sorted(there, key=lambda frame: self._weights.distance(frame.instant, stamp))[:CANDIDATES_LIMIT]
        if not near or abs(near[0].instant - stamp) > options.fresh:
            return []
        window = options.choice.window
        kept = [near[0], *(frame for frame in near[1:] if abs(frame.instant - stamp) <= window)]
        return sorted(kept, key=lambda frame: frame.instant)

    async def _await_one_within(self, distance: float, stamp: float) -> None:
        """Wait for the next frame where that will be within a distance of a stamp, and a little for a late one."""
        newest, interval = self._ring.newest, self._ring.interval
        if newest is None or not interval:
            return
        before = newest.instant + max(1.0, (stamp - newest.instant) // interval) * interval
        due = min(before, before + interval, key=lambda at: self._weights.distance(at, stamp))
        if self._weights.distance(due, stamp) >= distance:
            return
        left = min(due + interval / 2 + DELIVERY_S, stamp + self._options.fresh) - self._clock()
        came = due - interval / 2
        await self._until(lambda: (there := self._ring.newest) is not None and there.instant >= came, left)

    def _first(self, instant: float) -> Frame | None:
        stamp = instant + self._options.latency
        return next((frame for frame in self._ring if frame.instant >= stamp), None)

    def _of_the_world(self, frame: Frame) -> Frame:
        latency = self._options.latency
        return replace(frame, instant=frame.instant - latency) if latency else frame

    def _get_ready_to_weigh(self) -> None:
        """Load what looks at pictures, so that the first press does not wait for it."""
        if self._options.choice.window and self._loading is None:
            self._loading = asyncio.create_task(loaded("glassd.frames.weigh"), name="load what looks at pictures")
            self._loading.add_done_callback(_note)

    # -- waiting -------------------------------------------------------------------------------------------------------

    def _tell(self) -> None:
        came, self._came = self._came, asyncio.Event()
        came.set()

    async def _until(self, holds: Callable[[], bool], limit: float) -> bool:
        """Wait until something holds of what has come, at most `limit` seconds; return whether it does."""
        if holds():
            return True
        try:
            async with asyncio.timeout(max(0.0, limit)):
                while not holds():
                    await self._came.wait()
        except TimeoutError:
            return holds()
        return True

    async def _taken(self, camera: StillCamera, instant: float) -> Picked:
        return _alone(await self._take(camera, instant), "taken for the press")

    async def _take(self, camera: StillCamera, instant: float) -> Frame:
        try:
            async with asyncio.timeout(TAKE_LIMIT_S), self._taking:
                frame = await self._looked(camera, instant)
        except (DriverError, TimeoutError) as error:
            reason = str(error) or f"nothing came within {TAKE_LIMIT_S:g} s"
            raise AskError(Problem(Code.NO_PICTURE, f"the camera took no picture: {reason}")) from error
        if (early := instant - frame.instant) > self._options.fresh:
            raise AskError(Problem(Code.NO_PICTURE, f"the camera gave a picture of {early:.1f} s before the press"))
        return frame

    async def _looked(self, camera: StillCamera, instant: float) -> Frame:
        """Take a picture, and tell that, long enough for the slowest display to show it."""
        if self._sign_off is not None:
            self._sign_off.cancel()
        self._looks(True)
        try:
            return await camera.take(instant)
        finally:
            self._sign_off = asyncio.get_running_loop().call_later(SIGN_STAYS_S, self._looks, False)

    def _nothing(self) -> AskError:
        if not self._connected:
            return AskError(Problem(Code.NO_CAMERA, "no camera is connected: see `glassd status`"))
        fresh = f"{self._options.fresh:g} s"
        return AskError(Problem(Code.NO_PICTURE, f"no frame within {fresh} of the press: see `glassd status`"))


def _alone(frame: Frame, why: str) -> Picked:
    return Picked((frame,), 0, (f"chosen: {why}",))


def _note(task: asyncio.Task[Any]) -> None:
    """Take note of how a task ended: asyncio warns of an exception that nobody looked at."""
    if not task.cancelled():
        task.exception()
