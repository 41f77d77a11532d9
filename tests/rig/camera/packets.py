"""The packets of the USB redirection protocol, each a value with its body as bytes and back. No I/O.

Source: "USB Network Redirection protocol description", version 0.7, and usbredirproto.h, whose names are kept. Its
"usb-host" is the side that has the device (here the camera), its "usb-guest" the side that uses it (QEMU). A camera
needs control and bulk transfers; whatever else comes is an `OtherPacket`.

Every integer is little-endian and every structure packed. The form of some bodies depends on the capabilities that
both sides have.
"""

from __future__ import annotations

import struct
from dataclasses import astuple, dataclass
from enum import IntEnum, IntFlag
from typing import TYPE_CHECKING, ClassVar, NamedTuple, Protocol, Self

if TYPE_CHECKING:
    from collections.abc import Callable


class PacketType(IntEnum):
    """usb_redir_hello and so on: those that a camera meets."""

    HELLO = 0
    DEVICE_CONNECT = 1
    RESET = 3
    INTERFACE_INFO = 4
    EP_INFO = 5
    SET_CONFIGURATION = 6
    GET_CONFIGURATION = 7
    CONFIGURATION_STATUS = 8
    SET_ALT_SETTING = 9
    GET_ALT_SETTING = 10
    ALT_SETTING_STATUS = 11
    CANCEL_DATA_PACKET = 21
    CONTROL_PACKET = 100
    BULK_PACKET = 101


class Status(IntEnum):
    """usb_redir_success and so on: how a transfer ended."""

    SUCCESS = 0
    CANCELLED = 1
    INVAL = 2
    IOERROR = 3
    STALL = 4
    TIMEOUT = 5
    BABBLE = 6


class TransferType(IntEnum):
    """usb_redir_type_control and so on: what an endpoint is for."""

    CONTROL = 0
    ISO = 1
    BULK = 2
    INTERRUPT = 3
    INVALID = 255


class Speed(IntEnum):
    """usb_redir_speed_low and so on."""

    LOW = 0
    FULL = 1
    HIGH = 2
    SUPER = 3


class Capability(IntFlag):
    """usb_redir_cap_bulk_streams and so on, as bits of the first word of capabilities."""

    BULK_STREAMS = 1 << 0
    CONNECT_DEVICE_VERSION = 1 << 1
    FILTER = 1 << 2
    DEVICE_DISCONNECT_ACK = 1 << 3
    EP_INFO_MAX_PACKET_SIZE = 1 << 4
    IDS_64BITS = 1 << 5
    BULK_LENGTH_32BITS = 1 << 6
    BULK_RECEIVING = 1 << 7


NO_CAPABILITIES = Capability(0)


class Packet(Protocol):
    """A packet without its header. `common` are the capabilities that both sides have."""

    @property
    def type(self) -> int: ...

    def body(self, common: Capability) -> bytes: ...


class PacketError(ValueError):
    """A body that is not one of its type."""


def parse(number: int, body: bytes, common: Capability) -> Packet:
    """Return the packet with this type's number and body; raise PacketError."""
    parser = _PARSERS.get(number)
    if parser is None:
        return OtherPacket(number, body)
    try:
        return parser(body, common)
    except (struct.error, ValueError) as error:
        raise PacketError(f"{PacketType(number).name} with {len(body)} bytes is malformed: {error}") from error


# -- packets that say what the device is -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Hello:
    """usb_redir_hello_header: each side's first packet, under a header of 32-bit ids."""

    version: str
    capabilities: Capability
    type: ClassVar = PacketType.HELLO

    def body(self, _: Capability) -> bytes:
        return struct.pack("<64sI", self.version.encode()[:63], self.capabilities)

    @classmethod
    def parse(cls, body: bytes, _: Capability) -> Self:
        version, capabilities = struct.unpack_from("<64sI", body.ljust(68, b"\0"))  # 64 bytes alone: none named
        named = capabilities & (2 * max(Capability) - 1)
        return cls(version.split(b"\0", 1)[0].decode(errors="replace"), Capability(named))


