"""A USB camera (UVC) through Video4Linux: its JPEG frames, handed on as the bytes that came.

The event loop takes each frame when the kernel has it, one copy out of the buffer that both share: nothing is decoded
on this path, and no thread is woken. What may block (opening, agreeing on a format, closing) is done on a thread.
The kernel's stamp of a frame (CLOCK_MONOTONIC, its first bytes on the bus) is its instant, because the order of arrival
does not tell how old a frame is: after a pause the queued ones come first.
"""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from glassd_drivers.cameras.raw import RAW_TYPES, packed
from glassd_drivers.cameras.uvc_node import JPEG, Node
from glassd_drivers.contracts import (
    CONTRACT,
    Context,
    DriverConfig,
    DriverError,
    Frame,
    TransientFault,
)
from glassd_drivers.handoff import Handoff
from glassd_drivers.pictures import JpegStream, PictureError
from glassd_drivers.settable import SETTABLE
from glassd_drivers.threads import DeviceThread
from glassd_drivers.units import PixelSize, Size

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from glassd_drivers.cameras.v4l2_capture import Given, Taken

SILENCE_LIMIT_S = 1.0
"""A camera that gives nothing for so long is lost…"""
MISSED_FRAMES = 3
"""…but one that is slower than a frame a second only after so many of its frames did not come."""
FIRST_FRAME_LIMIT_S = 5.0
"""Seconds from opening to the first frame: cameras take up to this long to set their exposure."""
OLDEST_S = 10.0
"""A stamp older than this is none: the driver in the kernel uses another clock."""

_log = logging.getLogger(__name__)


class UvcConfig(DriverConfig):
    """Which camera, and what is asked of it; it gives the nearest that it has."""

    device: Path = Path("/dev/video0")
    """The camera's node, best under a name that stays: /dev/glassd/camera or one of /dev/v4l/by-id/."""
    usb: Annotated[str, Field(pattern="^[0-9a-f]{4}:[0-9a-f]{4}$")] | None = None
    """The USB id of the camera, whatever its node: 046d:0825, as lsusb lists it."""
    name: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    """A part of the camera's name, whatever its node: `HD Webcam`, as `glassd devices` lists it."""
    size: Annotated[PixelSize, SETTABLE] = Size(1280, 720)
    """Width and height of the frames."""
    fps: Annotated[int, SETTABLE] = Field(15, ge=1, le=240)
    """Frames a second."""
    format: Annotated[Literal["auto", "mjpeg", "raw"], SETTABLE] = "auto"
    """What the camera is to send: `mjpeg`, which is handed on as it comes; `raw`, which is encoded when it is picked;
    `auto` takes mjpeg where the camera has it."""
    controls: Annotated[dict[Annotated[str, Field(pattern="^[a-z0-9_]{1,32}$")], int | str], SETTABLE] = Field(
        default_factory=dict, max_length=32
    )
    """The camera's controls, by the names that `v4l2-ctl --list-ctrls` shows: `power_line_frequency: 50 Hz`. For
    `exposure`, `focus`, `gain` and `white_balance`, a number turns the camera's own automatic off, and `auto` on."""

    warm_up: Annotated[int, SETTABLE] = Field(3, ge=0, le=100)
    """How many frames are dropped after opening: while a camera sets its exposure, they are dark or green."""

    @model_validator(mode="after")
    def _is_one_camera(self) -> UvcConfig:
        if "device" in self.model_fields_set and (self.usb or self.name):
            raise ValueError("either device, or usb and name")
        return self


class UvcCamera:
    """A USB camera (UVC) through Video4Linux; its JPEG frames are handed on byte for byte."""

    contract: ClassVar[int] = CONTRACT
    kind: ClassVar[Literal["stream"]] = "stream"
    Config = UvcConfig

    def __init__(self, config: UvcConfig, context: Context) -> None:
        self._context = context
        self._node = Node(config)
        self._thread = DeviceThread(f"{context.name} uvc")
        self._given: Given | None = None
        self._pictures = JpegStream()
        self._frames: Handoff[Frame] = Handoff()
        self._last_frame = 0.0
        self._silence: asyncio.TimerHandle | None = None
        self._silence_limit = max(SILENCE_LIMIT_S, MISSED_FRAMES / config.fps)
        self._warm_up, self._fps = config.warm_up, config.fps

    async def open(self) -> None:
        """Take hold of the camera and wait for its first whole frame, the dropped ones not counted."""
        self._given = await self._thread.call(self._node.open)
        assert self._node.fd is not None, "the node is open"
        asyncio.get_running_loop().add_reader(self._node.fd, self._take)
        await self._drop(1, FIRST_FRAME_LIMIT_S)
        await self._drop(self._warm_up, max(SILENCE_LIMIT_S, MISSED_FRAMES * self._warm_up / self._fps))

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
        self._leave(self._fault(": closed while it was read"))
        await self._thread.close(self._node.close)

    async def _drop(self, count: int, limit_s: float) -> None:
        try:
            async with asyncio.timeout(limit_s):
                for _ in range(count):
                    await self._frames.get()
        except TimeoutError:
            what = f" gave no whole frame in {limit_s:g} s: unplug it and plug it in again"
            raise self._fault(what) from None

    def _take(self) -> None:
        """Take what the kernel has ready, newest wins."""
        assert self._node.capture is not None, "only an open camera is readable"
        try:
            while (taken := self._node.capture.take()) is not None:
                self._last_frame = now = self._context.clock()
                if (frame := self._frame(taken, now)) is not None:
                    self._frames.put(frame)
        except OSError as error:
            fault = self._fault(" was lost: plug the camera in again")
            fault.__cause__ = error
            self._leave(fault)

    def _frame(self, taken: Taken, now: float) -> Frame | None:
        """Return what was taken as a frame, None where it is no whole one."""
        assert self._given is not None, "only an open camera is readable"
        stamp = taken.stamp
        instant = stamp if stamp is not None and now - OLDEST_S < stamp <= now else now
        if self._given.fourcc in JPEG:
            try:
                facts = self._pictures.facts(taken.data)
            except PictureError as error:
                _log.debug("%s: a frame was dropped: %s", self._node.where, error)
                return None
            return Frame(taken.data, *facts, instant, self._context.name)
        media_type, size = RAW_TYPES[self._given.fourcc], self._given.size
        data = packed(taken.data, media_type, size, self._given.bytes_per_line)
        return None if data is None else Frame(data, media_type, *size, instant, self._context.name)

    def _watch(self, wait: float) -> None:
        self._silence = asyncio.get_running_loop().call_later(wait, self._still_sends)

    def _still_sends(self) -> None:
        silent = self._context.clock() - self._last_frame
        if silent < self._silence_limit:
            self._watch(self._silence_limit - silent)
        else:
            self._leave(self._fault(f": no frames for {silent:.0f} s: unplug it and plug it in again"))

    def _leave(self, fault: DriverError) -> None:
        """Take no more frames, and have whoever waits for one raise the fault."""
        if self._node.fd is not None:
            asyncio.get_running_loop().remove_reader(self._node.fd)
        self._frames.end(fault)

    def _fault(self, what: str) -> TransientFault:
        return TransientFault(f"{self._node.where}{what}")
