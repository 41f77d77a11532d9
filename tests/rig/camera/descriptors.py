"""What the camera says it is: its USB and UVC descriptors, each a table of its fields under the specifications' names.

Sources: the USB 2.0 specification, chapter 9, and the "USB Device Class Definition for Video Devices", revision 1.1
(UVC 1.1), with its payload documents for the formats. There is one configuration with two interfaces: VideoControl
(camera terminal → processing unit → output terminal) and VideoStreaming, whose endpoint is a bulk one.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

from rig.camera.controls import CAMERA_TERMINAL, OUTPUT_TERMINAL, PROCESSING_UNIT, control_bits
from rig.camera.formats import INTERVALS_PER_S, Encoding, Format, Mode

if TYPE_CHECKING:
    from collections.abc import Sequence

DEVICE, CONFIGURATION, STRING, INTERFACE, ENDPOINT = 1, 2, 3, 4, 5
"""bDescriptorType (USB 2.0, table 9-5)."""
VIDEO_CONTROL, VIDEO_STREAMING = 0, 1
"""bInterfaceNumber of the two interfaces."""
CONFIGURATION_VALUE = 1
STREAM_ENDPOINT = 0x81
"""Address of the endpoint that pictures come from: number 1, IN."""
STREAM_PACKET_BYTES = 512
"""wMaxPacketSize of a bulk endpoint at high speed (USB 2.0, 5.8.3)."""
CONTROL_PACKET_BYTES = 64
"""bMaxPacketSize0 at high speed (USB 2.0, 5.5.3)."""
VENDOR_ID, PRODUCT_ID, DEVICE_BCD = 0x1D6B, 0x0102, 0x0100
"""The Linux Foundation's numbers for a webcam that is a program."""
DEVICE_KIND = (0xEF, 0x02, 0x01)
"""Class, subclass and protocol of a device with interface associations (UVC 1.1, 3.2)."""
CONTROL_KIND, STREAMING_KIND, COLLECTION_KIND = (0x0E, 1, 0), (0x0E, 2, 0), (0x0E, 3, 0)
"""CC_VIDEO with SC_VIDEOCONTROL, SC_VIDEOSTREAMING and SC_VIDEO_INTERFACE_COLLECTION (UVC 1.1, A.1 to A.3)."""

_INTERFACE_ASSOCIATION, _CS_INTERFACE = 11, 0x24
_VC_HEADER, _VC_INPUT_TERMINAL, _VC_OUTPUT_TERMINAL, _VC_PROCESSING_UNIT = 1, 2, 3, 5  # UVC 1.1, A.5
_VS_INPUT_HEADER, _VS_FORMAT_UNCOMPRESSED, _VS_FRAME_UNCOMPRESSED = 1, 4, 5  # UVC 1.1, A.6
_VS_FORMAT_MJPEG, _VS_FRAME_MJPEG, _VS_COLORFORMAT = 6, 7, 13
_ITT_CAMERA, _TT_STREAMING = 0x0201, 0x0101  # UVC 1.1, B.1 and B.2
_ENGLISH = 0x0409
_YUY2 = b"YUY2\x00\x00\x10\x00\x80\x00\x00\xaa\x00\x38\x9b\x71"  # guidFormat (uncompressed payload, table 2-1)

_Field = tuple[str, str, int | bytes]


class Names(NamedTuple):
    """What the device calls itself; udev makes a camera's name under by-id from all three."""

    manufacturer: str
    product: str
    serial: str


def device() -> bytes:
    """Return the device descriptor (USB 2.0, 9.6.1)."""
    device_class, subclass, protocol = DEVICE_KIND
    return _descriptor(
        DEVICE,
        ("bcdUSB", "H", 0x0200),
        ("bDeviceClass", "B", device_class),
        ("bDeviceSubClass", "B", subclass),
        ("bDeviceProtocol", "B", protocol),
        ("bMaxPacketSize0", "B", CONTROL_PACKET_BYTES),
        ("idVendor", "H", VENDOR_ID),
        ("idProduct", "H", PRODUCT_ID),
        ("bcdDevice", "H", DEVICE_BCD),
        ("iManufacturer", "B", 1),
        ("iProduct", "B", 2),
        ("iSerialNumber", "B", 3),
        ("bNumConfigurations", "B", 1),
    )


def string(names: Names, index: int) -> bytes | None:
    """Return a string descriptor (USB 2.0, 9.6.7), None where there is none; index 0 lists the languages."""
    if index == 0:
        return _descriptor(STRING, ("wLANGID", "H", _ENGLISH))
    if index > len(names):
        return None
    text = names[index - 1].encode("utf-16-le")
    return _descriptor(STRING, ("bString", f"{len(text)}s", text))


