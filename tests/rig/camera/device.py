"""The camera as a USB device behind the redirection protocol: messages in, messages out. Pure: no I/O, no clock.

Standard requests are answered by the USB 2.0 specification, chapter 9, class-specific ones by UVC 1.1; a request that
the device does not know is answered with a stall (USB 2.0, 9.2.7).
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from rig.camera import descriptors
from rig.camera.controls import Controls, Request
from rig.camera.negotiation import COMMIT_CONTROL, Negotiation
from rig.camera.packets import (
    AltSettingStatus,
    BulkPacket,
    CancelDataPacket,
    Capability,
    ConfigurationStatus,
    ControlPacket,
    DeviceConnect,
    Endpoint,
    EpInfo,
    GetAltSetting,
    GetConfiguration,
    Hello,
    Interface,
    InterfaceInfo,
    Reset,
    SetAltSetting,
    SetConfiguration,
    Speed,
    Status,
    TransferType,
)
from rig.camera.stream import PictureStream
from rig.camera.usbredir import Message

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rig.camera.descriptors import Names
    from rig.camera.formats import Format
    from rig.camera.packets import Packet
    from rig.camera.pictures import Album
    from rig.camera.stream import Behaviour, Payload

CAPABILITIES = (
    Capability.CONNECT_DEVICE_VERSION
    | Capability.EP_INFO_MAX_PACKET_SIZE
    | Capability.IDS_64BITS
    | Capability.BULK_LENGTH_32BITS
)
"""What the camera names in its hello; without the last three QEMU attaches nothing to an xHCI controller."""

GREETING = Message(0, Hello("glassd virtual camera", CAPABILITIES))

_IN, _KIND, _STANDARD, _CLASS = 0x80, 0x60, 0x00, 0x20  # bmRequestType (USB 2.0, table 9-2)
_GET_STATUS, _CLEAR_FEATURE, _SET_FEATURE, _GET_DESCRIPTOR = 0, 1, 3, 6  # bRequest (table 9-4)


class Answer(NamedTuple):
    """What a bulk transfer is answered with; `payload` is None where that is no picture."""

    message: Message
    payload: Payload | None


class UsbCamera:
    """One camera from plugging in to unplugging."""

    def __init__(self, names: Names, formats: tuple[Format, ...], album: Album, behaviour: Behaviour) -> None:
        self.configured = False
        """Whether the host's USB stack has taken the device up."""
        self.announced = False
        """Whether the other side knows of the device."""
        self.stream = PictureStream(album, behaviour)
        self._names = names
        self._configuration = descriptors.configuration(formats)
        self._behaviour = behaviour
        self._negotiation = Negotiation(formats)
        self._controls = Controls()
        self._transfers: deque[Message] = deque()

    def receive(self, message: Message, now: float) -> Iterator[Message]:
        """Yield the answers to a message; bulk transfers are kept for `answer`."""
        match message.packet:
            case Hello():
                self.announced = True
                yield from (Message(0, packet) for packet in _announcement())
            case ControlPacket() as setup:
                yield Message(message.id, self._control(setup, now))
            case BulkPacket():
                self._transfers.append(message)
            case CancelDataPacket():
                yield from (_ended(transfer, Status.CANCELLED) for transfer in self._taken_back(message.id))
            case Reset():
                self.stream.stop()
                self._transfers.clear()
            case SetConfiguration(value):
                self.stream.stop()
                self.configured = value == descriptors.CONFIGURATION_VALUE
                yield Message(message.id, self._configuration_status())
            case GetConfiguration():
                yield Message(message.id, self._configuration_status())
            case SetAltSetting(interface, alt):
                self.stream.stop()
                status = Status.STALL if alt else Status.SUCCESS  # there is but one setting
                yield Message(message.id, AltSettingStatus(status, interface, 0))
            case GetAltSetting(interface):
                yield Message(message.id, AltSettingStatus(Status.SUCCESS, interface, 0))

    def wait(self, now: float) -> float | None:
        """Return in how many seconds `answer` has one, None where that depends on what the host does first."""
        if not self._transfers:
            return None
        return 0.0 if self._behaviour.stalled else self.stream.wait(now)

    def answer(self, now: float) -> Answer | None:
        """Return the answer to the oldest bulk transfer, None where it is not time for one."""
        if self.wait(now) != 0:
            return None
        transfer = self._transfers.popleft()
        if self._behaviour.stalled:
            return Answer(_ended(transfer, Status.STALL), None)
        payload = self.stream.take(now)
        assert payload is not None
        return Answer(_ended(transfer, Status.SUCCESS, payload.data), payload)

    def _taken_back(self, transfer_id: int) -> list[Message]:
        """Let go of the transfer with this id, where it still waits: answered ones may be cancelled too."""
        found = [transfer for transfer in self._transfers if transfer.id == transfer_id]
        for transfer in found:
            self._transfers.remove(transfer)
        return found

    def _configuration_status(self) -> Packet:
        return ConfigurationStatus(Status.SUCCESS, descriptors.CONFIGURATION_VALUE if self.configured else 0)

    # -- control transfers ---------------------------------------------------------------------------------------------

    def _control(self, setup: ControlPacket, now: float) -> ControlPacket:
        kind = setup.requesttype & _KIND
        answer = None
        if kind == _STANDARD:
            answer = self._standard(setup)
        elif kind == _CLASS:
            answer = self._class_specific(setup, now)
        status, length, data = Status.SUCCESS, setup.length, b""
        if answer is None:
            status, length = Status.STALL, 0
        elif setup.requesttype & _IN:
            data = answer[: setup.length]
            length = len(data)
        question = (setup.endpoint, setup.request, setup.requesttype)
        return ControlPacket(*question, status, setup.value, setup.index, length, data)

    def _standard(self, setup: ControlPacket) -> bytes | None:
        """Answer a standard request (USB 2.0, 9.4); those that set address, configuration and interface never come."""
        if setup.request == _GET_DESCRIPTOR:
            return self._descriptor(setup.value >> 8, setup.value & 0xFF)
        if setup.request == _GET_STATUS:
            return b"\0\0"
        if setup.request in (_CLEAR_FEATURE, _SET_FEATURE):
            if setup.index == descriptors.STREAM_ENDPOINT:
                # UVC names no way to end a stream of bulk transfers: hosts clear a halt that is none.
                self.stream.stop()
            return b""
        return None

    def _descriptor(self, kind: int, index: int) -> bytes | None:
        if kind == descriptors.STRING:
            return descriptors.string(self._names, index)
        return {descriptors.DEVICE: descriptors.device(), descriptors.CONFIGURATION: self._configuration}.get(kind)

    def _class_specific(self, setup: ControlPacket, now: float) -> bytes | None:
        """Answer a request to an interface or to an entity in it (UVC 1.1, 4.1)."""
        selector, interface, entity = setup.value >> 8, setup.index & 0xFF, setup.index >> 8
        if interface == descriptors.VIDEO_CONTROL:
            return self._controls.answer(setup.request, entity, selector, setup.data)
        answer = self._negotiation.answer(setup.request, selector, setup.data)
        if (selector, setup.request) == (COMMIT_CONTROL, Request.SET_CUR) and answer is not None:
            self.stream.start(self._negotiation.committed, now)
        return answer


