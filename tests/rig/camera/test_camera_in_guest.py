"""The camera as the guest's own driver, uvcvideo, and its V4L2 programs see it."""

from __future__ import annotations

import hashlib
import json
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from glassd_drivers.units import Size
from rig.camera import VirtualCamera, drawn, v4l2_reader
from rig.camera.formats import SIZES, Encoding, uncompressed_bytes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rig.board import Board
    from rig.camera import EncodingName, Sent

FOURCC = {Encoding.MJPEG: "MJPG", Encoding.YUYV: "YUYV"}
READER = "/run/v4l2_reader.py"
OPENCV = """
import cv2, hashlib, sys
capture = cv2.VideoCapture(sys.argv[1], cv2.CAP_V4L2)
capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
capture.set(cv2.CAP_PROP_FRAME_WIDTH, 1280)
capture.set(cv2.CAP_PROP_FRAME_HEIGHT, 720)
capture.set(cv2.CAP_PROP_CONVERT_RGB, 0)
for _ in range(20):
    got, picture = capture.read()
    assert got
    print(hashlib.sha256(picture.tobytes()).hexdigest())
"""


def node(board: Board, serial: str) -> str:
    """Return the name of a camera, once the guest has it."""
    name = f"/dev/v4l/by-id/usb-glassd_Virtual_camera_{serial}-video-index0"
    board.until(f"test -e {name}")
    return name


def command(board: Board, device: str, encoding: Encoding, size: Size, count: int) -> str:
    """Return the command that reads a camera in the guest."""
    board.push(Path(v4l2_reader.__file__), READER)
    return f"python3 {READER} {device} {FOURCC[encoding]} {size.width} {size.height} {count}"


def told(lines: bytes | str) -> list[dict[str, Any]]:
    """Return what the reader told of each picture."""
    return [json.loads(line) for line in lines.splitlines()]


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def assert_arrived(pictures: Sequence[dict[str, Any]], sent: Sequence[Sent]) -> None:
    """Check that each picture that arrived is the one that was sent in its place, byte for byte.

    In whichever order: uvcvideo copies frames in several workers at once, and a busy guest may hand over a later one
    first.
    """
    assert pictures
    assert not any(picture["broken"] for picture in pictures)
    places = [picture["sequence"] for picture in pictures]
    assert len(places) == len({*places}), "a picture came twice"
    assert [picture["sha256"] for picture in pictures] == [sha256(sent[place].data) for place in places]


def read_in_background(board: Board, device: str) -> None:
    """Start a reader at 640x480 that ends only with the stream."""
    words = command(board, device, Encoding.MJPEG, Size(640, 480), 100_000)
    where = "--property=StandardOutput=truncate:/run/told --property=StandardError=truncate:/run/ended"
    board.run(f"systemd-run --collect --unit=reader {where} {words}")


def test_uvcvideo_finds_all_that_the_camera_offers(bare_board: Board) -> None:
    bare_board.camera.plug()
    bare_board.camera.await_configured()
    device = node(bare_board, "CAMERA-1")
    listed = bare_board.run(f"v4l2-ctl --device={device} --list-formats-ext").out
    for text in ("'MJPG'", "'YUYV'", *map(str, SIZES), "30.000 fps", "15.000 fps", "10.000 fps"):
        assert text in listed
    bare_board.run(f"v4l2-ctl --device={device} --set-ctrl=brightness=7,auto_exposure=1")
    controls = bare_board.run(f"v4l2-ctl --device={device} --get-ctrl=brightness,contrast,auto_exposure").out
    assert controls.split("\n")[:2] == ["brightness: 7", "contrast: 50"]
    assert "auto_exposure: 1" in controls
    assert "UVC 1.10 device Virtual camera (1d6b:0102)" in bare_board.run("dmesg").out


def test_pictures_arrive_byte_for_byte_in_every_mode(bare_board: Board) -> None:
    camera = bare_board.camera
    camera.plug()
    device = node(bare_board, "CAMERA-1")
    for encoding in Encoding:
        for size in SIZES:
            before = len(camera.sent)
            pictures = told(bare_board.run(command(bare_board, device, encoding, size, 30)).out)
            camera.await_idle()
            assert_arrived(pictures, camera.sent[before:])
            assert {one.data for one in camera.sent[before:]} <= {*drawn(encoding, size)}


def test_opencv_gets_the_camera_s_jpegs_byte_for_byte(board: Board) -> None:
    camera = board.camera
    camera.plug()
    device = node(board, "CAMERA-1")
    board.write("/run/opencv.py", OPENCV)
    came = board.run(f"/usr/lib/glassd/bin/python3 /run/opencv.py {device}").out.split()
    sent = iter([sha256(one.data) for one in camera.sent])
    assert len(came) == 20
    assert all(one in sent for one in came)  # in the order in which they were sent


