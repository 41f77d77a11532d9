"""How the host and the camera agree on a format, a size and a rate: the probe and commit controls (UVC 1.1, 4.3.1.1).

The host tries with the probe control, the camera answers with the nearest that it has; the commit control makes it
so, and with a bulk endpoint the pictures may come from then on.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

from rig.camera.controls import INFO_GET_AND_SET, Request

if TYPE_CHECKING:
    from rig.camera.formats import Format, Mode

PROBE_CONTROL, COMMIT_CONTROL = 0x01, 0x02
"""VS_PROBE_CONTROL and VS_COMMIT_CONTROL (UVC 1.1, A.9.7)."""

PAYLOAD_BYTES = 16_384
"""dwMaxPayloadTransferSize: one transfer of Linux's uvcvideo, 32 packets of 512 bytes, so each carries one payload."""

_LAYOUT = struct.Struct(
    "<"
    "H"  # bmHint
    "B"  # bFormatIndex
    "B"  # bFrameIndex
    "I"  # dwFrameInterval
    "HHHHH"  # wKeyFrameRate, wPFrameRate, wCompQuality, wCompWindowSize, wDelay
    "I"  # dwMaxVideoFrameSize
    "I"  # dwMaxPayloadTransferSize
    "I"  # dwClockFrequency
    "BBBB"  # bmFramingInfo, bPreferedVersion, bMinVersion, bMaxVersion
)
_ASKED = struct.Struct("<HBBI")  # the part of it that the host decides
_HINT_INTERVAL = 0x0001  # bmHint: dwFrameInterval is to be kept


class Setting(NamedTuple):
    """A mode and the time between two of its pictures, in units of 100 ns."""

    format_index: int
    mode_index: int
    mode: Mode
    interval: int


class Negotiation:
    """The state of the two controls."""

    def __init__(self, formats: tuple[Format, ...]) -> None:
        self._formats = formats
        default = self._nearest(1, 1, 0)
        self._settings = {PROBE_CONTROL: default, COMMIT_CONTROL: default}

    @property
    def committed(self) -> Setting:
        """The setting that pictures are sent in."""
        return self._settings[COMMIT_CONTROL]

    def answer(self, request: int, selector: int, data: bytes) -> bytes | None:
        """Return what a request is answered with, b"" where that is no data; None means a stall."""
        setting = self._settings.get(selector)
        if setting is None:
            return None
        if request == Request.SET_CUR and len(data) >= _ASKED.size:
            _, *asked = _ASKED.unpack_from(data)
            self._settings[selector] = self._nearest(*asked)
            return b""
        answers: dict[int, bytes] = {
            Request.GET_CUR: _packed(setting),
            Request.GET_MIN: _packed(setting._replace(interval=setting.mode.intervals[0])),
            Request.GET_MAX: _packed(setting._replace(interval=setting.mode.intervals[-1])),
            Request.GET_DEF: _packed(self._nearest(1, 1, 0)),
            Request.GET_LEN: struct.pack("<H", _LAYOUT.size),
            Request.GET_INFO: INFO_GET_AND_SET,
        }
        return answers.get(request)

    def _nearest(self, format_index: int, mode_index: int, interval: int) -> Setting:
        format_index = max(1, min(format_index, len(self._formats)))
        modes = self._formats[format_index - 1].modes
        mode_index = max(1, min(mode_index, len(modes)))
        mode = modes[mode_index - 1]
        return Setting(format_index, mode_index, mode, min(mode.intervals, key=lambda has: abs(has - interval)))


def _packed(setting: Setting) -> bytes:
    chosen = (_HINT_INTERVAL, setting.format_index, setting.mode_index, setting.interval)
    return _LAYOUT.pack(*chosen, 0, 0, 0, 0, 0, setting.mode.bytes_limit, PAYLOAD_BYTES, 0, 0, 0, 0, 0)
