"""The watch for scene changes: the newest frame is glanced at twice a second, for as long as somebody wants to know.

One frame at a time, decoded on a thread: where that falls behind, frames are passed over. What it takes (NumPy, OpenCV)
is loaded by the first glance.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from glassd.frames.scene import Scene
    from glassd_drivers.contracts import Frame

log = logging.getLogger(__name__)

INTERVAL_S = 0.5
"""Seconds between two glances."""
SPOILT_LIMIT_FRAMES = 10
"""Frames in a row that cannot be looked at before the watch rests; a camera now and then gives one."""
REST_S = 60.0
"""How long it rests then, and after a bug of its own."""


class SceneWatch:
    """Glances at `newest` and tells `changed` the instant of each frame as of which the scene is another one."""

    def __init__(
        self,
        newest: Callable[[], Frame | None],
        changed: Callable[[float], None],
        see: Callable[[], Callable[[Frame], Awaitable[bool]]] | None = None,
    ) -> None:
        """`see` makes what takes the frames of one watch in turn, and tells of each whether the scene has changed."""
        self._newest = newest
        self._changed = changed
        self._see = see or (lambda: _Sight().see)
        self._task: asyncio.Task[None] | None = None

    def keep(self, *, watching: bool) -> None:
        """Watch from now on, or no longer; what was seen in an earlier watch is forgotten."""
        if watching and self._task is None:
            self._task = asyncio.create_task(self._watch(), name="scene")
        elif not watching and self._task is not None:
            self._task.cancel()
            self._task = None

    async def _watch(self) -> None:
        while True:
            try:
                await self._look_on(self._see())
            except Exception:  # an extra must not end the daemon, whatever is wrong with it
                log.exception("scene change: a bug in glassd; tried again in %g s", REST_S)
            await asyncio.sleep(REST_S)

    async def _look_on(self, see: Callable[[Frame], Awaitable[bool]]) -> None:
        """Glance at one frame after another; return where they cannot be looked at."""
        last, spoilt, why = 0.0, 0, ""
        while spoilt < SPOILT_LIMIT_FRAMES:
            frame = self._newest()
            if frame is not None and frame.instant > last:
                last = frame.instant
                try:
                    changed = await see(frame)
                except ValueError as error:
                    spoilt, why = spoilt + 1, str(error)
                else:
                    spoilt = 0
                    if changed:
                        self._changed(frame.instant)
            await asyncio.sleep(INTERVAL_S)
        log.warning("scene change: the camera's frames cannot be looked at (%s); tried again in %g s", why, REST_S)


class _Sight:
    """What one watch knows of the scene; touched by one thread at a time."""

    def __init__(self) -> None:
        self._scene: Scene | None = None

    async def see(self, frame: Frame) -> bool:
        """Take a frame in; return whether the scene has changed. Raise ValueError for one that cannot be looked at."""
        return await asyncio.to_thread(self._see, frame)

    def _see(self, frame: Frame) -> bool:
        from glassd.frames.glance import glance  # noqa: PLC0415  loads NumPy, on this thread
        from glassd.frames.grey import eighth_grey  # noqa: PLC0415
        from glassd.frames.scene import Scene  # noqa: PLC0415

        if self._scene is None:
            self._scene = Scene()
        return self._scene.see(glance(eighth_grey(frame)), frame.instant)
