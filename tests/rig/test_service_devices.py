"""Names that stay, and a service that starts with its devices: the udev rules, as udev itself carries them out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from rig.board import Board

BY_ID = "/dev/glassd/by-id"
START_LIMIT_S = 90.0
"""Seconds for glassd to start: the guest's processor is an emulated one, and reads it from the disk the first time."""
CONFIG = """
model: {endpoints: [{url: "http://10.0.2.2:9/v1", vision: some-model}]}
camera: {driver: uvc, device: /dev/glassd/camera}
"""


def target(board: Board, name: str) -> str:
    """Return the node that a name stands for, empty where there is none."""
    return board.run(f"readlink -e {name}", status=None).out.strip()


def test_each_device_has_a_name_by_its_serial_number_and_the_first_of_its_kind_a_short_one(board: Board) -> None:
    board.camera.plug()
    board.until("test -e /dev/glassd/camera")
    board.second_camera.plug()
    board.bridge.plug()
    board.buttons.plug()
    board.until(f"test $(ls {BY_ID} | wc -l) = 4")
    cameras = [target(board, f"{BY_ID}/camera-glassd_Virtual_camera_CAMERA-{number}") for number in (1, 2)]
    assert cameras == ["/dev/video0", "/dev/video2"], "a UVC camera's other node is for metadata"
    assert target(board, "/dev/glassd/camera") == cameras[0]
    assert target(board, "/dev/glassd/bridge") == target(board, f"{BY_ID}/bridge-QEMU_QEMU_USB_SERIAL_BRIDGE-1")
    assert target(board, "/dev/glassd/buttons") == target(board, f"{BY_ID}/buttons-QEMU_QEMU_USB_Keyboard_BUTTONS-1")


def test_the_short_name_is_the_lowest_numbers_however_they_come_and_go(board: Board) -> None:
    board.camera.plug()
    board.until("test -e /dev/video0")
    board.second_camera.plug()
    board.until("test -e /dev/video2 && readlink /dev/glassd/camera", "video0")
    board.camera.unplug()
    board.until("readlink /dev/glassd/camera", "video2")
    board.camera.plug()
    board.until("readlink /dev/glassd/camera", "video0")
    board.run("udevadm trigger --action=change /dev/video2 && udevadm settle")
    assert target(board, "/dev/glassd/camera") == "/dev/video0"
    board.camera.unplug()
    board.second_camera.unplug()
    board.until("! test -e /dev/glassd/camera && ! test -e /dev/glassd/by-id")


PRESSABLE = "/usr/local/lib/uinput_keys.py"
BLUETOOTH, HOST = 0x05, 0x19
ENTER, POWER, LEFT_BUTTON = 28, 116, 272


@pytest.mark.parametrize(
    ("bus", "keys", "mouse", "is_one"),
    [
        pytest.param(BLUETOOTH, [ENTER], False, True, id="a remote over Bluetooth"),
        pytest.param(BLUETOOTH, [LEFT_BUTTON], True, False, id="a mouse over Bluetooth"),
        pytest.param(BLUETOOTH, [POWER], False, False, id="nothing but a power button"),
        pytest.param(HOST, [ENTER], False, False, id="a key that belongs to the board"),
    ],
)
def test_buttons_are_what_a_wearer_would_press(
    bus: int, keys: list[int], mouse: bool, is_one: bool, board: Board
) -> None:
    board.push(Path(__file__).parent / "on_board" / Path(PRESSABLE).name, PRESSABLE)
    words = f"{bus} {','.join(map(str, keys))} {'mouse' if mouse else 'keys'}"
    board.run(f"modprobe uinput && systemd-run --unit=made-up python3 {PRESSABLE} {words}")
    node = board.until("grep -l made-up /sys/class/input/event*/device/name").out.split("/")[4]
    board.run("udevadm settle")
    assert target(board, "/dev/glassd/buttons") == (f"/dev/input/{node}" if is_one else "")


def test_gpio_chips_are_for_the_group_gpio(board: Board) -> None:
    board.gpio.plug()
    assert board.shell(f"stat --format='%G %a' {board.gpio.chip}") == "gpio 660"


PLUGS: dict[str, Callable[[Board], None]] = {
    "camera": lambda board: board.camera.plug(),
    "bridge": lambda board: board.bridge.plug(),
    "buttons": lambda board: board.buttons.plug(),
}


@pytest.mark.parametrize("kind", PLUGS)
def test_a_service_that_is_enabled_starts_when_a_device_of_its_own_comes(kind: str, board: Board) -> None:
    board.write("/etc/glassd/glassd.yaml", CONFIG)
    assert board.shell("systemctl is-enabled glassd") == "enabled"
    PLUGS[kind](board)
    board.until("systemctl is-active glassd", "active", START_LIMIT_S)


@pytest.mark.parametrize("kind", PLUGS)
def test_one_that_is_disabled_does_not(kind: str, board: Board) -> None:
    board.write("/etc/glassd/glassd.yaml", CONFIG)
    board.run("systemctl disable glassd")
    PLUGS[kind](board)
    board.until(f"udevadm settle && systemctl show --property=ActiveState dev-glassd-{kind}.device", "=active")
    board.run(
        "systemctl start --wait systemd-tmpfiles-clean.service"
    )  # a job that is queued behind what the device began
    assert board.run("systemctl is-active glassd", status=3).out == "inactive\n"


def test_a_device_that_comes_gives_its_name_to_the_running_service(board: Board) -> None:
    board.write("/etc/glassd/glassd.yaml", CONFIG)
    board.run("systemctl start glassd", limit_s=START_LIMIT_S)
    board.until("glassd status", "waiting")
    board.camera.plug()
    board.until("glassd status", "camera       uvc        ready", START_LIMIT_S)
    assert board.shell("systemctl show --property=NRestarts --value glassd") == "0"
