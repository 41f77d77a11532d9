"""What the two drivers of a page's camera have in common: what is asked of it, its pictures as frames, its troubles."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Annotated, ClassVar, Final, Literal

from pydantic import Field

from glassd_drivers.contracts import DriverConfig, Frame, TransientFault
from glassd_drivers.pictures import JpegStream
from glassd_drivers.settable import SETTABLE
from glassd_drivers.units import PixelSize, Size
from glassd_drivers.web.messages import CameraWish, plain
from glassd_drivers.web.role import WebRole

if TYPE_CHECKING:
    from glassd_drivers.contracts import Context
    from glassd_drivers.web.device import WebDevice
    from glassd_drivers.web.messages import Camera, CameraState, Picture

_TROUBLES: Final[dict[CameraState, str]] = {
    "denied": "the page has no leave to use the camera: allow it in the browser's settings of this site",
    "none": "the browser has no such camera: choose another `facing`, or use glasses that have one",
    "insecure": "the browser gives its camera only to https and to localhost: use `api.tls`, or adb reverse",
    "busy": "another app has the camera of the page's device: close it",
    "failed": "the browser cannot open its camera",
}
"""What a person has to see to. None is a PermanentFault: it is seen to on the glasses, and the page says so at once."""
_WAITS: Final[dict[CameraState, str]] = {
    "prompt": "the page waits for leave to use the camera: allow it on the glasses",
    "hidden": "the page is not in front, and the browser gives it no pictures: bring it to the front",
    "granted": "the page gives no pictures: reload it",
}
"""What may change while somebody waits for it."""


class WebCameraConfig(DriverConfig):
    """What is asked of the page's camera."""

    size: Annotated[PixelSize, SETTABLE] = Size(1280, 720)
    """Width and height of the pictures: the nearest that the browser has."""
    facing: Annotated[Literal["environment", "user"], SETTABLE] = "environment"
    """Which way the camera looks: away from the wearer, or at them."""
    quality: Annotated[int, SETTABLE] = Field(80, ge=1, le=100)
    """The quality of its JPEG pictures."""


class CameraRole(WebRole):
    """A driver of the page's camera. It is the device's `Eye`."""

    mode: ClassVar[Literal["stream", "still"]]

    def __init__(self, config: WebCameraConfig, context: Context, fps: int) -> None:
        super().__init__(context)
        self._wish = CameraWish(self.mode, *config.size, fps, config.quality, config.facing)
        self._opened = False
        self._jpegs = JpegStream()

    async def take_part(self, device: WebDevice) -> None:
        """Have the page open its camera, and wait until it is ready."""
        device.look(self._wish, self)
        await self.ready()
        self._opened = True

    @abstractmethod
    async def ready(self) -> None:
        """Wait until the camera gives what it is asked for."""

    def missing(self) -> str:
        """Return what was waited for in vain, and what to do."""
        camera = None if self._device is None else self._device.camera
        return super().missing() if camera is None else _words(camera)

    def stands(self, camera: Camera) -> None:
        """Take note of how the browser's camera stands."""
        if self._opened and camera.state in _TROUBLES:
            self.end(TransientFault(_words(camera)))

    @abstractmethod
    def end(self, fault: Exception) -> None:
        """Take note that the camera is lost."""

    @abstractmethod
    def picture(self, picture: Picture, instant: float) -> None:
        """Take a picture, of the stream or of a still."""

    @abstractmethod
    def failed(self, number: int, reason: str) -> None:
        """Take note that the still of that number does not come."""

    def frame(self, picture: Picture, instant: float) -> Frame:
        """Return a picture as a frame; raise PictureError where it is no whole JPEG."""
        facts = self._jpegs.facts(picture.data)
        return Frame(picture.data, *facts, instant, self._context.name)

    async def close(self) -> None:
        """Have the page close its camera."""
        if self._device is not None:
            self._device.look_away()
        await super().close()


def _words(camera: Camera) -> str:
    words = {**_WAITS, **_TROUBLES}[camera.state]
    detail = plain(camera.detail)
    return f"{words} ({detail})" if detail else words
