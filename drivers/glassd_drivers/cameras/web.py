"""The camera of browser glasses as one that streams: the page sends pictures all the time, so that of a press is there.

The browser's own sign says that the camera looks for as long as this is open.
"""

from __future__ import annotations

import asyncio
import logging
import math
from typing import TYPE_CHECKING, Annotated, ClassVar, Final, Literal

from pydantic import Field

from glassd_drivers.contracts import TransientFault
from glassd_drivers.handoff import Handoff
from glassd_drivers.pictures import PictureError
from glassd_drivers.settable import SETTABLE
from glassd_drivers.web.camera_role import CameraRole, WebCameraConfig
from glassd_drivers.web.rate import Rate

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from glassd_drivers.contracts import Context, DriverConfig, Frame
    from glassd_drivers.web.messages import Picture

SILENCE_LIMIT_S: Final = 10.0
"""How long no picture may come."""
BURST: Final = 16
"""How many pictures may come at once, as after a moment in which the network stood still."""

_log = logging.getLogger(__name__)


class WebStreamConfig(WebCameraConfig):
    """What is asked of the page's camera."""

    fps: Annotated[int, SETTABLE] = Field(10, ge=1, le=30)
    """Pictures a second at most; a slow network carries fewer."""


class WebCamera(CameraRole):
    """Camera of browser glasses, which streams: the page /glasses."""

    kind: ClassVar[Literal["stream"]] = "stream"
    mode: ClassVar[Literal["stream", "still"]] = "stream"
    Config: ClassVar[type[DriverConfig]] = WebStreamConfig

    def __init__(self, config: WebStreamConfig, context: Context) -> None:
        super().__init__(config, context, config.fps)
        self._frames: Handoff[Frame] = Handoff()
        self._first: Frame | None = None
        self._last = -math.inf
        self._rate = Rate(BURST, 2.0 * config.fps, context.clock())

    async def ready(self) -> None:
        """Wait for the first picture."""
        self._first = await self._frames.get()

    def picture(self, picture: Picture, instant: float) -> None:
        """Take a picture that is newer than the last one; drop what is no picture, and what comes too fast unread."""
        if not self._rate.allows(self._context.clock()) or instant <= self._last:
            return
        try:
            frame = self.frame(picture, instant)
        except PictureError as error:
            _log.debug("%s: a picture was dropped: %s", self._context.name, error)
            return
        self._last = instant
        self._frames.put(frame)

    def failed(self, number: int, reason: str) -> None:
        """Nothing: no stills are asked for."""

    def end(self, fault: Exception) -> None:
        """Have whoever waits for a picture hear that there are no more."""
        self._frames.end(fault)

    async def frames(self) -> AsyncGenerator[Frame]:
        """Yield each whole picture as it comes; raise DriverError when the page is lost, or gives none any more."""
        first, self._first = self._first, None
        if first is not None:
            yield first
        while True:
            try:
                async with asyncio.timeout(SILENCE_LIMIT_S):
                    frame = await self._frames.get()
            except TimeoutError:
                raise TransientFault(f"no picture came for {SILENCE_LIMIT_S:g} s: {self.missing()}") from None
            yield frame