@dataclass(frozen=True, slots=True)
class DeviceConnect:
    """usb_redir_device_connect_header: the device is plugged in; interface_info and ep_info came before."""

    speed: int
    device_class: int
    device_subclass: int
    device_protocol: int
    vendor_id: int
    product_id: int
    device_version_bcd: int = 0
    type: ClassVar = PacketType.DEVICE_CONNECT

    def body(self, common: Capability) -> bytes:
        whole = struct.pack("<4B3H", *astuple(self))
        return whole if common & Capability.CONNECT_DEVICE_VERSION else whole[:-2]

    @classmethod
    def parse(cls, body: bytes, common: Capability) -> Self:
        return cls(*struct.unpack("<4B3H" if common & Capability.CONNECT_DEVICE_VERSION else "<4B2H", body))


class Interface(NamedTuple):
    """One interface of the active configuration."""

    number: int
    interface_class: int
    interface_subclass: int
    interface_protocol: int


@dataclass(frozen=True, slots=True)
class InterfaceInfo:
    """usb_redir_interface_info_header: a count, then four columns of 32 bytes."""

    interfaces: tuple[Interface, ...]
    type: ClassVar = PacketType.INTERFACE_INFO

    def body(self, _: Capability) -> bytes:
        columns = [bytes(column).ljust(_TABLE, b"\0") for column in zip(*self.interfaces, strict=True)]
        return struct.pack("<I", len(self.interfaces)) + b"".join(columns).ljust(4 * _TABLE, b"\0")

    @classmethod
    def parse(cls, body: bytes, _: Capability) -> Self:
        count, *columns = struct.unpack(f"<I{_TABLE}s{_TABLE}s{_TABLE}s{_TABLE}s", body)
        if count > _TABLE:
            raise ValueError(f"{count} interfaces, at most {_TABLE} fit")
        return cls(tuple(Interface(*row) for row in zip(*columns, strict=True))[:count])


class Endpoint(NamedTuple):
    """One endpoint; bit 7 of its address says IN. `interval` is that of its descriptor."""

    address: int
    type: TransferType
    interval: int
    interface: int
    max_packet_size: int


@dataclass(frozen=True, slots=True)
class EpInfo:
    """usb_redir_ep_info_header: columns of 32 entries, 16 endpoints OUT and 16 IN; the absent ones are INVALID."""

    endpoints: tuple[Endpoint, ...]
    type: ClassVar = PacketType.EP_INFO

    def body(self, common: Capability) -> bytes:
        table = {_index(endpoint.address): endpoint for endpoint in self.endpoints}
        rows = [table.get(index, _ABSENT) for index in range(_TABLE)]
        columns = bytes(row.type for row in rows) + bytes(row.interval for row in rows)
        columns += bytes(row.interface for row in rows)
        if common & Capability.EP_INFO_MAX_PACKET_SIZE:
            columns += struct.pack(f"<{_TABLE}H", *(row.max_packet_size for row in rows))
        if common & Capability.BULK_STREAMS:
            columns += bytes(4 * _TABLE)  # max_streams: none
        return columns

    @classmethod
    def parse(cls, body: bytes, common: Capability) -> Self:
        sizes: tuple[int, ...] = (0,) * _TABLE
        if common & Capability.EP_INFO_MAX_PACKET_SIZE:
            sizes = struct.unpack_from(f"<{_TABLE}H", body, 3 * _TABLE)
        kinds, intervals, interfaces = struct.unpack_from(f"<{_TABLE}s{_TABLE}s{_TABLE}s", body)
        rows = enumerate(zip(map(TransferType, kinds), intervals, interfaces, sizes, strict=True))
        table = (Endpoint(_address(index), *facts) for index, facts in rows)
        return cls(tuple(endpoint for endpoint in table if endpoint.type != TransferType.INVALID))


_TABLE = 32
_ABSENT = Endpoint(0, TransferType.INVALID, 0, 0, 0)


def _index(address: int) -> int:
    return (address & 0x80) >> 3 | address & 0x0F


def _address(index: int) -> int:
    return (index & 0x10) << 3 | index & 0x0F


# -- packets that are a few fixed numbers, or none ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Numbers:
    type: ClassVar[PacketType]
    layout: ClassVar[str] = "<"

    def body(self, _: Capability) -> bytes:
        return struct.pack(self.layout, *astuple(self))

    @classmethod
    def parse(cls, body: bytes, _: Capability) -> Self:
        return cls(*struct.unpack(cls.layout, body))


@dataclass(frozen=True, slots=True)
class Reset(_Numbers):
    """The usb-guest resets the device; nothing is answered."""

    type = PacketType.RESET


