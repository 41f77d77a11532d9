"""A bridge's camera as one that takes a still when it is asked for one; it sleeps in between.

The picture is of the moment after the press, by what the bridge needs from the request to the exposure. Its instant is
that of the exposure, by the bridge's clock, which the link maps to the board's.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, ClassVar, Final, Literal

from glassd_drivers.contracts import Frame, TransientFault
from glassd_drivers.link.camera_role import BridgeCameraConfig, CameraRole, Pictures
from glassd_drivers.link.events import CameraFeatures, CameraMode
from glassd_drivers.pictures import PictureError

if TYPE_CHECKING:
    from glassd_drivers.contracts import Context
    from glassd_drivers.link.events import Device

TAKE_LIMIT_S: Final = 10.0
"""How long a picture may take: 100 KB do at 115,200 baud."""


class BridgeCamera(CameraRole):
    """Camera of a serial bridge, which takes a picture when it is asked for one."""

    kind: ClassVar[Literal["still"]] = "still"
    needs = CameraFeatures.STILLS

    def __init__(self, config: BridgeCameraConfig, context: Context) -> None:
        super().__init__(config, context)
        self._delay = 0.0
        self._last: Frame | None = None

    def take_note(self, device: Device) -> None:
        """Take note of the camera, and how long it takes to the exposure."""
        super().take_note(device)
        assert device.camera is not None, "it was just looked at"
        self._delay = device.camera.delay

    async def take(self, instant: float) -> Frame:
        """Return a picture of now, or the last one where that is nearer to `instant`; raise TransientFault for none.

        Where no picture comes of it the bridge is there all the same. Cancelled, the camera is told to take none.
        """
        soonest = self._context.clock() + self._delay
        if self._last is not None and abs(self._last.instant - instant) <= abs(soonest - instant):
            return self._last
        where = self.bridge.where
        try:
            async with asyncio.timeout(TAKE_LIMIT_S):
                with Pictures(self.bridge, self.wish(CameraMode.STILL)) as pictures:
                    self._last = self.frame(await pictures.get())
        except TimeoutError:
            raise TransientFault(
                f"{where} gave no picture within {TAKE_LIMIT_S:g} s: choose a smaller `size`"
            ) from None
        except PictureError as error:
            raise TransientFault(f"{where} gave no whole picture ({error}): look at the bridge's camera") from error
        return self._last
