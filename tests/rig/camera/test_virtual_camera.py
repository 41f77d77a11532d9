"""The camera over a real socket, with a scripted QEMU and driver at the other end."""

from __future__ import annotations

import gc
import struct
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from glassd_drivers.units import Size
from rig.camera import CameraError, VirtualCamera, descriptors, drawn
from rig.camera.controls import Request
from rig.camera.formats import Encoding
from rig.camera.packets import (
    AltSettingStatus,
    BulkPacket,
    Capability,
    ConfigurationStatus,
    DeviceConnect,
    EpInfo,
    GetAltSetting,
    GetConfiguration,
    Hello,
    Interface,
    InterfaceInfo,
    Reset,
    SetAltSetting,
    SetConfiguration,
    Status,
)
from rig.camera.usb_guest import TRANSFERS, UsbGuest

if TYPE_CHECKING:
    from collections.abc import Iterator

HD = Size(1280, 720)
JPEG = drawn(Encoding.MJPEG, Size(640, 480))


@pytest.fixture
def guest(tmp_path: Path) -> Iterator[UsbGuest]:
    with UsbGuest(tmp_path / "camera.sock") as usb_guest:
        yield usb_guest


@pytest.fixture
def camera(tmp_path: Path, guest: UsbGuest) -> Iterator[VirtualCamera]:  # noqa: ARG001 - it has to listen first
    with VirtualCamera(tmp_path / "camera.sock", serial="A1") as virtual_camera:
        yield virtual_camera


FAST = 1000.0
ONE_PICTURE = 0.001
"""A rate at which the first picture comes at once and no other within the test."""


def read(camera: VirtualCamera, guest: UsbGuest, rate: float) -> None:
    """Plug the camera in and read it at this rate."""
    camera.fps(rate)
    camera.plug()
    guest.take_up()
    guest.start()


def test_a_plugged_camera_says_what_it_is(camera: VirtualCamera, guest: UsbGuest) -> None:
    camera.plug()
    hello, interfaces, endpoints, device = guest.take_up()
    assert isinstance(hello, Hello)
    xhci_needs = Capability.EP_INFO_MAX_PACKET_SIZE | Capability.IDS_64BITS | Capability.BULK_LENGTH_32BITS
    assert hello.capabilities & xhci_needs == xhci_needs
    assert interfaces == InterfaceInfo((Interface(0, 14, 1, 0), Interface(1, 14, 2, 0)))
    assert isinstance(endpoints, EpInfo)
    assert {endpoint.address for endpoint in endpoints.endpoints} == {0x00, 0x80, 0x81}
    assert isinstance(device, DeviceConnect)
    camera.await_configured()
    assert camera.plugged
    assert not camera.streaming


def test_the_host_reads_its_descriptors_as_long_as_it_asks_for(camera: VirtualCamera, guest: UsbGuest) -> None:
    camera.plug()
    guest.take_up()
    assert guest.control(0x80, 6, 0x0100, 0, 8).data == descriptors.device()[:8]
    assert guest.control(0x80, 6, 0x0100, 0, 255).data == descriptors.device()
    head = guest.control(0x80, 6, 0x0200, 0, 9).data
    whole = guest.control(0x80, 6, 0x0200, 0, struct.unpack_from("<H", head, 2)[0]).data
    assert len(whole) == struct.unpack_from("<H", head, 2)[0]
    assert guest.control(0x80, 6, 0x0303, 0x0409, 255).data == b"\x06\x03A\x001\x00"


def test_requests_that_it_does_not_know_stall(camera: VirtualCamera, guest: UsbGuest) -> None:
    camera.plug()
    guest.take_up()
    assert guest.control(0x80, 6, 0x0600, 0, 10).status == Status.STALL  # no other speed, so no qualifier
    assert guest.control(0xC0, 1, 0, 0, 4).status == Status.STALL
    assert guest.control(0xA1, Request.GET_CUR, 0x0900, 0x0200, 2).status == Status.STALL
    assert guest.control(0xA1, Request.GET_CUR, 0x0200, 0x0200, 2) == (Status.SUCCESS, b"\0\0")


def test_controls_are_reached_by_their_entity(camera: VirtualCamera, guest: UsbGuest) -> None:
    camera.plug()
    guest.take_up()
    contrast, processing_unit = 0x0300, 0x0200
    assert guest.control(0x21, Request.SET_CUR, contrast, processing_unit, b"\x07\x00").status == Status.SUCCESS
    assert guest.control(0xA1, Request.GET_CUR, contrast, processing_unit, 2).data == b"\x07\x00"


