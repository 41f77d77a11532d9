"""A USB camera (UVC) through OpenCV's V4L2 backend: its MJPEG frames, handed on as the bytes that came.

FOURCC MJPG with CONVERT_RGB=0 makes OpenCV give the camera's JPEG as it is: nothing is decoded on this path. The
kernel's stamp of a frame (CLOCK_MONOTONIC, its first bytes on the bus) is its instant, because the order of arrival
does not tell how old a frame is: after a pause the queued ones come first.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from glassd_drivers.cameras import v4l2
from glassd_drivers.contracts import (
    CONTRACT,
    Context,
    DriverConfig,
    Frame,
    PermanentFault,
    TransientFault,
)
from glassd_drivers.pictures import PictureError, media_type_and_size
from glassd_drivers.threads import DeviceThread
from glassd_drivers.units import PixelSize, Size

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

READ_LIMIT_S = 1
"""Whole seconds that OpenCV's read waits for a frame."""
FIRST_FRAME_LIMIT_S = 5.0
"""Seconds from opening to the first frame: cameras take up to this long to set their exposure."""
MISSED_FRAMES = 3
"""A camera slower than one frame a second is lost after so many of its frames did not come."""
OLDEST_S = 10.0
"""A stamp older than this is none: the driver in the kernel uses another clock."""
ENCODE_QUALITY = 90
"""JPEG quality for cameras that give no JPEG of their own."""

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
        self._capture: Any = None  # cv2.VideoCapture, whose type is only there once cv2 is
        self._encoded_by_camera = True
        self._last_frame = 0.0
        self._silence_limit = max(READ_LIMIT_S, MISSED_FRAMES / config.fps)

    async def open(self) -> None:
        """Take hold of the camera and wait for its first whole frame."""
        await self._thread.call(self._open_device)
        opened = self._context.clock()
        while await self._thread.call(self._read) is None:
            if self._context.clock() - opened > FIRST_FRAME_LIMIT_S:
                raise TransientFault(
                    f"{self._where} gave no whole frame in {FIRST_FRAME_LIMIT_S:g} s: unplug it and plug it in again"
                )

    async def frames(self) -> AsyncGenerator[Frame]:
        """Yield each frame as it comes; a slow reader misses the older ones."""
        self._last_frame = self._context.clock()
        async with contextlib.aclosing(self._thread.stream(self._next_frame)) as stream:
            async for frame in stream:
                yield frame

    async def close(self) -> None:
        """Let go of the camera, late where a read is stuck."""
        await self._thread.close(self._release)

    # On the driver's thread from here on.

    def _open_device(self) -> None:
        name = self._examine_node()
        # Read by OpenCV once, at its first wait for a frame: a frozen camera holds a read for that long.
        os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", str(READ_LIMIT_S))
        import cv2  # noqa: PLC0415 - the device library is imported late, on the driver's thread

        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)  # what it warns of is raised here
        self._capture = capture = cv2.VideoCapture(str(self._config.device), cv2.CAP_V4L2)
        if not capture.isOpened():
            raise TransientFault(
                f"{self._where} is busy or just gone: end the program that uses it, or plug it in again"
            )
        size = self._config.size
        capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, size.width)
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, size.height)
        capture.set(cv2.CAP_PROP_FPS, self._config.fps)
        # Where a format is not to be had OpenCV takes another one and calls that a success.
        self._encoded_by_camera = int(capture.get(cv2.CAP_PROP_FOURCC)) == cv2.VideoWriter.fourcc(*"MJPG")
        capture.set(cv2.CAP_PROP_CONVERT_RGB, 0 if self._encoded_by_camera else 1)
        given = Size(int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)), int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT)))
        encoding = "MJPEG" if self._encoded_by_camera else "no MJPEG, frames are encoded here"
        _log.info("%s: %s opened: %s of the %s asked for, %s", self._where, name, given, size, encoding)
        self._last_frame = self._context.clock()

    def _examine_node(self) -> str:
        """Return the camera's name; say what is wrong where OpenCV would only fail to open it."""
        try:
            fd = os.open(self._config.device, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
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
        try:
            facts = v4l2.node_facts(fd)
        except OSError as error:
            if error.errno == errno.ENODEV:
                raise TransientFault(f"{self._where} is just gone: plug the camera in again") from error
            raise PermanentFault(f"{self._where} is no camera; `glassd devices` lists cameras") from error
        finally:
            os.close(fd)
        if not facts.captures:
            raise PermanentFault(
                f"{self._where} is a node of {facts.name} that gives no pictures; `glassd devices` lists cameras"
            )
        return facts.name

    def _next_frame(self) -> Frame | None:
        """Return the next frame, or None where none came yet; raise TransientFault once the camera is lost."""
        frame = self._read()
        now = self._context.clock()
        if frame is not None:
            self._last_frame = now
        elif now - self._last_frame >= self._silence_limit:
            raise TransientFault(
                f"{self._where}: no frames for {now - self._last_frame:.0f} s: unplug it and plug it in again"
            )
        return frame

    def _read(self) -> Frame | None:
        """Return one frame; None where none came within READ_LIMIT_S, or a broken one."""
        began = self._context.clock()
        got, picture = self._capture.read()
        now = self._context.clock()
        if not got:
            if now - began < READ_LIMIT_S / 2:  # it was no time-out
                raise TransientFault(f"{self._where} was lost: plug the camera in again")
            return None
        data = picture.tobytes() if self._encoded_by_camera else self._encode(picture)
        try:
            facts = media_type_and_size(data)
        except PictureError as error:
            _log.debug("%s: a frame was dropped: %s", self._where, error)
            return None
        return Frame(data, *facts, self._instant(now), self._context.name)

    def _instant(self, now: float) -> float:
        import cv2  # noqa: PLC0415 - loaded by now

        stamp = float(self._capture.get(cv2.CAP_PROP_POS_MSEC)) / 1000
        return stamp if now - OLDEST_S < stamp <= now else now

    def _encode(self, picture: Any) -> bytes:
        import cv2  # noqa: PLC0415 - loaded by now

        _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, ENCODE_QUALITY])
        return bytes(data)

    def _release(self) -> None:
        capture, self._capture = self._capture, None
        if capture is not None:
            capture.release()
