"""The darkroom: a frame in, the picture that is sent out.

Most frames leave it as the camera made them, the very same bytes; some after an edit of their headers. Only what does
not fit is decoded and encoded again, once each. One thread does that for the wearer, and one for apps and for whoever
watches the live picture, who may want much: so the wearer waits behind none of them, and however many asks are under
way, the memory of two decodes is the most there is. What a decode will hold is known from the headers before it begins.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from glassd.ask import Origin
from glassd.frames.turning import AS_IT_IS, Pose
from glassd.late import loaded
from glassd_drivers.contracts import Frame

if TYPE_CHECKING:
    from glassd.limits import Limits

INLINE_LIMIT_BYTES: Final = 256 * 1024
"""Headers of a frame up to here are read where it is asked for: a thread takes longer to start."""


class Counts(Struct):
    """What was done, since the start: frames whose headers alone were edited, decodes, encodes."""

    edits: int = 0
    decodes: int = 0
    encodes: int = 0


class Darkroom:
    """Develops frames. `counts` says how much work that was; a pose may be changed between asks."""

    def __init__(self) -> None:
        self.counts = Counts()
        self._poses: dict[str, Pose] = {}
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="darkroom")
        self._behind = ThreadPoolExecutor(1, thread_name_prefix="darkroom-behind")

    def close(self) -> None:
        """Begin no more pixel work; what is under way ends by itself, within seconds."""
        for thread in (self._thread, self._behind):
            thread.shutdown(wait=False, cancel_futures=True)

    def pose(self, source: str, pose: Pose) -> None:
        """Take note of what is done with each frame of a source: a camera that sits askew, or sees too wide."""
        self._poses[source] = pose

    async def develop(self, frame: Frame, limits: Limits | None) -> Frame:
        """Return the picture that is sent for a frame, the identical object where it is as it must be.

        It is a JPEG or PNG, upright, without metadata, and within the limits; without limits (None) in full size. Raise
        AskError for a frame that is broken, too large to be made smaller here, or of a shape that the model refuses.
        """
        return await self._developed(frame, limits, self._behind if frame.source == Origin.GATEWAY else self._thread)

    async def show(self, frame: Frame) -> Frame:
        """Return the picture that is shown for a frame: that of an ask without limits, after those of the wearer."""
        return await self._developed(frame, None, self._behind)

    async def _developed(self, frame: Frame, limits: Limits | None, thread: ThreadPoolExecutor) -> Frame:
        await loaded("glassd.frames.develop")
        from glassd.frames.develop import Work  # noqa: PLC0415  no press needs it before the daemon is ready

        work = Work(frame, limits, self._poses.get(frame.source, AS_IT_IS), self.counts)
        loop = asyncio.get_running_loop()
        if len(frame.data) > INLINE_LIMIT_BYTES:
            return await loop.run_in_executor(thread, work.whole)
        first = work.first()
        return first if isinstance(first, Frame) else await loop.run_in_executor(thread, work.second, first)