def test_configuration_and_alternate_setting_are_the_only_ones(camera: VirtualCamera, guest: UsbGuest) -> None:
    camera.plug()
    guest.take_up()
    assert guest.ask(GetConfiguration()) == ConfigurationStatus(Status.SUCCESS, 1)
    assert guest.ask(SetAltSetting(1, 0)) == AltSettingStatus(Status.SUCCESS, 1, 0)
    assert guest.ask(SetAltSetting(1, 1)) == AltSettingStatus(Status.STALL, 1, 0)
    assert guest.ask(GetAltSetting(1)) == AltSettingStatus(Status.SUCCESS, 1, 0)
    assert guest.ask(SetConfiguration(0)) == ConfigurationStatus(Status.SUCCESS, 0)
    assert not camera.configured


def test_a_reset_ends_the_stream(camera: VirtualCamera, guest: UsbGuest) -> None:
    read(camera, guest, ONE_PICTURE)
    guest.picture()
    guest.say(Reset())
    camera.await_idle()
    guest.forget()
    guest.start()
    assert guest.picture() == JPEG[1]


def test_a_transfer_that_is_too_short_for_its_payload_is_babble(camera: VirtualCamera, guest: UsbGuest) -> None:
    read(camera, guest, ONE_PICTURE)
    guest.picture()
    guest.stop()
    guest.start(transfers=0)
    assert guest.ask(BulkPacket(descriptors.STREAM_ENDPOINT, 0, 512)) == BulkPacket(0x81, Status.BABBLE, 0)


def test_the_picture_comes_byte_for_byte_and_is_noted(camera: VirtualCamera, guest: UsbGuest) -> None:
    read(camera, guest, FAST)
    came = [guest.picture() for _ in range(3)]
    sent = camera.sent
    assert came == list(JPEG[:3])
    assert [(one.index, one.data) for one in sent[:2]] == list(enumerate(JPEG[:2]))
    instants = [instant for one in sent for instant in (one.began, one.ended)]
    assert instants == sorted(instants)


def test_a_test_waits_for_so_many_more_pictures(camera: VirtualCamera, guest: UsbGuest) -> None:
    read(camera, guest, ONE_PICTURE)
    guest.picture()
    guest.ask_for_payloads(100)
    camera.fps(FAST)
    first, *others = (one.index for one in camera.await_frames(4))
    assert others == [(first + later) % len(JPEG) for later in (1, 2, 3)]


def test_the_mode_that_was_agreed_on_is_the_one_that_comes(camera: VirtualCamera, guest: UsbGuest) -> None:
    read(camera, guest, FAST)
    guest.stop()
    guest.start(mode_index=2)
    assert guest.picture() == drawn(Encoding.MJPEG, HD)[0]
    guest.stop()
    guest.start(format_index=2, mode_index=3)
    assert guest.picture() == drawn(Encoding.YUYV, Size(320, 240))[0]
    assert camera.streaming


def test_a_test_s_own_pictures_take_turns(camera: VirtualCamera, guest: UsbGuest) -> None:
    read(camera, guest, ONE_PICTURE)
    assert guest.picture() == JPEG[0]
    camera.show([JPEG[5], JPEG[6]])
    camera.fps(FAST)
    assert [guest.picture() for _ in range(4)] == [JPEG[5], JPEG[6], JPEG[5], JPEG[6]]


def test_broken_pictures_are_sent_as_they_are_where_their_size_is_given(camera: VirtualCamera, guest: UsbGuest) -> None:
    camera.show([JPEG[0][:5000], b"garbage"], size=Size(640, 480))
    read(camera, guest, FAST)
    assert [guest.picture(), guest.picture()] == [JPEG[0][:5000], b"garbage"]


def test_the_end_of_a_stream_and_the_next(camera: VirtualCamera, guest: UsbGuest) -> None:
    read(camera, guest, ONE_PICTURE)
    guest.picture()
    assert camera.streaming
    guest.stop()
    camera.await_idle()
    guest.start()
    camera.await_streaming()
    assert guest.picture() == JPEG[1]


def test_frozen_it_stays_plugged_in_and_sends_nothing(camera: VirtualCamera, guest: UsbGuest) -> None:
    read(camera, guest, ONE_PICTURE)
    guest.picture()
    camera.freeze()
    sent = camera.sent
    camera.fps(FAST)
    for _ in range(50):
        guest.control(0x80, 6, 0x0100, 0, 18)
    assert guest.quiet
    assert camera.sent == sent
    assert camera.streaming
    camera.thaw()
    assert guest.picture() == JPEG[1]


def test_stalled_it_ends_every_transfer_with_a_stall(camera: VirtualCamera, guest: UsbGuest) -> None:
    read(camera, guest, ONE_PICTURE)
    guest.picture()
    camera.stall()
    assert [guest.payload() for _ in range(TRANSFERS)] == [(Status.STALL, b"")] * TRANSFERS
    guest.stop()
    guest.start()
    assert [guest.payload() for _ in range(TRANSFERS)] == [(Status.STALL, b"")] * TRANSFERS
    camera.thaw()
    guest.stop()
    guest.start()
    assert guest.picture() == JPEG[1]