def test_a_test_s_own_pictures_are_what_the_guest_sees(bare_board: Board) -> None:
    camera = bare_board.camera
    size = Size(640, 480)
    grey = bytes([128]) * uncompressed_bytes(size)
    camera.show([drawn(Encoding.MJPEG, size)[3]])
    camera.show([grey], format="yuyv")
    camera.plug()
    device = node(bare_board, "CAMERA-1")
    for encoding, picture in ((Encoding.MJPEG, drawn(Encoding.MJPEG, size)[3]), (Encoding.YUYV, grey)):
        came = told(bare_board.run(command(bare_board, device, encoding, size, 5)).out)
        assert [one["sha256"] for one in came] == [sha256(picture)] * 5


def test_unplugged_in_mid_stream_and_back(bare_board: Board) -> None:
    camera = bare_board.camera
    camera.plug()
    device = node(bare_board, "CAMERA-1")
    for _ in range(2):
        before = len(camera.sent)
        read_in_background(bare_board, device)
        camera.await_frames(10)
        camera.unplug()
        bare_board.until(f"! test -e {device}")
        bare_board.until("! systemctl is-active reader")
        assert_arrived(told(bare_board.read("/run/told")), camera.sent[before:])
        assert "No such device" in bare_board.shell("tail -n 1 /run/ended")
        camera.plug()
        node(bare_board, "CAMERA-1")


def test_frozen_it_stays_and_nothing_comes_until_it_thaws(bare_board: Board) -> None:
    camera = bare_board.camera
    camera.plug()
    device = node(bare_board, "CAMERA-1")
    read_in_background(bare_board, device)
    camera.await_frames(10)
    camera.freeze()
    sent = camera.sent
    bare_board.until(f"test $(wc -l </run/told) -ge {len(sent)}")
    bare_board.run(f"test -e {device}")
    assert camera.sent == sent
    assert len(told(bare_board.read("/run/told"))) == len(sent)
    camera.thaw()
    more = camera.await_frames(10)
    bare_board.until(f"test $(wc -l </run/told) -ge {len(sent) + len(more)}")
    bare_board.run("systemctl stop reader")
    camera.await_idle()
    assert_arrived(told(bare_board.read("/run/told")), camera.sent)


def test_a_stall_ends_the_stream_and_once_it_is_over_a_new_one_runs(bare_board: Board) -> None:
    camera = bare_board.camera
    camera.plug()
    device = node(bare_board, "CAMERA-1")
    read_in_background(bare_board, device)
    camera.await_frames(10)
    camera.stall()
    bare_board.until("journalctl --dmesg", "Non-zero status (-32) in video completion handler")
    sent = camera.sent
    bare_board.run("systemctl stop reader")
    camera.await_idle()
    assert camera.sent == sent
    camera.thaw()
    before = len(camera.sent)
    pictures = told(bare_board.run(command(bare_board, device, Encoding.MJPEG, Size(640, 480), 10)).out)
    assert_arrived(pictures, camera.sent[before:])


def test_two_cameras_at_once_each_with_its_own_name_and_pictures(bare_board: Board) -> None:
    size = Size(640, 480)
    cameras = {"CAMERA-1": bare_board.camera, "CAMERA-2": bare_board.second_camera}
    for number, (serial, camera) in enumerate(cameras.items()):
        camera.show([drawn(Encoding.MJPEG, size)[number]])
        camera.plug()
        node(bare_board, serial)
    read_in_background(bare_board, node(bare_board, "CAMERA-1"))
    second = command(bare_board, node(bare_board, "CAMERA-2"), Encoding.MJPEG, size, 20)
    came = told(bare_board.run(second).out)
    bare_board.camera.await_frames(10)
    assert {one["sha256"] for one in came} == {sha256(drawn(Encoding.MJPEG, size)[1])}
    bare_board.second_camera.unplug()
    bare_board.camera.await_frames(10)
    bare_board.run("systemctl stop reader")
    assert {one["sha256"] for one in told(bare_board.read("/run/told"))} == {sha256(drawn(Encoding.MJPEG, size)[0])}


@pytest.mark.parametrize("name", ["mjpeg", "yuyv"])
def test_a_camera_of_one_encoding(bare_board: Board, name: EncodingName) -> None:
    encoding = Encoding(name)
    with closing(VirtualCamera(bare_board.machine.socket("camera0"), serial="SINGLE", formats=[name])) as camera:
        camera.plug()
        device = node(bare_board, "SINGLE")
        listed = bare_board.run(f"v4l2-ctl --device={device} --list-formats").out
        assert [fourcc for fourcc in FOURCC.values() if f"'{fourcc}'" in listed] == [FOURCC[encoding]]
        pictures = told(bare_board.run(command(bare_board, device, encoding, Size(320, 240), 5)).out)
        assert_arrived(pictures, camera.sent)
