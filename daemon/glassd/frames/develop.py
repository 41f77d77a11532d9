"""One frame on its way through the darkroom: what its headers decide, and where they do not suffice the pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

from msgspec.structs import replace

from glassd.answer import AskError, Problem
from glassd.frames.pixels import Job, TooLargeError, decoded_bytes, printed
from glassd.frames.sizing import UnfitError, fitted
from glassd.frames.stored import read
from glassd.frames.turning import NO_TURN, Pose
from glassd.messages.codes import Code
from glassd_drivers.contracts import Frame
from glassd_drivers.pictures import PictureError

if TYPE_CHECKING:
    from collections.abc import Callable

    from glassd.frames.darkroom import Counts
    from glassd.limits import Limits
    from glassd_drivers.units import Size

T = TypeVar("T")

PIXELS_LIMIT: Final = 64_000_000
"""The largest picture that is decoded: over any camera of glasses or phones, and a few seconds on a small board."""
DECODE_LIMIT_BYTES: Final = 128 * 1024 * 1024
"""The most that a decode may hold: a quarter of what the unit grants the daemon."""
FULL_SIZE_QUALITY: Final = 90
"""The JPEG quality of what is encoded for no model's limits."""


class Work:
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
