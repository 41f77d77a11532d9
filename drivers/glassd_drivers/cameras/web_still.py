"""The camera of browser glasses as one that takes a still when it is asked for one.

The page holds its camera open meanwhile, so that a still takes no longer than it takes to send; nothing is encoded or
sent between two. The picture is of the moment after the press.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, ClassVar, Final, Literal, NoReturn

from glassd_drivers.contracts import Frame, TransientFault
from glassd_drivers.handoff import Handoff
from glassd_drivers.pictures import PictureError
from glassd_drivers.web.camera_role import CameraRole, WebCameraConfig

if TYPE_CHECKING:
    from glassd_drivers.contracts import Context, DriverConfig
    from glassd_drivers.web.messages import Camera, Picture

TAKE_LIMIT_S: Final = 10.0
"""How long a still may take."""
NO_FPS: Final = 0
"""Pictures a second that are asked for besides."""


class WebStillCamera(CameraRole):
    """Camera of browser glasses, which takes a picture when it is asked for one: the page /glasses."""

    kind: ClassVar[Literal["still"]] = "still"
    mode: ClassVar[Literal["stream", "still"]] = "still"
    Config: ClassVar[type[DriverConfig]] = WebCameraConfig

    def __init__(self, config: WebCameraConfig, context: Context) -> None:
        super().__init__(config, context, NO_FPS)
        self._granted: Handoff[None] = Handoff()
        self._came: Handoff[tuple[int | None, Frame | str]] = Handoff()
        """Stills by their numbers, or why one did not come."""
        self._lost: Handoff[None] = Handoff()
        self._last: Frame | None = None

    async def ready(self) -> None:
        """Wait until the page may use its camera."""
        await self._granted.get()

    def stands(self, camera: Camera) -> None:
        """Take note of how the browser's camera stands."""
        if camera.state == "granted":
            self._granted.put(None)
        super().stands(camera)

    def picture(self, picture: Picture, instant: float) -> None:
        """Take the still that was asked for."""
        try:
            self._came.put((picture.take, self.frame(picture, instant)))
        except PictureError as error:
            self._came.put((picture.take, f"no whole picture ({error})"))

    def failed(self, number: int, reason: str) -> None:
        """Take note of why a still does not come."""
        self._came.put((number, f"no picture ({reason or 'it does not say why'})"))

    def end(self, fault: Exception) -> None:
        """Have whoever waits for a still, or for nothing, hear that there are no more."""
        for waiting in (self._granted, self._came, self._lost):
            waiting.end(fault)

    async def watch(self) -> NoReturn:
        """Wait until the page or its camera is lost, then raise DriverError."""
        while True:
            await self._lost.get()

    async def take(self, instant: float) -> Frame:
        """Return a picture of now, or the last one where that is nearer to `instant`; raise TransientFault for none.

        Where no picture comes of it the page is there all the same.
        """
        last, now = self._last, self._context.clock()
        if last is not None and abs(last.instant - instant) <= abs(now - instant):
            return last
        device = self.device
        try:
            async with asyncio.timeout(TAKE_LIMIT_S):
                still = await self._still(device.take())
        except TimeoutError:
            raise TransientFault(f"the page gave no picture within {TAKE_LIMIT_S:g} s: {self.missing()}") from None
        finally:
            device.take_none()
        if isinstance(still, str):
            raise TransientFault(f"the page gave {still}: look at it")
        self._last = still
        return still

    async def _still(self, wanted: int) -> Frame | str:
        while True:
            number, still = await self._came.get()
            if number == wanted:
                return still