def configuration(formats: Sequence[Format]) -> bytes:
    """Return the configuration descriptor (USB 2.0, 9.6.3) and all that belongs to it, in its order."""
    rest = _association() + _video_control() + _video_streaming(formats)
    return _with_total_length(
        CONFIGURATION,
        [
            ("bNumInterfaces", "B", 2),
            ("bConfigurationValue", "B", CONFIGURATION_VALUE),
            ("iConfiguration", "B", 0),
            ("bmAttributes", "B", 0x80),
            ("bMaxPower", "B", 250),  # in units of 2 mA
        ],
        rest,
    )


# -- the two interfaces ------------------------------------------------------------------------------------------------


def _association() -> bytes:
    """UVC 1.1, 3.6: the two interfaces are one function."""
    function_class, subclass, protocol = COLLECTION_KIND
    return _descriptor(
        _INTERFACE_ASSOCIATION,
        ("bFirstInterface", "B", VIDEO_CONTROL),
        ("bInterfaceCount", "B", 2),
        ("bFunctionClass", "B", function_class),
        ("bFunctionSubClass", "B", subclass),
        ("bFunctionProtocol", "B", protocol),
        ("iFunction", "B", 0),
    )


def _interface(number: int, kind: tuple[int, int, int], endpoints: int) -> bytes:
    """USB 2.0, 9.6.5."""
    interface_class, subclass, protocol = kind
    return _descriptor(
        INTERFACE,
        ("bInterfaceNumber", "B", number),
        ("bAlternateSetting", "B", 0),
        ("bNumEndpoints", "B", endpoints),
        ("bInterfaceClass", "B", interface_class),
        ("bInterfaceSubClass", "B", subclass),
        ("bInterfaceProtocol", "B", protocol),
        ("iInterface", "B", 0),
    )


def _video_control() -> bytes:
    """UVC 1.1, 3.7: the interface and its entities."""
    camera_terminal = _descriptor(  # 3.7.2.3
        _CS_INTERFACE,
        ("bDescriptorSubtype", "B", _VC_INPUT_TERMINAL),
        ("bTerminalID", "B", CAMERA_TERMINAL),
        ("wTerminalType", "H", _ITT_CAMERA),
        ("bAssocTerminal", "B", 0),
        ("iTerminal", "B", 0),
        ("wObjectiveFocalLengthMin", "H", 0),
        ("wObjectiveFocalLengthMax", "H", 0),
        ("wOcularFocalLength", "H", 0),
        ("bControlSize", "B", 3),
        ("bmControls", "3s", control_bits(CAMERA_TERMINAL).to_bytes(3, "little")),
    )
    processing_unit = _descriptor(  # 3.7.2.5
        _CS_INTERFACE,
        ("bDescriptorSubtype", "B", _VC_PROCESSING_UNIT),
        ("bUnitID", "B", PROCESSING_UNIT),
        ("bSourceID", "B", CAMERA_TERMINAL),
        ("wMaxMultiplier", "H", 0),
        ("bControlSize", "B", 3),
        ("bmControls", "3s", control_bits(PROCESSING_UNIT).to_bytes(3, "little")),
        ("iProcessing", "B", 0),
        ("bmVideoStandards", "B", 0),
    )
    output_terminal = _descriptor(  # 3.7.2.2
        _CS_INTERFACE,
        ("bDescriptorSubtype", "B", _VC_OUTPUT_TERMINAL),
        ("bTerminalID", "B", OUTPUT_TERMINAL),
        ("wTerminalType", "H", _TT_STREAMING),
        ("bAssocTerminal", "B", 0),
        ("bSourceID", "B", PROCESSING_UNIT),
        ("iTerminal", "B", 0),
    )
    entities = camera_terminal + processing_unit + output_terminal
    header_tail: list[_Field] = [
        ("dwClockFrequency", "I", 48_000_000),
        ("bInCollection", "B", 1),
        ("baInterfaceNr", "B", VIDEO_STREAMING),
    ]
    before: list[_Field] = [("bDescriptorSubtype", "B", _VC_HEADER), ("bcdUVC", "H", 0x0110)]
    header = _with_total_length(_CS_INTERFACE, header_tail, entities, before)  # 3.7.2.1
    return _interface(VIDEO_CONTROL, CONTROL_KIND, endpoints=0) + header