@dataclass(frozen=True, slots=True)
class SetConfiguration(_Numbers):
    """usb_redir_set_configuration_header; ConfigurationStatus answers."""

    configuration: int
    type = PacketType.SET_CONFIGURATION
    layout = "<B"


@dataclass(frozen=True, slots=True)
class GetConfiguration(_Numbers):
    """Asks for the active configuration; ConfigurationStatus answers."""

    type = PacketType.GET_CONFIGURATION


@dataclass(frozen=True, slots=True)
class ConfigurationStatus(_Numbers):
    """usb_redir_configuration_status_header."""

    status: int
    configuration: int
    type = PacketType.CONFIGURATION_STATUS
    layout = "<2B"


@dataclass(frozen=True, slots=True)
class SetAltSetting(_Numbers):
    """usb_redir_set_alt_setting_header; AltSettingStatus answers."""

    interface: int
    alt: int
    type = PacketType.SET_ALT_SETTING
    layout = "<2B"


@dataclass(frozen=True, slots=True)
class GetAltSetting(_Numbers):
    """usb_redir_get_alt_setting_header; AltSettingStatus answers."""

    interface: int
    type = PacketType.GET_ALT_SETTING
    layout = "<B"


@dataclass(frozen=True, slots=True)
class AltSettingStatus(_Numbers):
    """usb_redir_alt_setting_status_header."""

    status: int
    interface: int
    alt: int
    type = PacketType.ALT_SETTING_STATUS
    layout = "<3B"


@dataclass(frozen=True, slots=True)
class CancelDataPacket(_Numbers):
    """Cancels the transfer whose id it has, which is answered all the same: CANCELLED, or what it came to by then."""

    type = PacketType.CANCEL_DATA_PACKET


# -- transfers ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ControlPacket:
    """usb_redir_control_packet_header and data: a control transfer's setup, or its answer under the same id."""

    endpoint: int
    request: int
    requesttype: int
    status: int
    value: int
    index: int
    length: int
    data: bytes = b""
    type: ClassVar = PacketType.CONTROL_PACKET
    _LAYOUT: ClassVar = struct.Struct("<4B3H")

    def body(self, _: Capability) -> bytes:
        setup = (self.value, self.index, self.length)
        return self._LAYOUT.pack(self.endpoint, self.request, self.requesttype, self.status, *setup) + self.data

    @classmethod
    def parse(cls, body: bytes, _: Capability) -> Self:
        setup: tuple[int, int, int, int, int, int, int] = cls._LAYOUT.unpack_from(body)
        return cls(*setup, body[cls._LAYOUT.size :])


@dataclass(frozen=True, slots=True)
class BulkPacket:
    """usb_redir_bulk_packet_header and data: a bulk transfer, or its answer under the same id.

    `length` is what is asked for, and in an answer what there is.
    """

    endpoint: int
    status: int
    length: int
    stream_id: int = 0
    data: bytes = b""
    type: ClassVar = PacketType.BULK_PACKET
    _LAYOUT: ClassVar = struct.Struct("<2BHI")  # endpoint, status, low half of the length, stream

    def body(self, common: Capability) -> bytes:
        head = self._LAYOUT.pack(self.endpoint, self.status, self.length & 0xFFFF, self.stream_id)
        if common & Capability.BULK_LENGTH_32BITS:
            head += struct.pack("<H", self.length >> 16)
        return head + self.data

    @classmethod
    def parse(cls, body: bytes, common: Capability) -> Self:
        endpoint, status, length, stream_id = cls._LAYOUT.unpack_from(body)
        start = cls._LAYOUT.size
        if common & Capability.BULK_LENGTH_32BITS:
            (high,) = struct.unpack_from("<H", body, start)
            length, start = length | high << 16, start + 2
        return cls(endpoint, status, length, stream_id, body[start:])


@dataclass(frozen=True, slots=True)
class OtherPacket:
    """A packet that no camera needs: filters, streams, isochronous and interrupt transfers."""

    type: int
    content: bytes

    def body(self, _: Capability) -> bytes:
        return self.content


_PARSERS: dict[int, Callable[[bytes, Capability], Packet]] = {
    kind.type: kind.parse
    for kind in (
        *(Hello, DeviceConnect, Reset, InterfaceInfo, EpInfo),
        *(SetConfiguration, GetConfiguration, ConfigurationStatus, SetAltSetting, GetAltSetting, AltSettingStatus),
        *(CancelDataPacket, ControlPacket, BulkPacket),
    )
}
