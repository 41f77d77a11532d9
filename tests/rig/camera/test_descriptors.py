"""The camera's descriptors: their lengths and totals add up, and they say what the camera can."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassd_drivers.units import Size
from rig.camera import descriptors
from rig.camera.controls import CAMERA_TERMINAL, OUTPUT_TERMINAL, PROCESSING_UNIT
from rig.camera.formats import SIZES, Encoding, formats_of

if TYPE_CHECKING:
    from collections.abc import Iterator

CS_INTERFACE = 0x24

encodings = st.lists(st.sampled_from(Encoding), min_size=1, unique=True)
sizes = st.lists(st.builds(Size, st.integers(16, 4096), st.integers(16, 4096)), min_size=1, max_size=9)


def chain(data: bytes) -> Iterator[bytes]:
    """Yield the descriptors in a row, each by its own first byte."""
    while data:
        assert 2 <= data[0] <= len(data)
        yield data[: data[0]]
        data = data[data[0] :]


def class_specific(row: list[bytes], start: int, stop: int) -> bytes:
    return b"".join(one for one in row[start:stop] if one[1] == CS_INTERFACE)


@given(encodings, sizes)
def test_lengths_totals_and_counts_add_up(encodings: list[Encoding], sizes: list[Size]) -> None:
    formats = formats_of(encodings, sizes)
    whole = descriptors.configuration(formats)
    row = list(chain(whole))
    (total,) = struct.unpack_from("<H", whole, 2)
    assert total == len(whole)
    assert whole[4] == 2  # bNumInterfaces
    control, streaming = [place for place, one in enumerate(row) if one[1] == descriptors.INTERFACE]
    vc_header, vs_header = row[control + 1], row[streaming + 1]
    assert struct.unpack_from("<H", vc_header, 5)[0] == len(class_specific(row, control, streaming))
    assert struct.unpack_from("<H", vs_header, 4)[0] == len(class_specific(row, streaming, len(row)))
    assert vs_header[3] == len(formats)
    assert vs_header[6] == descriptors.STREAM_ENDPOINT
    assert row[streaming][4] == 1  # bNumEndpoints: the last descriptor
    assert row[-1] == struct.pack("<BBBBHB", 7, 5, 0x81, 2, 512, 0)


@given(encodings, sizes)
def test_every_format_and_size_is_listed_with_its_rates(encodings: list[Encoding], sizes: list[Size]) -> None:
    formats = formats_of(encodings, sizes)
    subtypes = {Encoding.MJPEG: (6, 7), Encoding.YUYV: (4, 5)}
    row = [one for one in chain(descriptors.configuration(formats)) if one[1] == CS_INTERFACE]
    for number, one in enumerate(formats, start=1):
        format_subtype, frame_subtype = subtypes[one.encoding]
        (described,) = (item for item in row if item[2] == format_subtype and item[3] == number and len(item) > 9)
        assert described[4] == len(sizes)
        frames = [item for item in row if item[2] == frame_subtype and len(item) >= 30]
        assert [struct.unpack_from("<HH", frame, 5) for frame in frames] == [mode.size for mode in one.modes]
        for frame, mode in zip(frames, one.modes, strict=True):
            assert frame[25] == len(mode.intervals)
            assert struct.unpack_from(f"<{frame[25]}I", frame, 26) == mode.intervals
            assert struct.unpack_from("<I", frame, 17)[0] == mode.bytes_limit


def test_entities_are_linked_from_the_lens_to_the_stream() -> None:
    row = list(chain(descriptors.configuration(formats_of(Encoding, SIZES))))
    camera = next(one for one in row if one[1:3] == bytes([CS_INTERFACE, 2]) and len(one) == 18)
    unit = next(one for one in row if one[1:3] == bytes([CS_INTERFACE, 5]) and len(one) == 13)
    output = next(one for one in row if one[1:3] == bytes([CS_INTERFACE, 3]))
    assert camera[3] == CAMERA_TERMINAL
    assert (unit[3], unit[4]) == (PROCESSING_UNIT, CAMERA_TERMINAL)
    assert (output[3], output[7]) == (OUTPUT_TERMINAL, PROCESSING_UNIT)


def test_large_uncompressed_pictures_come_at_low_rates_as_from_a_real_camera() -> None:
    mjpeg, yuyv = formats_of(Encoding, [Size(640, 480), Size(1280, 720)])
    assert [10_000_000 // interval for interval in mjpeg.modes[1].intervals] == [30, 15, 10]
    assert [10_000_000 // interval for interval in yuyv.modes[0].intervals] == [30, 15, 10]
    assert [10_000_000 // interval for interval in yuyv.modes[1].intervals] == [10]


def test_the_device_is_one_with_associations_and_three_names() -> None:
    device = descriptors.device()
    assert len(device) == device[0] == 18
    assert device[4:7] == bytes([0xEF, 2, 1])
    assert device[14:18] == bytes([1, 2, 3, 1])


@pytest.mark.parametrize(("index", "text"), [(1, "glassd"), (2, "Virtual camera"), (3, "Ü1")])
def test_names_are_utf_16(index: int, text: str) -> None:
    described = descriptors.string(descriptors.Names("glassd", "Virtual camera", "Ü1"), index)
    assert described == bytes([2 + 2 * len(text), 3]) + text.encode("utf-16-le")


def test_string_0_is_the_language_and_others_are_not_there() -> None:
    names = descriptors.Names("a", "b", "c")
    assert descriptors.string(names, 0) == b"\x04\x03\x09\x04"
    assert descriptors.string(names, 4) is None
