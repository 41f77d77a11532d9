"""Boards for tests: folders that stand for them, with what is found there; run as a program, `glassd setup` on one."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from glassd.cli import setup
from glassd.setup import found
from glassd.setup.found import Found
from glassd.setup.places import Places
from glassd_drivers.buttons.gpio_chip import LineFacts
from glassd_drivers.cameras.v4l2 import Format, Mode
from glassd_drivers.discover import FoundCamera, FoundGpioChip, FoundInput, FoundSerialLine
from glassd_drivers.units import Size

EXAMPLE = Path(__file__).parents[2] / "systemd/drop-ins/terminal.conf"
KEYBOARD_KEYS = ("KEY_ESC", "KEY_ENTER", "KEY_A", "KEY_UP", "KEY_DOWN", "KEY_LEFTCTRL", "KEY_C")
REMOTE_KEYS = ("KEY_VOLUMEDOWN", "KEY_VOLUMEUP", "KEY_PLAYPAUSE")


def places(folder: Path) -> Places:
    """Return the places of the board that a folder stands for; no systemd runs there."""
    return Places(
        dev=folder / "dev",
        config=folder / "etc/glassd/glassd.yaml",
        credentials=folder / "etc/credstore/glassd",
        unit="",
        terminal=folder / "etc/systemd/system/glassd.service.d/terminal.conf",
        terminal_example=EXAMPLE,
        command="glassd",
    )


def make(folder: Path) -> None:
    """Make the folder of a board: input devices are pipes, which a test writes the kernel's events to."""
    (folder / "dev/input").mkdir(parents=True)
    (folder / "etc").mkdir()
    (folder / "dev/tty1").touch()
    for name in ("event0", "event1"):
        os.mkfifo(folder / "dev/input" / name)


def camera(name: str, node: str, *modes: Mode) -> FoundCamera:
    """Return a camera that gives MJPEG."""
    path = Path("/dev/glassd/camera") if node == "/dev/video0" else Path(f"/dev/v4l/by-id/{node.rpartition('/')[2]}")
    return FoundCamera(
        path, Path(node), name, (Format("YUYV", (Mode(Size(640, 480), (30.0,)),)), Format("MJPG", modes))
    )


HD = (Mode(Size(1920, 1080), (30.0,)), Mode(Size(1280, 720), (30.0, 10.0)))
SMALL = (Mode(Size(800, 600), (10.0, 5.0)), Mode(Size(640, 480), (30.0,)))


def found_on(folder: Path, board: str) -> Found:
    """Return what is found on a board by its name: nothing, usb, busy, bridge, gpio, or itself: what a folder holds."""
    events = [folder / "dev/input/event0", folder / "dev/input/event1"]
    keyboard = FoundInput(Path("/dev/glassd/by-id/buttons-Board"), events[0], "USB Keyboard", KEYBOARD_KEYS)
    remote = FoundInput(Path("/dev/glassd/by-id/buttons-Clicker"), events[1], "Clicker", REMOTE_KEYS)
    if board == "nothing":
        return Found()
    if board == "itself":
        return found.look(folder / "dev")
    if board == "usb":
        return Found(cameras=(camera("HIL Camera", "/dev/video0", *HD),), inputs=(keyboard, remote), has_screen=True)
    if board == "busy":
        return Found(
            cameras=(camera("HIL Camera", "/dev/video0", *HD), camera("二号摄像头", "/dev/video2", *SMALL)),
            inputs=(remote,),
            serial_lines=(FoundSerialLine(Path("/dev/ttyUSB0"), Path("/dev/ttyUSB0"), "FT232R USB UART"),),
            problems=("/dev/video9: cannot be asked: Device or resource busy",),
        )
    if board == "bridge":
        port = folder / "dev/bridge"
        return Found(serial_lines=(FoundSerialLine(port, port, "FT232R USB UART"),))
    assert board == "gpio", board
    lines = tuple(LineFacts(at, f"GPIO{at}", at == 2, "spi" if at == 2 else "") for at in range(28))
    chip = FoundGpioChip(Path("/dev/gpiochip0"), Path("/dev/gpiochip0"), "pinctrl-rp1", 54, lines)
    return Found(chips=(chip,))


def main(folder: Path, board: str, *arguments: str) -> int:
    """Run `glassd setup` on a board, as the command does."""
    parser = argparse.ArgumentParser()
    setup.add(parser.add_subparsers())
    args = parser.parse_args(["setup", *arguments])
    options = setup.Options(args.answers, args.key_stdin, args.save_answers, start=not args.no_start)
    return setup.set_up(options, places(folder), found_on(folder, board))


if __name__ == "__main__":
    if os.isatty(0):
        os.close(os.open(os.ttyname(0), os.O_RDWR))  # which makes it the controlling terminal of a new session: Ctrl-C
    sys.exit(main(Path(sys.argv[1]), *sys.argv[2:]))