def _video_streaming(formats: Sequence[Format]) -> bytes:
    """UVC 1.1, 3.9 and 3.10: the interface, its formats and its endpoint."""
    listed = b"".join(_format(index, one) for index, one in enumerate(formats, start=1))
    before: list[_Field] = [
        ("bDescriptorSubtype", "B", _VS_INPUT_HEADER),
        ("bNumFormats", "B", len(formats)),
    ]
    header_tail: list[_Field] = [
        ("bEndpointAddress", "B", STREAM_ENDPOINT),
        ("bmInfo", "B", 0),
        ("bTerminalLink", "B", OUTPUT_TERMINAL),
        ("bStillCaptureMethod", "B", 0),
        ("bTriggerSupport", "B", 0),
        ("bTriggerUsage", "B", 0),
        ("bControlSize", "B", 1),
        *(("bmaControls", "B", 0) for _ in formats),
    ]
    header = _with_total_length(_CS_INTERFACE, header_tail, listed, before)  # 3.9.2.1
    endpoint = _descriptor(  # USB 2.0, 9.6.6
        ENDPOINT,
        ("bEndpointAddress", "B", STREAM_ENDPOINT),
        ("bmAttributes", "B", 2),  # bulk
        ("wMaxPacketSize", "H", STREAM_PACKET_BYTES),
        ("bInterval", "B", 0),
    )
    return _interface(VIDEO_STREAMING, STREAMING_KIND, endpoints=1) + header + endpoint


# -- formats -----------------------------------------------------------------------------------------------------------


def _format(index: int, one: Format) -> bytes:
    """Return a format with its frames and its colours."""
    start: list[_Field] = [("bFormatIndex", "B", index), ("bNumFrameDescriptors", "B", len(one.modes))]
    kind: list[_Field]
    if one.encoding is Encoding.MJPEG:  # MJPEG payload, 3.1.1
        subtype, frame_subtype, kind = _VS_FORMAT_MJPEG, _VS_FRAME_MJPEG, [("bmFlags", "B", 0)]
    else:  # uncompressed payload, 3.1.1
        subtype, frame_subtype = _VS_FORMAT_UNCOMPRESSED, _VS_FRAME_UNCOMPRESSED
        kind = [("guidFormat", "16s", _YUY2), ("bBitsPerPixel", "B", 16)]
    description = _descriptor(
        _CS_INTERFACE,
        ("bDescriptorSubtype", "B", subtype),
        *start,
        *kind,
        ("bDefaultFrameIndex", "B", 1),
        ("bAspectRatioX", "B", 0),
        ("bAspectRatioY", "B", 0),
        ("bmInterlaceFlags", "B", 0),
        ("bCopyProtect", "B", 0),
    )
    frames = b"".join(_frame(frame_subtype, number, mode) for number, mode in enumerate(one.modes, start=1))
    colours = _descriptor(  # UVC 1.1, 3.9.2.6: sRGB, SMPTE 170M
        _CS_INTERFACE,
        ("bDescriptorSubtype", "B", _VS_COLORFORMAT),
        ("bColorPrimaries", "B", 1),
        ("bTransferCharacteristics", "B", 1),
        ("bMatrixCoefficients", "B", 4),
    )
    return description + frames + colours


def _frame(subtype: int, index: int, mode: Mode) -> bytes:
    """MJPEG payload, 3.1.2; uncompressed payload, 3.1.2: both have the same fields."""
    rates = [INTERVALS_PER_S // interval for interval in mode.intervals]
    slowest, fastest = (min(rate * mode.bytes_limit * 8, 0xFFFF_FFFF) for rate in (min(rates), max(rates)))
    return _descriptor(
        _CS_INTERFACE,
        ("bDescriptorSubtype", "B", subtype),
        ("bFrameIndex", "B", index),
        ("bmCapabilities", "B", 0),
        ("wWidth", "H", mode.size.width),
        ("wHeight", "H", mode.size.height),
        ("dwMinBitRate", "I", slowest),
        ("dwMaxBitRate", "I", fastest),
        ("dwMaxVideoFrameBufferSize", "I", mode.bytes_limit),
        ("dwDefaultFrameInterval", "I", mode.intervals[0]),
        ("bFrameIntervalType", "B", len(mode.intervals)),
        *(("dwFrameInterval", "I", interval) for interval in mode.intervals),
    )


# -- bytes -------------------------------------------------------------------------------------------------------------


def _descriptor(kind: int, *fields: _Field) -> bytes:
    """Return a descriptor: bLength, bDescriptorType, then the fields."""
    body = struct.pack("<" + "".join(layout for _, layout, _ in fields), *(value for _, _, value in fields))
    return bytes([2 + len(body), kind]) + body


def _with_total_length(kind: int, after: list[_Field], rest: bytes, before: Sequence[_Field] = ()) -> bytes:
    """Return a descriptor with a wTotalLength between its other fields, which counts itself and the rest after it."""
    own = len(_descriptor(kind, *before, ("wTotalLength", "H", 0), *after))
    return _descriptor(kind, *before, ("wTotalLength", "H", own + len(rest)), *after) + rest
