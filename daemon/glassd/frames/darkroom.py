"""The darkroom: a frame in, the picture that is sent out.

Most frames leave it as the camera made them, the very same bytes; some after an edit of their headers. Only what does
not fit is decoded and encoded again, once each. One thread does that for the wearer, and one for apps and for whoever
watches the live picture, who may want much: so the wearer waits behind none of them, and however many asks are under
way, the memory of two decodes is the most there is. What a decode will hold is known from the headers before it begins.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Final, TypeVar

from glassd.answer import AskError, Problem
from glassd.ask import Origin
from glassd.frames.pixels import Counts, Job, TooLargeError, decoded_bytes, printed
from glassd.frames.sizing import UnfitError, fitted
from glassd.frames.stored import read
from glassd.frames.turning import AS_IT_IS, NO_TURN, Pose
from glassd.messages.codes import Code
from glassd_drivers.contracts import Frame
from glassd_drivers.pictures import PictureError

if TYPE_CHECKING:
    from collections.abc import Callable

    from glassd.limits import Limits
    from glassd_drivers.units import Size

T = TypeVar("T")

PIXELS_LIMIT: Final = 64_000_000
"""The largest picture that is decoded: over any camera of glasses or phones, and a few seconds on a small board."""
DECODE_LIMIT_BYTES: Final = 128 * 1024 * 1024
"""The most that a decode may hold: a quarter of what the unit grants the daemon."""
INLINE_LIMIT_BYTES: Final = 256 * 1024
"""Headers of a frame up to here are read where it is asked for: a thread takes longer to start."""
FULL_SIZE_QUALITY: Final = 90
"""The JPEG quality of what is encoded for no model's limits."""


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
        work = _Work(frame, limits, self._poses.get(frame.source, AS_IT_IS), self.counts)
        loop = asyncio.get_running_loop()
        if len(frame.data) > INLINE_LIMIT_BYTES:
            return await loop.run_in_executor(thread, work.whole)
        first = work.first()
        return first if isinstance(first, Frame) else await loop.run_in_executor(thread, work.second, first)


class _Work:
    """One frame on its way, in two steps: what its headers decide, and where they do not suffice the pixels."""

    def __init__(self, frame: Frame, limits: Limits | None, pose: Pose, counts: Counts) -> None:
        self._frame = frame
        self._limits = limits
        self._pose = pose
        self._counts = counts

    def first(self) -> Frame | Job:
        """Return the frame that is sent, or what has to be done with its pixels."""
        return self._told(self._prepared)

    def second(self, job: Job) -> Frame:
        """Return the frame that is sent, after the pixel work."""
        return self._told(lambda: self._printed(job))

    def whole(self) -> Frame:
        """Return the frame that is sent, after both steps."""
        first = self.first()
        return first if isinstance(first, Frame) else self.second(first)

    def _told(self, step: Callable[[], T]) -> T:
        """Return what a step returns, its errors told as an ask's."""
        try:
            return step()
        except UnfitError as error:
            raise self._error(Code.PICTURE_SHAPE, error) from error
        except TooLargeError as error:
            raise self._error(Code.PICTURE_TOO_BIG, error) from error
        except PictureError as error:
            raise self._error(Code.PICTURE_BROKEN, error) from error

    def _error(self, code: Code, error: ValueError) -> AskError:
        return AskError(Problem(code, f"the picture of {self._frame.source}: {error}"))

    def _prepared(self) -> Frame | Job:
        limits = self._limits
        stored = read(self._frame)
        turn = self._pose.turn(stored.orientation)
        region = self._pose.region(stored.size, turn)
        upright = turn.size_of(region.size)
        target = upright if limits is None else fitted(upright, limits)
        cap = None if limits is None else limits.size
        if stored.kind != "raw" and turn == NO_TURN and target == stored.size and (stored.plain or limits is None):
            frame = stored.cleaned()
            if cap is None or len(frame.data) <= cap:
                self._counts.edits += frame.data is not self._frame.data
                return frame

        def smaller(pixels: int) -> Size:
            if limits is None:
                return upright
            fewer = pixels if limits.pixels is None else min(pixels, limits.pixels)
            return fitted(upright, replace(limits, pixels=fewer))

        quality = FULL_SIZE_QUALITY if limits is None else limits.quality
        job = Job(stored, region, turn, target, quality, cap, smaller)
        if stored.size.width * stored.size.height > PIXELS_LIMIT or decoded_bytes(job) > DECODE_LIMIT_BYTES:
            most = f"{PIXELS_LIMIT // 10**6} megapixels and {DECODE_LIMIT_BYTES // 2**20} MiB once decoded"
            raise TooLargeError(f"{stored.size} pixels are too many to be made smaller here, at most {most}")
        return job

    def _printed(self, job: Job) -> Frame:
        data, size = printed(job, self._counts)
        return Frame(data, "image/jpeg", *size, self._frame.instant, self._frame.source)
