"""What the config can ask of a USB camera, against the kernel's uvcvideo: raw frames, controls, and which one it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rig.camera.pictures import number_in
from rig.glasses import CONFIG, KEYBOARD, config, is_answered, set_up, status, until_device

if TYPE_CHECKING:
    from rig.board import Board

CAMERA = """
    camera:
      driver: uvc
      size: 640x480
      fps: 15
      {options}
    displays:
      - driver: terminal
    triggers:
      - when: main press
        ask: "What is this?"
    language: en
"""


def test_raw_frames_are_encoded_when_they_are_picked(board: Board) -> None:
    set_up(board, CAMERA.format(options="format: raw"), KEYBOARD)
    board.buttons.press("enter")
    shown = {sent.index for sent in board.camera.sent if sent.data[:2] != b"\xff\xd8"}
    assert number_in(is_answered(board)) in shown


def test_controls_are_set_by_name_and_a_camera_is_found_by_its_usb_id(board: Board) -> None:
    options = "usb: 1d6b:0102\n      controls: {brightness: 20, exposure: 300}"
    set_up(board, CAMERA.format(options=options), KEYBOARD)
    names = ("brightness", "auto_exposure", "exposure_time_absolute")
    told = board.shell(f"v4l2-ctl -d /dev/glassd/camera --get-ctrl={','.join(names)}").splitlines()
    assert told == ["brightness: 20", "auto_exposure: 1 (Manual Mode)", "exposure_time_absolute: 300"]
    board.buttons.press("enter")
    assert is_answered(board) in [sent.data for sent in board.camera.sent]


def test_a_control_or_a_camera_that_is_not_there_says_what_is(board: Board) -> None:
    board.camera.plug()
    board.until("ls /dev/glassd/camera")
    for options, says in (
        ("controls: {brightness: 500}", "brightness takes -64 to 64, not 500; mend controls in the config"),
        ("controls: {zoom: 3}", "it has no control zoom; it has brightness, contrast"),
        ("usb: 046d:0825", "camera USB 046d:0825 is not there: plug the camera in"),
        ("name: Webcam", "camera “Webcam” is not there"),
    ):
        board.write(CONFIG, config(board, CAMERA.format(options=options)))
        board.run("systemctl restart glassd")
        until_device(board, "camera", state="failed" if "controls" in options else "waiting")
        [camera] = [device for device in status(board)["devices"] if device["name"] == "camera"]
        assert says in camera["error"]
