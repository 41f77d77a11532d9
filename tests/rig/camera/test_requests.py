"""Class-specific requests: what the camera agrees to, and its controls."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassd_drivers.units import Size
from rig.camera.controls import CAMERA_TERMINAL, CONTROLS, PROCESSING_UNIT, Controls, Request, control_bits
from rig.camera.formats import SIZES, Encoding, formats_of
from rig.camera.negotiation import COMMIT_CONTROL, PAYLOAD_BYTES, PROBE_CONTROL, Negotiation

FORMATS = formats_of(Encoding, SIZES)


def asked(format_index: int, mode_index: int, interval: int) -> bytes:
    return struct.pack("<HBBI", 1, format_index, mode_index, interval).ljust(34, b"\0")


def granted(negotiation: Negotiation, request: int = Request.GET_CUR) -> tuple[int, ...]:
    """Return bFormatIndex, bFrameIndex, dwFrameInterval, dwMaxVideoFrameSize and dwMaxPayloadTransferSize."""
    data = negotiation.answer(request, PROBE_CONTROL, b"")
    assert data is not None
    assert len(data) == 34
    return struct.unpack("<2xBBI10xII8x", data)


def test_what_the_camera_has_is_granted() -> None:
    negotiation = Negotiation(FORMATS)
    assert negotiation.answer(Request.SET_CUR, PROBE_CONTROL, asked(1, 2, 666_666)) == b""
    assert granted(negotiation) == (1, 2, 666_666, 1280 * 720 * 2, PAYLOAD_BYTES)


@given(st.integers(0, 255), st.integers(0, 255), st.integers(0, 2**32 - 1))
def test_whatever_is_asked_for_something_offered_is_granted(format_index: int, mode_index: int, interval: int) -> None:
    negotiation = Negotiation(FORMATS)
    negotiation.answer(Request.SET_CUR, PROBE_CONTROL, asked(format_index, mode_index, interval))
    got_format, got_mode, got_interval, *_ = granted(negotiation)
    assert got_interval in FORMATS[got_format - 1].modes[got_mode - 1].intervals


def test_a_probe_commits_to_nothing() -> None:
    negotiation = Negotiation(FORMATS)
    negotiation.answer(Request.SET_CUR, PROBE_CONTROL, asked(2, 2, 0))
    assert negotiation.committed.mode.encoding is Encoding.MJPEG
    negotiation.answer(Request.SET_CUR, COMMIT_CONTROL, asked(2, 2, 0))
    assert (negotiation.committed.mode.encoding, negotiation.committed.mode.size) == (Encoding.YUYV, Size(1280, 720))


def test_the_bounds_are_the_mode_s_shortest_and_longest_interval() -> None:
    negotiation = Negotiation(FORMATS)
    assert granted(negotiation, Request.GET_MIN)[2] == 333_333
    assert granted(negotiation, Request.GET_MAX)[2] == 1_000_000
    assert granted(negotiation, Request.GET_DEF)[:3] == (1, 1, 333_333)


def test_the_structure_s_length_is_that_of_uvc_1_1() -> None:
    assert Negotiation(FORMATS).answer(Request.GET_LEN, PROBE_CONTROL, b"") == b"\x22\0"


@pytest.mark.parametrize(
    ("request_code", "selector", "data"),
    [(Request.GET_CUR, 9, b""), (0x55, PROBE_CONTROL, b""), (Request.SET_CUR, PROBE_CONTROL, b"\1\0\1")],
)
def test_requests_that_the_stream_does_not_know_stall(request_code: int, selector: int, data: bytes) -> None:
    assert Negotiation(FORMATS).answer(request_code, selector, data) is None


EVERY_CONTROL = [(entity, control) for entity, some in CONTROLS.items() for control in some]


@pytest.mark.parametrize(("entity", "control"), EVERY_CONTROL, ids=lambda value: getattr(value, "name", str(value)))
def test_a_control_keeps_what_it_is_set_to_within_its_bounds(entity: int, control: object) -> None:
    assert (entity, control) in EVERY_CONTROL
    one = next(has for _, has in EVERY_CONTROL if has is control)
    controls, key = Controls(), (entity, one.selector)
    length = struct.calcsize(one.layout)
    assert controls.answer(Request.GET_LEN, *key, b"") == struct.pack("<H", length)
    assert controls.answer(Request.GET_CUR, *key, b"") == controls.answer(Request.GET_DEF, *key, b"")
    for value, kept in ((one.maximum, one.maximum), (one.minimum, one.minimum)):
        assert controls.answer(Request.SET_CUR, *key, struct.pack(one.layout, value)) == b""
        assert controls.answer(Request.GET_CUR, *key, b"") == struct.pack(one.layout, kept)
    assert controls.answer(Request.SET_CUR, *key, b"\xff" * (length + 1)) is None


def test_a_brightness_beyond_its_bounds_is_the_nearest_that_there_is() -> None:
    controls = Controls()
    controls.answer(Request.SET_CUR, PROCESSING_UNIT, 2, struct.pack("<h", -9999))
    assert controls.answer(Request.GET_CUR, PROCESSING_UNIT, 2, b"") == struct.pack("<h", -64)


def test_an_unknown_control_stalls_and_the_host_can_ask_why() -> None:
    controls = Controls()
    assert controls.answer(Request.GET_CUR, PROCESSING_UNIT, 99, b"") is None
    assert controls.answer(Request.GET_CUR, 0, 2, b"") == b"\x06"


def test_the_bitmaps_name_the_controls() -> None:
    assert control_bits(CAMERA_TERMINAL) == 0b1010
    assert control_bits(PROCESSING_UNIT) == 0b11