def test_unplugged_in_mid_stream_and_back(camera: VirtualCamera, guest: UsbGuest) -> None:
    read(camera, guest, FAST)
    guest.picture()
    camera.stall()
    camera.unplug()
    assert guest.gone.wait(10)
    assert (camera.plugged, camera.configured, camera.streaming) == (False, False, False)
    camera.plug()
    guest.take_up()
    guest.start()
    assert guest.picture() in JPEG  # what it was told to do went with the power


def test_unplugged_in_the_middle_of_a_picture_that_one_is_not_noted(camera: VirtualCamera, guest: UsbGuest) -> None:
    read(camera, guest, ONE_PICTURE)
    guest.picture()
    camera.show([bytes(400_000)], size=Size(640, 480))
    camera.fps(FAST)
    guest.payload()
    camera.unplug()
    assert [one.data for one in camera.sent] == [JPEG[0]]


def test_a_camera_whose_qemu_ends_is_unplugged(camera: VirtualCamera, guest: UsbGuest) -> None:
    read(camera, guest, FAST)
    guest.crash()
    camera.await_idle()
    camera.unplug()
    camera.plug()
    guest.take_up()
    assert camera.plugged


@pytest.mark.parametrize(("name", "subtype", "absent"), [("mjpeg", 7, 5), ("yuyv", 5, 7)])
def test_a_camera_with_one_encoding_alone(
    tmp_path: Path, guest: UsbGuest, name: str, subtype: int, absent: int
) -> None:
    with VirtualCamera(tmp_path / "camera.sock", serial="B2", formats=["mjpeg" if name == "mjpeg" else "yuyv"]) as one:
        one.plug()
        guest.take_up()
        whole = guest.control(0x80, 6, 0x0200, 0, 4096).data
        frame = bytes([0x26, 0x24])  # a frame descriptor with three intervals
        assert (frame + bytes([subtype]) in whole, frame + bytes([absent]) in whole) == (True, False)
        guest.start(mode_index=3)
        assert guest.picture() == drawn(Encoding(name), Size(320, 240))[0]


def test_several_cameras_at_once(tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}.sock" for number in range(3)]
    guests = [UsbGuest(path) for path in paths]
    cameras = [VirtualCamera(path, serial=f"C{number}") for number, path in enumerate(paths)]
    try:
        for one, usb_guest in zip(cameras, guests, strict=True):
            one.plug()
            usb_guest.take_up()
            usb_guest.start()
        for number, usb_guest in enumerate(guests):
            serial = usb_guest.control(0x80, 6, 0x0303, 0x0409, 255).data[2:].decode("utf-16-le")
            assert serial == f"C{number}"
            assert usb_guest.picture() == JPEG[0]
        cameras[1].unplug()
        assert guests[0].picture() == guests[2].picture() == JPEG[1]
    finally:
        for one in cameras:
            one.close()
        for usb_guest in guests:
            usb_guest.__exit__()


def held() -> tuple[int, int]:
    """Return how many threads and file descriptors this process has."""
    return threading.active_count(), sum(1 for _ in Path("/proc/self/fd").iterdir())


def test_nothing_is_left_of_a_closed_camera(tmp_path: Path, guest: UsbGuest) -> None:
    gc.collect()
    before = held()
    for _ in range(3):
        one = VirtualCamera(tmp_path / "camera.sock", serial="D4")
        one.plug()
        guest.take_up()
        guest.start()
        guest.picture()
        one.close()
        one.close()
        assert guest.gone.wait(10)
    assert held() == before
    with pytest.raises(CameraError, match="closed"):
        one.plug()


def test_errors_say_what_to_do(tmp_path: Path, camera: VirtualCamera, guest: UsbGuest) -> None:
    with VirtualCamera(tmp_path / "nobody.sock", serial="E5") as lonely, pytest.raises(CameraError, match="QEMU"):
        lonely.plug()
    camera.plug()
    guest.take_up()
    with pytest.raises(CameraError, match="unplug it first"):
        camera.plug()
    with pytest.raises(CameraError, match="freeze"):
        camera.fps(0)
    with pytest.raises(TimeoutError, match="waited 0 s for the guest's taking of 1 pictures in vain; plugged in: True"):
        camera.await_frames(1, limit=0)


def test_a_qemu_that_talks_nonsense_is_given_up_with_the_reason(camera: VirtualCamera, guest: UsbGuest) -> None:
    camera.plug()
    guest.take_up()
    assert guest._line is not None
    guest._line.sendall(b"\xff" * 16)
    with pytest.raises(CameraError, match="given up"):
        camera.await_frames(1)
    assert not camera.plugged
