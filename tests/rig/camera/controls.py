"""The camera's controls and how they answer requests: UVC 1.1, 4.2.2 with the selectors of A.9.

A control here keeps what it is set to, within its bounds, and changes nothing in the pictures.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum


class Request(IntEnum):
    """Class-specific request codes (UVC 1.1, A.8)."""

    SET_CUR = 0x01
    GET_CUR = 0x81
    GET_MIN = 0x82
    GET_MAX = 0x83
    GET_RES = 0x84
    GET_LEN = 0x85
    GET_INFO = 0x86
    GET_DEF = 0x87


INFO_GET_AND_SET = b"\x03"
"""GET_INFO of a control that can be read and set (UVC 1.1, table 4-3)."""


@dataclass(frozen=True, slots=True)
class Control:
    """One control of an entity; `bit` is its place in the entity's bmControls."""

    name: str
    selector: int
    bit: int
    layout: str
    minimum: int
    maximum: int
    resolution: int
    default: int


CAMERA_TERMINAL, PROCESSING_UNIT, OUTPUT_TERMINAL = 1, 2, 3
"""The entities' ids (bTerminalID, bUnitID); 0 is the interface itself."""

CONTROLS = {
    CAMERA_TERMINAL: (  # UVC 1.1, 4.2.2.1
        # A bitmap of modes, whose GET_RES tells those that there are: manual (1) and aperture priority (8).
        Control("CT_AE_MODE_CONTROL", 0x02, 1, "<B", 1, 8, resolution=0b1001, default=8),
        # In units of 100 µs.
        Control("CT_EXPOSURE_TIME_ABSOLUTE_CONTROL", 0x04, 3, "<I", 1, 10_000, resolution=1, default=156),
    ),
    PROCESSING_UNIT: (  # UVC 1.1, 4.2.2.3
        Control("PU_BRIGHTNESS_CONTROL", 0x02, 0, "<h", -64, 64, resolution=1, default=0),
        Control("PU_CONTRAST_CONTROL", 0x03, 1, "<H", 0, 100, resolution=1, default=50),
    ),
}

_INTERFACE = 0
_VC_REQUEST_ERROR_CODE_CONTROL = 0x02  # UVC 1.1, 4.2.1.2
_INVALID_CONTROL = b"\x06"


def control_bits(entity: int) -> int:
    """Return an entity's bmControls: one bit for each control that it has."""
    return sum(1 << control.bit for control in CONTROLS[entity])


class Controls:
    """What the controls are set to."""

    def __init__(self) -> None:
        self._controls = {(entity, one.selector): one for entity, some in CONTROLS.items() for one in some}
        self._values = {key: control.default for key, control in self._controls.items()}

    def answer(self, request: int, entity: int, selector: int, data: bytes) -> bytes | None:
        """Return what a request is answered with, b"" where that is no data; None means a stall."""
        if (entity, selector, request) == (_INTERFACE, _VC_REQUEST_ERROR_CODE_CONTROL, Request.GET_CUR):
            return _INVALID_CONTROL  # the one reason for a stall that there is
        control = self._controls.get((entity, selector))
        if control is None:
            return None
        if request == Request.SET_CUR:
            return self._set(entity, control, data)
        answers: dict[int, bytes] = {
            Request.GET_CUR: struct.pack(control.layout, self._values[entity, selector]),
            Request.GET_MIN: struct.pack(control.layout, control.minimum),
            Request.GET_MAX: struct.pack(control.layout, control.maximum),
            Request.GET_RES: struct.pack(control.layout, control.resolution),
            Request.GET_DEF: struct.pack(control.layout, control.default),
            Request.GET_LEN: struct.pack("<H", struct.calcsize(control.layout)),
            Request.GET_INFO: INFO_GET_AND_SET,
        }
        return answers.get(request)

    def _set(self, entity: int, control: Control, data: bytes) -> bytes | None:
        if len(data) != struct.calcsize(control.layout):
            return None
        (value,) = struct.unpack(control.layout, data)
        self._values[entity, control.selector] = max(control.minimum, min(value, control.maximum))
        return b""
