"""What the bridge's camera is asked for, and the pictures that come of it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final, Self

from pydantic import Field

from glassd_drivers.contracts import DriverConfig, Frame, PermanentFault, TransientFault
from glassd_drivers.handoff import Handoff
from glassd_drivers.link.config import BridgeConfig
from glassd_drivers.link.events import CameraFeatures, CameraMode, Failure, PictureCame, PictureFailed
from glassd_drivers.link.role import BridgeRole
from glassd_drivers.pictures import PictureError, media_type_and_size
from glassd_drivers.units import PixelSize, Size

if TYPE_CHECKING:
    from glassd_drivers.contracts import Context
    from glassd_drivers.link.bridge import Bridge
    from glassd_drivers.link.events import CameraFacts, Device

PICTURES_LIMIT: Final = 2
"""How many pictures wait for the driver; the oldest makes room for the newest."""
_WORDS: Final = {
    Failure.NO_CAMERA: "it says that it has no camera: look at the camera's cable",
    Failure.NO_MEMORY: "it has no memory for such a picture: choose a smaller `size` or a lower `quality`",
    Failure.NO_SUCH_SIZE: "it does not take pictures of that size: choose another `size`",
    Failure.CAMERA_FAILED: "its camera failed; switch the bridge off and on if it does so again",
    Failure.TOO_LARGE: "it was larger than what is taken: choose a smaller `size` or a lower `quality`",
    Failure.NOT_UNDERSTOOD: "it is in a format that is not known: update the bridge's firmware, or glassd",
    Failure.SILENT: "it did not come whole within its time: look at the line",
    Failure.WRONG_CHECK: "it did not come as it was sent: look at the line",
    Failure.LOST: "it was lost on its way: look at the line",
}


class BridgeCameraConfig(BridgeConfig):
    """Which bridge, and what is asked of its camera."""

    size: PixelSize | None = None
    """Width and height of the pictures: the nearest that the bridge has; without, its own choice."""
    quality: int = Field(0, ge=0, le=100)
    """The quality of its JPEG pictures, 1 to 100; 0 leaves it to the bridge."""


class NoPicture(TransientFault):
    """A picture that was asked for does not come, though the bridge is there. `reason` is why."""

    def __init__(self, where: str, reason: Failure) -> None:
        super().__init__(f"{where} gave no picture: {_WORDS.get(reason, 'it does not say why')}")
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Wish:
    """What the camera is asked for: a size of (0, 0) and a quality of 0 are its own choice; `interval` is seconds."""

    mode: CameraMode
    size: tuple[int, int] = (0, 0)
    quality: int = 0
    interval: float = 0.0


class Pictures:
    """The pictures of one wish, which the camera has for as long as this is entered."""

    def __init__(self, bridge: Bridge, wish: Wish) -> None:
        self._bridge = bridge
        self._wish = wish
        self._request = -1
        self._came: Handoff[PictureCame | PictureFailed] = Handoff(PICTURES_LIMIT)
        self._wanted = True

    def __enter__(self) -> Self:
        """Ask for them; raise the fault of a bridge that is lost."""
        self._request = self._bridge.ask_camera(self._wish, self)
        return self

    def __exit__(self, *_: object) -> None:
        """Have the camera take no more; a still that has come is over by itself."""
        if self._wanted and self._bridge.fault is None:
            self._bridge.ask_camera(Wish(CameraMode.OFF), None)

    async def get(self) -> PictureCame:
        """Return the next picture; raise NoPicture where it does not come, and the fault of a bridge that is lost."""
        came = await self._came.get()
        if isinstance(came, PictureFailed):
            raise NoPicture(self._bridge.where, came.reason)
        return came

    def put(self, came: PictureCame | PictureFailed) -> None:
        """Take what came of a request: of this one, or of one before it."""
        if came.request == self._request:
            self._wanted = self._wish.mode is CameraMode.STREAM
            self._came.put(came)

    def end(self, fault: Exception) -> None:
        """Have whoever waits for a picture hear that the bridge is lost."""
        self._came.end(fault)


class CameraRole(BridgeRole):
    """What the drivers of a bridge's camera have in common: whether it can do what they need, and in which size."""

    Config: ClassVar[type[DriverConfig]] = BridgeCameraConfig
    needs: ClassVar[CameraFeatures]

    def __init__(self, config: BridgeCameraConfig, context: Context) -> None:
        super().__init__(config, context)
        self._wanted = config.size
        self._quality = config.quality
        self._size = (0, 0)

    def take_note(self, device: Device) -> None:
        """Choose the size; raise PermanentFault where the bridge has no such camera."""
        camera = device.camera
        if camera is None or not camera.features:
            raise PermanentFault(f"{self.bridge.where}: this bridge has no camera: take it out of `camera:`")
        if self.needs not in camera.features:
            other = "bridge_stream" if self.needs is CameraFeatures.STILLS else "bridge"
            raise PermanentFault(f"{self.bridge.where}: the bridge's camera cannot do that: write `driver: {other}`")
        self._size = self._nearest(camera)

    def wish(self, mode: CameraMode, interval: float = 0.0) -> Wish:
        """Return what the config asks of the camera."""
        return Wish(mode, self._size, self._quality, interval)

    def frame(self, came: PictureCame) -> Frame:
        """Return a picture as a frame; raise PictureError where it is not what it was said to be."""
        facts = media_type_and_size(came.data)
        if facts.media_type != "image/jpeg":
            raise PictureError("not a JPEG picture")
        if (facts.width, facts.height) != (came.width, came.height):
            raise PictureError(f"said to be {came.width}x{came.height}, and is {facts.width}x{facts.height}")
        return Frame(came.data, *facts, min(came.instant, self._context.clock()), self._context.name)

    def _nearest(self, camera: CameraFacts) -> tuple[int, int]:
        """Return the size that is nearest to the one of the config, by its number of pixels."""
        wanted = self._wanted
        if wanted is None or wanted in camera.sizes:
            return wanted or (0, 0)
        pixels = wanted.width * wanted.height
        near = min(camera.sizes, key=lambda size: abs(size[0] * size[1] - pixels), default=(0, 0))
        given = str(Size(*near)) if any(near) else "its own size"
        self.bridge.tell_once(logging.INFO, f"no pictures of {wanted} there; it gives those of {given}")
        return near
