"""A bridge's camera as one that streams, as fast as its line carries pictures: so the one of the press is there."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Annotated, ClassVar, Final, Literal

from pydantic import Field

from glassd_drivers.contracts import Frame, TransientFault
from glassd_drivers.link.camera_role import BridgeCameraConfig, CameraRole, NoPicture, Pictures
from glassd_drivers.link.events import CameraFeatures, CameraMode, Failure
from glassd_drivers.pictures import PictureError
from glassd_drivers.settable import SETTABLE

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from glassd_drivers.contracts import Context

SILENCE_LIMIT_S: Final = 10.0
"""How long no whole picture may come: 100 KB take that at 115,200 baud."""
_NO_USE: Final = frozenset({Failure.NO_CAMERA, Failure.NO_SUCH_SIZE, Failure.TOO_LARGE, Failure.NOT_UNDERSTOOD})
"""Failures that the next picture would share."""

_log = logging.getLogger(__name__)


class BridgeStreamConfig(BridgeCameraConfig):
    """Which bridge, what is asked of its camera, and how often."""

    fps: Annotated[int, SETTABLE] = Field(5, ge=1, le=60)
    """Frames a second at most; a line carries less where they are large."""


class BridgeStreamCamera(CameraRole):
    """Camera of a serial bridge, which streams."""

    kind: ClassVar[Literal["stream"]] = "stream"
    Config = BridgeStreamConfig
    needs = CameraFeatures.STREAM

    def __init__(self, config: BridgeStreamConfig, context: Context) -> None:
        super().__init__(config, context)
        self._interval = 1.0 / config.fps

    async def frames(self) -> AsyncGenerator[Frame]:
        """Yield each whole picture as it comes; raise DriverError when the bridge is lost, or gives none any more."""
        with Pictures(self.bridge, self.wish(CameraMode.STREAM, self._interval)) as pictures:
            while True:
                try:
                    async with asyncio.timeout(SILENCE_LIMIT_S):
                        frame = await self._next(pictures)
                except TimeoutError:
                    fault = f"{self.bridge.where} gave no whole picture for {SILENCE_LIMIT_S:g} s: look at its camera"
                    raise TransientFault(fault) from None
                yield frame

    async def _next(self, pictures: Pictures) -> Frame:
        while True:
            try:
                return self.frame(await pictures.get())
            except PictureError as error:
                _log.debug("%s: a picture was dropped: %s", self.bridge.where, error)
            except NoPicture as failure:
                if failure.reason in _NO_USE:
                    raise
                _log.debug("%s", failure)