def _announcement() -> tuple[Packet, ...]:
    """Return what tells the other side of the device, in the order that the protocol asks for."""
    interfaces = (
        Interface(descriptors.VIDEO_CONTROL, *descriptors.CONTROL_KIND),
        Interface(descriptors.VIDEO_STREAMING, *descriptors.STREAMING_KIND),
    )
    control = (TransferType.CONTROL, 0, 0, descriptors.CONTROL_PACKET_BYTES)
    stream = (TransferType.BULK, 0, descriptors.VIDEO_STREAMING, descriptors.STREAM_PACKET_BYTES)
    endpoints = (Endpoint(0, *control), Endpoint(_IN, *control), Endpoint(descriptors.STREAM_ENDPOINT, *stream))
    numbers = (descriptors.VENDOR_ID, descriptors.PRODUCT_ID, descriptors.DEVICE_BCD)
    return (
        InterfaceInfo(interfaces),
        EpInfo(endpoints),
        DeviceConnect(Speed.HIGH, *descriptors.DEVICE_KIND, *numbers),
    )


def _ended(transfer: Message, status: Status, data: bytes = b"") -> Message:
    """Return the answer to a bulk transfer."""
    packet = transfer.packet
    assert isinstance(packet, BulkPacket)
    if len(data) > packet.length:
        status, data = Status.BABBLE, b""  # more than was asked for (USB 2.0, 8.7.4)
    return Message(transfer.id, BulkPacket(packet.endpoint, status, len(data), packet.stream_id, data))
