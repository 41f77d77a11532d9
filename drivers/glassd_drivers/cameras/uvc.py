"""A USB camera (UVC) through Video4Linux: its MJPEG frames, handed on as the bytes that came.

The event loop takes each frame when the kernel has it, one copy out of the buffer that both share: nothing is decoded
on this path, and no thread is woken. What may block (opening, agreeing on a format, closing) is done on a thread.
The kernel's stamp of a frame (CLOCK_MONOTONIC, its first bytes on the bus) is its instant, because the order of arrival
does not tell how old a frame is: after a pause the queued ones come first.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from glassd_drivers.cameras import v4l2
from glassd_drivers.cameras.v4l2_capture import Capture, NoFormat, Taken, negotiate
from glassd_drivers.contracts import (
    CONTRACT,
    Context,
    DriverConfig,
    DriverError,
    Frame,
    PermanentFault,
    TransientFault,
)
from glassd_drivers.newest import Newest
from glassd_drivers.pictures import JpegStream, PictureError
from glassd_drivers.threads import DeviceThread
from glassd_drivers.units import PixelSize, Size

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

SILENCE_LIMIT_S = 1.0
"""A camera that gives nothing for so long is lost…"""
MISSED_FRAMES = 3
"""…but one that is slower than a frame a second only after so many of its frames did not come."""
FIRST_FRAME_LIMIT_S = 5.0
"""Seconds from opening to the first frame: cameras take up to this long to set their exposure."""
OLDEST_S = 10.0
"""A stamp older than this is none: the driver in the kernel uses another clock."""

_JPEG = ("MJPG", "JPEG")

_log = logging.getLogger(__name__)


class UvcConfig(DriverConfig):
    """Which camera, and what is asked of it; it gives the nearest that it has."""

    device: Path = Path("/dev/video0")
    """The camera's node, best under a name that stays: /dev/glassd/camera or one of /dev/v4l/by-id/."""
    size: PixelSize = Size(1280, 720)
    """Width and height of the frames."""
    fps: int = Field(15, ge=1, le=240)
    """Frames a second."""
    format: Literal["mjpeg"] = "mjpeg"
    """What the camera sends. From one that has no MJPEG, frames are encoded here."""


class UvcCamera:
    """A USB camera (UVC) through Video4Linux; its MJPEG frames are handed on byte for byte."""

    contract: ClassVar[int] = CONTRACT
    kind: ClassVar[Literal["stream"]] = "stream"
    Config = UvcConfig

    def __init__(self, config: UvcConfig, context: Context) -> None:
        self._config = config
        self._context = context
        self._where = str(config.device)
        self._thread = DeviceThread(f"{context.name} uvc")
        self._fd: int | None = None
        self._capture: Capture | None = None
        self._pictures = JpegStream()
        self._frames: Newest[Frame] = Newest()
        self._last_frame = 0.0
        self._silence: asyncio.TimerHandle | None = None
        self._silence_limit = max(SILENCE_LIMIT_S, MISSED_FRAMES / config.fps)

    async def open(self) -> None:
        """Take hold of the camera and wait for its first whole frame."""
        fd = await self._thread.call(self._open_device)
        asyncio.get_running_loop().add_reader(fd, self._take)
        try:
            async with asyncio.timeout(FIRST_FRAME_LIMIT_S):
                await self._frames.get()
        except TimeoutError:
            raise TransientFault(
                f"{self._where} gave no whole frame in {FIRST_FRAME_LIMIT_S:g} s: unplug it and plug it in again"
            ) from None

    async def frames(self) -> AsyncGenerator[Frame]:
        """Yield each frame as it comes; a slow reader misses the older ones."""
        self._last_frame = self._context.clock()
        self._watch(self._silence_limit)
        while True:
            yield await self._frames.get()

    async def close(self) -> None:
        """Let go of the camera."""
        if self._silence is not None:
            self._silence.cancel()
        self._leave(TransientFault(f"{self._where}: closed while it was read"))
        await self._thread.close(self._release)

    # In the event loop.

    def _take(self) -> None:
        """Take what the kernel has ready, newest wins."""
        assert self._capture is not None, "only an open camera is readable"
        try:
            while (taken := self._capture.take()) is not None:
                self._last_frame = now = self._context.clock()
                if (frame := self._frame(taken, now)) is not None:
                    self._frames.put(frame)
        except OSError as error:
            fault = TransientFault(f"{self._where} was lost: plug the camera in again")
            fault.__cause__ = error
            self._leave(fault)

    def _frame(self, taken: Taken, now: float) -> Frame | None:
        try:
            facts = self._pictures.facts(taken.data)
        except PictureError as error:
            _log.debug("%s: a frame was dropped: %s", self._where, error)
            return None
        stamp = taken.stamp
        instant = stamp if stamp is not None and now - OLDEST_S < stamp <= now else now
        return Frame(taken.data, *facts, instant, self._context.name)

    def _watch(self, wait: float) -> None:
        self._silence = asyncio.get_running_loop().call_later(wait, self._still_sends)

    def _still_sends(self) -> None:
        silent = self._context.clock() - self._last_frame
        if silent < self._silence_limit:
            self._watch(self._silence_limit - silent)
        else:
            self._leave(TransientFault(f"{self._where}: no frames for {silent:.0f} s: unplug it and plug it in again"))

    def _leave(self, fault: DriverError) -> None:
        if self._fd is not None:
            asyncio.get_running_loop().remove_reader(self._fd)
        self._frames.fail(fault)

    # On the driver's thread.

    def _open_device(self) -> int:
        self._fd = fd = self._open_node()
        facts = self._facts(fd)
        try:
            given = negotiate(fd, facts, _JPEG, self._config.size, self._config.fps)
            self._capture = Capture(fd)
            self._capture.start()
        except NoFormat as error:
            raise PermanentFault(f"{self._where}: {facts.name} {error.strerror}") from error
        except OSError as error:
            raise self._start_fault(error) from error
        _log.info("%s: %s opened: %s of the %s asked for", self._where, facts.name, given.size, self._config.size)
        return fd

    def _open_node(self) -> int:
        try:
            return os.open(self._config.device, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        except PermissionError as error:
            raise PermanentFault(
                f"{self._where}: no permission; the user that runs glassd needs the group `video`"
            ) from error
        except OSError as error:
            if isinstance(error, FileNotFoundError) or error.errno in (errno.ENODEV, errno.ENXIO):
                message = "is not there: plug the camera in; `glassd devices` lists cameras"
            else:
                message = f"cannot be opened: {error.strerror}"
            raise TransientFault(f"{self._where} {message}") from error

    def _facts(self, fd: int) -> v4l2.NodeFacts:
        try:
            facts = v4l2.node_facts(fd)
        except OSError as error:
            if error.errno == errno.ENODEV:
                raise TransientFault(f"{self._where} is just gone: plug the camera in again") from error
            raise PermanentFault(f"{self._where} is no camera; `glassd devices` lists cameras") from error
        if not facts.captures:
            raise PermanentFault(
                f"{self._where} is a node of {facts.name} that gives no pictures; `glassd devices` lists cameras"
            )
        return facts

    def _start_fault(self, error: OSError) -> DriverError:
        if error.errno == errno.EBUSY:
            return TransientFault(f"{self._where} is busy: end the program that uses it")
        return TransientFault(f"{self._where} was lost while it was opened: {error.strerror}")

    def _release(self) -> None:
        capture, self._capture = self._capture, None
        fd, self._fd = self._fd, None
        if capture is not None:
            capture.stop()
        if fd is not None:
            os.close(fd)
