"""What the camera sees, and which frame of it was in view at an instant.

A press at t takes the frame nearest to t. Nothing within `fresh` of t is an error, never an old picture. With
`capture: ring` the camera looks all the time; with `after_sign` it is opened for the ask alone, after the wearer was
shown the sign, and the first frame from then on is the picture.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from glassd.answer import AskError, Problem
from glassd.frames.ring import Ring
from glassd.messages.codes import Code
from glassd_drivers.contracts import DriverError, StillCamera, StreamCamera

if TYPE_CHECKING:
    from collections.abc import Callable

    from glassd.config.schema import Camera
    from glassd_drivers.contracts import Frame

PINS_LIMIT = 8
"""Instants whose frames can be held at a time; the oldest pin gives way."""
OPEN_LIMIT_S = 12.0
"""How long a camera that is opened for an ask may take to its first frame. Start-ups of 12 s were seen on glasses."""

TAKE_LIMIT_S = 12.0
"""How long a camera of stills may take for one: as long as one that has to be opened first."""


class View:
    """The frames of one camera. `serve` is fed by the supervisor; `pick` is asked by the runner."""

    def __init__(self, options: Camera, clock: Callable[[], float]) -> None:
        self._options = options
        self._clock = clock
        self._ring = Ring(options.keep, options.memory)
        self._pinned: dict[float, Frame] = {}
        self._still: StillCamera | None = None
        self._came = asyncio.Condition()
        self._connected = False

    async def serve(self, camera: StreamCamera | StillCamera) -> None:
        """Take the frames of an open camera until it is lost."""
        self._connected = True
        try:
            if isinstance(camera, StreamCamera):
                async for frame in camera.frames():
                    self._ring.add(frame)
                    async with self._came:
                        self._came.notify_all()
            else:
                self._still = camera
                async with self._came:
                    self._came.notify_all()
                await camera.watch()
        finally:
            self._still = None
            self._connected = False
            self._ring.clear()

    def pin(self, instant: float) -> None:
        """Hold the frame nearest to an instant that is there now, so that a slow gesture does not lose it."""
        if (frame := self._nearest(instant)) is not None:
            while len(self._pinned) >= PINS_LIMIT:
                del self._pinned[next(iter(self._pinned))]
            self._pinned[instant] = frame

    def unpin(self, instant: float) -> None:
        """Let go of what `pin` holds for that instant."""
        self._pinned.pop(instant, None)

    def forget(self) -> None:
        """Forget every frame, those that are pinned too."""
        self._ring.clear()
        self._pinned.clear()

    async def pick(self, instant: float) -> Frame:
        """Return the frame that was in view at an instant; raise AskError if there is none.

        Waits for a frame after the instant, at most until that could no longer be fresh.
        """
        left = max(0.0, instant + self._options.fresh - self._clock())
        return await self._wait_for(lambda: self._nearest(instant), instant, left)

    async def first_after(self, instant: float) -> Frame:
        """Return the first frame from an instant on, for a camera that was opened for it."""
        return await self._wait_for(lambda: self._first(instant), instant, OPEN_LIMIT_S)

    def _nearest(self, instant: float) -> Frame | None:
        candidates = [*self._ring, *(frame for at, frame in self._pinned.items() if at == instant)]
        frame = min(candidates, key=lambda frame: abs(frame.instant - instant), default=None)
        return frame if frame is not None and abs(frame.instant - instant) <= self._options.fresh else None

    def _first(self, instant: float) -> Frame | None:
        return next((frame for frame in self._ring if frame.instant >= instant), None)

    async def _wait_for(self, find: Callable[[], Frame | None], instant: float, limit: float) -> Frame:
        """Return what `find` finds among the frames, or a still, within `limit` seconds."""
        if (frame := find()) is not None:
            return frame
        try:
            async with asyncio.timeout(limit), self._came:
                await self._came.wait_for(lambda: self._still is not None or find() is not None)
        except TimeoutError as error:
            raise self._nothing() from error
        if self._still is not None:
            return await self._take(self._still, instant)
        frame = find()
        assert frame is not None, "the condition was just seen to hold, and nothing ran in between"
        return frame

    async def _take(self, camera: StillCamera, instant: float) -> Frame:
        try:
            async with asyncio.timeout(TAKE_LIMIT_S):
                return await camera.take(instant)
        except (DriverError, TimeoutError) as error:
            reason = str(error) or f"nothing came within {TAKE_LIMIT_S:g} s"
            raise AskError(Problem(Code.NO_PICTURE, f"the camera took no picture: {reason}")) from error

    def _nothing(self) -> AskError:
        if not self._connected:
            return AskError(Problem(Code.NO_CAMERA, "no camera is connected: see `glassd status`"))
        fresh = f"{self._options.fresh:g} s"
        return AskError(Problem(Code.NO_PICTURE, f"no frame within {fresh} of the press: see `glassd status`"))
