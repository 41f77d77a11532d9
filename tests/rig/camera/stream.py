"""How pictures become UVC payloads at the camera's rate. Pure: the time is handed in, nothing is sent.

A payload is a header and a part of a picture (UVC 1.1, 2.4.3.3); here each fills one bulk transfer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from rig.camera.formats import INTERVALS_PER_S
from rig.camera.negotiation import PAYLOAD_BYTES

if TYPE_CHECKING:
    from rig.camera.negotiation import Setting
    from rig.camera.pictures import Album, Picture

_HEADER_BYTES = 2  # bHeaderLength and bmHeaderInfo, no clocks
_PART_BYTES = PAYLOAD_BYTES - _HEADER_BYTES
_FRAME_ID, _END_OF_FRAME, _END_OF_HEADER = 0x01, 0x02, 0x80  # bmHeaderInfo


@dataclass(slots=True)
class Behaviour:
    """What a test tells a camera to do besides working."""

    frozen: bool = False
    """No picture is begun."""
    stalled: bool = False
    """The endpoint of the pictures stalls."""
    rate: float | None = None
    """Pictures a second; None for the one that was agreed on."""


class Payload(NamedTuple):
    """A payload with its header, the picture that it is of, and whether it is that one's first or last."""

    data: bytes
    picture: Picture
    first: bool
    last: bool


class PictureStream:
    """Cuts the pictures of an album into payloads, one picture each interval."""

    def __init__(self, album: Album, behaviour: Behaviour) -> None:
        self._album = album
        self._behaviour = behaviour
        self._setting: Setting | None = None
        self._picture: Picture | None = None
        self._offset = 0
        self._frame_id = 0
        self._slot = 0.0  # when the last picture was due

    @property
    def running(self) -> bool:
        """Whether the host wants pictures."""
        return self._setting is not None

    @property
    def in_picture(self) -> bool:
        """Whether a picture is begun and not at its end."""
        return self._picture is not None

    def start(self, setting: Setting, now: float) -> None:
        """Send pictures from now on."""
        self._setting = setting
        self._picture = None
        self._slot = now - self._interval(setting)

    def stop(self) -> None:
        """Send no more, and forget the picture that is on its way."""
        self._setting = self._picture = None

    def wait(self, now: float) -> float | None:
        """Return in how many seconds there is a payload, 0 where there is one; None: not before something changes."""
        if self._setting is None:
            return None
        if self._picture is not None:
            return 0.0
        return None if self._behaviour.frozen else max(0.0, self._slot + self._interval(self._setting) - now)

    def take(self, now: float) -> Payload | None:
        """Return the next payload, None where it is not time for one."""
        if self._setting is None or self.wait(now) != 0:
            return None
        if self._picture is None:
            self._begin(self._setting, now)
        assert self._picture is not None
        picture, start = self._picture, self._offset
        self._offset += _PART_BYTES
        last = self._offset >= len(picture.data)
        header = bytes([_HEADER_BYTES, _END_OF_HEADER | self._frame_id | (_END_OF_FRAME if last else 0)])
        if last:
            self._picture = None
        return Payload(header + picture.data[start : self._offset], picture, start == 0, last)

    def _begin(self, setting: Setting, now: float) -> None:
        self._picture = self._album.next(setting.mode.encoding, setting.mode.size)
        self._offset = 0
        self._frame_id ^= _FRAME_ID  # toggles with each picture
        # A little lateness is made up. What a host missed by more than a picture it never gets, as from a sensor.
        interval = self._interval(setting)
        due = self._slot + interval
        self._slot = due if now - due < interval else now

    def _interval(self, setting: Setting) -> float:
        """Return the seconds between two pictures."""
        rate = self._behaviour.rate
        return 1 / rate if rate else setting.interval / INTERVALS_PER_S
